// SPDX-License-Identifier: Apache-2.0

package script

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Costs of writing a word in another script, in hundredths of an edit. A letter's usual
// spelling costs nothing.
const (
	costCommon  = 12  // another spelling that is common
	costRare    = 35  // one that is not
	costSilent  = 15  // a letter that is not written, where that is one of its spellings
	costDropped = 100 // a letter that is left out though it sounds
	costUnfit   = 255 // no spelling
)

// letter is a letter of an alphabet, or some that stand for one sound.
type letter struct {
	// slot is what the letter may stand for in a skeleton.
	slot slot
	// usual is its usual spelling, dropped what it costs to leave it out, in hundredths.
	usual   string
	dropped uint8
}

// run is letters of which the first is known: rest are the more others, at the beginning
// of a word alone if initial.
type run struct {
	rest    [longestRun - 1]rune
	more    uint8
	initial bool
	letter  uint16
}

// longestRun is how many letters a run has at most.
const longestRun = 3

// glyph is what begins with a rune: the letter that it is by itself, 0 for none, and
// runs of it and others, the longest first.
type glyph struct {
	letter uint16
	runs   []run
}

// alphabets are the compiled tables of all scripts. Letters are numbered from 1, in one
// sequence for all scripts.
type alphabets struct {
	// spellings numbers all spellings of letters, from 1.
	spellings trie
	letters   []letter
	// costs are those of each letter's spellings by their number, in hundredths of an
	// edit; costUnfit for those it does not have.
	costs [][maxSpellings]uint8
	// pages hold the glyphs of the runes up to U+FFFF by their upper byte.
	pages [256]*[256]glyph
	// names are the letters of kana and Han, which are parts of syllables.
	names [scripts]map[string]uint16
}

// maxSpellings is more than there are spellings: a power of two, so that a masked number
// needs no check.
const maxSpellings = 512

// book is compiled from tables at start, in about a millisecond, and not changed after.
var book = compile()

func compile() *alphabets {
	a := &alphabets{letters: make([]letter, 1, 512), costs: make([][maxSpellings]uint8, 1, 512)}
	// The first stands for letters that nothing is known of: unlike all others.
	a.letters[0].dropped, a.costs[0] = costDropped, unfit()
	// Spellings are numbered in order, so that those that are looked up together, which
	// begin alike, lie together.
	ids := map[string]uint16{}
	for _, table := range tables {
		for line := range strings.Lines(table) {
			if f := strings.Fields(line); len(f) > 2 {
				for _, spelling := range f[2:] {
					ids[spelling] = 0
				}
			}
		}
	}
	for i, spelling := range slices.Sorted(maps.Keys(ids)) {
		ids[spelling] = uint16(i + 1) //nolint:gosec // below maxSpellings, as a test sees
	}
	for s := range Script(scripts) {
		for line := range strings.Lines(tables[s]) {
			if f := strings.Fields(line); len(f) > 2 {
				a.enter(s, f[0], f[1], f[2:], ids)
			}
		}
	}
	for spelling, id := range ids {
		if letterOf[spelling[0]] != 0 {
			a.spellings.add(spelling, id)
		}
	}
	return a
}

// unfit are the costs of a letter without a spelling.
func unfit() (costs [maxSpellings]uint8) {
	for i := range costs {
		costs[i] = costUnfit
	}
	return costs
}

// enter adds a row of a table.
func (a *alphabets) enter(s Script, text, heard string, spellings []string, ids map[string]uint16) {
	id := uint16(len(a.letters)) //nolint:gosec // a few hundred
	l := letter{slot: slotOf(heard), dropped: costDropped}
	costs, cost := unfit(), uint8(0)
	for i, spelling := range spellings {
		switch spelling {
		case ":":
			cost = costCommon
		case "|":
			cost = costRare
		case "-":
			l.dropped = max(cost, costSilent)
			if i == 0 {
				l.dropped = 0
			}
		default:
			costs[ids[spelling]] = min(costs[ids[spelling]], cost)
			if i == 0 {
				l.usual = spelling
			}
		}
	}
	a.letters, a.costs = append(a.letters, l), append(a.costs, costs)
	if s == Kana || s == Han {
		if a.names[s] == nil {
			a.names[s] = map[string]uint16{}
		}
		a.names[s][text] = id
		return
	}
	text, initial := strings.CutPrefix(text, "^")
	if s == Hangul {
		text = norm.NFD.String(text) // syllables in the table are jamo in words
	}
	first, size := utf8.DecodeRuneInString(text)
	page := a.pages[first>>8]
	if page == nil {
		page = new([256]glyph)
		a.pages[first>>8] = page
	}
	g := &page[first&255]
	if len(text) == size && !initial {
		g.letter = id
		return
	}
	r := run{initial: initial, letter: id}
	for _, more := range text[size:] {
		r.rest[r.more] = more
		r.more++
	}
	g.runs = append(g.runs, r)
	slices.SortStableFunc(g.runs, func(x, y run) int { return int(y.more) - int(x.more) })
}

// Letter is a place of a native word: the letter there by itself, and the longest run
// that begins there, each by its number and 0 for none.
type Letter uint32

// runBits and spanBits are where the run begins in a Letter, and how many places it takes.
const (
	runBits  = 12
	spanBits = 24
)

func single(letter uint16) Letter { return Letter(letter) }

// with adds a run.
func (l Letter) with(run uint16, places uint8) Letter {
	return l | Letter(run)<<runBits | Letter(places)<<spanBits
}

func (l Letter) one() uint16  { return uint16(l & (1<<runBits - 1)) }            //nolint:gosec // twelve bits
func (l Letter) many() uint16 { return uint16(l >> runBits & (1<<runBits - 1)) } //nolint:gosec // twelve bits
func (l Letter) span() int    { return int(l >> spanBits) }

// native is a word of another script than Latin, by its letters.
type native struct {
	parts [maxLetters]Letter
	n     int
}

// letters are those of the word.
func (w *native) letters() []Letter { return w.parts[:w.n] }

// set reads a word, up to maxLetters of its letters.
func (w *native) set(word string, s Script) {
	w.n = 0
	switch s {
	case Kana:
		w.setKana(word)
		return
	case Han:
		w.setHan(word)
		return
	}
	var text [maxLetters + longestRun - 1]rune // zero where the word has ended
	for i := 0; i < len(word) && w.n < maxLetters; w.n++ {
		r, size := utf8.DecodeRuneInString(word[i:])
		text[w.n] = r
		i += size
	}
	for i := range w.n {
		p, r := Letter(0), text[i]
		if page := book.pages[uint8(r>>8)]; page != nil && r < 0x10000 { //nolint:gosec // the upper byte
			g := &page[r&255]
			p = single(g.letter)
			for k := range g.runs {
				run := &g.runs[k]
				if run.more > 0 && text[i+1] != run.rest[0] || run.more > 1 && text[i+2] != run.rest[1] || run.initial && i > 0 {
					continue
				}
				p = p.with(run.letter, run.more+1)
				break
			}
		}
		w.parts[i] = p
	}
}

// usual appends the usual spelling of a word's letters.
func usual(into []byte, word []Letter) []byte {
	for i := 0; i < len(word); {
		if many := word[i].many(); many != 0 {
			into = append(into, book.letters[many].usual...)
			i += word[i].span()
			continue
		}
		into = append(into, book.letters[word[i].one()].usual...)
		i++
	}
	return into
}

func nativeKeys(into []uint32, word string, s Script) []uint32 {
	if s == Other {
		return into
	}
	var w native
	w.set(word, s)
	o := slots{apart: true}
	for i := 0; i < w.n; {
		p := w.parts[i]
		if many := p.many(); many != 0 {
			o.add(&book.letters[many].slot)
			i += p.span()
			continue
		}
		if one := p.one(); one != 0 {
			o.add(&book.letters[one].slot)
		}
		i++
	}
	if o.n == 0 {
		return into
	}
	base := len(into)
	if s == Hangul || s == Kana || s == Han {
		return o.keys(into, base, mostNative, farNative, &east)
	}
	into = o.keys(into, base, mostNative-1, farNative, &west)
	return o.keys(into, base, mostNative, 0, &east)
}

// Usual spells a word in Latin letters, each letter as is usual; ok is false when
// nothing is known of its script. A word in Latin letters is its own spelling. Letters
// after the 48th are left out.
func Usual(word string) (latin string, ok bool) {
	s := Of(word)
	switch s {
	case Latin:
		return word, true
	case Other:
		return "", false
	}
	var w native
	w.set(word, s)
	var buf [4 * maxLetters]byte
	return string(usual(buf[:0], w.letters())), true
}
