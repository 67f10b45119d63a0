// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/artifact"
	wire "github.com/frontline-screening/frontline/internal/report"
)

// A region's nonsense shows on its own objects alone, changes no number of the
// hub's, and is repeated nowhere.
func TestNonsenseHarmsItsOwnObjectsAlone(t *testing.T) {
	const person = "Synthetic Person 0001, born 1970"
	b := newBench(t, "nonsense", "AL")
	feed, publisher := b.feed(t, "list", "AL")
	pool := hubtest.Pool("nonsense", "general", feed.ID())
	hubtest.Create(t, env.Client, pool)
	b.settle(t, feed)
	b.join(t)
	b.settle(t, feed)
	b.obey(t)
	b.settle(t, feed)
	order := b.published(t)

	encode := func(v any) json.RawMessage {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	condition := metav1.Condition{Type: screeningv1.ConditionReady, Status: metav1.ConditionTrue, Reason: screeningv1.ReasonReady, LastTransitionTime: metav1.NewTime(hubtest.Start)}
	prose := condition
	prose.Reason = person
	statuses := map[string]json.RawMessage{
		"a reason in prose": encode(screeningv1.MatcherPoolStatus{Pods: "1/1", Conditions: []metav1.Condition{prose}}),
		"a condition twice": encode(screeningv1.MatcherPoolStatus{Pods: "1/1", Conditions: []metav1.Condition{condition, condition}}),
		"endless text":      encode(screeningv1.MatcherPoolStatus{Summary: strings.Repeat(person, 10_000)}),
		"another type":      encode(person),
		"a text for a list": encode(map[string]string{"conditions": person}),
	}
	for name, status := range statuses {
		t.Run(name, func(t *testing.T) {
			if err := b.report(t, func(r *wire.Report) {
				r.Pools[0].Status, r.Pools[0].Generation = status, 1<<50
				r.Observed.Sequence = 1 << 52
				r.Feeds[0].Held, r.Feeds[0].Wanted, r.Feeds[0].Reason, r.Feeds[0].Message = 1<<52, 1<<52, "SyntheticPerson0001", person
			}); err != nil {
				t.Fatal(err)
			}
			b.settle(t, feed)
			hubtest.Get(t, env.Client, pool)
			ready := conditions.Get(pool, screeningv1.ConditionReady)
			if ready.Status != metav1.ConditionUnknown || ready.Reason != screeningv1.ReasonNotReported || pool.Status.ObservedGeneration != pool.Generation {
				t.Errorf("pool: Ready %+v, observed generation %d of %d", ready, pool.Status.ObservedGeneration, pool.Generation)
			}
			release := hubtest.Get(t, env.Client, &screeningv1.WatchlistRelease{ObjectMeta: metav1.ObjectMeta{Namespace: feed.Namespace, Name: "list-1"}})
			for _, o := range []any{pool, release, hubtest.Get(t, env.Client, feed)} {
				if text := string(encode(o)); strings.Contains(text, "Synthetic") || strings.Contains(text, "born") {
					t.Errorf("%T repeats what was reported: %s", o, text)
				}
			}
			if c := conditions.Get(b.region, screeningv1.ConditionOrderObserved); c.Reason != screeningv1.ReasonEquivocation {
				t.Errorf("OrderObserved is %+v, want Equivocation", c)
			}
		})
	}
	publisher.Set(hubtest.List(2, 5))
	b.clock.Step(2 * time.Hour)
	b.settle(t, feed)
	if after := b.published(t); after.Sequence != order.Sequence+1 || after.Feed(string(feed.ID())).Release != 2 {
		t.Errorf("the next order is %d with %+v, want %d with release 2", after.Sequence, after.Feeds, order.Sequence+1)
	}
	// What it says truthfully next is taken.
	b.obey(t)
	b.clock.Step(30 * time.Second)
	b.obey(t)
	b.settle(t, feed)
	if !conditions.IsTrue(b.region, screeningv1.ConditionReady) || !conditions.IsTrue(hubtest.Get(t, env.Client, pool), screeningv1.ConditionReady) {
		t.Errorf("after a true report: region %+v, pool %+v", b.region.Status.Conditions, pool.Status.Conditions)
	}
}

// A registry that restarts is no reason to say that orders are not published;
// one that stays away is, in the same words each time.
func TestRegistryAway(t *testing.T) {
	b := newBench(t, "away", "AL")
	b.settle(t)
	dead, err := artifact.Connect("https://127.0.0.1:1", &http.Client{})
	if err != nil {
		t.Fatal(err)
	}
	b.orders.Registry = dead
	b.clock.Step(6 * time.Minute)
	try := func() (string, metav1.ConditionStatus) {
		t.Helper()
		request := ctrl.Request{}
		request.Name = b.region.Name
		if _, err := b.orders.Reconcile(t.Context(), request); err == nil {
			t.Error("there was no error without a registry")
		}
		c := conditions.Get(hubtest.Get(t, env.Client, b.region), screeningv1.ConditionOrderPublished)
		return b.region.ResourceVersion, c.Status
	}
	_, status := try()
	if status != metav1.ConditionTrue {
		t.Errorf("OrderPublished is %s at the first failure, want True", status)
	}
	b.clock.Step(time.Minute)
	if _, status = try(); status != metav1.ConditionFalse {
		t.Errorf("OrderPublished is %s after a minute, want False", status)
	}
	version, _ := try()
	b.clock.Step(time.Minute)
	if again, _ := try(); again != version {
		t.Error("the same failure was written again")
	}
	b.orders.Registry = b.registry
	b.settle(t)
	if !conditions.IsTrue(b.region, screeningv1.ConditionOrderPublished) {
		t.Error("OrderPublished stayed False with the registry back")
	}
}
