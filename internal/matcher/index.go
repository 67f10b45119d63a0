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
	// scale is how much there is to tell: the logarithm of the number of names.
	scale float64
	// plain is true of a reference that is no list: how rare its words are is not known.
	plain bool
	// few is rarity of words that few names have.
	few [4096]float32
}

// part is one segment as one index sees it.
type part struct {
	*segment
	// dead are the records that are no more, gone their number.
	dead bits64
	gone int
	// met is how many names of live records of this segment have a word, total how many
	// of the whole index.
	met, total []uint32
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
	for _, doc := range docs {
		next.dead.add(doc)
		for n := p.docNames[doc]; n < p.docNames[doc+1]; n++ {
			for w := range p.distinct(n) {
				next.met[w]--
			}
		}
	}
	return next
}

// newIndex counts the words of the parts, which it takes over.
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
	for n := range x.few {
		x.few[n] = float32(math.Max(weightLeast, 1-math.Log(1+float64(n))/x.scale))
	}
	x.count()
	return x
}

// count adds up how many names have each word, in whichever segment.
func (x *index) count() {
	for i, p := range x.parts {
		p.total = p.met
		if len(x.parts) > 1 {
			p.total = append([]uint32(nil), p.met...)
		}
		for w, h := range p.home {
			if int(h.part) != i {
				x.parts[h.part].total[h.id] += p.met[w]
			}
		}
	}
	for i, p := range x.parts {
		for w, h := range p.home {
			if int(h.part) != i {
				p.total[w] = x.parts[h.part].total[h.id]
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

// Bounds of a word's weight.
const (
	weightParticle = 0.12
	weightInitial  = 0.2
	weightLeast    = 0.2
)

// rarity is how much a word tells that so many names have: near 1 if few, little if many.
func (x *index) rarity(names uint32) float32 {
	if names < uint32(len(x.few)) {
		return x.few[names]
	}
	return float32(math.Max(weightLeast, 1-math.Log(1+float64(names))/x.scale))
}

// weight is how much a word of a name tells by itself.
func (x *index) weight(p *part, word uint32) float32 {
	switch p.traits[word].kind() {
	case kindParticle:
		return weightParticle
	case kindInitial:
		return weightInitial
	case kindTelling:
	}
	return x.rarity(p.total[word])
}
