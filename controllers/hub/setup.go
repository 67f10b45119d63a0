// SPDX-License-Identifier: Apache-2.0

// Package hub adds the controllers of a hub to a manager.
package hub

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/approval"
	"github.com/frontline-screening/frontline/controllers/hub/internal/replicas"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/controllers/hub/order"
	"github.com/frontline-screening/frontline/controllers/hub/recordrequest"
	"github.com/frontline-screening/frontline/controllers/hub/regionalcluster"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/controllers/hub/watchlistfeed"
	"github.com/frontline-screening/frontline/controllers/hub/witness"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/hub"
)

// Options of a hub.
type Options struct {
	// Namespace of the installation.
	Namespace string
	Registry  *artifact.Registry
	// HubUID is the hub as its orders name it; Signers signs them.
	HubUID  string
	Signers order.Signers
	// StateDir is a folder for files on their way. Plain content is below it, so
	// it must be in memory.
	StateDir string
	// Keys is the hub's key namespace.
	Keys *keystore.Store
	// TimestampInterval is the time between two signatures of an unchanged
	// order, TimestampLifetime how long one is good for new content.
	TimestampInterval, TimestampLifetime time.Duration
	// AllowPrivateSources permits publishers on private addresses.
	AllowPrivateSources bool
	// FilesBind is the loopback address at which bundles and reports are
	// exchanged as files. Empty for none.
	FilesBind string
	Clock     clock.PassiveClock
}

// controller is anything that adds itself to a manager.
type controller interface {
	SetupWithManager(mgr ctrl.Manager) error
}

// Setup adds every controller of the hub to mgr and returns what regions talk
// to. The manager's cache must hold Leases of the installation's namespace
// and no Secrets.
func Setup(ctx context.Context, mgr ctrl.Manager, o Options) (*gateway.Service, error) {
	c, reader := mgr.GetClient(), mgr.GetAPIReader()
	reports, checks := &hub.Reports{}, &hub.Checks{}
	regionUID := func(ctx context.Context, region *screeningv1.RegionalCluster) (types.UID, error) {
		record, err := regionalcluster.ReadRecord(ctx, reader, o.Namespace, region.Name)
		if err != nil {
			return "", err
		}
		return record.UID(region), nil
	}
	store, err := depot.New(o.Registry, Secrets{Keys: o.Keys}.Keyring, filepath.Join(o.StateDir, "depot"))
	if err != nil {
		return nil, err
	}
	orders := order.New(order.Reconciler{
		Client: c, Registry: o.Registry, HubUID: o.HubUID, Signers: o.Signers, RegionUID: regionUID, Reports: reports, Checks: checks,
		Depot: store, Keys: o.Keys, Later: hub.SpecFields,
		TimestampInterval: o.TimestampInterval, TimestampLifetime: o.TimestampLifetime, Clock: o.Clock,
	})
	secrets := Secrets{Keys: o.Keys, Adopt: orders.Adopt}
	controllers := []controller{
		regionalcluster.New(c, reader, o.Namespace, reports, o.Clock),
		&watchlistfeed.Reconciler{
			Client: c, Reader: reader, Registry: o.Registry, Reports: reports, Checks: checks,
			StateDir: o.StateDir, AllowPrivate: o.AllowPrivateSources, Clock: o.Clock,
			Depot: store, Keys: secrets.Keyring, Erased: secrets.Erased, Blocked: secrets.Blocked, Rotate: secrets.Rotate, HubUID: o.HubUID,
		},
		&approval.Reconciler{Client: c, HubUID: o.HubUID, Clock: o.Clock},
		orders,
		&report.Mirror{Client: c, Reports: reports, Orders: orders, Later: hub.SpecFields},
		&recordrequest.Reconciler{
			Client: c, Registry: o.Registry, Depot: store, Keys: o.Keys, Orders: orders, Reports: reports, Clock: o.Clock,
			Bundles: outstanding(c, reader, o),
		},
	}
	if err := mgr.Add(&collector{client: c, namespace: o.Namespace, registry: o.Registry, clock: o.Clock}); err != nil {
		return nil, fmt.Errorf("set up the collection of garbage: %w", err)
	}
	for _, w := range witness.Kinds(c, witness.Copies{Registry: o.Registry, Depot: store, Keys: o.Keys}, o.Clock) {
		controllers = append(controllers, w)
	}
	for _, each := range controllers {
		if err := each.SetupWithManager(mgr); err != nil {
			return nil, fmt.Errorf("set up the controllers of the hub: %w", err)
		}
	}
	ingestor := &report.Ingestor{
		Client: c, Reader: reader, Namespace: o.Namespace, HubUID: o.HubUID,
		RegionUID: regionUID, Reports: reports, Clock: o.Clock, Leading: mgr.Elected(),
	}
	if err := addFiles(mgr, o, reports, ingestor); err != nil {
		return nil, err
	}
	service := &gateway.Service{
		Identities: &identities{client: c},
		Orders:     &gateway.Notifier{},
		Reports:    ingestor,
		Joiner:     &regionalcluster.Joiner{Client: c, Reader: reader, Namespace: o.Namespace, Clock: o.Clock, Leading: mgr.Elected()},
		Registry:   o.Registry,
	}
	if err := errors.Join(indexIdentities(ctx, mgr), replicas.Index(ctx, mgr)); err != nil {
		return nil, err
	}
	return service, announce(ctx, mgr, service.Orders)
}

// announce tells waiting regions of each order that is published, in every
// process of the hub, whichever one published it.
func announce(ctx context.Context, mgr ctrl.Manager, orders *gateway.Notifier) error {
	informer, err := mgr.GetCache().GetInformer(ctx, &screeningv1.RegionalCluster{})
	if err != nil {
		return fmt.Errorf("follow RegionalClusters: %w", err)
	}
	tell := func(object any) {
		if region, ok := object.(*screeningv1.RegionalCluster); ok && region.Status.Order != nil {
			orders.Publish(region.Name, region.Status.Order.PublishedSequence)
		}
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    tell,
		UpdateFunc: func(_, object any) { tell(object) },
		DeleteFunc: func(object any) {
			if key, err := toolscache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
				orders.Forget(key)
			}
		},
	})
	if err != nil {
		return fmt.Errorf("follow RegionalClusters: %w", err)
	}
	return nil
}

const keyIndex = "status.identity.keyDigest"

func indexIdentities(ctx context.Context, mgr ctrl.Manager) error {
	err := mgr.GetFieldIndexer().IndexField(ctx, &screeningv1.RegionalCluster{}, keyIndex, func(o client.Object) []string {
		region, ok := o.(*screeningv1.RegionalCluster)
		if !ok || region.Status.Identity == nil {
			return nil
		}
		return []string{string(region.Status.Identity.KeyDigest)}
	})
	if err != nil {
		return fmt.Errorf("index RegionalClusters by key: %w", err)
	}
	return nil
}

// identities finds the region of a key among the pinned ones.
type identities struct{ client client.Client }

// Region implements gateway.Identities. A key that two regions have pinned
// belongs to neither.
func (i *identities) Region(ctx context.Context, pin string) (string, bool, error) {
	if pin == "" {
		return "", false, nil
	}
	list := &screeningv1.RegionalClusterList{}
	if err := i.client.List(ctx, list, client.MatchingFields{keyIndex: pin}); err != nil {
		return "", false, fmt.Errorf("look up the region of a key: %w", err)
	}
	if len(list.Items) != 1 {
		return "", false, nil
	}
	return list.Items[0].Name, true, nil
}
