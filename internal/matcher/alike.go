// SPDX-License-Identifier: Apache-2.0

package matcher

import "github.com/frontline-screening/frontline/internal/matcher/script"

const (
	// leastAlike is how alike words must be to be met.
	leastAlike = 0.7
	// spare is what an edit may cost beyond one, where it makes or breaks a sound that two
	// letters write.
	spare = 0.65
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

// alikeWord is a word of a list that is alike to another.
type alikeWord struct {
	word  uint32
	alike float32
}

// alikeTo are the words of the part that are alike to a term, itself included. They are
// valid until the next call.
func (p *part) alikeTo(s *scratch, tm term) []alikeWord {
	s.seen.clear()
	into := s.found[:0]
	defer func() { s.found = into }()
	if id, ok := p.words.find(tm.text); ok {
		into = append(into, alikeWord{id, 1})
		s.seen.add(id)
	}
	own := aboutOf(tm.text)
	if own.runes() < 2 {
		return into
	}
	s.word.Set(tm.text)
	meet := func(w uint32, limit float32) {
		if a := alike(&s.word, own, p.traits[w].about, p.words.text(w), limit); a > 0 {
			into = append(into, alikeWord{w, a})
		}
	}
	if own.kind() == kindParticle {
		// Others that sound like it; what else does is no particle.
		for other := range particles {
			if id, ok := p.words.find(other); ok && s.seen.add(id) {
				meet(id, 1+spare)
			}
		}
		return into
	}
	most := mostEdits(own, tm.way)
	s.spelt.editKeys(tm.text, most, func(key uint64) {
		p.near.at(key, own, most, func(w uint32) {
			other := &p.traits[w]
			between := editsBetween(own, other.about, tm.way)
			limit := float32(between) + spare
			if own.apart(other.about) <= between && own.script() == other.script() && s.seen.add(w) && !s.word.Excludes(other.sketch, limit) {
				meet(w, limit)
			}
		})
	})
	limit := soundLimit * float32(own.runes())
	searchSounds(tm.text, own.script(), func(key uint64) {
		p.near.at(key, own, anyEdits, func(w uint32) {
			if other := &p.traits[w]; fits(own, other.about) && s.seen.add(w) && !s.word.Excludes(other.sketch, limit) {
				meet(w, limit)
			}
		})
	})
	return into
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
// limit edits apart. Between scripts the limit is of another kind: leastAlike.
func alike(set *script.Word, own, other about, text string, limit float32) float32 {
	n, edit := max(own.runes(), other.runes()), float32(editAlike)
	if own.script() != other.script() {
		n, edit = max(n, minFuzzy), soundAlike
		limit = foreignLimit * float32(n)
	}
	cost := set.CostTo(text, other.script(), limit)
	if cost > limit {
		return 0
	}
	return max(0, 1-edit*cost/float32(n))
}
