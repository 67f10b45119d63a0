// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// measureNative: names in their own script, against lists without these names.
func measureNative(ctx context.Context, b *bench) error {
	const measure = "names in their own script, absent from the list: among the first five"
	type ask struct {
		feed, record, name string
	}
	lists, _, err := b.public(ctx)
	if err != nil {
		return err
	}
	var asks []ask
	var latin [][]watchlist.Record
	for i, records := range lists {
		records = slices.Clone(records)
		for j := range records {
			r := &records[j]
			kept, removed := withoutNative(r)
			if len(kept) == 0 {
				continue // nothing else to find it by
			}
			for _, name := range removed {
				asks = append(asks, ask{feedName(i), r.ID, name})
			}
			r.Names = kept
		}
		latin = append(latin, records)
	}
	engine, err := b.engineOf(latin...)
	if err != nil {
		return err
	}
	defer engine.Close()
	hits, n := 0, 0
	for i := 0; i < len(asks); i += b.count(1, 20) {
		a := asks[i]
		answer, err := engine.Screen(ctx, request(named(a.name)), time.Now())
		if err != nil {
			return err
		}
		place := found(answer, a.feed, a.record)
		hit := place > 0 && place <= first
		n++
		if hit {
			hits++
		} else {
			b.missed("native", a.name, a.record)
		}
		b.cells.count(measure, "script", scriptOf(a.name), hit)
	}
	b.add(rate(measure, hits, n).atLeast(75).aim(90).peer("Watchman 0.6 %"))
	return nil
}

// withoutNative splits the names of a record: what is kept of it, and the names of two
// words or more in a person's own script, weak ones left out.
func withoutNative(r *watchlist.Record) (kept []watchlist.Name, removed []string) {
	for _, n := range r.Names {
		switch text := n.Text(); {
		case !native(text):
			kept = append(kept, n)
		case r.Type == watchlist.Person && strings.Contains(text, " ") && n.Quality != watchlist.Low:
			removed = append(removed, text)
		}
	}
	return kept, removed
}
