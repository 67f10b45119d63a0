// SPDX-License-Identifier: Apache-2.0

package script

import (
	"math/bits"
	"slices"
)

// Most words that share a skeleton are far apart all the same. What follows tells so
// without aligning them: what each letter of the one costs at least where the letters of
// the other are known, and those of the other that none of them can take.

// maxBook is more than there are letters in all scripts: a power of two, so that a masked
// number needs no check.
const maxBook = 1024

// manner is one way to spell a letter: which of a to z it takes, as bits from the first.
type manner struct {
	takes uint32
	cost  uint8
}

// bearer is a letter that has a spelling, and at which cost.
type bearer struct {
	letter uint16
	cost   uint8
}

// manners are the ways to spell each letter, the cheapest first; bearers the letters that
// have a spelling, and takes what it takes, by its number; dropped is what it costs to
// leave a letter out.
var manners, bearers, takes, dropped = func() (m [][]manner, b [][]bearer, t []uint32, d [maxBook]uint8) {
	m, b, t = make([][]manner, len(book.letters)), make([][]bearer, maxSpellings), make([]uint32, maxSpellings)
	book.spellings.each(func(spelling []uint8, id uint16) {
		for _, l := range spelling {
			t[id] |= 1 << l
		}
		for letter := range book.letters {
			if c := book.costs[letter][id]; c != costUnfit {
				m[letter] = append(m[letter], manner{t[id], c})
				b[id] = append(b[id], bearer{uint16(letter), c}) //nolint:gosec // below maxBook
			}
		}
	})
	for i := range book.letters {
		d[i] = book.letters[i].dropped
		slices.SortFunc(m[i], func(x, y manner) int { return int(x.cost) - int(y.cost) })
	}
	return m, b, t, d
}()

// unspelt is what a letter costs at least that is not spelt: in a script that leaves
// vowels out, and in one that does not. One that is doubled costs less the second time.
var unspelt = func() (t [2][letters]uint8) {
	for l := range uint8(letters) {
		full, lean := costsUnspelt(l)
		if mute>>l&1 != 0 {
			full, lean = min(full, costMute), min(lean, costMute)
		}
		t[0][l], t[1][l] = lean, full
	}
	return t
}()

// reach is what the letters of other scripts cost at least in a Latin word.
type reach struct {
	// least is by letter, takes which of the word's letters it may take.
	least [maxBook]uint8
	takes [maxBook]uint32
	// has are the word's letters, and unspelt what all of one cost that no letter takes;
	// beside is what those cost that nothing takes.
	has     uint32
	unspelt [2][letters]int32
	beside  int32
}

// set reads the spellings of a word.
func (r *reach) set(l *spelled) {
	r.least = dropped
	clear(r.takes[:len(book.letters)])
	clear(r.unspelt[0][:])
	clear(r.unspelt[1][:])
	r.has, r.beside = 0, 0
	for i := range l.n {
		for _, id := range l.at[i][:l.reach[i]] {
			for _, b := range bearers[id] {
				r.least[b.letter] = min(r.least[b.letter], b.cost)
				r.takes[b.letter] |= takes[id]
			}
		}
		if l.letter[i] == 0 {
			r.beside += costForeign
			continue
		}
		r.has |= 1 << l.letter[i]
		r.unspelt[0][l.letter[i]] += int32(l.extra[0][i])
		r.unspelt[1][l.letter[i]] += int32(l.extra[1][i])
	}
}

// floor is what aligning the word with a native one costs at least, of a script that
// leaves vowels out if lean.
func (r *reach) floor(word []Letter, lean bool, limit int32) int32 {
	var ahead [longestRun + 1]int32 // what the places from i on cost, by i modulo its length
	taken := uint32(0)
	for i, l := range slices.Backward(word) {
		one := l.one() & (maxBook - 1)
		c := ahead[(i+1)&longestRun] + int32(r.least[one])
		taken |= r.takes[one]
		if many := l.many() & (maxBook - 1); many != 0 {
			c = min(c, ahead[(i+l.span())&longestRun]+int32(r.least[many]))
			taken |= r.takes[many]
		}
		ahead[i&longestRun] = c
	}
	sum := ahead[0] + r.beside
	if sum > limit {
		return sum
	}
	costs := &r.unspelt[1]
	if lean {
		costs = &r.unspelt[0]
	}
	for left := r.has &^ taken; left != 0; left &= left - 1 {
		sum += costs[bits.TrailingZeros32(left)&(letters-1)]
	}
	return sum
}

// floorIn is what aligning a native word with a Latin one costs at least that has those
// letters and no others.
func floorIn(word []Letter, has uint32, lean bool, limit int32) int32 {
	var ahead [longestRun + 1]int32
	taken := uint32(0)
	least := func(letter uint16) int32 {
		c := int32(book.letters[letter].dropped)
		for _, m := range manners[letter] {
			if m.takes&^has == 0 {
				c = min(c, int32(m.cost))
				taken |= m.takes
			}
		}
		return c
	}
	for i, l := range slices.Backward(word) {
		c := ahead[(i+1)&longestRun] + least(l.one())
		if many := l.many(); many != 0 {
			c = min(c, ahead[(i+l.span())&longestRun]+least(many))
		}
		ahead[i&longestRun] = c
	}
	sum := ahead[0]
	if sum > limit {
		return sum
	}
	costs := &unspelt[1]
	if lean {
		costs = &unspelt[0]
	}
	for left := has &^ taken; left != 0; left &= left - 1 {
		sum += int32(costs[bits.TrailingZeros32(left)&(letters-1)])
	}
	return sum
}
