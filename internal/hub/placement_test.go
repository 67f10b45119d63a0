// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/hub"
)

func TestPlace(t *testing.T) {
	here := hub.Feed{ID: "a.b", Allow: []string{"AL", "ME"}, Released: true}
	elsewhere := hub.Feed{ID: "a.b", Allow: []string{"RS"}, Released: true}
	unreleased := hub.Feed{ID: "a.b", Allow: []string{"AL"}}
	tests := []struct {
		name                     string
		feed                     *hub.Feed
		named, placed, withdrawn bool
		empty                    bool
		want                     hub.Verdict
	}{
		{name: "allowed and named", feed: &here, named: true, want: hub.Serve},
		{name: "allowed and not named", feed: &here},
		{name: "not named any more stays", feed: &here, placed: true, want: hub.Serve},
		{name: "not allowed", feed: &elsewhere, named: true, want: hub.NotAllowed},
		{name: "not allowed any more", feed: &elsewhere, named: true, placed: true, want: hub.Erase},
		{name: "not allowed any more, and erased", feed: &elsewhere, placed: true, empty: true, want: hub.Remove},
		{name: "not allowed any more, erased and still named", feed: &elsewhere, named: true, placed: true, empty: true, want: hub.NotAllowed},
		{name: "no such feed", named: true, want: hub.NotFound},
		{name: "no release", feed: &unreleased, named: true, want: hub.NoRelease},
		{name: "releases lost", feed: &unreleased, named: true, placed: true, want: hub.Keep},
		{name: "gone without a word", placed: true, want: hub.Keep},
		{name: "gone without a word, though empty", placed: true, empty: true, want: hub.Keep},
		{name: "withdrawn", placed: true, withdrawn: true, want: hub.Erase},
		{name: "withdrawn and erased", placed: true, withdrawn: true, empty: true, want: hub.Remove},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := hub.PlacementInput{Jurisdiction: "AL", Feeds: map[string]hub.Feed{}, Empty: func(string) bool { return tt.empty }}
			if tt.feed != nil {
				in.Feeds["a.b"] = *tt.feed
			}
			if tt.named {
				in.Named = []string{"a.b"}
			}
			if tt.placed {
				in.Placed = []string{"a.b"}
			}
			if tt.withdrawn {
				in.Withdrawn = []string{"a.b"}
			}
			if got := hub.Place(in)["a.b"]; got != tt.want {
				t.Errorf("verdict is %q, want %q", got, tt.want)
			}
		})
	}
}

// Whatever the state, no feed is served outside its jurisdictions.
func TestPlaceNeverCrossesABorder(t *testing.T) {
	countries := rapid.SampledFrom([]string{"AL", "ME", "RS", "XK"})
	rapid.Check(t, func(t *rapid.T) {
		in := hub.PlacementInput{
			Jurisdiction: countries.Draw(t, "jurisdiction"), Feeds: map[string]hub.Feed{},
			Empty: func(string) bool { return rapid.Bool().Draw(t, "empty") },
		}
		for i := range rapid.IntRange(0, 5).Draw(t, "feeds") {
			id := fmt.Sprintf("n.f%d", i)
			in.Feeds[id] = hub.Feed{ID: id, Allow: rapid.SliceOf(countries).Draw(t, "allow"), Released: rapid.Bool().Draw(t, "released")}
		}
		ids := rapid.SliceOf(rapid.Map(rapid.IntRange(0, 6), func(i int) string { return fmt.Sprintf("n.f%d", i) }))
		in.Named, in.Placed, in.Withdrawn = ids.Draw(t, "named"), ids.Draw(t, "placed"), ids.Draw(t, "withdrawn")
		for _, id := range hub.IDs(hub.Place(in), hub.Serve) {
			allowed := false
			for _, country := range in.Feeds[id].Allow {
				allowed = allowed || country == in.Jurisdiction
			}
			if !allowed {
				t.Fatalf("%s is served in %s, allowed in %v", id, in.Jurisdiction, in.Feeds[id].Allow)
			}
		}
	})
}

func TestReserve(t *testing.T) {
	digest := func(body string) func(int64) (string, error) {
		return func(n int64) (string, error) { return fmt.Sprintf("%s@%d", body, n), nil }
	}
	known := func(pairs ...hub.Numbered) []hub.Numbered { return pairs }
	tests := []struct {
		name  string
		known []hub.Numbered
		want  hub.Reservation
	}{
		{"first", nil, hub.Reservation{Numbered: hub.Numbered{Sequence: 1, Digest: "b@1"}, Fresh: true}},
		{"unchanged", known(hub.Numbered{Sequence: 4, Digest: "b@4"}), hub.Reservation{Numbered: hub.Numbered{Sequence: 4, Digest: "b@4"}}},
		{"changed", known(hub.Numbered{Sequence: 4, Digest: "a@4"}), hub.Reservation{Numbered: hub.Numbered{Sequence: 5, Digest: "b@5"}, Fresh: true}},
		{"status behind the registry", known(hub.Numbered{Sequence: 2, Digest: "b@2"}, hub.Numbered{Sequence: 7, Digest: "b@7"}),
			hub.Reservation{Numbered: hub.Numbered{Sequence: 7, Digest: "b@7"}}},
		{"region ahead of all", known(hub.Numbered{Sequence: 2, Digest: "b@2"}, hub.Numbered{Sequence: 9, Digest: "z@9"}),
			hub.Reservation{Numbered: hub.Numbered{Sequence: 10, Digest: "b@10"}, Fresh: true}},
		{"one sequence, two bodies", known(hub.Numbered{Sequence: 4, Digest: "b@4"}, hub.Numbered{Sequence: 4, Digest: "z@4"}),
			hub.Reservation{Numbered: hub.Numbered{Sequence: 5, Digest: "b@5"}, Fresh: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := hub.Reserve(tt.known, digest("b"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("reservation (-want +got):\n%s", diff)
			}
		})
	}
	failure := errors.New("no digest")
	if _, err := hub.Reserve(nil, func(int64) (string, error) { return "", failure }); !errors.Is(err, failure) {
		t.Errorf("error is %v, want that of the digest", err)
	}
}
