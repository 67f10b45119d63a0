// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/screen"
)

func TestJudgeAt(t *testing.T) {
	issued := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	terms := &region.Terms{Feeds: []string{"intl.*"}, Purposes: []string{"BorderControl"}}
	held := region.Copies{"intl.un-sc": {UID: "u", Release: 2}}
	tests := []struct {
		name   string
		id     string // intl.un-sc if empty
		change func(f *order.Feed)
		terms  *region.Terms
		copies region.Copies
		age    time.Duration
		cause  region.Cause
		reason screen.Reason
	}{
		{name: "unlisted", id: "intl.un-cs", terms: terms, copies: held, cause: region.CauseFeedNotFound, reason: screen.ReasonNotProvisioned},
		{name: "pooled where it is not shared", change: func(f *order.Feed) { f.State, f.Release, f.Jurisdictions = order.Erase, 0, []string{"RS"} }, terms: terms, cause: region.CauseNotAllowedHere, reason: screen.ReasonRegion},
		{name: "served", terms: terms, copies: held},
		{name: "an older release above the floor serves on", change: func(f *order.Feed) { f.Release = 3 }, terms: terms, copies: held},
		{name: "below the floor", change: func(f *order.Feed) { f.Release, f.Floor = 3, 3 }, terms: terms, copies: held, cause: region.CauseNotHeld, reason: screen.ReasonLoading},
		{name: "of an earlier feed of this name", change: func(f *order.Feed) { f.UID = "new" }, terms: terms, copies: held, cause: region.CauseNotHeld, reason: screen.ReasonLoading},
		{name: "outside its jurisdictions", change: func(f *order.Feed) { f.Jurisdictions = []string{"RS"} }, terms: terms, copies: held, cause: region.CauseNotAllowedHere, reason: screen.ReasonRegion},
		{name: "no terms", copies: held, cause: region.CauseNoTerms, reason: screen.ReasonNotProvisioned},
		{name: "refused by the terms", terms: &region.Terms{Feeds: []string{"al.*"}, Purposes: []string{"BorderControl"}}, copies: held, cause: region.CauseRefusedByTerms, reason: screen.ReasonNotProvisioned},
		{name: "purpose refused by the terms", terms: &region.Terms{Feeds: []string{"*"}, Purposes: []string{"CarrierCheck"}}, copies: held, cause: region.CauseRefusedByTerms, reason: screen.ReasonPurpose},
		{name: "locked", change: func(f *order.Feed) { f.State = order.Lock }, terms: terms, copies: held, cause: region.CauseLocked, reason: screen.ReasonLocked},
		{name: "erased", change: func(f *order.Feed) { f.State = order.Erase }, terms: terms, copies: held, cause: region.CauseErased, reason: screen.ReasonNotProvisioned},
		{name: "no release", change: func(f *order.Feed) { f.Release = 0 }, terms: terms, cause: region.CauseNoRelease, reason: screen.ReasonNotProvisioned},
		{name: "at the stop limit", terms: terms, copies: held, age: 10 * time.Hour},
		{name: "stopped", terms: terms, copies: held, age: 10*time.Hour + 1, cause: region.CauseStale, reason: screen.ReasonStale},
		{name: "legal basis ended", change: func(f *order.Feed) { f.LegalBasis.ValidUntil = "2026-03-01T12:00:00Z" }, terms: terms, copies: held, cause: region.CauseLegalBasis, reason: screen.ReasonLegalBasis},
		{name: "legal basis unreadable", change: func(f *order.Feed) { f.LegalBasis.ValidUntil = "soon" }, terms: terms, copies: held, cause: region.CauseLegalBasis, reason: screen.ReasonLegalBasis},
		{name: "not held", terms: terms, cause: region.CauseNotHeld, reason: screen.ReasonLoading},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := order.Feed{ID: "intl.un-sc", UID: "u", State: order.Serve, Release: 2, Jurisdictions: []string{"AL"}, Purposes: []string{"BorderControl"}}
			f.Freshness.StopSeconds = 36000
			if tt.change != nil {
				tt.change(&f)
			}
			v := &region.Verified{Order: &order.Order{Index: order.Index{Region: order.Region{Name: "north", Jurisdiction: "AL"}}, Feeds: []order.Feed{f}}}
			v.Clocks.Issued = issued
			got := region.JudgeAt(v, tt.terms, tt.copies, cmp.Or(tt.id, "intl.un-sc"), issued.Add(tt.age))
			if got.Cause != tt.cause || got.Reason != tt.reason || got.Search != (tt.cause == "") {
				t.Errorf("verdict is %+v, want cause %q, reason %q", got, tt.cause, tt.reason)
			}
			if !got.Search && got.Message == "" {
				t.Error("a refusal says nothing")
			}
		})
	}
}

// TestTargetServesNothingForbidden holds for any order, terms and copies: a
// feed is served only where its owner shares it, the terms accept it, the
// order says Serve and a copy at or above the floor is held; and every feed
// that a pool names is in the set, served or with a reason.
func TestTargetServesNothingForbidden(t *testing.T) {
	ids := []string{"intl.a", "intl.b", "al.c", "rs.d"}
	places := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"AL", "RS", "ME"}), rapid.ID)
	rapid.Check(t, func(t *rapid.T) {
		o := &order.Order{Index: order.Index{Region: order.Region{Name: "north", Jurisdiction: "AL"}}}
		copies := region.Copies{}
		for _, id := range ids {
			if rapid.Bool().Draw(t, "listed") {
				o.Feeds = append(o.Feeds, order.Feed{
					ID: id, UID: "u", Jurisdictions: places.Draw(t, "jurisdictions"),
					State:   rapid.SampledFrom([]order.FeedState{order.Serve, order.Lock, order.Erase, "New"}).Draw(t, "state"),
					Release: rapid.Int64Range(0, 3).Draw(t, "release"), Floor: rapid.Int64Range(0, 3).Draw(t, "floor"),
				})
			}
			if rapid.Bool().Draw(t, "held") {
				copies[id] = region.Copy{UID: rapid.SampledFrom([]string{"u", "old"}).Draw(t, "uid"), Release: rapid.Int64Range(1, 4).Draw(t, "held release")}
			}
		}
		var terms *region.Terms
		if rapid.Bool().Draw(t, "terms") {
			terms = &region.Terms{Feeds: []string{rapid.SampledFrom([]string{"*", "intl.*", "al.c"}).Draw(t, "pattern")}, Purposes: []string{"BorderControl"}}
		}
		target := region.Target(&region.Verified{Order: o}, terms, copies, "north", "general", ids, true)
		if len(target.Set.Feeds) != len(ids) {
			t.Fatalf("the set has %d feeds of the %d that the pool names", len(target.Set.Feeds), len(ids))
		}
		for _, got := range target.Set.Feeds {
			if got.State != dataset.Serve {
				if !slices.Contains(screen.Reasons(), screen.Reason(got.Reason)) {
					t.Fatalf("feed %s is unavailable for %q, which answers do not know", got.ID, got.Reason)
				}
				continue
			}
			f := o.Feed(got.ID)
			if f == nil || f.State != order.Serve || !slices.Contains(f.Jurisdictions, "AL") || !terms.AcceptsFeed(got.ID) ||
				copies[got.ID].UID != f.UID || got.Release < f.Floor || got.Release != copies[got.ID].Release {
				t.Fatalf("feed %+v is served under %+v with copy %+v", got, f, copies[got.ID])
			}
		}
	})
}
