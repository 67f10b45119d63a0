// SPDX-License-Identifier: Apache-2.0

package adversary_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
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

// loseVolume is an agent that starts on an empty volume, with what makes the region
// itself: that is in a Secret. Its pods go on asking it.
func (s *stage) loseVolume() {
	s.t.Helper()
	before, floor := s.state, s.region.Floor()
	s.state = s.t.TempDir()
	for _, kept := range []string{"identity/key.pem", "identity/tls.crt", "joined.json"} {
		data, err := os.ReadFile(filepath.Join(before, kept))
		s.must(err)
		s.must(os.MkdirAll(filepath.Dir(filepath.Join(s.state, kept)), 0o700))
		s.must(os.WriteFile(filepath.Join(s.state, kept), data, 0o600))
	}
	s.restart(func() { s.region.SetFloor(floor) })
}

// restart is another process of the agent; known is what it reads of its objects.
func (s *stage) restart(known func()) {
	s.t.Helper()
	s.region = regiontest.NewRegion(s.t, s.hub, s.state)
	known()
	s.region.SetOrphans(map[string][]string{pool: {feed}})
	s.region.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	var err error
	s.follower, err = region.NewFollower(s.region, s.hub, logr.Discard())
	s.must(err)
	s.replicator, err = region.NewReplicator(s.region, s.from, s.own, logr.Discard())
	s.must(err)
	s.liar.turn(region.LoaderAPI(s.region))
}

// TestLostVolumeLosesNoAnswer: from the loss of the agent's volume until the lists
// are there again, under the next keys, pods go on with what they have; and what
// the order forbids meanwhile ends all the same.
func TestLostVolumeLosesNoAnswer(t *testing.T) {
	s := newStage(t)
	serves := func(what string) {
		t.Helper()
		// Long enough for the pod to ask, and to obey, several times.
		for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if got := s.searched(); got != 2 {
				t.Fatalf("%s: release %d is searched, want 2; answer %+v", what, got, s.ask())
			}
		}
	}
	blocking := s.feeds[2]
	s.hub.Blocks(t, &blocking, 1, "t-30")
	s.publish(blocking)
	s.eventually("a block is in effect", func() bool { return s.ack().Blocks[feed] != "" })
	s.loseVolume()
	serves("without an order")
	if _, known := s.region.Target(pool); known {
		t.Error("an agent without an order tells pods what to search")
	}
	s.must(s.follower.Pull(t.Context()))
	serves("without a copy")
	s.must(s.replicator.Sync(t.Context()))
	serves("without its key")
	s.restart(func() {})
	serves("after another start")
	s.eventually("the pod says what it has", func() bool { return s.ack().Feeds[feed] == 2 })

	sealed := s.hub.PushRelease(t, regiontest.Release{Feed: feed, Number: 2, Records: s.people(2), Epoch: 2, Jurisdictions: []string{"AL"}})
	sealed.Freshness.StopSeconds = stop
	s.hub.Blocks(t, &sealed, 1, "t-30")
	s.publish(sealed)
	if held := s.region.Copies()[feed]; held.Release != 2 || held.Epoch != 2 {
		t.Errorf("the copy held is %+v, want release 2 under the next key", held)
	}
	serves("with the copy under the next key")
	if _, err := os.Stat(filepath.Join(s.state, "rebuilding")); !os.IsNotExist(err) {
		t.Errorf("with all copies it still counts as rebuilding: %v", err)
	}

	s.loseVolume()
	locked := sealed
	locked.State = order.Lock
	s.hub.Push(t, s.sign(locked))
	s.must(s.follower.Pull(t.Context()))
	s.eventually("what the order locks is not searched", func() bool { return s.searched() == 0 })
}
