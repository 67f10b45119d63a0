// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"slices"
	"sync"

	"github.com/frontline-screening/frontline/internal/matcher/script"
)

// blockNames is how many names are gathered at a time: their sums stay in a core's cache.
const blockNames = 1 << 15

// scratch is the memory of one search, used again by later ones.
type scratch struct {
	plan   plan
	word   script.Word
	spelt  spelt
	seen   seen
	met    []uint32
	sights []sight
	// ahead is the sum of what was only read to have it near, so that it is read.
	ahead   uint64
	found   []alikeWord
	weights []float32
	ranked  []ranked
	// sums are what the names of a block have gathered.
	sums     [blockNames]sum
	touched  []uint32
	gathered []gathered
	clues    []clue
	cursors  []cursorOf
	pending  pending
	table    table
	pairing  pairing
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// seen is a set of words.
type seen struct {
	slots []uint32
	used  []uint32
}

func (s *seen) clear() {
	for _, i := range s.used {
		s.slots[i] = 0
	}
	s.used = s.used[:0]
}

// add reports whether the word was new.
func (s *seen) add(word uint32) bool {
	if 2*len(s.used) >= len(s.slots) {
		s.grow()
	}
	mask := uint32(len(s.slots) - 1) //nolint:gosec // small
	i := word * 0x9E3779B1 & mask
	for s.slots[i] != 0 {
		if s.slots[i] == word+1 {
			return false
		}
		i = (i + 1) & mask
	}
	s.slots[i] = word + 1
	s.used = append(s.used, i)
	return true
}

func (s *seen) grow() {
	old := s.slots
	s.slots = make([]uint32, max(1024, 2*len(old)))
	s.used = s.used[:0]
	for _, w := range old {
		if w != 0 {
			s.add(w - 1)
		}
	}
}

// table finds the matches of a word.
type table struct {
	slots []slot
	used  []uint32
	// next are the further matches of the same word, by place of a match, plus one.
	next []uint32
}

type slot struct{ word, first uint32 }

// fill enters the matches of a part.
func (t *table) fill(matches []match) {
	for _, i := range t.used {
		t.slots[i] = slot{}
	}
	t.used = t.used[:0]
	if size := 1024; len(t.slots) < 2*len(matches) || len(t.slots) == 0 {
		for size < 2*len(matches) {
			size *= 2
		}
		t.slots = make([]slot, size)
	}
	t.next = slices.Grow(t.next[:0], len(matches))[:len(matches)]
	mask := uint32(len(t.slots) - 1) //nolint:gosec // small
	for k, m := range matches {
		i := m.word * 0x9E3779B1 >> 7 & mask
		for t.slots[i].first != 0 && t.slots[i].word != m.word {
			i = (i + 1) & mask
		}
		if t.slots[i].first == 0 {
			t.used = append(t.used, i)
		}
		t.next[k] = t.slots[i].first
		t.slots[i] = slot{m.word, uint32(k) + 1} //nolint:gosec // small
	}
}

// first is the place of the word's first match plus one; 0 if it has none.
func (t *table) first(word uint32) uint32 {
	mask := uint32(len(t.slots) - 1) //nolint:gosec // small
	i := word * 0x9E3779B1 >> 7 & mask
	for t.slots[i].first != 0 {
		if t.slots[i].word == word {
			return t.slots[i].first
		}
		i = (i + 1) & mask
	}
	return 0
}
