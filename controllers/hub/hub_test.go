// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	hubcontrollers "github.com/frontline-screening/frontline/controllers/hub"
	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/controllers/hub/order"
	"github.com/frontline-screening/frontline/controllers/hub/recordrequest"
	"github.com/frontline-screening/frontline/controllers/hub/regionalcluster"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/controllers/hub/watchlistfeed"
	"github.com/frontline-screening/frontline/controllers/hub/witness"
	"github.com/frontline-screening/frontline/controllers/internal/testenv"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/join"
	signed "github.com/frontline-screening/frontline/internal/order"
	wire "github.com/frontline-screening/frontline/internal/report"
	"github.com/frontline-screening/frontline/internal/trust"
)

var env *testenv.Environment

func TestMain(m *testing.M) { testenv.Main(m, &env) }

// bench is a whole hub whose controllers are called one by one, and one region
// of it.
type bench struct {
	clock    *testingclock.FakeClock
	registry *artifact.Registry
	// trust is what the hub signs with, in Secrets of the namespace.
	trust     *bootstrap.Trust
	hubUID    string
	namespace string
	// later are the fields of specs that regions of the first level do not read.
	later hub.LaterFields

	feeds     *watchlistfeed.Reconciler
	orders    *order.Reconciler
	regions   *regionalcluster.Reconciler
	mirror    *report.Mirror
	requests  *recordrequest.Reconciler
	secrets   *keystore.Store
	witnesses []*witness.Reconciler
	ingestor  *report.Ingestor
	joiner    *regionalcluster.Joiner

	region *screeningv1.RegionalCluster
	key    ed25519.PrivateKey
	number int64
	// keys are the region's own of each feed.
	keys map[string]*feedKeys
}

func newBench(t *testing.T, name, jurisdiction string) *bench {
	t.Helper()
	b := &bench{clock: hubtest.Clock(), registry: hubtest.Registry(t), namespace: env.CreateNamespace(t, "install")}
	b.trust = bootstrap.NewTrust(env.Client, b.namespace, b.clock.Now)
	self, err := b.trust.Hub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.hubUID = self.UID
	b.start(t)
	b.region = hubtest.Region(t, env, name, jurisdiction)
	return b
}

// start makes the controllers anew, as a new process would, without memory.
func (b *bench) start(t *testing.T) {
	t.Helper()
	c := env.Client
	reports, checks := &hub.Reports{}, &hub.Checks{}
	uid := func(ctx context.Context, region *screeningv1.RegionalCluster) (types.UID, error) {
		record, err := regionalcluster.ReadRecord(ctx, c, b.namespace, region.Name)
		if err != nil {
			return "", err
		}
		return record.UID(region), nil
	}
	leading := make(chan struct{})
	close(leading)
	secrets := keystore.New(c, b.namespace, b.clock.Now)
	kept := hubcontrollers.Secrets{Keys: secrets, Adopt: func(ctx context.Context, feed screeningv1.FeedID) error { return b.orders.Adopt(ctx, feed) }}
	store, err := depot.New(b.registry, kept.Keyring, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b.feeds = &watchlistfeed.Reconciler{
		Client: c, Reader: c, Registry: b.registry, Reports: reports, Checks: checks, StateDir: t.TempDir(), AllowPrivate: true, Clock: b.clock,
		Depot: store, Keys: kept.Keyring, Erased: kept.Erased, Blocked: kept.Blocked, Rotate: kept.Rotate, HubUID: b.hubUID,
	}
	b.orders = order.New(order.Reconciler{
		Client: c, Registry: b.registry, HubUID: b.hubUID, Signers: b.trust, RegionUID: uid, Reports: reports, Checks: checks, Depot: store, Keys: secrets, Later: b.later,
		TimestampInterval: 5 * time.Minute, TimestampLifetime: 15 * time.Minute, Clock: b.clock,
	})
	b.regions = regionalcluster.New(c, c, b.namespace, reports, b.clock)
	b.mirror = &report.Mirror{Client: c, Reports: reports, Orders: b.orders, Later: b.later}
	b.requests = &recordrequest.Reconciler{
		Client: c, Registry: b.registry, Depot: store, Keys: secrets, Orders: b.orders, Reports: reports, Clock: b.clock,
	}
	b.secrets = secrets
	b.witnesses = witness.Kinds(c, witness.Copies{Registry: b.registry, Depot: store, Keys: secrets}, b.clock)
	b.ingestor = &report.Ingestor{
		Client: c, Reader: c, Namespace: b.namespace, HubUID: b.hubUID, RegionUID: uid, Reports: reports, Clock: b.clock, Leading: leading,
	}
	b.joiner = &regionalcluster.Joiner{Client: c, Reader: c, Namespace: b.namespace, Clock: b.clock, Leading: leading}
}

// settle calls everything that concerns the region, twice, as events would.
func (b *bench) settle(t *testing.T, feeds ...*screeningv1.WatchlistFeed) {
	t.Helper()
	for range 2 {
		for _, feed := range feeds {
			hubtest.Call(t, b.feeds, feed.Namespace, feed.Name)
			hubtest.Call(t, b.witnesses[2], feed.Namespace, feed.Name)
		}
		b.witness(t)
		hubtest.Call(t, b.orders, "", b.region.Name)
		hubtest.Call(t, b.regions, "", b.region.Name)
		hubtest.Call(t, b.mirror, "", b.region.Name)
	}
	b.conform(t, feeds...)
	hubtest.Get(t, env.Client, b.region)
}

func (b *bench) witness(t *testing.T) {
	t.Helper()
	here := client.InNamespace(screeningv1.RegionNamespace(b.region.Name))
	pools, posts := &screeningv1.MatcherPoolList{}, &screeningv1.BorderPostList{}
	if err := errors.Join(env.Client.List(t.Context(), pools, here), env.Client.List(t.Context(), posts, here)); err != nil {
		t.Fatal(err)
	}
	for i := range pools.Items {
		hubtest.Call(t, b.witnesses[0], pools.Items[i].Namespace, pools.Items[i].Name)
	}
	for i := range posts.Items {
		hubtest.Call(t, b.witnesses[1], posts.Items[i].Namespace, posts.Items[i].Name)
	}
}

// invite opens an invitation and returns its token.
func (b *bench) invite(t *testing.T, expires time.Time) string {
	t.Helper()
	token, err := join.NewToken()
	if err != nil {
		t.Fatal(err)
	}
	record, err := regionalcluster.ReadRecord(t.Context(), env.Client, b.namespace, b.region.Name)
	if err != nil {
		t.Fatal(err)
	}
	record.Invitation = &regionalcluster.Invitation{TokenHash: join.HashToken(token), Expires: expires}
	if err := record.Write(t.Context(), env.Client); err != nil {
		t.Fatal(err)
	}
	return token
}

func (b *bench) request(t *testing.T, region, token string, key ed25519.PrivateKey) []byte {
	t.Helper()
	request, err := join.NewRequest(t.Context(), join.Invitation{Region: region, Token: token}, key)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (b *bench) join(t *testing.T) {
	t.Helper()
	b.key = newKey(t)
	token := b.invite(t, b.clock.Now().Add(time.Hour))
	if _, err := b.joiner.Join(t.Context(), b.request(t, b.region.Name, token, b.key)); err != nil {
		t.Fatal(err)
	}
	hubtest.Get(t, env.Client, b.region)
	b.announce(t)
}

// published pulls and verifies the region's order with a client of its own.
func (b *bench) published(t *testing.T) *signed.Order {
	t.Helper()
	verified, files := b.verified(t)
	opened, err := signed.Open(verified.Index, func(digest string) ([]byte, error) { return files[signed.PartFile(digest)], nil })
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func (b *bench) verified(t *testing.T) (trust.Verified, map[string][]byte) {
	t.Helper()
	files, _, err := b.registry.FetchOrder(t.Context(), artifact.OrderRepository(b.region.Name), nil)
	if err != nil {
		t.Fatal(err)
	}
	root, err := b.trust.Root(t.Context(), b.region.Name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := trust.Open(filepath.Join(t.TempDir(), "trust"), root, trust.Identity{HubUID: b.hubUID, Term: 1, Region: b.region.Name})
	if err != nil {
		t.Fatal(err)
	}
	verified, err := c.Verify(files, b.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return verified, files
}

// report signs what edit makes of a report that obeys the published order.
func (b *bench) report(t *testing.T, edit func(*wire.Report)) error {
	t.Helper()
	b.number++
	o := b.published(t)
	r := wire.Report{
		Format: wire.Format, Region: b.region.Name, RegionUID: o.Region.UID, HubUID: b.hubUID,
		Incarnation: b.region.Status.Identity.Incarnation, Number: b.number,
		Observed: &wire.Observed{Term: o.Term, Sequence: o.Sequence, Digest: o.IndexDigest, Issued: b.clock.Now()},
		Versions: wire.Versions{Agent: "test"},
	}
	for _, f := range o.Feeds {
		if f.State == signed.Serve {
			r.Feeds = append(r.Feeds, wire.Feed{
				ID: f.ID, UID: f.UID, State: string(f.State), Wanted: f.Release, Held: f.Release, Content: f.Content, Served: f.Release, Servers: 2,
				Keys: b.keysOf(f).announced(),
			})
		}
	}
	for _, w := range o.Pools {
		status, err := json.Marshal(screeningv1.MatcherPoolStatus{Pods: "2/2", Conditions: []metav1.Condition{{
			Type: screeningv1.ConditionReady, Status: metav1.ConditionTrue, Reason: screeningv1.ReasonReady, Message: "2 of 2 pods answer",
			LastTransitionTime: metav1.NewTime(hubtest.Start), ObservedGeneration: 7,
		}}})
		if err != nil {
			t.Fatal(err)
		}
		r.Pools = append(r.Pools, wire.Object{Name: w.Name, UID: w.UID, Generation: w.Generation, Status: status})
	}
	if edit != nil {
		edit(&r)
	}
	envelope, err := wire.Sign(t.Context(), r, b.key, b.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return b.ingestor.Report(t.Context(), b.region.Name, envelope)
}

func (b *bench) obey(t *testing.T) {
	t.Helper()
	if err := b.report(t, nil); err != nil {
		t.Fatal(err)
	}
}

func status(err error) int {
	if refusal, ok := errors.AsType[*gateway.Refusal](err); ok {
		return refusal.Status
	}
	return http.StatusOK
}
