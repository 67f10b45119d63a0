// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/artifact"
	signed "github.com/frontline-screening/frontline/internal/order"
	wire "github.com/frontline-screening/frontline/internal/report"
)

func (b *bench) feed(t *testing.T, name string, allow ...screeningv1.CountryCode) (*screeningv1.WatchlistFeed, *hubtest.Publisher) {
	t.Helper()
	publisher := hubtest.NewPublisher(t, hubtest.List(1, 5))
	feed := hubtest.Feed(env.CreateNamespace(t, "owner"), name, publisher.URL, allow...)
	hubtest.Create(t, env.Client, feed)
	return feed, publisher
}

func TestFeedReachesRegionAndComesBack(t *testing.T) {
	b := newBench(t, "flow", "AL")
	feed, publisher := b.feed(t, "list", "AL", "ME")
	pool := hubtest.Pool("flow", "general", feed.ID())
	hubtest.Create(t, env.Client, pool)
	b.settle(t, feed)
	b.join(t)
	b.settle(t, feed)

	first := b.published(t)
	listed := first.Feed(string(feed.ID()))
	if listed == nil || listed.State != signed.Serve || listed.Release != 1 || listed.Records != 5 || listed.Freshness.StopSeconds != 48*3600 {
		t.Fatalf("the order lists the feed as %+v", listed)
	}
	if has, err := b.registry.HasSnapshot(t.Context(), artifact.FeedRepository("flow", listed.ID), listed.Artifact); err != nil || !has {
		t.Errorf("the region's repository has the artifact: %v, %v", has, err)
	}
	if first.Pool("general") == nil || first.Region.UID != string(b.region.UID) {
		t.Errorf("the order lists pools %+v for region %+v", first.Pools, first.Region)
	}

	b.obey(t)
	b.settle(t, feed)
	region := b.region
	if !conditions.IsTrue(region, screeningv1.ConditionReady) || region.Status.Copies.Summary != "1/1" || region.Status.Owed != "-" {
		t.Errorf("region: Ready %+v, copies %+v, owed %s", conditions.Get(region, screeningv1.ConditionReady), region.Status.Copies, region.Status.Owed)
	}
	hubtest.Get(t, env.Client, feed)
	if ready := conditions.Get(feed, screeningv1.ConditionReady); ready.Status != metav1.ConditionTrue || feed.Status.Regions != "1/1" {
		t.Errorf("feed: Ready %+v, regions %s", ready, feed.Status.Regions)
	}
	release := hubtest.Get(t, env.Client, &screeningv1.WatchlistRelease{ObjectMeta: metav1.ObjectMeta{Namespace: feed.Namespace, Name: "list-1"}})
	if release.Status.Verdict != screeningv1.VerdictPass || !conditions.IsTrue(release, screeningv1.ConditionAvailable) {
		t.Errorf("release: %+v", release.Status)
	}
	hubtest.Get(t, env.Client, pool)
	if pool.Status.Pods != "2/2" || pool.Status.ObservedGeneration != pool.Generation || conditions.Get(pool, screeningv1.ConditionReady).ObservedGeneration != pool.Generation {
		t.Errorf("pool status is not the region's: %+v", pool.Status)
	}

	publisher.Set(hubtest.List(2, 5))
	b.clock.Step(2 * time.Hour)
	b.settle(t, feed)
	second := b.published(t)
	if second.Sequence != first.Sequence+1 || second.Feed(listed.ID).Release != 2 || second.Feed(listed.ID).Floor != 1 {
		t.Errorf("after a changed list the order is %d with %+v", second.Sequence, second.Feed(listed.ID))
	}
	// The region still serves the first.
	if err := b.report(t, func(r *wire.Report) {
		r.Feeds[0].Held, r.Feeds[0].Served, r.Feeds[0].Content = 1, 1, listed.Content
	}); err != nil {
		t.Fatal(err)
	}
	b.settle(t, feed)
	next := &screeningv1.WatchlistRelease{ObjectMeta: metav1.ObjectMeta{Namespace: feed.Namespace, Name: "list-2"}}
	check := func(r *screeningv1.WatchlistRelease, verdict screeningv1.ReleaseVerdict, served string, available metav1.ConditionStatus, reason string) {
		t.Helper()
		hubtest.Get(t, env.Client, r)
		c := conditions.Get(r, screeningv1.ConditionAvailable)
		if r.Status.Verdict != verdict || r.Status.Served != served || c.Status != available || c.Reason != reason {
			t.Errorf("%s: %s, served %s, Available %s %s; want %s, %s, %s, %s", r.Name, r.Status.Verdict, r.Status.Served, c.Status, c.Reason, verdict, served, available, reason)
		}
	}
	check(release, screeningv1.VerdictSuperseded, "1/0", metav1.ConditionFalse, screeningv1.ReasonSuperseded)
	check(next, screeningv1.VerdictPending, "0/1", metav1.ConditionFalse, screeningv1.ReasonWaitingForRegions)
	b.obey(t)
	b.settle(t, feed)
	b.settle(t, feed)
	check(release, screeningv1.VerdictSuperseded, "0/0", metav1.ConditionFalse, screeningv1.ReasonSuperseded)
	check(next, screeningv1.VerdictPass, "1/1", metav1.ConditionTrue, screeningv1.ReasonServedEverywhere)
}

func TestSettledHubWritesNothingButLeases(t *testing.T) {
	b := newBench(t, "quiet", "AL")
	feed, _ := b.feed(t, "list", "AL")
	pool := hubtest.Pool("quiet", "general", feed.ID(), "nobody.has-it")
	hubtest.Create(t, env.Client, pool)
	b.settle(t, feed)
	b.join(t)
	b.settle(t, feed)
	b.obey(t)
	b.clock.Step(30 * time.Second)
	b.obey(t)
	b.settle(t, feed)

	versions := func() map[string]string {
		out := map[string]string{}
		for name, o := range map[string]client.Object{"region": b.region, "feed": feed, "pool": pool} {
			out[name] = hubtest.Get(t, env.Client, o).GetResourceVersion()
		}
		replicas := &screeningv1.WatchlistReplicaList{}
		if err := env.Client.List(t.Context(), replicas, client.InNamespace("region-quiet")); err != nil {
			t.Fatal(err)
		}
		for _, replica := range replicas.Items {
			out[replica.Name] = replica.ResourceVersion
		}
		return out
	}
	before, order := versions(), b.published(t)
	for range 12 {
		b.clock.Step(30 * time.Second)
		b.obey(t)
		b.settle(t, feed)
	}
	if diff := cmp.Diff(before, versions()); diff != "" {
		t.Errorf("objects were written in a settled system (-before +after):\n%s", diff)
	}
	if after := b.published(t); after.Sequence != order.Sequence || after.IndexDigest != order.IndexDigest {
		t.Errorf("order %d became %d", order.Sequence, after.Sequence)
	}

	// Neither does a process that starts anew an hour later: nobody could be
	// heard meanwhile, and that says nothing of the region.
	b.clock.Step(time.Hour)
	b.start(t)
	b.settle(t, feed)
	b.obey(t)
	b.settle(t, feed)
	if diff := cmp.Diff(before, versions()); diff != "" {
		t.Errorf("objects were written after a restart (-before +after):\n%s", diff)
	}
}

func TestRegionNotAllowedGetsNoCopy(t *testing.T) {
	b := newBench(t, "denied", "AL")
	feed, _ := b.feed(t, "list", "RS")
	pool := hubtest.Pool("denied", "general", feed.ID())
	hubtest.Create(t, env.Client, pool)
	b.settle(t, feed)
	// The order says where it may be held, and nothing more of it.
	want := []signed.Feed{{ID: string(feed.ID()), UID: string(feed.UID), State: signed.Erase, Jurisdictions: []string{"RS"}}}
	if o := b.published(t); !cmp.Equal(want, o.Feeds) || o.Pool("general") == nil {
		t.Errorf("the order lists pools %+v, feeds (-want +got):\n%s", o.Pools, cmp.Diff(want, o.Feeds))
	}
	replicas := &screeningv1.WatchlistReplicaList{}
	if err := env.Client.List(t.Context(), replicas, client.InNamespace("region-denied")); err != nil || len(replicas.Items) != 0 {
		t.Errorf("replicas: %d, %v; want none", len(replicas.Items), err)
	}
	c := conditions.Get(hubtest.Get(t, env.Client, pool), screeningv1.ConditionFeedsResolved)
	if c == nil || c.Reason != screeningv1.ReasonNotAllowedHere || pool.Status.Summary != string(feed.ID())+" may be held in RS only" {
		t.Errorf("FeedsResolved is %+v, want NotAllowedHere; summary %q", c, pool.Status.Summary)
	}
	// Named by no pool any more, it is nobody's affair.
	if err := env.Client.Delete(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	b.settle(t, feed)
	if o := b.published(t); len(o.Feeds) != 0 {
		t.Errorf("the order lists feeds %+v, want none", o.Feeds)
	}
}

func TestFeedWithoutReleaseIsListedWithoutOne(t *testing.T) {
	b := newBench(t, "unreleased", "AL")
	feed, publisher := b.feed(t, "list", "AL")
	good := hubtest.List(1, 5)
	publisher.Set("no list at all")
	pool := hubtest.Pool("unreleased", "general", feed.ID(), "no.such")
	hubtest.Create(t, env.Client, pool)
	b.settle(t, feed)
	o := b.published(t)
	listed := o.Feed(string(feed.ID()))
	if listed == nil || listed.State != signed.Serve || listed.Release != 0 || listed.Grade == "" || !slices.Contains(listed.Jurisdictions, "AL") {
		t.Errorf("the order lists the feed as %+v", listed)
	}
	if o.Feed("no.such") != nil {
		t.Error("the order lists a feed that does not exist")
	}
	replicas := &screeningv1.WatchlistReplicaList{}
	if err := env.Client.List(t.Context(), replicas, client.InNamespace("region-unreleased")); err != nil || len(replicas.Items) != 0 {
		t.Errorf("replicas: %d, %v; want none", len(replicas.Items), err)
	}

	publisher.Set(good)
	b.clock.Step(2 * time.Hour)
	b.settle(t, feed)
	if listed := b.published(t).Feed(string(feed.ID())); listed == nil || listed.Release != 1 || listed.Artifact == "" {
		t.Errorf("after a good file the order lists %+v", listed)
	}
}

func TestSharingWithdrawnErases(t *testing.T) {
	b := newBench(t, "unshared", "AL")
	feed, _ := b.feed(t, "list", "AL")
	pool := hubtest.Pool("unshared", "general", feed.ID())
	hubtest.Create(t, env.Client, pool)
	b.settle(t, feed)
	b.join(t)
	b.settle(t, feed)
	b.obey(t)
	b.settle(t, feed)
	before := b.published(t).Feed(string(feed.ID()))

	hubtest.Get(t, env.Client, feed)
	feed.Spec.Sharing.Allow = []screeningv1.CountryCode{"RS"}
	if err := env.Client.Update(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	b.settle(t, feed)
	if listed := b.published(t).Feed(string(feed.ID())); listed == nil || listed.State != signed.Erase {
		t.Fatalf("the order lists the feed as %+v, want Erase", listed)
	}
	if has, err := b.registry.HasSnapshot(t.Context(), artifact.FeedRepository("unshared", before.ID), before.Artifact); err != nil || has {
		t.Errorf("the region can still pull the content: %v, %v", has, err)
	}
	// The region still holds it, then it does not.
	if err := b.report(t, func(r *wire.Report) {
		r.Feeds = []wire.Feed{{ID: before.ID, UID: before.UID, State: "Erase", Held: 1, Content: before.Content}}
	}); err != nil {
		t.Fatal(err)
	}
	b.settle(t, feed)
	if b.published(t).Feed(before.ID) == nil || b.region.Status.Owed == "-" {
		t.Errorf("the erasure was dropped before it was done; owed %q", b.region.Status.Owed)
	}
	ordered := b.published(t)
	b.obey(t)
	b.settle(t, feed)
	if b.region.Status.Owed != "-" || b.region.Status.Copies.Summary != "0/0" {
		t.Errorf("after the erasure %q is owed, copies %s", b.region.Status.Owed, b.region.Status.Copies.Summary)
	}
	// A pool names it still, so the order goes on saying where it may be held.
	if after := b.published(t); after.IndexDigest != ordered.IndexDigest {
		t.Errorf("the end of the erasure changed the order from %+v to %+v", ordered.Feeds, after.Feeds)
	}
	if err := env.Client.Delete(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	b.settle(t, feed)
	if listed := b.published(t).Feed(before.ID); listed != nil {
		t.Errorf("named by nobody and erased, the order lists %+v", listed)
	}
}

func TestWithdrawals(t *testing.T) {
	b := newBench(t, "pruned", "AL")
	var pools []*screeningv1.MatcherPool
	for _, name := range []string{"a", "b", "c"} {
		pool := hubtest.Pool("pruned", name, "nobody.has-it")
		hubtest.Create(t, env.Client, pool)
		pools = append(pools, pool)
	}
	b.settle(t)
	b.join(t)
	b.settle(t)
	b.obey(t)
	b.settle(t)
	remove := func(pool *screeningv1.MatcherPool) {
		t.Helper()
		if err := env.Client.Delete(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
		b.witness(t)
		if err := env.Client.Get(t.Context(), client.ObjectKeyFromObject(pool), &screeningv1.MatcherPool{}); !apierrors.IsNotFound(err) {
			t.Fatalf("the deletion of pool %s hangs: %v", pool.Name, err)
		}
	}

	// One deletion is taken at its word, once it has settled.
	single := b.published(t).Pool("a").UID
	remove(pools[0])
	b.settle(t)
	if o := b.published(t); o.Pool("a") != nil || len(o.Tombstones) != 0 {
		t.Errorf("at once: pools %+v, tombstones %+v; want neither", o.Pools, o.Tombstones)
	}
	b.clock.Step(20 * time.Second)
	b.settle(t)
	if o := b.published(t); !o.Withdrawn(signed.KindPool, single) {
		t.Errorf("after settling there is no tombstone: %+v", o.Tombstones)
	}
	// Once carried out, the tombstone goes.
	b.obey(t)
	b.settle(t)
	if o := b.published(t); len(o.Tombstones) != 0 || len(b.region.Status.Withdrawals) != 0 {
		t.Errorf("after obedience: tombstones %+v, withdrawals %+v", o.Tombstones, b.region.Status.Withdrawals)
	}

	// A pruned folder waits for a person.
	remove(pools[1])
	remove(pools[2])
	b.clock.Step(time.Minute)
	b.settle(t)
	held := conditions.Get(b.region, screeningv1.ConditionWithdrawalsHeld)
	if o := b.published(t); len(o.Tombstones) != 0 || held == nil {
		t.Fatalf("tombstones %+v, WithdrawalsHeld %+v; want none and True", o.Tombstones, held)
	}
	// What comes back is no longer withdrawn; the rest is one deletion.
	again := hubtest.Pool("pruned", "b", "nobody.has-it")
	hubtest.Create(t, env.Client, again)
	b.settle(t)
	o := b.published(t)
	if o.Pool("b") == nil || len(o.Tombstones) != 1 || o.Tombstones[0].Name != "c" {
		t.Errorf("pools %+v, tombstones %+v; want b back and c withdrawn", o.Pools, o.Tombstones)
	}
}

func TestHeldWithdrawalsAreApproved(t *testing.T) {
	b := newBench(t, "approved", "AL")
	pools := []*screeningv1.MatcherPool{hubtest.Pool("approved", "a", "x.y"), hubtest.Pool("approved", "b", "x.y")}
	for _, pool := range pools {
		hubtest.Create(t, env.Client, pool)
	}
	b.settle(t)
	b.join(t)
	b.settle(t)
	for _, pool := range pools {
		if err := env.Client.Delete(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	b.settle(t)
	b.clock.Step(time.Minute)
	b.settle(t)
	held := conditions.Get(b.region, screeningv1.ConditionWithdrawalsHeld)
	if held == nil {
		t.Fatal("two of two deletions were not held")
	}
	digest := held.Message[len(held.Message)-12:]
	b.region.Annotations = map[string]string{screeningv1.AnnotationApproveWithdrawals: digest}
	if err := env.Client.Update(t.Context(), b.region); err != nil {
		t.Fatal(err)
	}
	b.settle(t)
	if o := b.published(t); len(o.Tombstones) != 2 || conditions.Get(b.region, screeningv1.ConditionWithdrawalsHeld) != nil {
		t.Errorf("after the approval: tombstones %+v", o.Tombstones)
	}
}

func TestDeletedFeedIsErasedAndNeverForgotten(t *testing.T) {
	b := newBench(t, "deleted", "AL")
	feed, _ := b.feed(t, "list", "AL")
	hubtest.Create(t, env.Client, hubtest.Pool("deleted", "general", feed.ID()))
	b.settle(t, feed)
	b.join(t)
	b.settle(t, feed)
	b.obey(t)
	b.settle(t, feed)
	id := string(feed.ID())
	before := b.published(t)

	if err := env.Client.Delete(t.Context(), hubtest.Get(t, env.Client, feed)); err != nil {
		t.Fatal(err)
	}
	hubtest.Call(t, b.witnesses[2], feed.Namespace, feed.Name)
	b.settle(t)
	if listed := b.published(t).Feed(id); listed == nil || listed.State != signed.Serve || listed.Release != 1 {
		t.Errorf("before the deletion settled the order says %+v, want what it said before", listed)
	}
	if after := b.published(t); after.Sequence != before.Sequence {
		t.Errorf("the order rose from %d to %d by a deletion that has not settled", before.Sequence, after.Sequence)
	}
	b.clock.Step(20 * time.Second)
	b.settle(t)
	if listed := b.published(t).Feed(id); listed == nil || listed.State != signed.Erase {
		t.Errorf("the order says %+v, want Erase", listed)
	}
}

func TestSilenceWithdrawsNothing(t *testing.T) {
	b := newBench(t, "restored", "AL")
	feed, _ := b.feed(t, "list", "AL")
	hubtest.Create(t, env.Client, hubtest.Pool("restored", "general", feed.ID()))
	b.settle(t, feed)
	b.join(t)
	b.settle(t, feed)
	b.obey(t)
	id := string(feed.ID())

	// The feed and its replica are gone without a trace, and so is memory.
	hubtest.Get(t, env.Client, feed)
	feed.Finalizers = nil
	if err := env.Client.Update(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	for _, o := range []client.Object{feed, &screeningv1.WatchlistReplica{ObjectMeta: metav1.ObjectMeta{Namespace: "region-restored", Name: id}}} {
		if err := env.Client.Delete(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	b.start(t)
	b.settle(t)
	if listed := b.published(t).Feed(id); listed == nil || listed.State != signed.Serve {
		t.Errorf("the order says %+v, want that the feed keeps serving", listed)
	}
}

func TestHubRestoredFromBackupAdoptsSequence(t *testing.T) {
	b := newBench(t, "backup", "AL")
	hubtest.Create(t, env.Client, hubtest.Pool("backup", "general", "x.y"))
	b.settle(t)
	b.join(t)
	for n := range 3 {
		b.region.Spec.Freshness = &screeningv1.AgeLimits{Mark: "1h", Stop: screeningv1.Duration([]string{"2h", "3h", "4h"}[n])}
		if err := env.Client.Update(t.Context(), b.region); err != nil {
			t.Fatal(err)
		}
		b.settle(t)
	}
	b.obey(t)
	before := b.published(t)

	wipe := func() {
		hubtest.Get(t, env.Client, b.region)
		b.region.Status = screeningv1.RegionalClusterStatus{}
		if err := env.Client.Status().Update(t.Context(), b.region); err != nil {
			t.Fatal(err)
		}
		b.start(t)
	}
	wipe()
	b.settle(t)
	if after := b.published(t); after.Sequence != before.Sequence || after.IndexDigest != before.IndexDigest {
		t.Errorf("an unchanged hub went from order %d to %d", before.Sequence, after.Sequence)
	}
	if b.region.Status.Order.Sequence != before.Sequence || b.region.Status.Identity == nil {
		t.Errorf("status has order %+v, identity %+v", b.region.Status.Order, b.region.Status.Identity)
	}
	b.obey(t)

	// The registry is lost as well: only the region knows.
	wipe()
	b.registry = hubtest.Registry(t)
	b.start(t)
	hubtest.Call(t, b.regions, "", b.region.Name)
	hubtest.Get(t, env.Client, b.region)
	b.region.Spec.Freshness.Stop = "5h"
	if err := env.Client.Update(t.Context(), b.region); err != nil {
		t.Fatal(err)
	}
	hubtest.Call(t, b.orders, "", b.region.Name)
	if err := b.report(t, func(r *wire.Report) {
		r.Observed = &wire.Observed{Term: 1, Sequence: before.Sequence, Digest: before.IndexDigest, Issued: b.clock.Now()}
	}); err != nil {
		t.Fatal(err)
	}
	b.settle(t)
	if after := b.published(t); after.Sequence != before.Sequence+1 {
		t.Errorf("the next order is %d, want %d", after.Sequence, before.Sequence+1)
	}
}

func TestEquivocationIsNeverSigned(t *testing.T) {
	b := newBench(t, "twice", "AL")
	b.settle(t)
	b.join(t)
	b.settle(t)
	b.obey(t)
	before := b.published(t)
	// Another hub of the same key signed this sequence with another body.
	if err := b.report(t, func(r *wire.Report) {
		r.Observed.Digest = "sha256:" + "00000000000000000000000000000000000000000000000000000000000000aa"
	}); err != nil {
		t.Fatal(err)
	}
	hubtest.Call(t, b.regions, "", b.region.Name)
	hubtest.Get(t, env.Client, b.region)
	if c := conditions.Get(b.region, screeningv1.ConditionOrderObserved); c == nil || c.Reason != screeningv1.ReasonEquivocation {
		t.Errorf("OrderObserved is %+v, want Equivocation", c)
	}
	b.settle(t)
	if after := b.published(t); after.Sequence != before.Sequence+1 {
		t.Errorf("the order that settles it is %d, want %d", after.Sequence, before.Sequence+1)
	}
}

func TestRefusedReports(t *testing.T) {
	b := newBench(t, "reports", "AL")
	b.settle(t)
	b.join(t)
	b.settle(t)
	b.obey(t)
	tests := []struct {
		name string
		edit func(*wire.Report)
		want int
	}{
		{"replayed", func(r *wire.Report) { r.Number = 1 }, http.StatusConflict},
		{"of another region", func(r *wire.Report) { r.Region = "elsewhere" }, http.StatusForbidden},
		{"of a region of the same name", func(r *wire.Report) { r.RegionUID = "0" }, http.StatusForbidden},
		{"for another hub", func(r *wire.Report) { r.HubUID = "0" }, http.StatusForbidden},
		{"of an old incarnation", func(r *wire.Report) { r.Incarnation = 0 }, http.StatusConflict},
		{"of an incarnation nobody gave", func(r *wire.Report) { r.Incarnation = 9 }, http.StatusConflict},
		{"in another format", func(r *wire.Report) { r.Format = "frontline.report/v9" }, http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := status(b.report(t, tt.edit)); got != tt.want {
				t.Errorf("answer is %d, want %d", got, tt.want)
			}
		})
	}
	t.Run("of another key", func(t *testing.T) {
		good := b.key
		b.key = newKey(t)
		if got := status(b.report(t, nil)); got != http.StatusForbidden {
			t.Errorf("answer is %d, want 403", got)
		}
		b.key = good
	})
	b.obey(t)
}

func TestJoin(t *testing.T) {
	b := newBench(t, "joining", "AL")
	b.settle(t)
	now := b.clock.Now()
	key := newKey(t)
	call := func(region, token string, key []byte) int {
		_, err := b.joiner.Join(t.Context(), b.request(t, region, token, key))
		return status(err)
	}
	if got := call("joining", "no-invitation", key); got != http.StatusForbidden {
		t.Errorf("without an invitation: %d", got)
	}
	expired := b.invite(t, now.Add(-time.Second))
	if got := call("joining", expired, key); got != http.StatusForbidden {
		t.Errorf("expired: %d", got)
	}
	token := b.invite(t, now.Add(time.Hour))
	for name, got := range map[string]int{
		"wrong token":    call("joining", "guess", key),
		"replaced token": call("joining", expired, key),
		"wrong region":   call("other", token, key),
	} {
		if got != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", name, got)
		}
	}
	if got := call("joining", token, key); got != http.StatusOK {
		t.Fatalf("right token: %d", got)
	}
	if got := call("joining", token, newKey(t)); got != http.StatusForbidden {
		t.Errorf("used token with another key: %d, want 403", got)
	}
	if got := call("joining", token, key); got != http.StatusOK {
		t.Errorf("repeated after a lost answer: %d, want 200", got)
	}
	hubtest.Get(t, env.Client, b.region)
	if b.region.Status.Identity == nil || b.region.Status.Identity.Incarnation != 1 {
		t.Errorf("identity is %+v, want incarnation 1", b.region.Status.Identity)
	}
	again := b.invite(t, now.Add(time.Hour))
	if got := call("joining", again, newKey(t)); got != http.StatusOK {
		t.Fatalf("joining again: %d", got)
	}
	hubtest.Get(t, env.Client, b.region)
	if b.region.Status.Identity.Incarnation != 2 {
		t.Errorf("incarnation is %d, want 2", b.region.Status.Identity.Incarnation)
	}
}

func TestRegionMadeAgainKeepsItsIdentity(t *testing.T) {
	b := newBench(t, "again", "AL")
	b.settle(t)
	b.join(t)
	b.settle(t)
	b.obey(t)
	before := b.published(t)
	if err := env.Client.Delete(t.Context(), b.region); err != nil {
		t.Fatal(err)
	}
	hubtest.Call(t, b.orders, "", "again")
	b.region = &screeningv1.RegionalCluster{ObjectMeta: metav1.ObjectMeta{Name: "again"}, Spec: screeningv1.RegionalClusterSpec{Jurisdiction: "AL"}}
	hubtest.Create(t, env.Client, b.region)
	hubtest.Call(t, b.regions, "", "again")
	b.settle(t)
	after := b.published(t)
	if after.Region.UID != before.Region.UID || after.Sequence != before.Sequence || b.region.Status.Identity == nil {
		t.Errorf("region %s in order %d became %s in %d; identity %+v", before.Region.UID, before.Sequence, after.Region.UID, after.Sequence, b.region.Status.Identity)
	}
	b.obey(t)
}
