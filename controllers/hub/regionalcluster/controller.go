// SPDX-License-Identifier: Apache-2.0

// Package regionalcluster looks after one RegionalCluster: its namespace on the
// hub, its pinned identity, the state of its line, and what it holds of what
// its order wants. Its order is package order's.
package regionalcluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/enqueue"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/controllers/internal/apply"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/controllers/internal/setup"
	"github.com/frontline-screening/frontline/internal/hub"
)

// FieldManager of the objects this controller applies.
const FieldManager = screeningv1.ManagerHubNamespace

// Reconciler looks after RegionalClusters.
type Reconciler struct {
	Client client.Client
	// Reader reads Secrets past the cache.
	Reader client.Reader
	// Namespace of the installation, which holds records and Leases.
	Namespace string
	Reports   *hub.Reports
	Clock     clock.PassiveClock

	applier *apply.Applier
	// listening is when this process first looked: it leads, and takes reports,
	// since then.
	listening func() time.Time
}

// New returns a reconciler that is ready to be called.
func New(c client.Client, reader client.Reader, namespace string, reports *hub.Reports, clk clock.PassiveClock) *Reconciler {
	return &Reconciler{
		Client: c, Reader: reader, Namespace: namespace, Reports: reports, Clock: clk,
		applier: apply.New(c, FieldManager), listening: sync.OnceValue(clk.Now),
	}
}

// scope is what one pass reads and decides.
type scope struct {
	region   *screeningv1.RegionalCluster
	record   *Record
	beats    hub.Beats
	received *hub.Received
	// listening is since when reports could arrive.
	listening time.Time
	replicas  []screeningv1.WatchlistReplica
	// again is when the state may change by the clock alone; zero means never.
	again time.Duration
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	s := &scope{region: &screeningv1.RegionalCluster{}, listening: r.listening()}
	if err := r.Client.Get(ctx, req.NamespacedName, s.region); err != nil {
		if apierrors.IsNotFound(err) {
			r.Reports.Forget(req.Name)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	helper := patch.New(r.Client, s.region)
	if !s.region.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	var errs []error
	for _, phase := range []func(context.Context, *scope) error{
		r.ensureNamespace,
		r.readRecord,
		r.readReports,
		r.followLine,
		r.noteVersions,
		r.compareOrders,
		r.showRestored,
		r.showTerms,
		r.countCopies,
		r.conclude,
	} {
		errs = append(errs, phase(ctx, s))
	}
	if _, err := helper.Status(ctx, s.region); err != nil {
		errs = append(errs, err)
	}
	return patch.Retry(ctrl.Result{RequeueAfter: s.again}, errors.Join(errs...))
}

// readRecord pins in the status what the record says, also after the status
// was lost.
func (r *Reconciler) readRecord(ctx context.Context, s *scope) error {
	record, err := ReadRecord(ctx, r.Reader, r.Namespace, s.region.Name)
	if err != nil {
		return err
	}
	s.record = record
	if pinned := record.Pinned(s.region); pinned != nil {
		s.region.Status.Identity = statusOf(pinned)
	}
	return nil
}

func (r *Reconciler) readReports(ctx context.Context, s *scope) error {
	s.received = r.Reports.Last(s.region.Name)
	var errs []error
	lease := &coordinationv1.Lease{}
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: r.Namespace, Name: report.LeaseName(s.region.Name)}, lease)
	switch {
	case err == nil:
		s.beats = report.BeatsOf(lease)
	case !apierrors.IsNotFound(err):
		errs = append(errs, fmt.Errorf("read the Lease of region %s: %w", s.region.Name, err))
	}
	list := &screeningv1.WatchlistReplicaList{}
	if err := r.Client.List(ctx, list, client.InNamespace(screeningv1.RegionNamespace(s.region.Name))); err != nil {
		errs = append(errs, fmt.Errorf("list the replicas of region %s: %w", s.region.Name, err))
	}
	s.replicas = list.Items
	return errors.Join(errs...)
}

// SetupWithManager adds the controller to mgr.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("regionalcluster").
		For(&screeningv1.RegionalCluster{}).
		Watches(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(regionOfNamespace)).
		Watches(&screeningv1.WatchlistReplica{}, enqueue.Region()).
		Watches(&coordinationv1.Lease{}, handler.EnqueueRequestsFromMapFunc(r.regionOfLease)).
		WatchesRawSource(report.Source(r.Reports)).
		WithOptions(setup.Options(4)).
		Complete(r)
}

func regionOfNamespace(_ context.Context, o client.Object) []reconcile.Request {
	return enqueue.Named(o.GetName(), screeningv1.RegionNamespacePrefix)
}

func (r *Reconciler) regionOfLease(_ context.Context, o client.Object) []reconcile.Request {
	if o.GetNamespace() != r.Namespace {
		return nil
	}
	return enqueue.Named(o.GetName(), report.LeaseName(""))
}
