// SPDX-License-Identifier: Apache-2.0

package script

// trie finds spellings in Latin letters at a place of a word. Its letters are a to z and
// the two ends of a word. Its zero state is the root; states are numbered by uint16, and
// entries from 1, 0 being none.
type trie struct {
	next [][letters]uint16
	id   []uint16
}

// The letters of a trie.
const (
	begin   = 27 // ^
	end     = 28 // $
	letters = 32 // a power of two, so that a masked index needs no check
)

// letterOf numbers the bytes that spellings are made of: a to z from 1, and "^" and "$"
// for the ends of a word; 0 for all others.
var letterOf = func() (t [256]uint8) {
	for c := byte('a'); c <= 'z'; c++ {
		t[c] = c - 'a' + 1
	}
	return t
}()

// add enters a spelling, in which "^" and "$" are the ends of a word.
func (t *trie) add(spelling string, id uint16) {
	if len(t.next) == 0 {
		t.next, t.id = append(t.next, [letters]uint16{}), append(t.id, 0)
	}
	s := uint16(0)
	for i := range len(spelling) {
		l := letterOf[spelling[i]]
		switch spelling[i] {
		case '^':
			l = begin
		case '$':
			l = end
		}
		if l == 0 {
			panic("script: " + spelling + " is not spelt in Latin letters")
		}
		if t.next[s][l] == 0 {
			t.next[s][l] = uint16(len(t.next)) //nolint:gosec // a few hundred
			t.next, t.id = append(t.next, [letters]uint16{}), append(t.id, 0)
		}
		s = t.next[s][l]
	}
	if t.id[s] == 0 {
		t.id[s] = id
	}
}

// find is the entry of a spelling, 0 if it has none.
func (t *trie) find(spelling string) uint16 {
	s := uint16(0)
	for i := range len(spelling) {
		if s = t.next[s][letterOf[spelling[i]]]; s == 0 {
			return 0
		}
	}
	return t.id[s]
}

// each calls f with every spelling, by the numbers of its letters, and its entry.
func (t *trie) each(f func(spelling []uint8, id uint16)) {
	var walk func(s uint16, spelling []uint8)
	walk = func(s uint16, spelling []uint8) {
		if t.id[s] != 0 {
			f(spelling, t.id[s])
		}
		for l, next := range t.next[s] {
			if next != 0 {
				walk(next, append(spelling, uint8(l))) //nolint:gosec // below letters
			}
		}
	}
	walk(0, nil)
}

// longest is the entry of the longest spelling that the word has at i, and how many of
// the word's letters it takes.
func (t *trie) longest(word []uint8, i int) (id uint16, size int) {
	s := uint16(0)
	for k, l := range word[i:] {
		if s = t.next[s][l&(letters-1)]; s == 0 {
			break
		}
		if t.id[s] != 0 {
			id, size = t.id[s], k+1
		}
	}
	return id, size
}
