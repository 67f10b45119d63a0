// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/controllers/hub/election"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/pki"
	wire "github.com/frontline-screening/frontline/internal/report"
)

// member is one process of a hub of several.
type member struct {
	gateway string
	leading <-chan struct{}
	stop    func()
}

// start runs one more process of the hub.
func (r *running) start(t *testing.T) *member {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	part := &election.Election{Namespace: r.namespace, Address: address, Lease: 3 * time.Second, RenewDeadline: 2 * time.Second, Retry: 200 * time.Millisecond}
	options := ctrl.Options{
		Scheme: env.Scheme, Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		Controller: config.Controller{SkipNameValidation: new(true)},
	}
	if err := part.Apply(&options, env.Config); err != nil {
		t.Fatal(err)
	}
	mgr, err := ctrl.NewManager(env.Config, options)
	if err != nil {
		t.Fatal(err)
	}
	service, err := r.setup(t, mgr)
	if err != nil {
		t.Fatal(err)
	}
	reach := &http.Transport{TLSClientConfig: pki.ClientConfig(r.keys.Client, r.keys.CA.Pool(), bootstrap.GatewayHost(r.namespace))}
	relay := &gateway.Relay{
		Reports: service.Reports, Joiner: service.Joiner, Leader: part.Leader(mgr.GetClient()), Client: &http.Client{Transport: reach},
	}
	peers := gateway.Peers(r.keys.CA.Pool(), service.Reports, service.Joiner)
	service.Reports, service.Joiner = relay, relay
	handler, err := gateway.NewHandler(service, r.address, r.transport, peers)
	if err != nil {
		t.Fatal(err)
	}
	m := &member{gateway: serveAt(t, address, handler, pki.ServerConfig(r.keys.Gateway, nil, false)), leading: mgr.Elected()}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan error, 1)
	go func() { stopped <- mgr.Start(ctx) }()
	ended := false
	m.stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		reach.CloseIdleConnections()
		if err := <-stopped; err != nil {
			t.Errorf("a process of the hub ended: %v", err)
		}
	}
	t.Cleanup(m.stop)
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		t.Fatal("the cache of a process was not filled")
	}
	return m
}

// Two processes, and the one that leads ends: reports to the other are taken all
// along, and it goes on with the orders.
func TestStandbyTakesOver(t *testing.T) {
	r := prepare(t)
	leader := r.start(t)
	<-leader.leading
	standby := r.start(t)
	region := &screeningv1.RegionalCluster{}
	region.Name, region.Spec.Jurisdiction = "failover", "AL"
	hubtest.Create(t, env.Client, region)
	eventually(t, "the hub makes the region's order", func() error { return ordered(t, region, 0) })

	// Everything goes by the standby from the start.
	line, key, accepted := r.join(t, region.Name, standby.gateway)
	number := int64(0)
	say := func() error {
		number++
		envelope, err := wire.Sign(t.Context(), wire.Report{
			Format: wire.Format, Region: region.Name, RegionUID: string(region.UID), HubUID: r.keys.HubUID,
			Incarnation: accepted.Incarnation, Number: number,
		}, key, time.Now())
		if err != nil {
			return err
		}
		return line.Report(t.Context(), envelope)
	}
	eventually(t, "the pinned key is known to the standby", say)
	before := region.Status.Order.Sequence

	ended := make(chan struct{})
	go func() {
		defer close(ended)
		leader.stop()
	}()
	var failed []string
	for taken := 0; taken < 10 || !closed(ended); taken++ {
		if err := say(); err != nil {
			failed = append(failed, err.Error())
		}
		select { // as fast as the gateway lets a region report, and no faster
		case <-ended:
		case <-time.After(200 * time.Millisecond):
		}
	}
	if slices.Sort(failed); len(failed) > 0 {
		t.Errorf("%d of %d reports failed: %s", len(failed), number, strings.Join(slices.Compact(failed), "; "))
	}
	<-standby.leading
	hubtest.Get(t, env.Client, region)
	region.Spec.Freshness = &screeningv1.AgeLimits{Mark: "1h", Stop: "2h"}
	if err := env.Client.Update(t.Context(), region); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the standby signs the next order", func() error { return ordered(t, region, before) })
}

func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// ordered says what keeps the region from having an order above a sequence.
func ordered(t *testing.T, region *screeningv1.RegionalCluster, after int64) error {
	t.Helper()
	hubtest.Get(t, env.Client, region)
	if region.Status.Order == nil || region.Status.Order.PublishedSequence <= after {
		return errors.New("no newer order is published")
	}
	return nil
}
