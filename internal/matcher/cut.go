// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"iter"
	"strings"
)

const (
	// minCut is the shortest word, in runes, that is taken for the beginning of others.
	minCut = 4
	// alikeCut is how alike a word that the zone cut off is to one that begins with it.
	alikeCut = 0.9
)

// addCut appends the words of the list that begin with a term's word and go on; from is
// where the term's matches begin, which may have them already.
func (p *part) addCut(into []match, from, t int, text string) []match {
	to := len(into)
	for id := range p.words.beginning(text) {
		if p.traits[id].kind() == kindTelling {
			into = addBound(into, from, to, match{word: id, term: uint16(t), bond: bondCut, alike: alikeCut}) //nolint:gosec // few terms
		}
	}
	return into
}

// beginning gives the strings that begin with another and are longer. It looks at each of
// them, which takes some two milliseconds for a million: an index of beginnings would cost
// memory in every list, for the few names that fill their field of a zone.
func (d *dict) beginning(with string) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		all, at := d.arena.String(), d.ends[0]
		for id, end := range d.ends[1:] {
			if int(end-at) > len(with) && all[at] == with[0] && strings.HasPrefix(all[at:end], with) && !yield(uint32(id)) { //nolint:gosec // within the table
				return
			}
			at = end
		}
	}
}
