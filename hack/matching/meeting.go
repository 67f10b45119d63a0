// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"math/rand/v2"

	"github.com/frontline-screening/frontline/internal/matcher"
)

// measureMeeting: a Latin word and its native form are brought together, two words
// that have nothing to do with each other are not.
func measureMeeting(_ context.Context, b *bench) error {
	for _, s := range []struct {
		name      string
		must, aim float64 // percent; 0 for none
	}{{"russian", 92, 96}, {"arabic", 70, 85}, {"hebrew", 70, 85}, {"korean", 0, 0}, {"chinese", 0, 0}, {"japanese", 0, 0}} {
		latin, native, err := b.transliterations(s.name)
		if err != nil {
			return err
		}
		met := 0
		for i := range latin {
			if matcher.Meet(latin[i], native[i]) {
				met++
			}
		}
		random := b.count(200_000, 20_000)
		rng := rand.New(rand.NewPCG(b.seed, 2)) //nolint:gosec // pairs that can be drawn again
		astray, drawn := 0, 0
		for drawn < random {
			i, j := rng.IntN(len(latin)), rng.IntN(len(latin))
			if latin[i] == latin[j] || native[i] == native[j] {
				continue
			}
			drawn++
			if matcher.Meet(latin[i], native[j]) {
				astray++
			}
		}
		meet, stray := rate("words meet, "+s.name, met, len(latin)), rate("random words meet, "+s.name, astray, drawn)
		if s.must > 0 {
			meet, stray = meet.atLeast(s.must).aim(s.aim), stray.atMost(0.5)
		}
		b.add(meet)
		b.add(stray)
	}
	return nil
}
