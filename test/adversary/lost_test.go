// SPDX-License-Identifier: Apache-2.0

package adversary_test

import (
	"testing"

	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/trust"
)

// TestLostLocalState: the agent's whole volume is lost, and whoever controls the
// hub's registry shows an order that is older and has not ended. What the region
// remembers in its own objects refuses it; pods go on with release 2.
func TestLostLocalState(t *testing.T) {
	s := newStage(t)
	floor := s.region.Floor() // as it stands in the status of the region's terms
	s.state = t.TempDir()
	s.start()
	s.region.SetFloor(floor)
	s.refuses(s.files[1])
	if refusal := s.region.Refusal(); refusal == nil || refusal.Reason != string(trust.BelowFloor) || refusal.Message == "" {
		t.Errorf("refused as %+v, want %s with a sentence", refusal, trust.BelowFloor)
	}
	if v := s.region.Verified(); v != nil {
		t.Errorf("order %d is in force", v.Sequence)
	}
	s.nothingNew(t)
	s.hub.Push(t, s.files[2])
	s.must(s.follower.Pull(t.Context()))
	if v := s.region.Verified(); v.Sequence != 2 {
		t.Errorf("order %d is in force, want the newest, 2", v.Sequence)
	}
	if got := s.region.Floor(); got != (region.Floor{HubUID: s.hub.UID, RegionUID: s.hub.Region.UID, Term: 1, Sequence: 2}) {
		t.Errorf("what is remembered is %+v", got)
	}
}
