// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/trust"
)

func (f *fixture) termsOf() *screeningv1.RegionTerms {
	f.Helper()
	terms := &screeningv1.RegionTerms{}
	f.get(screeningv1.RegionTermsName, terms)
	return terms
}

// TestVolumeIsLost: the newest order in force stands in the terms' status. An
// agent that has lost its state directory reads it there and takes nothing older.
func TestVolumeIsLost(t *testing.T) {
	f := newFixture(t)
	in := input(t, nil)
	f.obey(in)
	older := f.hub.Sign(t, in, 1)
	in.Feeds[0].Floor = 2
	f.obey(in)
	want := &screeningv1.OrderSeen{HubUID: f.hub.UID, RegionUID: f.hub.Region.UID, Term: 1, Sequence: 2}
	terms := f.termsOf()
	if diff := cmp.Diff(want, terms.Status.Order); diff != "" {
		t.Fatalf("what the terms remember differs (-want +got):\n%s", diff)
	}
	// A timestamp that is signed anew is no other order.
	f.hub.Push(t, f.hub.Sign(t, in, 2))
	if err := f.follower.Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.reconcile()
	if got := f.termsOf(); got.ResourceVersion != terms.ResourceVersion {
		t.Error("the status was written although the order in force is the same")
	}

	f.dir = t.TempDir()
	f.start()
	f.reconcile()
	if diff := cmp.Diff(want, f.termsOf().Status.Order); diff != "" {
		t.Errorf("an agent without memory changed what is remembered (-want +got):\n%s", diff)
	}
	f.hub.Push(t, older)
	if err := f.follower.Pull(t.Context()); trust.ReasonOf(err) != trust.BelowFloor {
		t.Errorf("the older order: %v, want %s", err, trust.BelowFloor)
	}
	f.hub.Sequence = 2
	f.obey(order.Input{})
	if got := f.termsOf().Status.Order; got == nil || got.Sequence != 3 {
		t.Errorf("after order 3 the terms remember %+v", got)
	}
}
