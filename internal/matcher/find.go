// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/frontline-screening/frontline/internal/screen"
)

// hit is what of a record met the subject, before it is judged.
type hit struct {
	// good and low are the best likeness of a name of that quality.
	good, low likeness
	// number is how well a document's number met: 1, misreadNumber, otherIssuer,
	// shortNumber, or 0 for not at all.
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
	touched  []uint32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// leastGathered is the share of a name's weight that must be met before it is compared.
const leastGathered = 0.5

// checkEvery is how many names are compared between two looks at the context: a few
// milliseconds, where words that stand in very many names are searched for.
const checkEvery = 1024

// better orders what two names of one record met, so that which is told does not
// depend on how the index came about.
func (l likeness) better(o likeness) bool {
	reorders := func(l likeness) int {
		if l.reordered {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(l.score, o.score), cmp.Compare(l.equal, o.equal), cmp.Compare(l.edited, o.edited),
		cmp.Compare(l.joined, o.joined), cmp.Compare(o.unpaired, l.unpaired), cmp.Compare(reorders(o), reorders(l))) > 0
}

// find calls yield with the records that may be the subject, in no order. The error is
// the context's.
func (x *index) find(ctx context.Context, q *query, can []screen.Modality, yield func(p *part, doc uint32, h hit)) error {
	hits := map[uint32]hit{}
	for _, p := range x.parts {
		clear(hits)
		if slices.Contains(can, screen.ModalityDocument) {
			p.findNumbers(q, hits)
		}
		if slices.Contains(can, screen.ModalityBiographic) {
			if err := x.findNames(ctx, p, q, hits); err != nil {
				return err
			}
		}
		for doc, h := range hits {
			yield(p, doc, h)
		}
	}
	return nil
}

func (x *part) findNumbers(q *query, hits map[uint32]hit) {
	for _, d := range q.documents {
		x.findNumber(d, d.number, 1, hits)
		if !firm(d.number) {
			continue
		}
		for read := range misread(d.number) {
			x.findNumber(d, read, misreadNumber, hits)
		}
	}
}

// findNumber looks up one form of a document's number, which agrees as well as best
// says at most.
func (x *part) findNumber(d queryDocument, form string, best float64, hits map[uint32]hit) {
	id, ok := x.numbers.find(form)
	if !ok {
		return
	}
	issuer := pack(d.country)
	for i := x.refEnds[id]; i < x.refEnds[id+1]; i++ {
		doc := x.refs[i]
		if x.dead.has(doc) {
			continue
		}
		agree := best
		if !firm(d.number) {
			agree = shortNumber
		} else if issuer != 0 && x.issuers[i] != 0 && issuer != x.issuers[i] {
			agree = min(agree, otherIssuer)
		}
		h := hits[doc]
		h.number = max(h.number, agree)
		hits[doc] = h
	}
}

func (x *index) findNames(ctx context.Context, p *part, q *query, hits map[uint32]hit) error {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	if len(s.gathered) < p.names() {
		s.gathered = make([]float32, p.names())
	}
	for _, words := range q.names {
		err := x.gather(ctx, s, p, words, func(name uint32, l likeness) {
			h := hits[p.nameDoc[name]]
			if low := p.low.has(name); low && l.better(h.low) {
				h.low = l
			} else if !low && l.better(h.good) {
				h.good = l
			}
			hits[p.nameDoc[name]] = h
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// gather collects the names of a part that share enough with the words and compares
// each. It leaves the scratch clean, also when the context ends it.
func (x *index) gather(ctx context.Context, s *scratch, p *part, words []queryWord, yield func(uint32, likeness)) error {
	var total float32
	var known [maxTokens]float32
	weights := known[:len(words)]
	for i, w := range words {
		weights[i] = x.weightOf(w.text)
		total += weights[i]
		p.collect(s, w.text, weights[i])
		if i > 0 {
			p.collect(s, words[i-1].text+w.text, weights[i-1]+weights[i])
		}
	}
	var late error
	for i, name := range s.touched {
		got := s.gathered[name]
		s.gathered[name] = 0
		if late == nil && i%checkEvery == 0 {
			late = ctx.Err()
		}
		if late != nil || got < leastGathered*min(total, p.nameWeight[name]) || p.dead.has(p.nameDoc[name]) {
			continue
		}
		if l := p.compare(words, weights, name); l.score >= leastLikeness {
			yield(name, l)
		}
	}
	s.touched = s.touched[:0]
	return late
}

// collect adds the weight to every name that has the word or one an edit away.
func (x *part) collect(s *scratch, text string, weight float32) {
	add := func(word uint32) {
		for _, n := range x.postsOf(word) {
			if s.gathered[n] == 0 {
				s.touched = append(s.touched, n)
			}
			s.gathered[n] += weight
		}
	}
	if id, ok := x.words.find(text); ok {
		add(id)
	}
	x.isNear(text, add)
}
