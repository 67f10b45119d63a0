// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"iter"
	"math"
	"slices"
)

// segment is records indexed once. It is immutable, keeps nothing of the mapping it
// was built from, and holds few pointers beside those of recent, so that its size costs
// the garbage collector little. Sets that follow each other share it.
type segment struct {
	// entries are packed; docEnds bound them and docNames the names of a record, both
	// after a first 0.
	entries           []byte
	docEnds, docNames []uint32
	// born is when the person of a record was, as far as it fits.
	born []born

	// nameDoc is a name's record; nameEnds bound its words in nameWords.
	nameDoc, nameEnds, nameWords []uint32
	// low are names that the publisher calls weak.
	low bits64

	// makeup is what a name is made of, single the names of one telling word at most.
	makeup []makeup
	single bits64

	words *dict
	looks
	// posts are the names that have a word, ascending; postEnds bound them.
	postEnds, posts []uint32
	near            neighbours
	recent          *recent

	// numbers are documents' numbers in normal form; refs the records that have one.
	numbers       *dict
	refEnds, refs []uint32
	// issuers are the countries of refs, packed.
	issuers []uint32
	// home is, for each word, the first segment of the chain that has it.
	home []place
}

// makeup is how many words of a name tell something, one at most in a name that repeats a
// word, and whether it has single letters, or repeats a word.
type makeup uint8

const (
	hasInitials makeup = 1 << (6 + iota)
	hasRepeats
)

func (m makeup) telling() int { return int(m &^ (hasInitials | hasRepeats)) }

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

// distinct are the words of a name, each once.
func (s *segment) distinct(name uint32) iter.Seq[uint32] {
	words := s.wordsOf(name)
	return func(yield func(uint32) bool) {
		for i, w := range words {
			if !slices.Contains(words[:i], w) && !yield(w) {
				return
			}
		}
	}
}

// pack writes a country code of up to four letters as a number; 0 is none.
func pack(code string) uint32 {
	var v uint32
	for i := range min(len(code), 4) {
		v = v<<8 | uint32(code[i])
	}
	return v
}

// check fails when a place has wrapped.
func (s *segment) check() error {
	if max(len(s.entries), len(s.nameWords), len(s.refs)) > math.MaxUint32 {
		return errSize
	}
	if s.words.len() > mostWords {
		return errSize
	}
	if err := s.words.check(); err != nil {
		return err
	}
	return s.numbers.check()
}
