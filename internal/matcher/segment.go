// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"math"
	"slices"
	"unicode/utf8"
)

// segment is records indexed once. It is immutable, keeps nothing of the mapping it
// was built from, and holds few pointers, so that its size costs the garbage collector
// nothing. Sets that follow each other share it.
type segment struct {
	// entries are packed; docEnds bound them and docNames the names of a record, both
	// after a first 0.
	entries           []byte
	docEnds, docNames []uint32

	// nameDoc is a name's record; nameEnds bound its words in nameWords.
	nameDoc, nameEnds, nameWords []uint32
	// low are names that the publisher calls weak.
	low bits64

	// words are those of names, and joined neighbours, which find names and weigh nothing.
	words *dict
	// particles are the words that weigh little wherever they stand.
	particles []uint32
	// posts are the names that have a word, ascending; postEnds bound them.
	postEnds, posts []uint32
	// near are the words that have a deletion in a bucket; nearEnds bound them. Words
	// are compared when they are met, so a bucket may hold others.
	nearEnds, near []uint32
	nearShift      int

	// numbers are documents' numbers in normal form; refs the records that have one.
	numbers       *dict
	refEnds, refs []uint32
	// issuers are the countries of refs, packed.
	issuers []uint32
	// home is, for each word, the first segment of the chain that has it.
	home []place
}

// place is a word or a record in one of the segments of an index.
type place struct{ part, id uint32 }

func (s *segment) docs() int  { return len(s.docEnds) - 1 }
func (s *segment) names() int { return len(s.nameDoc) }

func (s *segment) packed(doc uint32) []byte {
	return s.entries[s.docEnds[doc]:s.docEnds[doc+1]]
}

func (s *segment) wordsOf(name uint32) []uint32 {
	return s.nameWords[s.nameEnds[name]:s.nameEnds[name+1]]
}

func (s *segment) postsOf(word uint32) []uint32 {
	return s.posts[s.postEnds[word]:s.postEnds[word+1]]
}

// isNear calls f with the words one edit from w, joined ones included.
func (s *segment) isNear(w string, f func(uint32)) {
	var seen [64]uint32
	found := seen[:0]
	deletions(w, func(h uint64) {
		b := bucket(h, s.nearShift)
		for _, id := range s.near[s.nearEnds[b]:s.nearEnds[b+1]] {
			if !slices.Contains(found, id) && oneEdit(w, s.words.text(id)) {
				found = append(found, id)
				f(id)
			}
		}
	})
}

// bucket spreads a hash over 2^(64-shift) buckets (Knuth 6.4, multiplicative hashing).
func bucket(h uint64, shift int) uint64 { return h * 0x9E3779B97F4A7C15 >> shift }

// distinct are the words of a name, and its joined neighbours, each once.
func (s *segment) distinct(name uint32, into []uint32) []uint32 {
	into = into[:0]
	words := s.wordsOf(name)
	for i, w := range words {
		if !slices.Contains(into, w) {
			into = append(into, w)
		}
		if i > 0 {
			if j, ok := s.words.find(s.words.text(words[i-1]) + s.words.text(w)); ok && !slices.Contains(into, j) {
				into = append(into, j)
			}
		}
	}
	return into
}

// pack writes a country code of up to four letters as a number; 0 is none.
func pack(code string) uint32 {
	var v uint32
	for i := range min(len(code), 4) {
		v = v<<8 | uint32(code[i])
	}
	return v
}

// layNear builds the buckets of deletions, in two passes over the words: how many each
// bucket gets, then which.
func (s *segment) layNear(pace func() error) error {
	count, most := 0, 0
	for id := range s.words.len() {
		if n := utf8.RuneCountInString(s.words.text(uint32(id))); n >= minFuzzy && n < maxFuzzy { //nolint:gosec // within the table
			most += n + 1
		}
	}
	s.nearShift = 63
	for buckets := 2; buckets < most/2; buckets *= 2 {
		s.nearShift--
	}
	ends := make([]uint32, 1<<(64-s.nearShift)+1)
	each := func(f func(id uint32, b uint64)) error {
		for id := range s.words.len() {
			if id%1024 == 0 {
				if err := pace(); err != nil {
					return err
				}
			}
			deletions(s.words.text(uint32(id)), func(h uint64) { f(uint32(id), bucket(h, s.nearShift)) }) //nolint:gosec // within the table
		}
		return nil
	}
	if err := each(func(_ uint32, b uint64) { ends[b]++; count++ }); err != nil {
		return err
	}
	s.near = make([]uint32, count)
	total := uint32(0)
	for b := range ends {
		total += ends[b]
		ends[b] = total
	}
	// Filling moves each end back to its bucket's start.
	s.nearEnds = ends
	return each(func(id uint32, b uint64) {
		ends[b]--
		s.near[ends[b]] = id
	})
}

// check fails when a place has wrapped.
func (s *segment) check() error {
	if max(len(s.entries), len(s.nameWords), len(s.posts), len(s.near), len(s.refs)) > math.MaxUint32 {
		return errSize
	}
	if err := s.words.check(); err != nil {
		return err
	}
	return s.numbers.check()
}
