// SPDX-License-Identifier: Apache-2.0

package matcher

import "context"

const (
	// leastGathered is the share of the subject's weight that a name must have, unless it
	// has all of its own words in common.
	leastGathered = 0.5
	// commonAlone is the weight below which one word is too common to find longer names.
	commonAlone = 0.5
)

// sum is what a name has gathered: how many words, how much they tell, and how much of
// the subject's weight they are alike to. It is never less than what comparing finds.
type sum uint64

const (
	sumUnit = 4096
	sumTold = 28
	sumWord = 56
	sumMask = 1<<sumTold - 1
)

func (s sum) words() int     { return int(s >> sumWord) }
func (s sum) told() float64  { return float64(s>>sumTold&sumMask) / sumUnit }
func (s sum) cover() float64 { return float64(s&sumMask) / sumUnit }

// sum is what a match adds to the names that have its word.
func (tm *term) sum(m *match) sum {
	words := sum(1)
	if tm.way == wayJoined {
		words = sum(tm.to - tm.from)
	}
	told := m.weight
	if tm.way == wayLeft || tm.way == wayRight {
		told = tm.gain
	}
	alike := m.alike
	if tm.way != wayWhole {
		alike = 1 // what words written together are given back is more than they lack
	}
	return words<<sumWord | (sum(told*sumUnit)+1)<<sumTold | sum(tm.gain*alike*sumUnit) + 1
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

// gather calls compare with the names of a part that may be alike: block by block, the
// names that have a rare word of the subject's are touched, common words add to those,
// and what has too little is passed over. It ends with the context.
func (p *part) gather(ctx context.Context, s *scratch, pl *plan, matches []match, compare func(name uint32, got sum)) error {
	common := p.cursors(s, pl, matches)
	names := uint32(p.names()) //nolint:gosec // check has told
	for start := uint32(0); start < names; start += blockNames {
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
		p.look(s, pl, start, compare)
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
func (p *part) cursors(s *scratch, pl *plan, matches []match) int {
	s.cursors = s.cursors[:0]
	s.pending.fit(p.names()/blockNames + 1)
	common := 0
	for _, rare := range [2]bool{true, false} {
		put := s.pending.common
		if rare {
			put = s.pending.rare
		}
		for i := range matches {
			m := &matches[i]
			tm := &pl.terms[m.term]
			if tm.gain == 0 || tm.rare != rare {
				continue
			}
			names, gain := p.postsOf(m.word), tm.sum(m)
			if len(names) > fewNames {
				s.cursors = append(s.cursors, cursorOf{names, gain})
				continue
			}
			for _, n := range names {
				put[n/blockNames] = append(put[n/blockNames], addition{n, gain})
			}
		}
		if rare {
			common = len(s.cursors)
		}
	}
	return common
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

// look passes the touched names of a block on that have enough, and clears the sums.
func (p *part) look(s *scratch, pl *plan, start uint32, compare func(name uint32, got sum)) {
	alone := pl.telling > 1
	for _, name := range s.touched {
		got := s.sums[(name-start)%blockNames]
		s.sums[(name-start)%blockNames] = 0
		// Most names have one word in common and more than one.
		if alone && got < 2<<sumWord && !p.single.has(name) {
			continue
		}
		if p.enough(pl, name, got) && (len(p.dead) == 0 || !p.dead.has(p.nameDoc[name])) {
			compare(name, got)
		}
	}
	s.touched = s.touched[:0]
}

// enough reports whether a name with that sum is worth comparing.
func (p *part) enough(pl *plan, name uint32, got sum) bool {
	count, own := got.words(), int(p.telling[name])
	// One common word finds no more than names of two.
	if pl.alone && own > 2 && pl.total < commonAlone {
		return false
	}
	return count >= min(2, pl.telling, own) && (got.cover() >= leastGathered*float64(pl.total) || count >= own)
}

// most is more than the points that comparing a name with that sum can come to.
func (x *index) most(p *part, pl *plan, name uint32, got sum) float64 {
	points := pointsNone + pointsTold*x.scale*(got.told()+float64(pl.beside)-1)
	if p.initials.has(name) {
		return points // its letters may stand for any word
	}
	// What words lack of being alike counts as left over, which costs no more than it does
	// but for what each word that differs is given back.
	points += min(0, pointsExtra*max(0, float64(pl.total)-got.cover())/float64(pl.all)+(pointsEdited+pointsEdit)*float64(got.words()))
	if lacking := int(p.telling[name]) - got.words() - (len(pl.words) - pl.telling) - pl.split; lacking > 0 {
		least := weightLeast * float64(lacking)
		points += pointsMissing * least / (float64(pl.all) + least)
	}
	return points
}

// gathers reports whether gather would pass this name on.
func (p *part) gathers(s *scratch, pl *plan, matches []match, name uint32) bool {
	got, touched := sum(0), false
	for w := range p.distinct(name) {
		for k := s.table.first(w); k != 0; k = s.table.next[k-1] {
			if tm := &pl.terms[matches[k-1].term]; tm.gain > 0 {
				got += tm.sum(&matches[k-1])
				touched = touched || tm.rare
			}
		}
	}
	return touched && p.enough(pl, name, got)
}
