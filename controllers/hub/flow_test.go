// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

	b.join(t)
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
