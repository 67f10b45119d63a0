// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

// TestARestartForgetsNothingThatStatusesSay: until loaders and hub speak again,
// an agent that starts anew says what the one before it said.
func TestARestartForgetsNothingThatStatusesSay(t *testing.T) {
	hub := regiontest.NewHub(t, regiontest.NewClock(), "north", "AL")
	dir := t.TempDir()
	r := regiontest.NewRegion(t, hub, dir)
	hub.Publish(t, order.Input{Pools: []order.Workload{pool("general", "intl.un-sc")}})
	newFollower(t, r, hub).Contact(nil)
	for pod, release := range map[string]int64{"a": 3, "b": 2, "gone": 1} {
		ack := dataset.PodAck{Pod: pod, Ack: dataset.Ack{Feeds: map[string]int64{"intl.un-sc": release}}}
		if err := r.Acknowledge("general", ack); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.KeepAcks("general", "a", "b"); err != nil {
		t.Fatal(err)
	}

	hub.SetAway(true)
	again := regiontest.NewRegion(t, hub, dir)
	if diff := cmp.Diff(r.Acks("general"), again.Acks("general")); diff != "" {
		t.Errorf("the restart changed what pods are known to serve (-before +after):\n%s", diff)
	}
	if got, want := again.Served("intl.un-sc"), (region.Served{Release: 2, Pods: 2}); got != want {
		t.Errorf("after a restart is served %+v, want %+v", got, want)
	}
	if diff := cmp.Diff(r.Link(), again.Link()); diff != "" {
		t.Errorf("the restart changed the line (-before +after):\n%s", diff)
	}

	// A hub that stays away is noticed as it is without a restart.
	f := newFollower(t, again, hub)
	f.Contact(errors.New("no route"))
	if !again.Link().Connected {
		t.Error("the line is given up at the first failure")
	}
	hub.Clock.Add(2 * time.Minute)
	f.Contact(errors.New("no route"))
	if again.Link().Connected {
		t.Error("after two minutes of silence the line still counts as connected")
	}

	if err := again.KeepAcks("general"); err != nil || len(again.Acks("general")) != 0 {
		t.Fatalf("without pods %v is known to be served: %v", again.Acks("general"), err)
	}
	if err := again.DropAcks("general"); err != nil {
		t.Fatal(err)
	}
	if got := regiontest.NewRegion(t, hub, dir).Served("intl.un-sc"); got != (region.Served{}) {
		t.Errorf("of a pool that is gone is served %+v, want nothing", got)
	}
}
