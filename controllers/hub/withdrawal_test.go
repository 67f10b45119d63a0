// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	signed "github.com/frontline-screening/frontline/internal/order"
)

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
