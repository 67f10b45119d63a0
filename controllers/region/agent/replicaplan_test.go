// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
)

func TestPlanReplica(t *testing.T) {
	f := order.Feed{ID: "intl.un-sc", UID: "u", State: order.Serve, Release: 3, Content: "c3"}
	held := region.Copy{UID: "u", Release: 3, Content: "c3"}
	older := region.Copy{UID: "u", Release: 2, Content: "c2"}
	erase, locked := f, f
	erase.State, locked.State = order.Erase, order.Lock
	search := region.Verdict{Hold: true, Search: true}
	const True, False = metav1.ConditionTrue, metav1.ConditionFalse
	tests := []struct {
		name           string
		verdict        region.Verdict
		feed           order.Feed
		held           region.Copy
		has            bool
		failure        region.Failure
		want           metav1.ConditionStatus
		ready, stalled bool
		reason         string
	}{
		{name: "held", verdict: search, feed: f, held: held, has: true, want: True, ready: true, reason: screeningv1.ReasonHeld},
		{name: "held, and its key lost", verdict: search, feed: f, held: held, has: true, failure: region.Failure{Reason: region.FailureKey}, want: True, reason: region.FailureKey},
		{name: "being pulled", verdict: search, feed: f, held: older, has: true, want: False, reason: screeningv1.ReasonPulling},
		{name: "no space", verdict: search, feed: f, held: older, has: true, failure: region.Failure{Reason: region.FailureSpace}, want: False, reason: region.FailureSpace},
		{name: "refused", verdict: region.Verdict{Cause: region.CauseNoTerms}, feed: f, want: False, stalled: true, reason: string(region.CauseNoTerms)},
		{name: "no release", verdict: region.Verdict{Hold: true, Cause: region.CauseNoRelease}, feed: f, want: False, reason: screeningv1.ReasonPulling},
		{name: "being erased", verdict: region.Verdict{Erase: true}, feed: erase, held: held, has: true, want: True, reason: screeningv1.ReasonProgressing},
		{name: "erased", verdict: region.Verdict{Erase: true}, feed: erase, want: False, ready: true, reason: screeningv1.ReasonErased},
		{name: "locked", verdict: region.Verdict{Hold: true}, feed: locked, held: held, has: true, want: True, ready: true, reason: screeningv1.ReasonLocked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := planReplica(tt.verdict, &tt.feed, tt.held, tt.has, tt.failure)
			if got.held != tt.want || got.ready != tt.ready || got.stalled != tt.stalled || got.reason != tt.reason {
				t.Errorf("got %+v", got)
			}
		})
	}
}
