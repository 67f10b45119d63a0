// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/conditions/conditionstest"
)

// annotate sets an annotation, or takes it off with an empty value.
func annotate(t *testing.T, o client.Object, key, value string) {
	t.Helper()
	hubtest.Get(t, env.Client, o)
	annotations := o.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	if annotations[key] = value; value == "" {
		delete(annotations, key)
	}
	o.SetAnnotations(annotations)
	if err := env.Client.Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) bound(t *testing.T, most int32) *screeningv1.MatcherPool {
	t.Helper()
	pool := b.pool(t)
	pool.Spec.Bounds = screeningv1.PoolBounds{Min: 1, Max: most}
	if err := env.Client.Update(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	return pool
}

func TestSuspendedRegionKeepsItsOrder(t *testing.T) {
	b, feed, publisher := serving(t, "paused")
	before := b.published(t)
	stamped := b.stamp(t)
	annotate(t, b.region, screeningv1.AnnotationSuspend, "true")
	b.bound(t, 7)
	publisher.Set(hubtest.List(2, 10))
	b.clock.Step(2 * time.Hour)
	b.settle(t, feed)
	if after := b.published(t); after.Sequence != before.Sequence || after.IndexDigest != before.IndexDigest {
		t.Errorf("the order of a suspended region went from %d to %d", before.Sequence, after.Sequence)
	}
	if after := b.stamp(t); !after.After(stamped) {
		t.Errorf("the order was signed at %s and not again; the region would stop to search", after)
	}
	if c := conditions.Get(b.region, screeningv1.ConditionSuspended); c == nil {
		t.Errorf("the region says nothing of it: %+v", b.region.Status.Conditions)
	}
	// A process that starts knows the order from the registry alone.
	b.start(t)
	b.clock.Step(10 * time.Minute)
	b.settle(t, feed)
	if after := b.published(t); after.Sequence != before.Sequence {
		t.Errorf("a hub that started made order %d of a suspended region", after.Sequence)
	}

	annotate(t, b.region, screeningv1.AnnotationSuspend, "")
	b.obey(t)
	b.settle(t, feed)
	if after := b.published(t); after.Sequence <= before.Sequence || after.Feed(string(feed.ID())).Release != 2 {
		t.Errorf("after the suspension the order is %d with %+v", after.Sequence, after.Feeds)
	}
	if c := conditions.Get(b.region, screeningv1.ConditionSuspended); c != nil {
		t.Errorf("the region still says it is suspended: %+v", c)
	}
}

// stamp is when the order that stands was signed last.
func (b *bench) stamp(t *testing.T) time.Time {
	t.Helper()
	verified, _ := b.verified(t)
	return verified.Issued
}

func TestSuspendedPoolStaysAsOrdered(t *testing.T) {
	b, feed, _ := serving(t, "still")
	before := b.published(t)
	annotate(t, b.pool(t), screeningv1.AnnotationSuspend, "true")
	b.bound(t, 7)
	fresh := hubtest.Pool("still", "fresh", feed.ID())
	fresh.Annotations = map[string]string{screeningv1.AnnotationSuspend: "true"}
	hubtest.Create(t, env.Client, fresh)
	b.settle(t, feed)
	if after := b.published(t); after.IndexDigest != before.IndexDigest {
		t.Errorf("suspended pools changed order %d to %d: %+v", before.Sequence, after.Sequence, after.Pools)
	}
	b.obey(t)
	b.settle(t, feed)
	pool := b.pool(t)
	if c := conditions.Get(pool, screeningv1.ConditionSuspended); c == nil {
		t.Errorf("the pool says nothing of it: %+v", pool.Status.Conditions)
	}
	version := pool.ResourceVersion
	b.settle(t, feed)
	if b.pool(t).ResourceVersion != version {
		t.Error("a suspended pool was written again")
	}

	annotate(t, pool, screeningv1.AnnotationSuspend, "")
	b.settle(t, feed)
	if after := b.published(t); after.Sequence <= before.Sequence {
		t.Errorf("after the suspension the order is %d still", after.Sequence)
	}
	if c := conditions.Get(b.pool(t), screeningv1.ConditionSuspended); c != nil {
		t.Errorf("the pool still says it is suspended: %+v", c)
	}
}

func TestSuspendedRequestWaits(t *testing.T) {
	b, feed, _ := serving(t, "waiting")
	request := b.ask(t, feed, "block-1", screeningv1.RecordBlock, "T.0003")
	annotate(t, request, screeningv1.AnnotationSuspend, "true")
	b.follow(t, feed, request)
	if o := b.published(t); o.Feed(string(feed.ID())).Blocks != nil {
		t.Error("a suspended request was carried out")
	}
	conditionstest.Conform(t, request, request.Status.ObservedGeneration)
	annotate(t, request, screeningv1.AnnotationSuspend, "")
	b.follow(t, feed, request)
	if o := b.published(t); o.Feed(string(feed.ID())).Blocks == nil {
		t.Error("the request was not carried out after its suspension")
	}
}

// Every kind that people write says which request to look at it was handled.
func TestReconcileAtIsEchoed(t *testing.T) {
	b, feed, publisher := serving(t, "echo")
	request := b.ask(t, feed, "block-1", screeningv1.RecordBlock, "T.0003")
	b.follow(t, feed, request)
	const at = "2026-03-01T12:00:00Z"
	asked := publisher.Requests.Load()
	pool := b.pool(t)
	for _, o := range []client.Object{b.region, feed, pool, request} {
		annotate(t, o, screeningv1.AnnotationReconcileAt, at)
	}
	b.settle(t, feed)
	b.follow(t, feed, request)
	for name, got := range map[string]string{
		"region":  hubtest.Get(t, env.Client, b.region).Status.LastHandledReconcileAt,
		"feed":    hubtest.Get(t, env.Client, feed).Status.LastHandledReconcileAt,
		"pool":    hubtest.Get(t, env.Client, pool).Status.LastHandledReconcileAt,
		"request": hubtest.Get(t, env.Client, request).Status.LastHandledReconcileAt,
	} {
		if got != at {
			t.Errorf("status.lastHandledReconcileAt of the %s is %q, want %q", name, got, at)
		}
	}
	if publisher.Requests.Load() == asked {
		t.Error("the publisher was not asked")
	}
}
