// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// An index that lost something is noticed, whatever it lost; a sound one is not.
func TestProbe(t *testing.T) {
	list := synthetic(200)
	for _, tc := range []struct {
		name   string
		damage func(*content)
		want   string
	}{
		{"sound", func(*content) {}, ""},
		{"postings lost", func(c *content) { clear(c.index.parts[0].postEnds) }, "own names"},
		{"words and their neighbours lost", func(c *content) {
			// Words that are lost alone are found by their own letters.
			clear(c.index.parts[0].words.slots)
			clear(c.index.parts[0].near.ends)
		}, "own names"},
		{"words of other names", func(c *content) { slices.Reverse(c.index.parts[0].nameWords) }, "own names"},
		{"names of other records", func(c *content) {
			names := c.index.parts[0].nameDoc
			for i := range names {
				names[i] = (names[i] + 1) % 200
			}
		}, "own names"},
		{"records masked that live", func(c *content) {
			c.index.parts[0].dead = bits64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
		}, "own names"},
		{"a record too few", func(c *content) { c.index.records-- }, "199 records"},
		{"rows of another list", func(c *content) {
			c.rows[0], c.rows[1] = c.rows[1], c.rows[0]
			c.rows = append(c.rows[100:], c.rows[:100]...)
		}, "own names"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := build("sha256:1", newMapping(open(t, list)), hurry)
			if err != nil {
				t.Fatal(err)
			}
			tc.damage(c)
			err = c.probe()
			if tc.want == "" {
				if err != nil {
					t.Errorf("a sound index: %v", err)
				}
				return
			}
			if !errors.Is(err, ErrProbe) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "ProbeFailed") {
				t.Fatalf("error is %v, want one that contains %q", err, tc.want)
			}
			for _, r := range list {
				for word := range strings.FieldsSeq(r.Names[0].Full) {
					if len(word) > 5 && strings.Contains(err.Error(), word) {
						t.Fatalf("the error quotes a record: %v", err)
					}
				}
			}
		})
	}
}

// Lists without a name to ask for, or without a record, are sound.
func TestProbeOfListsWithoutNames(t *testing.T) {
	for name, list := range map[string][]watchlist.Record{
		"empty":   nil,
		"unnamed": {{ID: "t-1", Type: watchlist.Object, Documents: []watchlist.Document{{Number: "T1234567"}}}},
		"weak":    {{ID: "t-1", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Zogza", Quality: watchlist.Low}}}},
		"signs":   {{ID: "t-1", Type: watchlist.Person, Names: []watchlist.Name{{Full: "?!"}}}},
		"common":  {{ID: "t-1", Type: watchlist.Person, Names: []watchlist.Name{{Full: "al"}}}, {ID: "t-2", Type: watchlist.Person, Names: []watchlist.Name{{Full: strings.Repeat("ab ", 40)}}}},
	} {
		if _, err := NewSet([]Feed{{ID: "a.b", Digest: "sha256:1", Snapshot: open(t, list)}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A set whose probe fails is not taken, and the one in use goes on.
func TestAFailingProbeRefusesTheSet(t *testing.T) {
	list := synthetic(200)
	e := engineOf(t, Options{}, Feed{ID: "a.b", Version: 1, Digest: "sha256:1", Snapshot: open(t, list)})
	defer e.Close()
	base := e.set.Load().feeds[0].content.index.parts[0]
	kept := append([]uint32(nil), base.postEnds...)
	clear(base.postEnds) // the next set is made from what is damaged
	list[0].Gender = "F"
	s := open(t, list)
	err := e.Update([]Feed{{ID: "a.b", Version: 2, Digest: "sha256:2", Snapshot: s}})
	copy(base.postEnds, kept)
	if !errors.Is(err, ErrProbe) || !strings.HasPrefix(err.Error(), "feed a.b: ProbeFailed") {
		t.Errorf("error is %v, want %v", err, ErrProbe)
	}
	if s.Size() != 0 {
		t.Error("the snapshot of a set that is not taken stays open")
	}
	a, err := e.Screen(t.Context(), named(list[3].Names[0].Full), now)
	if err != nil || len(a.Candidates) == 0 || a.Searched[0].Version != 1 {
		t.Errorf("after the refusal: %+v, %v", a.Searched, err)
	}
}
