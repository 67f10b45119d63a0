// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/frontline-screening/frontline/internal/matcher/script"
)

// A plan is one name of a subject against one index: which words of the list are alike
// to its words, how much each tells, and which are worth starting from.
type plan struct {
	words []queryWord
	terms []term
	// matches are the words that are alike, by part, then term; looked those of one part, by
	// term.
	matches, looked [][]match
	// total is what the words weigh that names are gathered by, telling their number; all
	// is what all weigh, beside what those tell at most that names are not gathered by.
	total, all, beside float32
	telling            int
	// lightest is what so many of those words weigh at least.
	lightest [maxTokens + 1]float32
	// alone is true of a name with one word that tells something.
	alone bool
	// letters is true of a name with single letters and no word that tells something.
	letters bool
	// split is how many words may stand for two of a name, or two for one beside what is
	// gathered.
	split int
}

// way is how a term stands for words of the subject.
type way uint8

const (
	// wayWhole is one word.
	wayWhole way = iota
	// wayJoined is two neighbours, or three around a particle, written as one.
	wayJoined
	// wayTail is what follows a particle that one word begins with, wayNamed what
	// follows an article.
	wayTail
	wayNamed
	// wayLeft and wayRight are what one word begins and ends with.
	wayLeft
	wayRight
)

// term is something to look up.
type term struct {
	way way
	// from and to are the words of the subject it stands for, to excluded.
	from, to uint8
	// cut is true of a word that the zone cut off.
	cut  bool
	text string
	// gain is what a name is worth that has it.
	gain float32
	// rare is true when names are found by it; others it only adds to.
	rare bool
}

// match is a word of a segment that is alike to a term.
type match struct {
	word  uint32
	term  uint16
	bond  bond
	alike float32
	// weight is how much it tells: the more names have a word as alike or more, the less.
	weight float32
}

// bond is what makes a word alike.
type bond uint8

const (
	// bondLetters are its letters.
	bondLetters bond = iota
	// bondShort is that one is short for the other, bondCut that it goes on where the zone
	// ends. Which letters differ says nothing then.
	bondShort
	bondCut
)

const (
	// minTail is the shortest tail, in runes, minHalf the shortest half.
	minTail, minHalf = 4, 2
	// maxJoined is the longest join that is looked up, in bytes.
	maxJoined = 40
)

// prefixes are particles that are often written together with what follows.
var prefixes = []string{"عبدال", "عبد", "ابو", "abdul", "abdel", "abdal", "abdur", "abdol", "abdoul", "abd", "abu", "abou", "bin", "ben", "ibn", "bou", "de", "di", "van", "o", "mac", "mc"}

// articles are prefixes that come and go: what follows is as good without.
var articles = []string{"ال", "al", "el", "ul"}

// newPlan looks up the words of a name. The scratch holds what it returns until the next.
func (x *index) newPlan(s *scratch, words []queryWord) *plan {
	pl := &s.plan
	pl.words, pl.terms = words, pl.terms[:0]
	x.addTerms(pl)
	terms := len(pl.terms)
	for len(pl.matches) < len(x.parts) {
		pl.matches = append(pl.matches, nil)
	}
	for len(pl.looked) < terms {
		pl.looked = append(pl.looked, nil)
	}
	for i, p := range x.parts {
		look := func(s *scratch, t int) { pl.looked[t] = p.lookUp(s, pl.looked[t][:0], t, pl.terms[t]) }
		if p.words.len() < longList {
			for t := range terms {
				look(s, t)
			}
		} else {
			together(s, terms, look)
		}
		pl.matches[i] = pl.matches[i][:0]
		for _, found := range pl.looked[:terms] {
			pl.matches[i] = append(pl.matches[i], found...)
		}
		pl.matches[i] = p.addHalves(pl, pl.matches[i])
	}
	pl.countSplit(pl.matches[:len(x.parts)])
	x.weigh(s, pl)
	return pl
}

// countSplit counts the words that the list may write as two, and the pairs that names are
// not gathered by and that it may write as one.
func (pl *plan) countSplit(parts [][]match) {
	split := uint32(0)
	for _, matches := range parts {
		for i := range matches {
			tm := &pl.terms[matches[i].term]
			if tm.way > wayJoined || tm.way == wayJoined && !tells(pl.words[tm.from:tm.to]) {
				split |= 1 << tm.from
			}
		}
	}
	pl.split = bits.OnesCount32(split)
}

// addTerms lists what to look up for the words.
func (x *index) addTerms(pl *plan) {
	for i, w := range pl.words {
		pl.terms = append(pl.terms, term{way: wayWhole, from: uint8(i), to: uint8(i + 1), cut: w.cut, text: w.text}) //nolint:gosec // few words
	}
	join := func(from, to int) {
		var text strings.Builder
		for _, w := range pl.words[from:to] {
			text.WriteString(w.text)
		}
		if text.Len() <= maxJoined {
			pl.terms = append(pl.terms, term{way: wayJoined, from: uint8(from), to: uint8(to), text: text.String()}) //nolint:gosec // few words
		}
	}
	for i := 1; i < len(pl.words); i++ {
		join(i-1, i+1)
		if i+1 < len(pl.words) && pl.words[i].kind == kindParticle {
			join(i-1, i+2)
		}
	}
	for i, w := range pl.words {
		tail := func(w way, text string) {
			if n := utf8.RuneCountInString(text); n >= minTail || n >= 2 && script.Of(text) == script.Arabic {
				pl.terms = append(pl.terms, term{way: w, from: uint8(i), to: uint8(i + 1), text: text}) //nolint:gosec // few words
			}
		}
		if at := slices.IndexFunc(articles, func(a string) bool { return strings.HasPrefix(w.text, a) }); at >= 0 {
			tail(wayNamed, w.text[len(articles[at]):])
		}
		if at := slices.IndexFunc(prefixes, func(p string) bool { return strings.HasPrefix(w.text, p) }); at >= 0 {
			tail(wayTail, w.text[len(prefixes[at]):])
		}
	}
}

// lookUp appends the words of the part that are alike to a term.
func (p *part) lookUp(s *scratch, into []match, t int, tm term) []match {
	id, listed := p.words.find(tm.text)
	var found []alikeWord
	switch {
	case !listed:
		found = p.alikeTo(s, tm)
	case tm.way == wayJoined: // looked for with fewer edits
		found = p.alikeTo(s, tm)
	default:
		found = p.recent.of(id, func() []alikeWord { return p.alikeTo(s, tm) })
	}
	from := len(into)
	for _, w := range found {
		into = append(into, match{word: w.word(), term: uint16(t), alike: w.alike()}) //nolint:gosec // few terms
	}
	if tm.way == wayWhole {
		into = p.addShort(into, from, t, tm.text)
	}
	if tm.cut {
		into = p.addCut(into, from, t, tm.text)
	}
	return into
}

// addBound appends a match unless its word is among those from one place to another; there
// the more alike stays.
func addBound(into []match, from, to int, one match) []match {
	at := slices.IndexFunc(into[from:to], func(m match) bool { return m.word == one.word })
	if at < 0 {
		return append(into, one)
	}
	if m := &into[from+at]; m.alike < one.alike {
		*m = one
	}
	return into
}

// addHalves appends the words of the list that one of the subject's begins or ends with:
// the list may write it as two, and the other be misspelt.
func (p *part) addHalves(pl *plan, into []match) []match {
	for i, w := range pl.words {
		if w.kind != kindTelling || w.runes < 2*minHalf {
			continue
		}
		runes := 0
		for at := range w.text {
			if runes >= minHalf && w.runes-runes >= minHalf {
				if id, ok := p.words.find(w.text[:at]); ok && p.traits[id].kind() == kindTelling {
					into = append(into, pl.half(wayLeft, i, id))
				}
				if id, ok := p.words.find(w.text[at:]); ok && p.traits[id].kind() == kindTelling {
					into = append(into, pl.half(wayRight, i, id))
				}
			}
			runes++
		}
	}
	return into
}

func (pl *plan) half(w way, i int, word uint32) match {
	pl.terms = append(pl.terms, term{way: w, from: uint8(i), to: uint8(i + 1)}) //nolint:gosec // few words
	return match{word: word, term: uint16(len(pl.terms) - 1), alike: 1}         //nolint:gosec // few terms
}

// weigh says how much each match tells, and each term, and which terms names are found by.
func (x *index) weigh(s *scratch, pl *plan) {
	for len(s.weights) < len(pl.words) {
		s.weights = append(s.weights, 0)
	}
	pl.total, pl.telling, pl.all, pl.beside, pl.letters = 0, 0, 0, 0, false
	for i := range pl.words {
		s.weights[i], pl.words[i].known = x.rarity(0), false
	}
	for t := range pl.terms {
		if tm := &pl.terms[t]; tm.way == wayWhole || tm.way == wayJoined || tm.way == wayTail || tm.way == wayNamed {
			x.weighTerm(s, pl, t)
		}
	}
	pl.markGathered()
	for i := range pl.words {
		w := &pl.words[i]
		w.weight = s.weights[i]
		if w.kind != kindTelling && !w.gathered {
			w.weight = weightParticle
			if w.kind == kindInitial {
				w.weight = weightInitial
			}
		}
		switch {
		case w.gathered:
			pl.total += w.weight
			pl.telling++
			pl.letters = pl.letters || w.kind == kindInitial
		default:
			pl.beside += weightLeast
		}
		pl.all += w.weight
	}
	pl.alone = pl.telling == 1
	pl.choose()
}

// markGathered chooses the words that names are gathered by: those that tell something,
// or all if none does.
func (pl *plan) markGathered() {
	telling := tells(pl.words)
	for i := range pl.words {
		w := &pl.words[i]
		w.gathered = !telling || w.kind == kindTelling
	}
}

func tells(words []queryWord) bool {
	return slices.ContainsFunc(words, func(w queryWord) bool { return w.kind == kindTelling })
}

// weighTerm weighs the matches of one term: by how many names have a word as alike or more.
func (x *index) weighTerm(s *scratch, pl *plan, t int) {
	s.ranked = s.ranked[:0]
	for p := range x.parts {
		for i := range pl.matches[p] {
			if m := &pl.matches[p][i]; int(m.term) == t {
				s.ranked = append(s.ranked, ranked{m, x.parts[p].met[m.word]})
			}
		}
	}
	slices.SortFunc(s.ranked, func(a, b ranked) int { return cmp.Compare(b.alike, a.alike) })
	names := uint32(0)
	for i := 0; i < len(s.ranked); {
		end := i
		for ; end < len(s.ranked) && s.ranked[end].alike == s.ranked[i].alike; end++ {
			names += s.ranked[end].names
		}
		if s.ranked[i].alike == 1 && names > 0 && pl.terms[t].way == wayWhole {
			pl.words[pl.terms[t].from].known = true
		}
		weight := x.rarity(names)
		for ; i < end; i++ {
			s.ranked[i].weight = weight
		}
		if pl.terms[t].way == wayWhole && s.ranked[end-1].alike >= closeAlike {
			s.weights[pl.terms[t].from] = weight
		}
	}
}

// ranked is a match with how many live names have its word.
type ranked struct {
	*match
	names uint32
}

// choose sets what each term brings, and the terms names are found by: the rarest ones,
// so many that what is left could not make a candidate. Common words thus never widen
// a search by themselves.
func (pl *plan) choose() {
	var order [maxTokens]int
	n := 0
	for i, w := range pl.words {
		if w.gathered {
			order[n] = i
			n++
		}
	}
	slices.SortStableFunc(order[:n], func(a, b int) int { return cmp.Compare(pl.words[b].weight, pl.words[a].weight) })
	for i := range n {
		pl.lightest[i+1] = pl.lightest[i] + pl.words[order[n-1-i]].weight
	}
	var rare [maxTokens]bool
	left := pl.total
	for _, i := range order[:n] {
		if left < leastGathered*pl.total {
			break
		}
		rare[i] = true
		left -= pl.words[i].weight
	}
	for t := range pl.terms {
		tm := &pl.terms[t]
		tm.gain, tm.rare = 0, false
		for i := tm.from; i < tm.to; i++ {
			if pl.words[i].gathered {
				tm.gain += pl.words[i].weight
				tm.rare = tm.rare || rare[i]
			}
		}
	}
}
