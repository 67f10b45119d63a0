// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"errors"
	"math"
	"slices"

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

// add keeps the better likeness of its quality.
func (h *hit) add(l *likeness, low bool) {
	of := &h.good
	if low {
		of = &h.low
	}
	if l.better(of) {
		*of = *l
	}
}

// join takes what is better of another hit on the same record.
func (h *hit) join(o hit) {
	h.add(&o.good, false)
	h.add(&o.low, true)
	h.number = max(h.number, o.number)
}

// best is the better likeness of either quality.
func (h *hit) best() *likeness {
	if h.low.better(&h.good) {
		return &h.low
	}
	return &h.good
}

// everything as the least points of find finds what has anything in common.
var everything = math.Inf(-1)

// find calls yield with the records that may come to as many points, in no order. The
// error is the context's.
func (x *index) find(ctx context.Context, q *query, can []screen.Modality, least float64, yield func(p *part, doc uint32, h *hit)) error {
	found := make([]map[uint32]hit, len(x.parts))
	for i, p := range x.parts {
		found[i] = map[uint32]hit{}
		if slices.Contains(can, screen.ModalityDocument) {
			p.findNumbers(q, found[i])
		}
	}
	if slices.Contains(can, screen.ModalityBiographic) {
		if err := x.findNames(ctx, q, least, found); err != nil {
			return err
		}
	}
	for i, p := range x.parts {
		for doc, h := range found[i] {
			yield(p, doc, &h)
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

// findNames adds the records whose names may come to as many points with the dates and
// the papers of the subject.
func (x *index) findNames(ctx context.Context, q *query, least float64, found []map[uint32]hit) error {
	searching.Add(1)
	defer searching.Add(-1)
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	for _, words := range q.names {
		pl := x.newPlan(s, words)
		for i, p := range x.parts {
			n := p.ranges()
			hits, failed := make([]map[uint32]hit, n), make([]error, n)
			together(s, n, func(s *scratch, k int) {
				hits[k] = map[uint32]hit{}
				failed[k] = p.gather(ctx, s, pl, pl.matches[i], p.rangeOf(k, n), func(names []gathered) {
					for _, g := range x.worth(p, pl, q, least, names, found[i]) {
						if l := x.compare(s, p, pl, pl.matches[i], g.name); l.any() && l.points >= leastPoints {
							h := hits[k][g.doc]
							h.add(&l, p.low.has(g.name))
							hits[k][g.doc] = h
						}
					}
				})
			})
			if err := errors.Join(failed...); err != nil {
				return err
			}
			for _, those := range hits {
				for doc, h := range those {
					h.join(found[i][doc])
					found[i][doc] = h
				}
			}
		}
	}
	return nil
}

// worth are those of the names that may come to as many points; it finds their records.
// numbers are the records that documents' numbers have met.
func (x *index) worth(p *part, pl *plan, q *query, least float64, names []gathered, numbers map[uint32]hit) []gathered {
	most := q.gain(bornMany)
	left := names[:0]
	for _, g := range names {
		if g.most = x.most(pl, g.makeup, g.got); g.most+most >= least || len(q.documents) > 0 {
			left = append(left, g)
		}
	}
	for i := range left {
		left[i].doc = p.nameDoc[left[i].name]
	}
	for i := range left {
		left[i].born = p.born[left[i].doc]
	}
	names, left = left, left[:0]
	for _, g := range names {
		switch {
		case p.dead.has(g.doc):
			continue
		case len(q.documents) > 0 && numbers[g.doc].number > 0:
		case len(q.births) > 0 && g.most+q.gain(g.born) < least, g.most+most < least:
			continue
		}

		left = append(left, g)
	}
	return left
}

// gain is the most that evidence beside names can add for a record born then.
func (q *query) gain(b born) float64 {
	points := b.gain(q.births)
	if len(q.places) > 0 {
		points += pointsPlace
	}
	if len(q.nationalities) > 0 {
		points += pointsNationality
	}
	if q.gender != "" {
		points += pointsGender
	}
	return points
}
