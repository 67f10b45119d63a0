// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"math"
	"math/bits"
)

// index is the records of one snapshot, ready for searching: a base segment and the
// segments of what changed since, with what they hold of records that are no more
// masked. It is immutable. What it answers is what an index built afresh from the same
// snapshot answers: how much a word tells depends on how many names have it, so that
// is counted over the names of live records in all segments, exactly, for each index
// anew.
type index struct {
	parts   []*part
	records int
	names   int
	scale   float64
}

// part is one segment as one index sees it.
type part struct {
	*segment
	// dead are the records that are no more, gone their number.
	dead bits64
	gone int
	// met is how many names of live records of this segment have a word.
	met []uint32
	// weight is how much a word tells, nameWeight the sum over a name's words.
	weight, nameWeight []float32
}

func (p *part) live() int { return p.docs() - p.gone }

// newPart is a segment all of whose records live.
func newPart(s *segment) *part {
	p := &part{segment: s, met: make([]uint32, s.words.len())}
	for w := range p.met {
		p.met[w] = s.postEnds[w+1] - s.postEnds[w]
	}
	return p
}

// without is the part with more records masked.
func (p *part) without(docs []uint32) *part {
	if len(docs) == 0 {
		return &part{segment: p.segment, dead: p.dead, gone: p.gone, met: p.met}
	}
	next := &part{segment: p.segment, dead: p.dead.grown(p.docs()), gone: p.gone + len(docs), met: append([]uint32(nil), p.met...)}
	var words []uint32
	for _, doc := range docs {
		next.dead.add(doc)
		for n := p.docNames[doc]; n < p.docNames[doc+1]; n++ {
			words = p.distinct(n, words)
			for _, w := range words {
				next.met[w]--
			}
		}
	}
	return next
}

// newIndex weighs the words of the parts, which it takes over.
func newIndex(parts []*part) *index {
	x := &index{parts: parts}
	for _, p := range parts {
		x.records += p.live()
		x.names += p.names()
		for i, word := range p.dead {
			for b := word; b != 0; b &= b - 1 {
				doc := i*64 + bits.TrailingZeros64(b)
				x.names -= int(p.docNames[doc+1] - p.docNames[doc])
			}
		}
	}
	x.scale = math.Log(1 + math.Max(1000, float64(x.names)))
	x.weighAll()
	return x
}

// Bounds of a word's weight.
const (
	weightParticle = 0.12
	weightLeast    = 0.2
)

// rarity is how much a word tells that so many names have: near 1 if few, little if many.
func (x *index) rarity(names uint32) float32 {
	return float32(math.Max(weightLeast, 1-math.Log(1+float64(names))/x.scale))
}

// weighAll weighs every word by the live names that have it, in whichever segment.
func (x *index) weighAll() {
	totals := make([][]uint32, len(x.parts))
	for i, p := range x.parts {
		totals[i] = p.met
		if i == 0 && len(x.parts) > 1 {
			totals[0] = append([]uint32(nil), p.met...)
		} else if i > 0 {
			totals[i] = append([]uint32(nil), p.met...)
			for w, h := range p.home {
				if int(h.part) != i {
					totals[h.part][h.id] += p.met[w]
				}
			}
		}
	}
	var table [4096]float32
	for n := range table {
		table[n] = x.rarity(uint32(n)) //nolint:gosec // small
	}
	for i, p := range x.parts {
		p.weight = make([]float32, p.words.len())
		for w := range p.weight {
			total := totals[i][w]
			if i > 0 {
				total = totals[p.home[w].part][p.home[w].id]
			}
			if total < uint32(len(table)) {
				p.weight[w] = table[total]
			} else {
				p.weight[w] = x.rarity(total)
			}
		}
		for _, w := range p.particles {
			p.weight[w] = weightParticle
		}
		p.nameWeight = make([]float32, p.names())
		for n := range p.nameWeight {
			for _, w := range p.nameWords[p.nameEnds[n]:p.nameEnds[n+1]] {
				p.nameWeight[n] += p.weight[w]
			}
		}
	}
}

// settle finds, for each word of a segment that joins the chain, the first segment
// that has it.
func (s *segment) settle(before []*part) {
	s.home = make([]place, s.words.len())
	for w := range s.home {
		id := uint32(w) //nolint:gosec // within the table
		s.home[w] = place{uint32(len(before)), id}
		text := s.words.text(id)
		for i, p := range before {
			if at, ok := p.words.find(text); ok {
				s.home[w] = place{uint32(i), at} //nolint:gosec // few
				break
			}
		}
	}
}

// weightOf is the weight of a word of the subject; one no name has is as rare as can be.
func (x *index) weightOf(s string) float32 {
	for _, p := range x.parts {
		if id, ok := p.words.find(s); ok {
			return p.weight[id]
		}
	}
	if particles[s] {
		return weightParticle
	}
	return x.rarity(0)
}
