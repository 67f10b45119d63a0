// SPDX-License-Identifier: Apache-2.0

package script

// Costs of Latin letters without a counterpart in the other script, in hundredths of an
// edit.
const (
	costVowel    = 15  // a vowel, where the script leaves vowels out
	costVowelToo = 50  // a vowel, where it does not
	costBreath   = 30  // h, w or y, where the script leaves vowels out
	costBreathTo = 60  // h, w or y, where it does not
	costAgain    = 12  // a letter doubled
	costMute     = 40  // a letter at the end that is often not spoken
	costForeign  = 100 // any other
)

// far is more than any cost.
const far = 1 << 20

// longestSpelling is how many letters the spellings in the tables have at most.
const longestSpelling = 7

// spelled is a word in Latin letters, ready to be aligned with native ones.
type spelled struct {
	// at are the spellings that begin at a place, by their length less one; 0 for none.
	at [maxLetters][longestSpelling]uint16
	// reach is how long the longest of them is.
	reach [maxLetters]uint8
	// extra is what it costs that the letter there has no counterpart, in hundredths of
	// an edit: in a script that leaves vowels out, and in one that does not.
	extra [2][maxLetters]uint8
	// letter is the number of the letter there.
	letter [maxLetters]uint8
	n      int
}

// spellingsAt reads a word in Latin letters, up to maxLetters of them, into w.
func spellingsAt[T string | []byte](w *spelled, word T) {
	w.n = min(len(word), maxLetters)
	var before uint8
	for i := range w.n {
		w.at[i], w.reach[i] = [longestSpelling]uint16{}, 0
		s := uint16(0)
		for k := 0; k < longestSpelling && i+k < w.n; k++ {
			if s = book.spellings.next[s][letterOf[word[i+k]]&(letters-1)]; s == 0 {
				break
			}
			if id := book.spellings.id[s]; id != 0 {
				w.at[i][k], w.reach[i] = id, uint8(k+1) //nolint:gosec // at most longestSpelling
			}
		}
		l := letterOf[word[i]]
		full, lean := costsUnspelt(l)
		if l == before && l != 0 {
			full, lean = costAgain, costAgain
		}
		w.letter[i] = l
		w.extra[0][i], w.extra[1][i] = lean, full
		before = l
	}
	// Up to two letters at the end, as in the orthography of French.
	for i := w.n - 1; i > 2 && i >= w.n-2 && mute>>letterOf[word[i]]&1 != 0; i-- {
		w.extra[0][i], w.extra[1][i] = min(w.extra[0][i], costMute), min(w.extra[1][i], costMute)
	}
}

// costsUnspelt is what it costs that a letter has no counterpart, in a script that writes
// vowels and in one that leaves them out.
func costsUnspelt(letter uint8) (full, lean uint8) {
	switch {
	case vowels>>letter&1 != 0:
		return costVowelToo, costVowel
	case breaths>>letter&1 != 0:
		return costBreathTo, costBreath
	}
	return costForeign, costForeign
}

// Sets of letters by their numbers.
const (
	vowels     = 1<<1 | 1<<5 | 1<<9 | 1<<15 | 1<<21 // a e i o u
	vowelsAndY = vowels | 1<<25
	mute       = 1<<4 | 1<<5 | 1<<16 | 1<<19 | 1<<20 | 1<<24 | 1<<26 // d e p s t x z
	breaths    = 1<<8 | 1<<23 | 1<<25                                // h w y
)

// grid is the rows of align, kept so that they need not be made anew for each
// comparison: as many as a run of letters reaches ahead and the one it begins in.
type grid [longestRun + 1]gridRow

type gridRow [maxLetters + 1 + longestSpelling]int32

// align is the least cost, in hundredths of an edit, at which the Latin word is a
// spelling of the native one, of a script that leaves vowels out if lean; more than
// limit when it exceeds that.
func align(word []Letter, l *spelled, lean bool, limit int32, mem *grid) int32 {
	// mem[i&3][j] is the least cost at which the native word up to i is the Latin one up
	// to j.
	for i := range mem {
		for j := range l.n + 1 {
			mem[i][j] = far
		}
	}
	mem[0][0] = 0
	extra := l.extra[1][:l.n]
	if lean {
		extra = l.extra[0][:l.n]
	}
	for i := 0; ; i++ {
		cur := &mem[i&3]
		c := cur[0]
		least := c
		for j, e := range extra {
			c = min(cur[j+1], c+int32(e))
			cur[j+1] = c
			least = min(least, c)
		}
		if i == len(word) {
			return cur[l.n]
		}
		p := word[i]
		if least <= limit {
			spell(cur, &mem[(i+1)&3], l, p.one(), limit)
			if many := p.many(); many != 0 {
				spell(cur, &mem[(i+p.span())&3], l, many, limit)
			}
		} else if mem.ahead(i, l.n) > limit {
			return least
		}
		for j := range cur[:l.n+1] {
			cur[j] = far
		}
	}
}

// ahead is the least cost in the rows after i, up to column n.
func (g *grid) ahead(i, n int) int32 {
	least := int32(far)
	for k := 1; k < 4; k++ {
		for _, c := range g[(i+k)&3][:n+1] {
			least = min(least, c)
		}
	}
	return least
}

// spell takes one letter from a row to another, in each of its spellings or none.
func spell(from, to *gridRow, l *spelled, letter uint16, limit int32) {
	costs, dropped := &book.costs[letter], int32(book.letters[letter].dropped)
	for j, base := range from[:l.n+1] {
		if base > limit {
			continue
		}
		to[j] = min(to[j], base+dropped)
		if j == l.n {
			break
		}
		at := &l.at[j]
		if c := costs[at[0]&(maxSpellings-1)]; c != costUnfit {
			to[j+1] = min(to[j+1], base+int32(c))
		}
		for k := 1; k < int(l.reach[j]); k++ {
			if c := costs[at[k]&(maxSpellings-1)]; c != costUnfit {
				to[j+k+1] = min(to[j+k+1], base+int32(c))
			}
		}
	}
}
