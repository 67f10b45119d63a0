// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// first is how far down an officer looks.
const first = 5

// measureListed: people of the lists, their names misspelt and reordered.
func measureListed(ctx context.Context, b *bench) error {
	lists, engine, err := b.public(ctx)
	if err != nil {
		return err
	}
	const measure = "listed people, misspelt and reordered: among the first five"
	s := spoiler{rand.New(rand.NewPCG(b.seed, 1))} //nolint:gosec // names that can be made again
	hits, n := 0, 0
	for i, records := range lists {
		for j := 0; j < len(records); j += b.count(1, 20) {
			r := &records[j]
			if r.Type != watchlist.Person || len(r.Names) == 0 || r.Names[0].Quality == watchlist.Low {
				continue
			}
			name, ok := s.spoil(r.Names[0].Text())
			if !ok {
				continue
			}
			answer, err := engine.Screen(ctx, request(named(name)), time.Now())
			if err != nil {
				return err
			}
			place := found(answer, feedName(i), r.ID)
			hit := place > 0 && place <= first
			n++
			if hit {
				hits++
			} else {
				b.missed("listed", name, r.Names[0].Text())
			}
			b.cells.count(measure, "script", scriptOf(name), hit)
			if len(r.Nationalities) > 0 {
				b.cells.count(measure, "region", regionOf[r.Nationalities[0]], hit)
			}
		}
	}
	b.add(rate(measure, hits, n).atLeast(98.5).aim(99.5).peer("Watchman 97.2 % at 2 false alerts in 3,000, 95.3 % at none"))
	return nil
}
