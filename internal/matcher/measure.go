// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// Likeness is how alike two names are, 0 to 1; only its order means something. It is
// what a list of b alone would say of a, so no word is rarer than another.
func Likeness(a, b string) float64 {
	x, err := alone(&watchlist.Record{ID: "1", Type: watchlist.Person, Names: []watchlist.Name{{Full: b}}})
	if err != nil {
		return 0
	}
	q := &query{}
	q.addText(a)
	if len(q.names) == 0 || x.names == 0 {
		return 0
	}
	_, all := likenessTo(x, q, searchable, place{})
	return probability(all.best().said())
}

// Meet reports whether two words are brought together, so that names are compared.
func Meet(a, b string) bool {
	x, y := tokens(a), tokens(b)
	if len(x) != 1 || len(y) != 1 {
		return false
	}
	if x[0] == y[0] {
		return true
	}
	words := newDict(1)
	words.enter(y[0])
	looks, err := looksOf(words, hurry)
	if err != nil {
		return false
	}
	near, err := layNeighbours(words, looks.traits, hurry)
	if err != nil {
		return false
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	p := &part{segment: &segment{words: words, near: near, looks: looks, recent: newRecent(words.len())}}
	return len(p.lookUp(s, nil, 0, term{text: x[0]})) > 0
}
