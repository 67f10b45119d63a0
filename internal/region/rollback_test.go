// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

// TestRollbackMovesNothing: a release that is retained is ordered again and
// held at once, with not one byte of a blob from the hub.
func TestRollbackMovesNothing(t *testing.T) {
	l := newLab(t)
	var releases []order.Feed
	for i, text := range []string{"one", "two", "three", "four"} {
		f := l.hub.PushFeed(t, labFeed, int64(i+1), text, "AL")
		releases = append(releases, f)
		l.must(l.obey(f))
	}
	if moved := l.line.take(); moved == 0 {
		t.Fatal("the counter counts nothing")
	}
	if got := l.reported().Retained; !slices.Equal(got, []int64{2, 3, 4}) {
		t.Errorf("retained are %v, want the last three", got)
	}
	if l.holds(releases[0].Artifact) || !l.holds(releases[1].Artifact) {
		t.Error("the registry does not hold exactly what is retained")
	}
	for _, to := range []int{1, 2, 1, 3} {
		l.must(l.obey(releases[to]))
		if moved := l.line.take(); moved != 0 {
			t.Errorf("going to v%d moved %d bytes", to+1, moved)
		}
		got, target := l.target()
		if got.Release != int64(to+1) || got.Content != releases[to].Content || target.Sources[0].Artifact != releases[to].Artifact {
			t.Errorf("after going to v%d pods are told %+v", to+1, got)
		}
		if got := l.reported(); got.Held != int64(to+1) || !slices.Equal(got.Retained, []int64{2, 3, 4}) {
			t.Errorf("after going to v%d the report says held %d, retained %v", to+1, got.Held, got.Retained)
		}
	}
	// What a floor ends is not retained, and an older release is not served.
	last := releases[3]
	last.Floor = 4
	l.must(l.obey(last))
	if got := l.reported().Retained; !slices.Equal(got, []int64{4}) {
		t.Errorf("above the floor are retained %v, want 4 alone", got)
	}
	if l.holds(releases[1].Artifact) || l.holds(releases[2].Artifact) {
		t.Error("releases below the floor are still held")
	}
}

// TestAFailureEndsWithItsOrder: back on what is held, nothing is wrong any more.
func TestAFailureEndsWithItsOrder(t *testing.T) {
	l := newLab(t)
	good := l.hub.PushFeed(t, labFeed, 1, "one", "AL")
	l.must(l.obey(good))
	lost := l.hub.PushFeed(t, labFeed, 2, "two", "AL")
	l.hub.Remove(t, lost)
	if err := l.obey(lost); err == nil {
		t.Fatal("a release that the hub lost was held")
	}
	if r := l.reported(); r.Reason != region.FailurePull || r.Held != 1 {
		t.Errorf("the report says %+v, want PullFailed and v1 held", r)
	}
	l.must(l.obey(good))
	if r := l.reported(); r.Reason != "" || r.Held != 1 {
		t.Errorf("back on v1 the report says %+v", r)
	}
}

// TestUpdateMovesItsChangeAlone: an update moves configuration and delta.
func TestUpdateMovesItsChangeAlone(t *testing.T) {
	l := newLab(t)
	people := regiontest.People(2000)
	l.must(l.obey(l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 1, Records: people, Jurisdictions: []string{"AL"}})))
	full := l.line.take()
	people[7].Names[0].Full = "Testina Changed"
	l.must(l.obey(l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 2, Records: people, Jurisdictions: []string{"AL"}})))
	if update := l.line.take(); update == 0 || update > full/20 {
		t.Errorf("one changed record of 2,000 moved %d bytes, the full copy %d", update, full)
	}
	if len(l.region.Copies()[labFeed].Leftovers) > 0 {
		t.Error("something is left over")
	}
}

// TestPartsOfARetiredReleaseAreCollected: nothing grows for ever.
func TestPartsOfARetiredReleaseAreCollected(t *testing.T) {
	l := newLab(t)
	first := l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 1, Text: "one", Rebase: true, Jurisdictions: []string{"AL"}})
	l.must(l.obey(first))
	blobs, err := l.own.Blobs(t.Context(), labRepo, first.Artifact)
	l.must(err)
	next := l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 2, Text: "two", Rebase: true, Jurisdictions: []string{"AL"}})
	next.Retain = 1
	l.must(l.obey(next))
	if l.holds(first.Artifact) {
		t.Fatal("a release that is not retained is still held")
	}
	left, err := l.own.Gone(t.Context(), labRepo, []string{first.Artifact})
	if err != nil || len(left) > 0 {
		t.Errorf("the manifest is still there: %v, %v", left, err)
	}
	// The registry keeps what was pushed lately a while; an erasure does not.
	l.must(l.own.CollectNow(t.Context(), labRepo, blobs))
	if left, err = l.own.Gone(t.Context(), labRepo, blobs); err != nil || len(left) == len(blobs) {
		t.Errorf("of %d parts of the retired release all are still referred to, %v", len(blobs), err)
	}
}

func TestPlanCopies(t *testing.T) {
	terms := &region.Terms{Feeds: []string{"intl.*"}, Purposes: []string{"BorderControl"}}
	held := region.Copies{labFeed: {UID: "u", Release: 2, Content: "c2", Artifact: "a2"}}
	tests := []struct {
		name   string
		change func(f *order.Feed)
		terms  *region.Terms
		held   region.Copies
		want   string
	}{
		{name: "held", terms: terms, held: held},
		{name: "nothing held", terms: terms, want: "pull"},
		{name: "newer", change: func(f *order.Feed) { f.Release, f.Artifact = 3, "a3" }, terms: terms, held: held, want: "pull"},
		{name: "older", change: func(f *order.Feed) { f.Release, f.Artifact = 1, "a1" }, terms: terms, held: held, want: "pull"},
		{name: "cut anew", change: func(f *order.Feed) { f.Artifact = "a2b" }, terms: terms, held: held, want: "pull"},
		{name: "erase", change: func(f *order.Feed) { f.State = order.Erase }, terms: terms, held: held, want: "erase"},
		{name: "erase what is not held", change: func(f *order.Feed) { f.State = order.Erase }, terms: terms},
		{name: "locked", change: func(f *order.Feed) { f.State, f.Release, f.Artifact = order.Lock, 3, "a3" }, terms: terms, held: held},
		{name: "locked with an erasure", change: func(f *order.Feed) { f.State, f.Release, f.Floor, f.Artifact = order.Lock, 3, 3, "a3" }, terms: terms, held: held, want: "pull"},
		{name: "locked with an erasure and no release", change: func(f *order.Feed) { f.State, f.Release, f.Floor, f.Artifact = order.Lock, 0, 3, "" }, terms: terms, held: held, want: "erase"},
		{name: "no terms", held: held},
		{name: "no terms, newer", change: func(f *order.Feed) { f.Release, f.Artifact = 3, "a3" }, held: held},
		{name: "no terms with an erasure", change: func(f *order.Feed) { f.Release, f.Floor, f.Artifact = 3, 3, "a3" }, held: held, want: "erase"},
		{name: "not allowed here", change: func(f *order.Feed) { f.Jurisdictions = []string{"RS"} }, terms: terms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := order.Feed{ID: labFeed, UID: "u", State: order.Serve, Release: 2, Content: "c2", Artifact: "a2", Jurisdictions: []string{"AL"}, Purposes: []string{"BorderControl"}}
			if tt.change != nil {
				tt.change(&f)
			}
			v := &region.Verified{Order: &order.Order{Index: order.Index{Region: order.Region{Name: "north", Jurisdiction: "AL"}}, Feeds: []order.Feed{f}}}
			var got []string
			for _, step := range region.PlanCopies(v, tt.terms, tt.held) {
				if step.Pull != nil {
					got = append(got, "pull")
				} else {
					got = append(got, "erase")
				}
			}
			if strings.Join(got, ",") != tt.want {
				t.Errorf("the plan is %v, want %q", got, tt.want)
			}
		})
	}
}
