// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"errors"
	"fmt"
	"slices"

	"github.com/frontline-screening/frontline/internal/matcher/script"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/country"
)

// builder indexes rows into a segment.
type builder struct {
	seg     *segment
	numbers []place // number and record, as they come
	issuers []uint32
	pace    func() error
	scratch []uint32
}

// newBuilder expects so many rows. pace is called every few milliseconds of work; a
// build in the background rests there.
func newBuilder(rows int, pace func() error) *builder {
	return &builder{
		pace: pace,
		seg: &segment{
			docEnds: make([]uint32, 1, rows+1), docNames: make([]uint32, 1, rows+1), nameEnds: []uint32{0},
			words: newDict(rows), numbers: newDict(rows),
		},
	}
}

// segmentOf indexes the rows, given by shard and id.
func segmentOf(rows [][]byte, pace func() error) (*segment, error) {
	b := newBuilder(len(rows), pace)
	for _, row := range rows {
		if err := b.add(row); err != nil {
			return nil, err
		}
	}
	return b.finish()
}

func (b *builder) add(row []byte) error {
	s := b.seg
	if s.docs()%128 == 0 {
		if err := b.pace(); err != nil {
			return err
		}
	}
	r, err := snapshot.DecodeRow(row)
	if err != nil {
		return unreadable(err)
	}
	e, err := newEntry(&r)
	if err != nil {
		return fmt.Errorf("record %d: %w", s.docs()+1, err)
	}
	doc := uint32(s.docs()) //nolint:gosec // check is told
	s.entries = appendEntry(s.entries, &e)
	s.docEnds = append(s.docEnds, uint32(len(s.entries))) //nolint:gosec // check is told
	s.born = append(s.born, bornOf(e.births))
	for _, n := range r.Names {
		low := n.Quality == watchlist.Low
		b.addName(doc, n.Text(), low)
		if short := withoutBrackets(n.Text()); short != "" {
			b.addName(doc, short, low)
		}
		if n.Full != "" && n.Given != "" && n.Family != "" {
			b.addName(doc, n.Given+" "+n.Family, low)
		}
	}
	s.docNames = append(s.docNames, uint32(s.names())) //nolint:gosec // check is told
	for _, d := range r.Documents {
		code, _ := country.Resolve(d.Country)
		for _, key := range numbers(d.Number) {
			b.numbers = append(b.numbers, place{s.numbers.enter(key), doc})
			b.issuers = append(b.issuers, pack(code))
		}
	}
	return nil
}

// addName enters a name unless the record has the same words already.
func (b *builder) addName(doc uint32, text string, low bool) {
	s := b.seg
	parts := tokens(text)
	if len(parts) == 0 {
		return
	}
	words := b.scratch[:0]
	for _, p := range parts {
		words = append(words, s.words.enter(p))
	}
	b.scratch = words
	for n := s.docNames[doc]; n < uint32(s.names()); n++ { //nolint:gosec // check is told
		if slices.Equal(s.wordsOf(n), words) {
			if !low {
				s.low[n/64] &^= 1 << (n % 64)
			}
			return
		}
	}
	name := uint32(s.names()) //nolint:gosec // check is told
	if name%64 == 0 {
		s.low = append(s.low, 0)
	}
	if low {
		s.low.add(name)
	}
	s.nameDoc = append(s.nameDoc, doc)
	s.nameWords = append(s.nameWords, words...)
	s.nameEnds = append(s.nameEnds, uint32(len(s.nameWords))) //nolint:gosec // check is told
	if name%64 == 0 {
		s.single = append(s.single, 0)
	}
	telling, has := makeup(0), makeup(0)
	for i, p := range parts {
		if slices.Contains(words[:i], words[i]) {
			has |= hasRepeats
			continue
		}
		switch kindOf(p) {
		case kindTelling:
			telling++
		case kindInitial:
			has |= hasInitials
		case kindParticle:
		}
	}
	if has&hasRepeats != 0 {
		telling = min(telling, 1)
	}
	s.makeup = append(s.makeup, has|telling)
	if telling < 2 {
		s.single.add(name)
	}
}

// finish lays out the postings and the words' neighbours.
func (b *builder) finish() (*segment, error) {
	s := b.seg
	if err := s.check(); err != nil {
		return nil, err
	}
	var stopped error
	s.postEnds, s.posts = lay(s.words.len(), func(f func(key, value uint32)) {
		for n := range uint32(s.names()) { //nolint:gosec // check has told
			if n%4096 == 0 && stopped == nil {
				stopped = b.pace()
			}
			for w := range s.distinct(n) {
				f(w, n)
			}
		}
	})
	var at []uint32
	s.refEnds, at = lay(s.numbers.len(), func(f func(key, value uint32)) {
		for i, n := range b.numbers {
			f(n.part, uint32(i)) //nolint:gosec // check has told
		}
	})
	s.refs, s.issuers = make([]uint32, len(at)), make([]uint32, len(at))
	for i, j := range at {
		s.refs[i], s.issuers[i] = b.numbers[j].id, b.issuers[j]
	}
	s.recent = newRecent(s.words.len())
	var err error
	if s.looks, err = looksOf(s.words, b.pace); err != nil {
		return nil, err
	}
	if s.near, err = layNeighbours(s.words, s.traits, b.pace); err != nil || stopped != nil {
		return nil, errors.Join(stopped, err)
	}
	s.clip()
	return s, s.check()
}

// clip gives back what growing took beyond need.
func (s *segment) clip() {
	for _, list := range []*[]uint32{&s.docEnds, &s.docNames, &s.nameDoc, &s.nameEnds, &s.nameWords, &s.words.ends, &s.numbers.ends} {
		*list = append(make([]uint32, 0, len(*list)), *list...)
	}
	s.entries = append(make([]byte, 0, len(s.entries)), s.entries...)
	s.letters = append(make([]script.Letter, 0, len(s.letters)), s.letters...)
	s.makeup = append(make([]makeup, 0, len(s.makeup)), s.makeup...)
	s.born = append(make([]born, 0, len(s.born)), s.born...)
}

// lay groups values by key, in the order they come (counting sort). each must give the
// same pairs twice.
func lay(keys int, each func(func(key, value uint32))) (ends, values []uint32) {
	ends = make([]uint32, keys+2)
	pairs := 0
	each(func(key, _ uint32) { ends[key+2]++; pairs++ })
	for i := 1; i < len(ends); i++ {
		ends[i] += ends[i-1]
	}
	values = make([]uint32, pairs)
	// ends[key+1] is where the key starts, and where it ends once it is filled.
	each(func(key, value uint32) {
		values[ends[key+1]] = value
		ends[key+1]++
	})
	return ends[:keys+1], values
}
