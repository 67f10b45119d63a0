// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

func TestPeopleAreSeeded(t *testing.T) {
	a, b, other := ListPeople(1, 300), ListPeople(1, 600), ListPeople(2, 300)
	same := 0
	for i := range 300 {
		x, _ := a.At(i)
		y, _ := b.At(i)
		z, _ := other.At(i)
		if d := cmp.Diff(x, y); d != "" {
			t.Fatal(d)
		}
		if cmp.Equal(x, z) {
			same++
		}
	}
	if same > 0 {
		t.Errorf("%d people of two seeds are the same", same)
	}
	if d := cmp.Diff(a.Stranger(7), a.Stranger(7)); d != "" {
		t.Error(d)
	}
}

func TestPeopleAreCanonical(t *testing.T) {
	seen := map[string]bool{}
	for r := range ListPeople(3, 3000).Revise(500).All() {
		if err := r.Validate(); err != nil || seen[r.ID] {
			t.Fatalf("%s: %v, seen %v", r.ID, err, seen[r.ID])
		}
		seen[r.ID] = true
	}
}

// TestPeopleAreLikeLists holds the shape of the words: the harness that measures an
// engine on them says what they are.
func TestPeopleAreLikeLists(t *testing.T) {
	const n = 40_000
	names, native, words := 0, 0, map[string]int{}
	for r := range ListPeople(4, n).All() {
		for _, name := range r.Names {
			names++
			if strings.IndexFunc(name.Full, func(r rune) bool { return unicode.Is(unicode.Latin, r) }) < 0 {
				native++
			}
			for _, w := range strings.FieldsFunc(strings.ToLower(name.Full), func(r rune) bool { return r == ' ' || r == '-' }) {
				words[w]++
			}
		}
	}
	within := func(what string, got, least, most float64) {
		if got < least || got > most {
			t.Errorf("%s: %.3f, want %.3f to %.3f", what, got, least, most)
		}
	}
	once := 0
	for _, count := range words {
		if count == 1 {
			once++
		}
	}
	within("names of a person", float64(names)/n, 2.35, 2.65)
	within("share in letters of their own", float64(native)/float64(names), 0.13, 0.18)
	within("share of names with mohammed", float64(words["mohammed"])/float64(names), 0.015, 0.06)
	within("share of names with maria", float64(words["maria"])/float64(names), 0.002, 0.03)
	within("share of words that stand once", float64(once)/float64(len(words)), 0.4, 0.8)
	within("words of a person", float64(len(words))/n, 1, 3)
}

func TestRevise(t *testing.T) {
	const n, records = 20_000, 1000
	before := ListPeople(5, n)
	list := func(p *People) map[string]watchlist.Record {
		out := map[string]watchlist.Record{}
		for r := range p.All() {
			out[r.ID] = r
		}
		return out
	}
	for range 3 {
		after := before.Revise(records)
		old, now := list(before), list(after)
		changed, removed, added := 0, 0, 0
		for id, r := range old {
			switch next, ok := now[id]; {
			case !ok:
				removed++
			case !cmp.Equal(r, next):
				changed++
			}
		}
		for id := range now {
			if _, ok := old[id]; !ok {
				added++
			}
		}
		if removed != records/10 || added != records/10 || changed < records*8/10-20 || changed > records*8/10 {
			t.Errorf("%d changed, %d removed, %d added", changed, removed, added)
		}
		rev := after.Revision()
		if len(rev.Changed) != records*8/10 || len(rev.Removed) != removed || len(rev.Added) != added {
			t.Errorf("the revision says %d changed, %d removed, %d added", len(rev.Changed), len(rev.Removed), len(rev.Added))
		}
		if len(now) != after.Len() {
			t.Errorf("%d records, Len is %d", len(now), after.Len())
		}
		before = after
	}
}
