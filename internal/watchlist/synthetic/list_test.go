// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

func TestListIsSeeded(t *testing.T) {
	for _, format := range watchlist.Formats() {
		a, err := List(1, 500).Bytes(format, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := List(1, 500).Bytes(format, time.Unix(0, 0))
		c, _ := List(2, 500).Bytes(format, time.Unix(0, 0))
		if !bytes.Equal(a, b) || bytes.Equal(a, c) {
			t.Errorf("%s: the seed does not decide the list", format)
		}
	}
}

func TestRecordsAreCanonical(t *testing.T) {
	set := List(3, 2000).Edit(4, 0.5, Scattered)
	seen := map[string]bool{}
	for r := range set.All() {
		if err := r.Validate(); err != nil || seen[r.ID] {
			t.Fatalf("%s: %v, seen %v", r.ID, err, seen[r.ID])
		}
		seen[r.ID] = true
	}
	if len(seen) != set.Len() {
		t.Errorf("%d of %d", len(seen), set.Len())
	}
}

func TestEditChangesItsShare(t *testing.T) {
	const n = 20000
	for name, mode := range map[string]Mode{"scattered": Scattered, "clustered": Clustered, "hashed": Hashed} {
		before := List(1, n)
		after := before.Edit(2, 0.01, mode)
		first, last, changed := -1, -1, 0
		for i := range n {
			a, b := before.At(i), after.At(i)
			if a.ID != b.ID || a.Type != b.Type {
				t.Fatalf("%s: record %d is another", name, i)
			}
			if !cmp.Equal(a, b) {
				if changed++; first < 0 {
					first = i
				}
				last = i
			}
		}
		if changed < n/100*7/10 || changed > n/100*13/10 {
			t.Errorf("%s: %d of %d changed", name, changed, n)
		}
		if clustered := last-first <= n/100; clustered != (mode == Clustered) {
			t.Errorf("%s: changes from %d to %d", name, first, last)
		}
	}
}

func TestResize(t *testing.T) {
	short, long := List(1, 10), List(1, 10).Resize(12)
	for i := range 10 {
		if d := cmp.Diff(short.At(i), long.At(i)); d != "" {
			t.Error(d)
		}
	}
	if long.Len() != 12 {
		t.Errorf("%d records", long.Len())
	}
}
