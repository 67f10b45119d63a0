// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/level"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/report"
)

// TestReportsSayWhatIsRead: the hub is told what the oldest loader reads, from
// its first word to the last pod's end, also by an agent that starts anew.
func TestReportsSayWhatIsRead(t *testing.T) {
	hub := regiontest.NewHub(t, regiontest.NewClock(), "north", "AL")
	dir := t.TempDir()
	r := regiontest.NewRegion(t, hub, dir)
	check := func(when string, pods int64) {
		t.Helper()
		want := report.Versions{Agent: "v1", Level: level.Known, Pods: pods}
		for _, r := range []*region.Region{r, regiontest.NewRegion(t, hub, dir)} {
			if diff := cmp.Diff(want, r.Report(region.Objects{}, "v1").Versions); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
	}
	// say passes a loader's word on, and whether that was news to those who wait.
	say := func(pool, pod string, reads int64) (news bool) {
		t.Helper()
		changed := r.Changed()
		if err := r.Acknowledge(pool, dataset.PodAck{Pod: pod, Ack: dataset.Ack{Level: reads}}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changed:
			return true
		default:
			return false
		}
	}
	check("without pods", level.Known)
	say("general", "new", level.Known)
	check("with a pod of this level", level.Known)
	say("general", "newer", level.Known+1)
	check("with a pod of a later level", level.Known)
	say("documents", "old", 0)
	check("with a pod that says nothing", level.First)
	if !say("documents", "old", level.Known) {
		t.Error("that a pod reads more than it did is no news")
	}
	check("after the pod's image was changed", level.Known)
	say("documents", "older", 0)
	if err := r.KeepAcks("documents", "old"); err != nil {
		t.Fatal(err)
	}
	check("after the last old pod", level.Known)

	say("documents", "old", 0)
	if err := r.KeepAcks("documents"); err != nil {
		t.Fatal(err)
	}
	check("without a pod, of which the next will be as the last", level.First)
	if len(r.Acks("documents")) != 0 {
		t.Errorf("nobody says %v", r.Acks("documents"))
	}
	if err := r.KeepAcks("documents"); err != nil {
		t.Fatal(err)
	}
	check("as before", level.First)
	say("documents", "another", level.Known)
	check("with a pod of another image", level.Known)
	say("documents", "another", 0)
	if err := r.DropAcks("documents"); err != nil {
		t.Fatal(err)
	}
	check("without the pool", level.Known)
}
