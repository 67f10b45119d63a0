// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"runtime"
	"slices"
)

const (
	// leastGathered is the share of the subject's weight that a name must have, unless it
	// has all of its own words in common.
	leastGathered = 0.5
	// commonAlone is the weight below which one word is too common to find longer names.
	commonAlone = 0.5
)

// clue is a word of the list that adds to the names that have it, which from and to bound
// among all posts.
type clue struct {
	word, from, to uint32
	gain           sum
	rare           bool
}

// cursorOf goes through the names that have a word.
type cursorOf struct {
	names []uint32
	gain  sum
}

// fewNames is how few names a word may have to be put down by block instead of being
// gone through with a cursor in each.
const fewNames = 32

// pending is, by block, what words of few names add.
type pending struct {
	rare, common [][]addition
}

type addition struct {
	name uint32
	gain sum
}

// span is names that follow each other, the last excluded; it begins where a block does.
type span struct{ from, to uint32 }

// longRange is how many names are worth a goroutine of their own.
const longRange = 8 * blockNames

// ranges is how many goroutines may share the names of the part.
func (s *segment) ranges() int { return max(1, min(s.names()/longRange, runtime.GOMAXPROCS(0))) }

// rangeOf is the k-th of n ranges of names.
func (s *segment) rangeOf(k, n int) span {
	blocks := (s.names() + blockNames - 1) / blockNames
	return span{uint32(blocks * k / n * blockNames), uint32(min(blocks*(k+1)/n*blockNames, s.names()))} //nolint:gosec // check has told
}

// gather calls compare with the names of a range that may be alike, many at a time: block by
// block, the names that have a rare word of the subject's are touched, common words add to
// those, and what has too little is passed over. It ends with the context.
func (p *part) gather(ctx context.Context, s *scratch, pl *plan, matches []match, in span, compare func(names []gathered)) error {
	s.table.fill(matches)
	common := p.cursors(s, pl, matches, in)
	for start := in.from; start < in.to; start += blockNames {
		if err := ctx.Err(); err != nil {
			s.pending.clear()
			return err
		}
		block, end := int(start/blockNames), start+blockNames
		for i := range s.cursors[:common] {
			c := &s.cursors[i]
			n := 0
			for ; n < len(c.names) && c.names[n] < end; n++ {
				s.touch(c.names[n], c.names[n]-start, c.gain)
			}
			c.names = c.names[n:]
		}
		for _, a := range s.pending.rare[block] {
			s.touch(a.name, a.name-start, a.gain)
		}
		for i := range s.cursors[common:] {
			c := &s.cursors[common+i]
			n := 0
			for ; n < len(c.names) && c.names[n] < end; n++ {
				if at := &s.sums[(c.names[n]-start)%blockNames]; *at != 0 {
					*at += c.gain
				}
			}
			c.names = c.names[n:]
		}
		for _, a := range s.pending.common[block] {
			if at := &s.sums[(a.name-start)%blockNames]; *at != 0 {
				*at += a.gain
			}
		}
		if names := p.enoughOf(s, pl, matches, start); len(names) > 0 {
			compare(names)
		}
	}
	s.pending.clear()
	return nil
}

// touch adds to a name.
func (s *scratch) touch(name, place uint32, gain sum) {
	at := &s.sums[place%blockNames]
	if *at == 0 {
		s.touched = append(s.touched, name)
	}
	*at += gain
}

// cursors sets a cursor on each word that matters and has many names, those names are
// found by first; it returns where the others begin. Words of few names are put down.
func (p *part) cursors(s *scratch, pl *plan, matches []match, in span) int {
	s.clues = s.clues[:0]
	for i := range matches {
		if s.table.first(matches[i].word) == uint32(i)+1 { //nolint:gosec // small
			if gain, rare := s.gainOf(pl, matches, i); gain > 0 {
				s.clues = append(s.clues, clue{word: matches[i].word, gain: gain, rare: rare})
			}
		}
	}
	for i := range s.clues {
		l := &s.clues[i]
		l.from, l.to = p.postEnds[l.word], p.postEnds[l.word+1]
	}
	s.ahead = 0
	for i := range s.clues {
		s.ahead += uint64(p.posts[s.clues[i].from])
	}
	s.cursors = s.cursors[:0]
	s.pending.fit(p.names()/blockNames + 1)
	common := 0
	for _, rare := range [2]bool{true, false} {
		put := s.pending.common
		if rare {
			put = s.pending.rare
		}
		for i := range s.clues {
			l := &s.clues[i]
			if l.rare != rare {
				continue
			}
			names := p.posts[l.from:l.to]
			if len(names) > fewNames {
				first, _ := slices.BinarySearch(names, in.from)
				s.cursors = append(s.cursors, cursorOf{names[first:], l.gain})
				continue
			}
			for _, n := range names {
				if n < in.from || n >= in.to {
					continue
				}
				put[n/blockNames] = append(put[n/blockNames], addition{n, l.gain})
			}
		}
		if rare {
			common = len(s.cursors)
		}
	}
	return common
}

// gainOf is what a word adds to the names that have it, by the matches that begin with the
// one given, and whether names are found by it. It stands for one word of the subject's,
// so what it adds is the most that any of its matches does.
func (s *scratch) gainOf(pl *plan, matches []match, first int) (most sum, rare bool) {
	for k := uint32(first) + 1; k != 0; k = s.table.next[k-1] { //nolint:gosec // small
		m := &matches[k-1]
		if tm := &pl.terms[m.term]; tm.gain > 0 {
			most = most.or(tm.sum(m))
			rare = rare || tm.rare
		}
	}
	return most, rare
}

func (p *pending) fit(blocks int) {
	for len(p.rare) < blocks {
		p.rare, p.common = append(p.rare, nil), append(p.common, nil)
	}
}

func (p *pending) clear() {
	for i := range p.rare {
		p.rare[i], p.common[i] = p.rare[i][:0], p.common[i][:0]
	}
}

// enoughOf are the touched names of a block that have enough, and clears the sums. What
// is read of each is read in a pass of its own, so that the reads do not wait for one another.
func (p *part) enoughOf(s *scratch, pl *plan, matches []match, start uint32) []gathered {
	out := s.gathered[:0]
	several := pl.telling > 1
	for _, name := range s.touched {
		at := &s.sums[(name-start)%blockNames]
		// Most names have one word in common and more than one.
		if got := *at; !several || got >= 2<<sumWord || p.single.has(name) {
			out = append(out, gathered{name: name, got: got})
		}
		*at = 0
	}
	s.touched, s.gathered = s.touched[:0], out
	left := out[:0]
	for _, g := range out {
		g.makeup = p.makeup[g.name]
		if g.makeup&hasRepeats != 0 {
			g.got = p.repeated(s, pl, matches, g.name)
		}
		if pl.enough(g.makeup, g.got) {
			left = append(left, g)
		}
	}
	return left
}

// repeated is what a name gathers that repeats words, each as often as it stands there.
func (p *part) repeated(s *scratch, pl *plan, matches []match, name uint32) (got sum) {
	for _, w := range p.wordsOf(name) {
		if k := s.table.first(w); k != 0 {
			gain, _ := s.gainOf(pl, matches, int(k-1))
			got += gain
		}
	}
	return got
}

// gathers reports whether gather would pass this name on.
func (p *part) gathers(s *scratch, pl *plan, matches []match, name uint32) bool {
	got, touched := p.repeated(s, pl, matches, name), false
	for w := range p.distinct(name) {
		if k := s.table.first(w); k != 0 {
			_, rare := s.gainOf(pl, matches, int(k-1))
			touched = touched || rare
		}
	}
	return touched && pl.enough(p.makeup[name], got)
}
