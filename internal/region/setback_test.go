// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/report"
)

// counting is a hub that takes a report once and in order, as hubs do.
type counting struct {
	*regiontest.Hub
	key                 ed25519.PublicKey
	incarnation, number int64
	last                report.Report
	refused             int
}

func (c *counting) Report(ctx context.Context, envelope []byte) error {
	r, _, err := report.Verify(ctx, envelope, c.key)
	if err != nil {
		return err
	}
	if r.Incarnation != c.incarnation {
		c.refused++
		return fmt.Errorf("report: %w", &report.TakenError{Reason: "another incarnation", Incarnation: c.incarnation})
	}
	if r.Number <= c.number {
		c.refused++
		return fmt.Errorf("report: %w", &report.TakenError{Reason: "not newer", Incarnation: c.incarnation, Number: c.number})
	}
	c.number, c.last = r.Number, r
	return nil
}

// reporting is a process of the region over a vault, and the hub it reports to.
func (l *lab) reporting(v *safe, hub *counting) *region.Reporter {
	l.t.Helper()
	store, err := open(l.t, l.dir, v)
	l.must(err)
	r, err := region.New("north", store, l.hub.Clock.Now)
	l.must(err)
	if r.Joined() == nil {
		joined := l.hub.Joined()
		joined.Incarnation = hub.incarnation
		l.must(r.SetJoined(joined))
	}
	identity, err := store.Identity("north", l.hub.Clock.Now())
	l.must(err)
	hub.key = identity.Key.Public().(ed25519.PublicKey)
	l.region = r
	none := func(context.Context) (region.Objects, error) { return region.Objects{}, nil }
	return region.NewReporter(r, hub, none, "test", l.log)
}

// TestRestoredFromABackup: a region that forgot what it reported goes on above
// what its hub took, at once, and says so.
func TestRestoredFromABackup(t *testing.T) {
	l := newLab(t)
	hub, vault := &counting{Hub: l.hub, incarnation: 1}, &safe{}
	l.must(l.reporting(vault, hub).Send(t.Context(), true))
	backup := maps.Clone(vault.kept)
	for range 3 { // each process takes numbers of its own
		l.must(l.reporting(vault, hub).Send(t.Context(), true))
	}
	if hub.last.Resumed != nil || hub.refused > 0 {
		t.Fatalf("a region that restarts says %+v after %d refusals", hub.last.Resumed, hub.refused)
	}
	before := hub.number
	vault.kept, l.dir = backup, t.TempDir()
	reporter := l.reporting(vault, hub)
	l.must(reporter.Send(t.Context(), true))
	said := hub.last.Resumed
	if said == nil || said.Cause != report.ReportsBehind || said.To != before+1 || said.From >= before || hub.refused != 1 {
		t.Errorf("the hub took %d and was told %+v after %d refusals", before, said, hub.refused)
	}
	l.must(reporter.Send(t.Context(), true))
	reporter = l.reporting(vault, hub)
	l.must(reporter.Send(t.Context(), true))
	if diff := cmp.Diff(said, hub.last.Resumed); diff != "" || hub.refused != 1 {
		t.Errorf("later reports say (-first +later), %d refusals:\n%s", hub.refused, diff)
	}
	if n := strings.Count(l.logged(), "restored from a backup"); n != 1 {
		t.Errorf("it is logged %d times", n)
	}

	// A new joining begins anew.
	joined := *l.region.Joined()
	joined.Incarnation, hub.incarnation, hub.number = 2, 2, 0
	l.must(l.region.SetJoined(joined))
	l.must(reporter.Send(t.Context(), true))
	if hub.last.Resumed != nil {
		t.Errorf("after a new joining it still says %+v", hub.last.Resumed)
	}
}

// TestForgottenJoining: the same key was pinned once more since the backup.
func TestForgottenJoining(t *testing.T) {
	l := newLab(t)
	hub, vault := &counting{Hub: l.hub, incarnation: 1}, &safe{}
	reporter := l.reporting(vault, hub)
	l.must(reporter.Send(t.Context(), true))
	hub.incarnation, hub.number = 3, 70_000
	l.must(reporter.Send(t.Context(), true))
	if hub.last.Incarnation != 3 || hub.number != 70_001 || hub.last.Resumed == nil {
		t.Errorf("report %d of incarnation %d says %+v", hub.number, hub.last.Incarnation, hub.last.Resumed)
	}
	if got, err := l.region.Store().Joined(); err != nil || got.Incarnation != 3 {
		t.Errorf("the joining that is kept is %+v, %v", got, err)
	}
	hub.incarnation = 2
	if err := reporter.Send(t.Context(), true); err == nil || l.region.Joined().Incarnation != 3 {
		t.Errorf("a hub that went back: %v, incarnation %d; the region goes forward only", err, l.region.Joined().Incarnation)
	}
}

// TestTwoProcessesAreNoBackup: a number that the region took itself for another
// process tells of no loss.
func TestTwoProcessesAreNoBackup(t *testing.T) {
	l := newLab(t)
	hub, vault := &counting{Hub: l.hub, incarnation: 1}, &safe{}
	first := l.reporting(vault, hub)
	l.must(first.Send(t.Context(), true))
	l.must(l.reporting(vault, hub).Send(t.Context(), true))
	l.must(first.Send(t.Context(), true))
	if hub.last.Resumed != nil || hub.refused != 1 {
		t.Errorf("the hub is told %+v after %d refusals", hub.last.Resumed, hub.refused)
	}
}

// TestVolumeOfAnotherTime: what is on the volume is held against what is remembered
// beside it.
func TestVolumeOfAnotherTime(t *testing.T) {
	l := newLab(t)
	hub, vault := &counting{Hub: l.hub, incarnation: 1}, &safe{}
	l.must(l.obey(l.hub.PushFeed(t, labFeed, 1, "one", "AL")))
	backup := t.TempDir()
	l.must(os.CopyFS(backup, os.DirFS(l.dir)))
	l.must(l.obey(l.hub.PushFeed(t, labFeed, 2, "two", "AL")))
	l.reporting(vault, hub)
	floor, current := l.region.Floor(), l.dir
	for _, tt := range []struct {
		name, dir string
		want      *report.Resumed
	}{
		{name: "as it was", dir: current},
		{name: "lost", dir: t.TempDir(), want: &report.Resumed{Cause: report.VolumeLost, Order: 2}},
		{name: "restored", dir: backup, want: &report.Resumed{Cause: report.VolumeRestored, Order: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var first *report.Resumed
			for range 2 { // a process that restarts says the same
				l.dir = tt.dir
				reporter := l.reporting(vault, hub)
				l.region.SetFloor(floor)
				l.region.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
				l.must(reporter.Send(t.Context(), true))
				got := hub.last.Resumed
				if (got == nil) != (tt.want == nil) || got != nil && (got.Cause != tt.want.Cause || got.Order != tt.want.Order || got.To != got.From+1) {
					t.Fatalf("the report says %+v, want %+v", got, tt.want)
				}
				if first == nil {
					first = got
				}
				if diff := cmp.Diff(first, got); diff != "" {
					t.Errorf("after a restart it says otherwise (-first +then):\n%s", diff)
				}
			}
			for _, f := range hub.last.Feeds {
				if old := tt.want != nil; (f.Keys == nil) != old {
					t.Errorf("keys %+v are announced; with an order that is no longer in force there must be none", f.Keys)
				}
			}
			if joined := l.region.Joined(); joined == nil || joined.Incarnation != 1 {
				t.Errorf("the region is joined as %+v", joined)
			}
		})
	}
}
