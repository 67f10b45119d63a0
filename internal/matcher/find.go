// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"slices"
	"sync"

	"github.com/frontline-screening/frontline/internal/screen"
)

// hit is what of a record met the subject, before it is judged.
type hit struct {
	// good and low are the best likeness of a name of that quality.
	good, low likeness
	// number is how well a document's number met: 1, otherIssuer, shortNumber, or 0 for
	// not at all.
	number float64
}

// likeness is how alike two names are.
type likeness struct {
	score                           float64
	equal, edited, joined, unpaired int
	reordered                       bool
}

// scratch is the memory of one search, used again by later ones.
type scratch struct {
	gathered []float32 // by name
	touched  []int32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// leastGathered is the share of a name's weight that must be met before it is compared.
const leastGathered = 0.5

// checkEvery is how many names are compared between two looks at the context: a few
// milliseconds, where words that stand in very many names are searched for.
const checkEvery = 1024

// find returns the records that may be the subject, by record. The error is the
// context's.
func (x *index) find(ctx context.Context, q *query, can []screen.Modality) (map[int32]hit, error) {
	hits := map[int32]hit{}
	if slices.Contains(can, screen.ModalityDocument) {
		for _, d := range q.documents {
			for _, ref := range x.numbers[d.number] {
				h := hits[ref.record]
				agree := 1.0
				if !firm(d.number) {
					agree = shortNumber
				} else if d.country != "" && ref.country != "" && d.country != ref.country {
					agree = otherIssuer
				}
				h.number = max(h.number, agree)
				hits[ref.record] = h
			}
		}
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	if len(s.gathered) < len(x.names) {
		s.gathered = make([]float32, len(x.names))
	}
	if slices.Contains(can, screen.ModalityBiographic) {
		for _, words := range q.names {
			err := x.gather(ctx, s, words, func(n *name, l likeness) {
				h := hits[n.record]
				if n.low && l.score > h.low.score {
					h.low = l
				}
				if !n.low && l.score > h.good.score {
					h.good = l
				}
				hits[n.record] = h
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return hits, nil
}

// gather collects the names that share enough with the words and compares each.
// It leaves the scratch clean, also when the context ends it.
func (x *index) gather(ctx context.Context, s *scratch, words []queryWord, yield func(*name, likeness)) error {
	var total float32
	weights := make([]float32, len(words))
	for i, w := range words {
		weights[i] = x.weightOf(w.text)
		total += weights[i]
		x.collect(s, w.text, w.runes, weights[i])
		if i > 0 {
			joined := words[i-1].text + w.text
			x.collect(s, joined, []rune(joined), weights[i-1]+weights[i])
		}
	}
	var late error
	for i, id := range s.touched {
		n := &x.names[id]
		got := s.gathered[id]
		s.gathered[id] = 0
		if late == nil && i%checkEvery == 0 {
			late = ctx.Err()
		}
		if late != nil || got < leastGathered*min(total, n.weight) {
			continue
		}
		if l := x.compare(words, weights, n); l.score >= leastLikeness {
			yield(n, l)
		}
	}
	s.touched = s.touched[:0]
	return late
}

// weightOf is the weight of a word of the subject; one no name has is as rare as can be.
func (x *index) weightOf(s string) float32 {
	if id, ok := x.byWord[s]; ok {
		return x.words[id].weight
	}
	return x.weigh(s, 0)
}

// collect adds the weight to every name that has the word or one an edit away.
func (x *index) collect(s *scratch, text string, runes []rune, weight float32) {
	add := func(id int32) {
		w := &x.words[id]
		for _, n := range x.posts[w.from:w.to] {
			if s.gathered[n] == 0 {
				s.touched = append(s.touched, n)
			}
			s.gathered[n] += weight
		}
	}
	if id, ok := x.byWord[text]; ok {
		add(id)
	}
	x.near(runes, func(id int32) {
		if string(x.words[id].text) != text {
			add(id)
		}
	})
}
