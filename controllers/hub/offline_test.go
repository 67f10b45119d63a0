// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/conditions/conditionstest"
	wire "github.com/frontline-screening/frontline/internal/report"
)

func (b *bench) pool(t *testing.T) *screeningv1.MatcherPool {
	t.Helper()
	return hubtest.Get(t, env.Client, &screeningv1.MatcherPool{ObjectMeta: metav1.ObjectMeta{
		Namespace: screeningv1.RegionNamespace(b.region.Name), Name: "general",
	}})
}

// What an Offline region said of its pools is not known to hold any longer, here
// as in every table. It is written once, and undone by the next reports.
func TestOfflineRegionIsUnknown(t *testing.T) {
	b, feed, _ := serving(t, "unknown")
	if pool := b.pool(t); !conditions.IsTrue(pool, screeningv1.ConditionReady) {
		t.Fatalf("before: %+v", pool.Status.Conditions)
	}
	b.clock.Step(10 * time.Minute)
	b.settle(t, feed)
	pool := b.pool(t)
	for _, c := range pool.Status.Conditions {
		want := metav1.ConditionUnknown
		if c.Type == screeningv1.ConditionStalled {
			want = metav1.ConditionTrue
		}
		if c.Status != want || c.Reason != screeningv1.ReasonRegionOffline || !strings.Contains(c.Message, "Region unknown is cut off") {
			t.Errorf("%s is %s for %s: %s", c.Type, c.Status, c.Reason, c.Message)
		}
	}
	if pool.Status.Pods != "2/2" {
		t.Errorf("the last word on the pods is %q, want 2/2", pool.Status.Pods)
	}
	conditionstest.Conform(t, pool, pool.Status.ObservedGeneration)
	conditionstest.Conform(t, b.region, b.region.Status.ObservedGeneration)
	if c := conditions.Get(b.region, screeningv1.ConditionStalled); c == nil || c.Reason != screeningv1.ReasonOffline {
		t.Errorf("an Offline region has Stalled %+v, want Offline: a person has to look", c)
	}

	// Neither time nor a hub that starts changes a word.
	b.clock.Step(time.Hour)
	b.settle(t, feed)
	b.start(t)
	b.settle(t, feed)
	if again := b.pool(t); again.ResourceVersion != pool.ResourceVersion {
		t.Errorf("the pool was written again: %+v", again.Status.Conditions)
	}

	b.obey(t)
	b.clock.Step(30 * time.Second)
	b.obey(t)
	b.settle(t, feed)
	if pool := b.pool(t); !conditions.IsTrue(pool, screeningv1.ConditionReady) || conditions.Get(pool, screeningv1.ConditionStalled) != nil {
		t.Errorf("once the region is back: %+v", pool.Status.Conditions)
	}
}

func TestRegionShowsItsTermsAndRefusals(t *testing.T) {
	b, feed, _ := serving(t, "terms")
	accepted := func() *metav1.Condition { return conditions.Get(b.region, screeningv1.ConditionTermsAccepted) }
	if c := accepted(); c == nil || c.Reason != screeningv1.ReasonNoTerms {
		t.Errorf("a region without terms has TermsAccepted %+v", c)
	}
	terms := &wire.Terms{Feeds: []string{"intl.*"}, Purposes: []string{"BorderControl"}}
	tell := func(refusals ...wire.Refusal) {
		t.Helper()
		if err := b.report(t, func(r *wire.Report) { r.Terms, r.Refusals = terms, refusals }); err != nil {
			t.Fatal(err)
		}
		b.settle(t, feed)
	}
	tell(
		wire.Refusal{Subject: "WatchlistFeed " + string(feed.ID()), Reason: screeningv1.ReasonRefusedByTerms, Message: "no pattern covers it"},
		wire.Refusal{Subject: "MatcherPool general", Reason: "Invalid", Message: "spec.bounds is too large"},
	)
	if c := accepted(); c.Status != metav1.ConditionFalse || c.Reason != screeningv1.ReasonRefusedByTerms || !strings.Contains(c.Message, string(feed.ID())) {
		t.Errorf("with a feed refused: TermsAccepted %+v", c)
	}
	status := b.region.Status
	if status.Terms == nil || status.Terms.Feeds[0] != "intl.*" || status.Terms.Purposes[0] != "BorderControl" || len(status.Refusals) != 2 {
		t.Errorf("terms %+v, refusals %+v", status.Terms, status.Refusals)
	}
	pool := b.pool(t)
	if c := conditions.Get(pool, screeningv1.ConditionStalled); c == nil || c.Reason != screeningv1.ReasonRefusedByRegion || !strings.Contains(c.Message, "spec.bounds") {
		t.Errorf("the pool that the region refused: %+v", pool.Status.Conditions)
	}
	version, region := pool.ResourceVersion, b.region.ResourceVersion
	b.settle(t, feed)
	if b.pool(t).ResourceVersion != version || b.region.ResourceVersion != region {
		t.Error("the same refusals were written again")
	}
	// A hub that starts knows them still.
	b.start(t)
	b.settle(t, feed)
	if c := accepted(); c.Reason != screeningv1.ReasonRefusedByTerms {
		t.Errorf("a hub that started says TermsAccepted %+v", c)
	}

	tell()
	if c := accepted(); c.Status != metav1.ConditionTrue || len(b.region.Status.Refusals) != 0 {
		t.Errorf("with nothing refused: TermsAccepted %+v, refusals %+v", c, b.region.Status.Refusals)
	}
	if !conditions.IsTrue(b.pool(t), screeningv1.ConditionReady) {
		t.Error("the pool is not Ready with nothing refused")
	}
}
