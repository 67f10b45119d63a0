// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"testing"
)

func TestThreshold(t *testing.T) {
	for _, tc := range []struct {
		name  string
		pairs []pair
		want  float64
	}{
		{"apart", []pair{{0.9, true}, {0.8, true}, {0.4, false}, {0.1, false}}, 0.6},
		// At 0.65: three right, one wrong, none missed, F1 6/7; at 0.85 two right, one missed, 4/5.
		{"mixed", []pair{{0.9, true}, {0.9, true}, {0.8, false}, {0.7, true}, {0.6, false}}, 0.65},
		// Equal likenesses cannot be parted.
		{"equal", []pair{{0.5, true}, {0.5, false}, {0.5, true}}, 0.25},
		{"nothing matches", []pair{{0.5, false}}, 0.25},
	} {
		if got := threshold(tc.pairs); got < tc.want-1e-9 || got > tc.want+1e-9 {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestCrossValidate(t *testing.T) {
	var apart, noise []pair
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 200 {
		match := i%2 == 0
		likeness := rng.Float64() / 2
		noise = append(noise, pair{likeness, match})
		if match {
			likeness += 0.5
		}
		apart = append(apart, pair{likeness, match})
	}
	// The threshold lies midway between neighbours of the other folds, so that the pair
	// nearest to it may fall on the wrong side.
	if s := crossValidate(rng, apart); s.f1() < 0.98 || s.right+s.missed != 100 {
		t.Errorf("%+v: F1 %v of pairs that lie apart", s, s.f1())
	}
	// Whoever says yes to all has 2/3; a threshold chosen on what it is tried on has more.
	if s := crossValidate(rng, noise); s.f1() > 0.70 {
		t.Errorf("%+v: F1 %v of noise", s, s.f1())
	}
	if a, b := crossValidate(rand.New(rand.NewPCG(7, 7)), noise), crossValidate(rand.New(rand.NewPCG(7, 7)), noise); a != b {
		t.Error("the seed does not decide")
	}
}
