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
	// spelled is the word, or its usual spelling, native its letters where it has others.
	spelled spelled
	native  native
	// other is the word that it is compared with, and the memory of the comparison.
	other struct {
		latin      latinWord
		spelled    spelled
		native     native
		comparison comparison
		grid       grid
	}
}

// Set makes w the word, which must not change while w is used.
func (w *Word) Set(word string) {
	w.text, w.script = word, Of(word)
	switch w.script {
	case Latin:
		w.latin.set(word)
		spellingsAt(&w.spelled, word)
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
	most := int32(min(max(limit, 0), 1000) * 100)
	if s == w.script {
		if s != Latin {
			return cost(plain(w.text, other, most))
		}
		w.other.latin.set(other)
		return cost(w.other.comparison.edits(&w.latin, &w.other.latin, most))
	}
	if s == Other || w.script == Other {
		return float32(math.Inf(1))
	}
	// The script that says less of the sounds is the one whose letters are spelt, so that
	// the other way around costs the same.
	o := &w.other
	native, latin, spelt := &w.native, &o.spelled, w.script
	switch {
	case s == Latin:
		spellingsAt(&o.spelled, other)
	case w.script == Latin:
		o.native.set(other, s)
		native, latin, spelt = &o.native, &w.spelled, s
	default:
		o.native.set(other, s)
		if before(w.script, s) {
			o.spelled.setUsual(&o.native)
		} else {
			o.spelled.setUsual(&w.native)
			native, spelt = &o.native, s
		}
	}
	return cost(align(native, latin, abjad(spelt), most, &o.grid))
}

// Sketch is which units a Latin word has: enough to rule many words out without looking
// at their letters. It is 0 for other words.
type Sketch uint64

// SketchOf is the sketch of a word of script s.
func SketchOf(word string, s Script) Sketch {
	if s != Latin {
		return 0
	}
	var w latinWord
	w.set(word)
	return Sketch(w.met)
}

// Excludes reports whether Cost exceeds limit for every Latin word with that sketch. It
// is never true of other words.
func (w *Word) Excludes(s Sketch, limit float32) bool {
	if w.script != Latin || s == 0 {
		return false
	}
	most := int32(min(max(limit, 0), 1000) * 100)
	return w.other.comparison.floors.set(&w.latin, uint64(s), most) > most
}

// setUsual reads the usual spelling of a native word.
func (w *spelled) setUsual(n *native) {
	var buf [8 * maxLetters]byte
	spellingsAt(w, n.usual(buf[:0]))
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
