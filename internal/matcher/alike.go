// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"slices"
	"unicode/utf8"

	"github.com/frontline-screening/frontline/internal/matcher/script"
)

const (
	// leastAlike is how alike a word must be to two that are written as one.
	leastAlike = 0.7
	// oneEdit and twoEdits are what so many edits may cost: one may make or break a sound
	// that two letters write.
	oneEdit, twoEdits = 1.65, 2.05
	// foreignLimit is how many edits apart words of two scripts may be, for each letter of
	// the longer.
	foreignLimit = 0.25
	// soundLimit is how many edits apart words of one script may be that sound alike, for
	// each of their letters.
	soundLimit = 1.0 / 9
	// anyEdits is more edits than any two words are apart.
	anyEdits = 64
	// closeAlike is how alike words must be to count as spellings of one.
	closeAlike = 0.85
	// editAlike is what an edit takes away, as a share of the longer word, soundAlike what
	// it takes between scripts, where spelling is freer.
	editAlike  = 0.9
	soundAlike = 0.6
)

// alikeWord is a word of a list that is alike to another: its number, and in the upper eight
// bits how alike it is, in alikeSteps. Only words that are as good as the same have
// all of them.
type alikeWord uint32

// alikeSteps is a multiple of twenty, so that closeAlike is one of them.
const alikeSteps = 240

func newAlikeWord(word uint32, alike float32) alikeWord {
	return alikeWord(word | uint32(alike*alikeSteps)<<lowBits)
}

func (a alikeWord) word() uint32   { return uint32(a & lowMask) }
func (a alikeWord) alike() float32 { return float32(a>>lowBits) / alikeSteps }

// sight is a word of a list that may be alike, with what is looked at first.
type sight struct {
	word uint32
	traits
	// from and to bound the text of a word in Latin letters.
	from, to uint32
}

// alikeTo are the words of the part that are alike to a term, itself included. They are
// valid until the next call.
func (p *part) alikeTo(s *scratch, tm term) []alikeWord {
	s.seen.clear()
	s.found = s.found[:0]
	if id, ok := p.words.find(tm.text); ok {
		s.found = append(s.found, newAlikeWord(id, 1))
		s.seen.add(id)
	}
	own := aboutOf(tm.text)
	if own.runes() < 2 {
		return s.found
	}
	s.word.Set(tm.text)
	if own.kind() == kindParticle {
		// Others that sound like it; what else does is no particle.
		s.met = s.met[:0]
		for other := range particles {
			if id, ok := p.words.find(other); ok {
				s.met = append(s.met, id)
			}
		}
		p.meet(s, own, func(about) (float32, bool) { return oneEdit, true })
		return s.found
	}
	most := mostEdits(own, tm.way)
	s.met = s.met[:0]
	s.spelt.editKeys(tm.text, most, func(key uint64, most int) { s.met = p.near.at(s.met, key, own, most) })
	p.meet(s, own, func(other about) (float32, bool) {
		between := editsBetween(own, other, tm.way)
		return costOf(between), max(own.apart(other), own.longer(other)) <= between && own.script() == other.script()
	})
	s.met = s.met[:0]
	searchSounds(tm.text, own.script(), func(key uint64) { s.met = p.near.at(s.met, key, own, anyEdits) })
	limit := soundLimit * float32(own.runes())
	p.meet(s, own, func(other about) (float32, bool) { return limit, fits(own, other) })
	return s.found
}

// meet appends, to what is found, the words that were met and are alike. within says how
// many edits a word may be apart, and whether it is looked at. Each pass over the words
// reads one thing of each, so that the reads do not wait for one another.
func (p *part) meet(s *scratch, own about, within func(about) (limit float32, ok bool)) {
	s.sights = slices.Grow(s.sights[:0], len(s.met))[:len(s.met)]
	for i, w := range s.met {
		s.sights[i].word, s.sights[i].traits = w, p.traits[w]
	}
	left := s.sights[:0]
	for i := range s.sights {
		one := &s.sights[i]
		limit, ok := within(one.about)
		if ok && s.seen.add(one.word) && !s.excludes(own, &one.traits, limit) {
			left = append(left, *one)
		}
	}
	for i := range left {
		left[i].from, left[i].to = p.words.bounds(left[i].word)
	}
	s.ahead = 0
	for i := range left {
		if one := &left[i]; one.script() == script.Latin {
			s.ahead += uint64(p.units[one.from])
		} else if at := one.more >> 8; at < uint64(len(p.letters)) {
			s.ahead += uint64(p.letters[at])
		}
	}
	for i := range left {
		limit, _ := within(left[i].about)
		if a := p.alike(s, own, &left[i], limit); a > 0 {
			s.found = append(s.found, newAlikeWord(left[i].word, a))
		}
	}
}

// excludes reports whether a word is not alike to the one that is set, by its traits.
func (s *scratch) excludes(own about, other *traits, limit float32) bool {
	switch {
	case other.script() != script.Latin:
		return false
	case own.script() == script.Latin:
		return s.word.Excludes(other.sketch(), limit)
	}
	if other.runes() > maxFuzzy/utf8.UTFMax {
		return false // not all of its letters may be compared
	}
	return s.word.ExcludesLatin(uint32(other.about>>32), foreignEdits(own, other.about)) //nolint:gosec // the upper half
}

// alike is how alike a word of the list is to the one that is set.
func (p *part) alike(s *scratch, own about, one *sight, limit float32) float32 {
	switch other := one.script(); {
	case own.script() == script.Latin && other == script.Latin:
		return alikeEdited(own, one.about, s.word.CostToUnits(p.unitsOf(one.from, one.to), one.sketch(), limit), limit)
	case own.script() == other || other == script.Latin || other == script.Other:
		return alike(&s.word, own, one.about, p.words.text(one.word), limit)
	default:
		limit = foreignEdits(own, one.about)
		return alikeForeign(own, one.about, s.word.CostToLetters(p.lettersOf(&one.traits), other, limit), limit)
	}
}

// mostEdits is how many edits are looked for: two where the list's word may have
// minHalves runes, but one where two words are written together.
func mostEdits(own about, w way) int {
	if own.runes() >= minHalves-2 && w != wayJoined {
		return 2
	}
	return 1
}

// editsBetween is how many edits two words may be apart: two if one of them has
// minHalves runes.
func editsBetween(own, other about, w way) int {
	if max(own.runes(), other.runes()) < minHalves {
		return 1
	}
	return mostEdits(own, w)
}

// costOf is what one or two edits may cost.
func costOf(edits int) float32 {
	if edits == 1 {
		return oneEdit
	}
	return twoEdits
}

// fits reports whether a word of one script may be spelt by one of another, by their
// lengths: scripts leave out vowels, or write them with consonants as one letter.
func fits(a, b about) bool {
	if a.script() == b.script() {
		return a.script() == script.Latin // of others, letters are compared and not sounds
	}
	if a.script() != script.Latin {
		a, b = b, a
	}
	latin, native := a.runes(), b.runes()
	switch b.script() {
	case script.Arabic, script.Hebrew:
		return latin+1 >= native && latin <= 2*native+3
	case script.Cyrillic, script.Greek:
		return latin+2 >= native && latin <= 2*native+1
	default:
		return true
	}
}

// alike is how alike a word is to the one that is set, from 0 to 1; 0 if it is more than
// limit edits apart. Between scripts the limit is foreignEdits.
func alike(set *script.Word, own, other about, text string, limit float32) float32 {
	if own.script() != other.script() {
		limit = foreignEdits(own, other)
		return alikeForeign(own, other, set.CostTo(text, other.script(), limit), limit)
	}
	return alikeEdited(own, other, set.CostTo(text, other.script(), limit), limit)
}

func alikeEdited(own, other about, cost, limit float32) float32 {
	if cost > limit {
		return 0
	}
	return max(0, 1-editAlike*cost/float32(max(own.runes(), other.runes())))
}

// foreignEdits is how many edits apart words of two scripts may be.
func foreignEdits(own, other about) float32 { return foreignLimit * foreignRunes(own, other) }

func foreignRunes(own, other about) float32 {
	return float32(max(own.runes(), other.runes(), minFuzzy))
}

func alikeForeign(own, other about, cost, limit float32) float32 {
	if cost > limit {
		return 0
	}
	return max(0, 1-soundAlike*cost/foreignRunes(own, other))
}
