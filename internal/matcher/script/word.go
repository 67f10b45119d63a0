// SPDX-License-Identifier: Apache-2.0

package script

import (
	"math"
	"unicode/utf8"
)

// Word is a word prepared for being compared with many others of any script. The zero
// value is a word without letters. It holds several kilobytes and is meant to be used
// again; one Word is not for several goroutines at once.
type Word struct {
	text   string
	script Script
	latin  latinWord
	room   latinRoom
	native native
	// spelled is the word, or its usual spelling, and reach what others cost in it, once
	// either is asked for.
	spelled spelled
	reach   reach
	spelt   bool
	// other is the word that it is compared with, and the memory of the comparison.
	other struct {
		room       latinRoom
		spelled    spelled
		native     native
		comparison comparison
		grid       grid
	}
}

// Set makes w the word, which must not change while w is used.
func (w *Word) Set(word string) {
	w.text, w.script, w.spelt = word, Of(word), false
	switch w.script {
	case Latin:
		w.latin = w.room.read(word)
	case Other:
	default:
		w.native.set(word, w.script)
	}
}

// Cost is what it costs, in edits, to take one word for the other: 0 for equal words,
// little for spellings of one sound, 1 for a letter that is more, less or another. It
// looks at the first 48 letters. It is +Inf when nothing is known of one of the scripts,
// and otherwise the same both ways. What exceeds limit may be told as anything above it.
func (w *Word) Cost(other string, limit float32) float32 { return w.CostTo(other, Of(other), limit) }

// CostTo is Cost for a word whose script s is known already.
func (w *Word) CostTo(other string, s Script, limit float32) float32 {
	if w.text == other {
		return 0
	}
	o, most := &w.other, hundredths(limit)
	switch {
	case s == w.script && s != Latin:
		return cost(plain(w.text, other, most))
	case s == w.script:
		latin := o.room.read(other)
		return cost(o.comparison.edits(&w.latin, &latin, most))
	case s == Other || w.script == Other:
		return float32(math.Inf(1))
	case s == Latin:
		spellingsAt(&o.spelled, other)
		return cost(align(w.native.letters(), &o.spelled, abjad(w.script), most, &o.grid))
	}
	o.native.set(other, s)
	return w.CostToLetters(o.native.letters(), s, limit)
}

// Letters appends the letters of a word of script s to into, for CostToLetters; none if
// the script is Latin or Other.
func Letters(into []Letter, word string, s Script) []Letter {
	if s == Latin || s == Other {
		return into
	}
	var w native
	w.set(word, s)
	return append(into, w.letters()...)
}

// CostToLetters is CostTo for a word of another script that has been read by Letters.
func (w *Word) CostToLetters(other []Letter, s Script, limit float32) float32 {
	o, most := &w.other, hundredths(limit)
	if w.script == Other {
		return float32(math.Inf(1))
	}
	// The script that says less of the sounds is the one whose letters are spelt, so that
	// the other way around costs the same.
	if w.script != Latin && before(w.script, s) {
		o.spelled.setUsual(other)
		return cost(align(w.native.letters(), &o.spelled, abjad(w.script), most, &o.grid))
	}
	w.spell()
	if floor := w.reach.floor(other, abjad(s), most); floor > most {
		return cost(floor)
	}
	return cost(align(other, &w.spelled, abjad(s), most, &o.grid))
}

// spell reads the word, or its usual spelling, and what others cost in it.
func (w *Word) spell() {
	if w.spelt {
		return
	}
	w.spelt = true
	if w.script == Latin {
		spellingsAt(&w.spelled, w.text)
	} else {
		w.spelled.setUsual(w.native.letters())
	}
	w.reach.set(&w.spelled)
}

// ExcludesLatin reports whether Cost exceeds limit for every Latin word that has those
// letters, as bits from 1 for a. It is never true of a Latin word.
func (w *Word) ExcludesLatin(letters uint32, limit float32) bool {
	if w.script == Latin || w.script == Other {
		return false
	}
	most := hundredths(limit)
	return floorIn(w.native.letters(), letters, abjad(w.script), most) > most
}

func hundredths(edits float32) int32 { return int32(min(max(edits, 0), 1000) * 100) }

// Sketch is which units a Latin word has: enough to rule many words out without looking
// at their letters. It is 0 for other words.
type Sketch uint64

// Units appends the units of a Latin word to into, at most one for each of its bytes,
// and gives its sketch.
func Units(into []uint8, word string) ([]uint8, Sketch) {
	var room latinRoom
	w := room.read(word)
	return append(into, w.units...), Sketch(w.met)
}

// CostToUnits is Cost between two Latin words, the other of which has been read by Units.
func (w *Word) CostToUnits(other []uint8, s Sketch, limit float32) float32 {
	if w.script != Latin {
		return float32(math.Inf(1))
	}
	return cost(w.other.comparison.edits(&w.latin, &latinWord{other, uint64(s)}, hundredths(limit)))
}

// Excludes reports whether Cost exceeds limit for every Latin word with that sketch. It
// is never true of other words.
func (w *Word) Excludes(s Sketch, limit float32) bool {
	if w.script != Latin || s == 0 {
		return false
	}
	most := hundredths(limit)
	return w.other.comparison.floors.set(&w.latin, uint64(s), most) > most
}

// setUsual reads the usual spelling of a native word.
func (w *spelled) setUsual(word []Letter) {
	var buf [8 * maxLetters]byte
	spellingsAt(w, usual(buf[:0], word))
}

// abjad reports whether a script leaves vowels out.
func abjad(s Script) bool { return s == Arabic || s == Hebrew }

// before reports whether words of s rather than t are spelt when the two meet.
func before(s, t Script) bool {
	if abjad(s) != abjad(t) {
		return abjad(s)
	}
	return s > t
}

func cost(hundredths int32) float32 { return float32(hundredths) / 100 }

// plain is the edit distance, in hundredths of an edit, of two words of one script that
// is not Latin; two neighbours exchanged are one edit.
func plain(a, b string, limit int32) int32 {
	var bufA, bufB [maxLetters]rune
	x, y := runes(a, &bufA), runes(b, &bufB)
	if d := len(x) - len(y); int32(max(d, -d))*costEdit > limit { //nolint:gosec // below maxLetters
		return int32(max(d, -d)) * costEdit //nolint:gosec // below maxLetters
	}
	var rows [3][maxLetters + 1]int32
	before, above, row := &rows[0], &rows[1], &rows[2]
	for j := range y {
		above[j+1] = above[j] + costEdit
	}
	for i, r := range x {
		row[0] = above[0] + costEdit
		for j, s := range y {
			c := above[j]
			if r != s {
				c += costEdit
			}
			c = min(c, above[j+1]+costEdit, row[j]+costEdit)
			if i > 0 && j > 0 && r == y[j-1] && x[i-1] == s {
				c = min(c, before[j-1]+costEdit)
			}
			row[j+1] = c
		}
		before, above, row = above, row, before
	}
	return above[len(y)]
}

// runes are the first letters of a word.
func runes(s string, into *[maxLetters]rune) []rune {
	n := 0
	for i := 0; i < len(s) && n < maxLetters; n++ {
		r, size := utf8.DecodeRuneInString(s[i:])
		into[n] = folded(r)
		i += size
	}
	return into[:n]
}

// folded is the letter that another is written for in the same script.
func folded(r rune) rune {
	switch r {
	case 'ى', 'ی', 'ې', 'ئ':
		return 'ي'
	case 'ک', 'ګ':
		return 'ك'
	case 'ة', 'ہ', 'ھ':
		return 'ه'
	case 'أ', 'إ', 'آ', 'ٱ':
		return 'ا'
	case 'ؤ':
		return 'و'
	case 'ґ', 'ғ':
		return 'г'
	case 'і', 'ї', 'ы':
		return 'и'
	case 'є', 'э':
		return 'е'
	case 'ς':
		return 'σ'
	case 'ך':
		return 'כ'
	case 'ם':
		return 'מ'
	case 'ן':
		return 'נ'
	case 'ף':
		return 'פ'
	case 'ץ':
		return 'צ'
	}
	if 0x3041 <= r && r <= 0x3096 {
		return r + 0x60 // hiragana
	}
	return r
}
