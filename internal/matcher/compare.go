// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/frontline-screening/frontline/internal/matcher/script"
)

const (
	// alikeJoined is what writing two words as one leaves of how alike they are.
	alikeJoined = 0.97
	// alikeInitial is how alike an initial is to a word that begins with it.
	alikeInitial = 0.75
)

// pairing is the words of a subject's name and those of a listed one, as they are paired.
type pairing struct {
	cells []cell
	// subject and listed are how alike each word is to what it is paired with; 0 if to none.
	subject, listed [maxTokens]float32
	// to is where each word of the subject went.
	to [maxTokens]int8
}

// cell is one way to pair words: those of the subject from and to, those of the name at
// and end, both ends excluded.
type cell struct {
	from, to, at, end uint8
	// other is 1 where words are alike that are not the same, such as one without its
	// article: the same go first.
	other         uint8
	bond          bond
	alike, weight float32
}

// compare pairs the words of the subject with those of a name, the most alike first, and
// then initials.
func (x *index) compare(s *scratch, p *part, pl *plan, matches []match, name uint32) likeness {
	words := p.wordsOf(name)
	c := &s.pairing
	c.list(x, s, p, pl, matches, words)
	slices.SortFunc(c.cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(b.alike, a.alike), cmp.Compare(a.other, b.other), cmp.Compare(b.weight, a.weight), cmp.Compare(a.from, b.from), cmp.Compare(a.at, b.at),
			cmp.Compare(b.to, a.to), cmp.Compare(b.end, a.end))
	})
	var l likeness
	for i := range pl.words {
		c.subject[i], c.to[i] = 0, -1
	}
	for j := range words {
		c.listed[j] = 0
	}
	for i := range c.cells {
		if one := &c.cells[i]; c.pair(pl, one, &l) && one.alike < 1 && one.bond == bondLetters {
			p.differ(pl, words, one, &l)
		}
	}
	if l.equal+l.edited+l.short+l.cut+l.joined > 0 {
		c.initials(p, pl, words, &l)
	}
	c.sum(x, p, pl, words, &l)
	return l
}

// list collects the ways to pair.
func (c *pairing) list(x *index, s *scratch, p *part, pl *plan, matches []match, words []uint32) {
	t := &s.table
	c.cells = c.cells[:0]
	for j, w := range words {
		for k := t.first(w); k != 0; k = t.next[k-1] {
			m := &matches[k-1]
			tm := &pl.terms[m.term]
			one := cell{from: tm.from, to: tm.to, at: uint8(j), end: uint8(j + 1), bond: m.bond, alike: m.alike, weight: m.weight} //nolint:gosec // few words
			switch tm.way {
			case wayWhole:
				if m.alike == 1 && p.words.text(w) != tm.text {
					one.other = 1
				}
			case wayJoined:
				one.alike *= alikeJoined
			case wayTail, wayNamed:
				// What the word begins with stands before its tail, in one word or two.
				if j == 0 || !p.isPrefix(words[j-1]) {
					if tm.way == wayTail {
						continue
					}
					one.other = 1
					break
				}
				one.alike *= alikeJoined
				one.at--
				if j > 1 && p.traits[words[j-1]].kind() == kindParticle && p.isPrefix(words[j-2]) {
					one.at--
				}
			case wayLeft, wayRight:
				if tm.way == wayRight {
					one.at--
				}
				if one.alike = s.written(p, pl.words[tm.from].text, words, int(int8(one.at))); one.alike < leastAlike { //nolint:gosec // -1 before the first
					continue
				}
				// Two words written as one tell no more than the two.
				one.end, one.weight = one.at+2, min(pl.words[tm.from].weight, x.weight(p, words[one.at])+x.weight(p, words[one.at+1]))
			}
			if tm.gain == 0 && pl.words[tm.from].kind != kindTelling {
				one.weight = weightLeast // what comes and goes tells little
			}
			c.cells = append(c.cells, one)
		}
	}
}

// written is how alike a word is to two neighbours of a name written as one; 0 if there
// are no two.
func (s *scratch) written(p *part, text string, words []uint32, at int) float32 {
	if at < 0 || at+1 >= len(words) {
		return 0
	}
	var room [2 * maxJoined]byte
	joined := append(room[:0], p.words.text(words[at])...)
	joined = append(joined, p.words.text(words[at+1])...)
	if string(joined) == text {
		return alikeJoined
	}
	if len(joined) > 2*maxJoined {
		return 0
	}
	own, other := aboutOf(text), aboutOf(string(joined))
	s.word.Set(text)
	return alikeJoined * alike(&s.word, own, other, string(joined), 2)
}

func (p *part) isPrefix(word uint32) bool {
	return p.traits[word].kind() == kindParticle || slices.Contains(prefixes, p.words.text(word))
}

// pair takes a cell if none of its words is paired yet.
func (c *pairing) pair(pl *plan, one *cell, l *likeness) bool {
	for i := one.from; i < one.to; i++ {
		if c.subject[i] != 0 {
			return false
		}
	}
	for j := one.at; j < one.end; j++ {
		if c.listed[j] != 0 {
			return false
		}
	}
	for i := one.from; i < one.to; i++ {
		c.subject[i], c.to[i] = one.alike, int8(one.at) //nolint:gosec // few words
	}
	for j := one.at; j < one.end; j++ {
		c.listed[j] = one.alike
	}
	l.told += one.weight
	for i := one.from; i < one.to; i++ {
		if one.alike < 1 && one.bond == bondLetters && pl.words[i].known {
			l.known += (1 - one.alike) * pl.words[i].weight
		}
	}
	switch {
	case one.to-one.from > 1 || one.end-one.at > 1:
		l.joined++
	case one.alike == 1:
		l.equal++
		l.spelt += int(one.other)
	case one.bond == bondShort:
		l.short++
	case one.bond == bondCut:
		l.cut++
	default:
		l.edited++
	}
	return true
}

// initials pairs what is left, where one is a single letter and the other begins with it.
func (c *pairing) initials(p *part, pl *plan, words []uint32, l *likeness) {
	for i := range pl.words {
		w := &pl.words[i]
		if c.subject[i] != 0 {
			continue
		}
		for j, n := range words {
			if c.listed[j] != 0 || w.kind != kindInitial && p.traits[n].kind() != kindInitial || !initial(w.text, p.words.text(n)) {
				continue
			}
			c.subject[i], c.listed[j], c.to[i] = alikeInitial, alikeInitial, int8(j) //nolint:gosec // few words
			l.initials++
			break
		}
	}
}

// initial reports whether two words begin with the same letter.
func initial(a, b string) bool {
	p, _ := utf8.DecodeRuneInString(a)
	q, _ := utf8.DecodeRuneInString(b)
	return p == q
}

// sum adds up what is alike and what is left over on either side.
func (c *pairing) sum(x *index, p *part, pl *plan, words []uint32, l *likeness) {
	var alike, met float32
	for i := range pl.words {
		w := &pl.words[i]
		if a := c.subject[i]; a > 0 {
			weight := w.weight
			if a == alikeInitial {
				weight = weightInitial
			}
			met += weight
			alike += weight * a
			if w.kind == kindTelling && a != alikeInitial {
				l.paired++
			}
			continue
		}
		l.extra += w.weight
		l.left++
	}
	last := int8(-1)
	for i := range pl.words {
		if c.to[i] >= 0 {
			l.reordered = l.reordered || c.to[i] < last
			last = c.to[i]
		}
	}
	for j, n := range words {
		if c.listed[j] > 0 {
			continue
		}
		l.missing += x.weight(p, n)
		l.lacking++
	}
	l.met, l.alike = met, alike/max(met, 1e-6)
	if x.plain {
		l.told = plainTold
	}
	l.rate(x.scale)
}

// differ counts how the words of a pair differ.
func (p *part) differ(pl *plan, words []uint32, one *cell, l *likeness) {
	var roomA, roomB [2 * maxJoined]byte
	a, b := roomA[:0], roomB[:0]
	for _, w := range pl.words[one.from:one.to] {
		a = append(a, w.text...)
	}
	for _, w := range words[one.at:one.end] {
		b = append(b, p.words.text(w)...)
	}
	if script.Of(pl.words[one.from].text) != script.Of(p.words.text(words[one.at])) {
		l.foreign++
	} else {
		l.edits += edits(a, b)
	}
}
