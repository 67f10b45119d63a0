// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"github.com/frontline-screening/frontline/internal/matcher/script"
)

// looks is what is kept of the words of a list, by number, so that most need not be read
// again when they are compared.
type looks struct {
	traits []traits
	// units are those of words in Latin letters, at the places of their texts and ended by 0
	// where they are fewer than its bytes; letters are those of words in other scripts.
	units   []uint8
	letters []script.Letter
}

// traits are what is looked at of a word before its letters.
type traits struct {
	about
	// more is the sketch of a word in Latin letters, and where the letters of another are:
	// their number in the lowest eight bits.
	more uint64
}

func (t *traits) sketch() script.Sketch { return script.Sketch(t.more) }

// lettersOf are the letters of a word that is not in Latin ones.
func (l *looks) lettersOf(t *traits) []script.Letter {
	at := t.more >> 8
	return l.letters[at : at+t.more&0xff]
}

// unitsOf are the units of a word in Latin letters the text of which has these bounds.
func (l *looks) unitsOf(from, to uint32) []uint8 {
	units := l.units[from:to]
	for len(units) > 0 && units[len(units)-1] == 0 {
		units = units[:len(units)-1]
	}
	return units
}

func looksOf(words *dict, pace func() error) (looks, error) {
	l := looks{traits: make([]traits, words.len()), units: make([]uint8, words.arena.Len())}
	for id := range l.traits {
		if id%1024 == 0 {
			if err := pace(); err != nil {
				return l, err
			}
		}
		from, to := words.bounds(uint32(id)) //nolint:gosec // check has told
		l.traits[id] = l.look(words.arena.String()[from:to], from)
	}
	return l, nil
}

// look reads a word the text of which begins there, and keeps its units or its letters.
func (l *looks) look(word string, from uint32) traits {
	t := traits{about: aboutOf(word)}
	if s := t.script(); s == script.Latin {
		_, sketch := script.Units(l.units[from:from], word)
		t.more = uint64(sketch)
	} else {
		at := len(l.letters)
		l.letters = script.Letters(l.letters, word, s)
		t.more = uint64(at)<<8 | uint64(len(l.letters)-at) //nolint:gosec // at most 48 letters
	}
	return t
}
