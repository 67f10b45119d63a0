// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/hub"
	signed "github.com/frontline-screening/frontline/internal/order"
	wire "github.com/frontline-screening/frontline/internal/report"
)

// laterFields says of a field that every region knows that it came later.
var laterFields = hub.LaterFields{{Kind: signed.KindPool, Path: "resources.memory", Level: 2}}

// A region that is too old for a field is not told of the object that uses it:
// what was ordered before stays, and object and region say why.
func TestOlderRegionIsNotTold(t *testing.T) {
	b := newBench(t, "older", "AL")
	b.later = laterFields
	b.start(t)
	feed, _ := b.feed(t, "list", "AL")
	pool := hubtest.Pool("older", "general", feed.ID())
	hubtest.Create(t, env.Client, pool)
	b.settle(t, feed)
	b.join(t)
	b.settle(t, feed)
	reads := func(level, pods int64) {
		t.Helper()
		if err := b.report(t, func(r *wire.Report) { r.Versions = wire.Versions{Agent: "v0.1.0", Level: level, Pods: pods} }); err != nil {
			t.Fatal(err)
		}
		b.settle(t, feed)
		hubtest.Get(t, env.Client, pool)
	}
	reads(0, 0)
	if diff := cmp.Diff(&screeningv1.RegionVersions{Agent: "v0.1.0", Level: 1, PodsLevel: 1}, b.region.Status.Versions); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	before := b.published(t)

	pool.Spec.Resources = &screeningv1.PoolResources{Memory: new(resource.MustParse("1Gi"))}
	if err := env.Client.Update(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	fresh := hubtest.Pool("older", "fresh", feed.ID())
	fresh.Spec.Resources = pool.Spec.Resources
	hubtest.Create(t, env.Client, fresh)
	// skewed checks the condition on the region and both pools; an empty reason is none.
	skewed := func(when, reason string) {
		t.Helper()
		for _, o := range []screeningv1.Object{b.region, hubtest.Get(t, env.Client, pool), hubtest.Get(t, env.Client, fresh)} {
			c := conditions.Get(o, screeningv1.ConditionVersionSkew)
			switch {
			case reason == "" && c == nil:
			case reason == "" || c == nil || c.Status != metav1.ConditionTrue || c.Reason != reason || !strings.Contains(c.Message, "spec.resources.memory"):
				t.Errorf("%s: VersionSkew of %T %s is %+v, want reason %q, naming the field", when, o, o.GetName(), c, reason)
			}
		}
	}
	b.settle(t, feed)
	if after := b.published(t); after.Sequence != before.Sequence || after.Pool("general").Generation != 1 || after.Pool("fresh") != nil {
		t.Errorf("to a region that reads level 1 order %d lists %+v, want order %d as it was", after.Sequence, after.Pools, before.Sequence)
	}
	skewed("a region of level 1", screeningv1.ReasonOlderRegion)

	settled := []string{b.region.ResourceVersion, pool.ResourceVersion, fresh.ResourceVersion}
	b.start(t) // a hub without memory knows it from the status
	b.settle(t, feed)
	skewed("a hub that starts anew", screeningv1.ReasonOlderRegion)
	if diff := cmp.Diff(settled, []string{b.region.ResourceVersion, pool.ResourceVersion, fresh.ResourceVersion}); diff != "" {
		t.Errorf("what is said is written again (-before +after):\n%s", diff)
	}

	reads(2, 1)
	skewed("pods of level 1", screeningv1.ReasonOlderPods)
	if after := b.published(t); after.Sequence != before.Sequence {
		t.Errorf("for pods of level 1 the order is %d, want %d", after.Sequence, before.Sequence)
	}

	reads(2, 2)
	skewed("a region of level 2", "")
	second := b.published(t)
	if second.Level != 2 || second.Pool("general").Generation != 2 || second.Pool("fresh") == nil {
		t.Errorf("to a region that reads level 2 an order of level %d lists %+v", second.Level, second.Pools)
	}

	b.region.Status.Versions = nil
	if err := env.Client.Status().Update(t.Context(), b.region); err != nil {
		t.Fatal(err)
	}
	b.start(t) // a hub that was restored knows it from the order
	b.settle(t, feed)
	skewed("a restored hub", "")
	if after := b.published(t); after.Sequence != second.Sequence {
		t.Errorf("a restored hub made order %d of order %d", after.Sequence, second.Sequence)
	}

	reads(1, 1)
	skewed("a region put back to level 1", screeningv1.ReasonOlderRegion)
	if after := b.published(t); after.Level != 0 || len(after.Pools) != 0 || len(after.Tombstones) != 0 {
		t.Errorf("to a region put back to level 1 an order of level %d lists %+v and withdraws %+v; want neither", after.Level, after.Pools, after.Tombstones)
	}
}

// The objects of a local region carry what the region's own controllers say;
// what is not ordered is said beside it.
func TestOlderPodsOfALocalRegion(t *testing.T) {
	b := newBench(t, "joint", "AL")
	b.later = laterFields
	b.start(t)
	region := &screeningv1.RegionalCluster{
		ObjectMeta: metav1.ObjectMeta{Name: "home"}, Spec: screeningv1.RegionalClusterSpec{Jurisdiction: "AL", Link: screeningv1.LinkLocal},
	}
	hubtest.Create(t, env.Client, region)
	hubtest.Create(t, env.Client, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: screeningv1.RegionNamespace(region.Name)}})
	pool := hubtest.Pool(region.Name, "general", "a.b")
	pool.Spec.Resources = &screeningv1.PoolResources{Memory: new(resource.MustParse("1Gi"))}
	hubtest.Create(t, env.Client, pool)
	conditions.True(pool, screeningv1.ConditionReady, screeningv1.ReasonReady, "by the region")
	if err := env.Client.Status().Update(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		pods int64
		want string
	}{{1, screeningv1.ReasonOlderPods}, {2, ""}} {
		region.Status.Versions = &screeningv1.RegionVersions{Level: 2, PodsLevel: tt.pods}
		if err := env.Client.Status().Update(t.Context(), region); err != nil {
			t.Fatal(err)
		}
		hubtest.Call(t, b.mirror, "", region.Name)
		hubtest.Get(t, env.Client, pool)
		reason := ""
		if c := conditions.Get(pool, screeningv1.ConditionVersionSkew); c != nil {
			reason = c.Reason
		}
		if reason != tt.want || !conditions.IsTrue(pool, screeningv1.ConditionReady) {
			t.Errorf("with pods of level %d: %+v, want reason %q beside what the region says", tt.pods, pool.Status.Conditions, tt.want)
		}
	}
}
