// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/frontline-screening/frontline/internal/matcher"
)

const (
	folds = 10
	// shuffles is how often the pairs are dealt into folds anew.
	shuffles = 50
)

// pair is two names, how alike the engine finds them, and whether they are of one person.
type pair struct {
	likeness float64
	match    bool
}

// measurePairs: names that people labelled as one person's or two people's. The
// threshold is chosen on nine tenths of the pairs and tried on the tenth.
func measurePairs(_ context.Context, b *bench) error {
	rows, err := b.table("names/nomenklatura_name_bench.csv")
	if err != nil {
		return err
	}
	var pairs []pair
	for _, row := range rows {
		if row["schema"] == "Person" {
			pairs = append(pairs, pair{matcher.Likeness(row["name1"], row["name2"]), row["is_match"] == "true"})
		}
	}
	if len(pairs) < 2*folds {
		return fmt.Errorf("%d labelled pairs of people are too few for %d folds", len(pairs), folds)
	}
	var f1, precision, recall []float64
	for i := range b.count(shuffles, 5) {
		rng := rand.New(rand.NewPCG(b.seed, uint64(i)<<8|4)) //nolint:gosec // shuffles that can be made again
		s := crossValidate(rng, pairs)
		f1, precision, recall = append(f1, s.f1()), append(precision, s.precision()), append(recall, s.recall())
	}
	f := spread("labelled pairs of people, F1, 10-fold", "", mean(f1), f1).atLeast(0.76).aim(0.82)
	f.N = len(pairs)
	b.add(f.noted("mean and spread of %d shuffles; precision %s, recall %s; with the best threshold for all pairs %s",
		len(f1), number(mean(precision)), number(mean(recall)), number(scored(pairs, threshold(pairs)).f1())))
	return nil
}

// score counts what a threshold says of pairs.
type score struct{ right, wrong, missed int }

func (s score) f1() float64 {
	if s.right == 0 {
		return 0
	}
	return 2 * float64(s.right) / float64(2*s.right+s.wrong+s.missed)
}

func (s score) precision() float64 { return float64(s.right) / float64(max(s.right+s.wrong, 1)) }

func (s score) recall() float64 { return float64(s.right) / float64(max(s.right+s.missed, 1)) }

func (s *score) add(o score) {
	s.right, s.wrong, s.missed = s.right+o.right, s.wrong+o.wrong, s.missed+o.missed
}

// scored is what the threshold says: pairs at or above it match.
func scored(pairs []pair, threshold float64) score {
	var s score
	for _, p := range pairs {
		switch said := p.likeness >= threshold; {
		case said && p.match:
			s.right++
		case said:
			s.wrong++
		case p.match:
			s.missed++
		}
	}
	return s
}

// threshold is that of the best F1, midway between two likenesses; the highest of equals.
func threshold(pairs []pair) float64 {
	sorted := slices.SortedFunc(slices.Values(pairs), func(a, b pair) int {
		switch {
		case a.likeness > b.likeness:
			return -1
		case a.likeness < b.likeness:
			return 1
		}
		return 0
	})
	var s score
	for _, p := range sorted {
		if p.match {
			s.missed++
		}
	}
	best, at := -1.0, 1.0
	for i, p := range sorted {
		if p.match {
			s.right, s.missed = s.right+1, s.missed-1
		} else {
			s.wrong++
		}
		next := 0.0
		if i+1 < len(sorted) {
			next = sorted[i+1].likeness
		}
		if next < p.likeness && s.f1() > best {
			best, at = s.f1(), (p.likeness+next)/2
		}
	}
	return at
}

// crossValidate deals the pairs into folds, and scores each with the threshold that is
// best for the others. Folds are pooled: a tenth is too few for a figure of its own.
func crossValidate(rng *rand.Rand, pairs []pair) score {
	order := rng.Perm(len(pairs))
	var all score
	for fold := range folds {
		var chosenOn, triedOn []pair
		for i, at := range order {
			if i%folds == fold {
				triedOn = append(triedOn, pairs[at])
			} else {
				chosenOn = append(chosenOn, pairs[at])
			}
		}
		all.add(scored(triedOn, threshold(chosenOn)))
	}
	return all
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
