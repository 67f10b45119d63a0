// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"slices"
	"sync/atomic"
)

const (
	// recentWords bounds how many words are remembered, recentAlike how many of a word.
	recentWords = 1 << 13
	recentAlike = 1 << 11
)

// recent remembers which words of a list are alike to one of its own: some words stand
// in a large share of all names. Words that only a subject bears are never remembered.
type recent struct {
	slots []atomic.Pointer[remembered]
}

type remembered struct {
	id    uint32
	alike []alikeWord
}

func newRecent(words int) recent {
	n := 1
	for n < recentWords && n < words/16 {
		n *= 2
	}
	return recent{make([]atomic.Pointer[remembered], n)}
}

// of returns what find returns, or returned for the same word not long ago.
func (r recent) of(id uint32, find func() []alikeWord) []alikeWord {
	slot := &r.slots[id*0x9E3779B1>>8&uint32(len(r.slots)-1)] //nolint:gosec // a power of two
	if known := slot.Load(); known != nil && known.id == id {
		return known.alike
	}
	found := find()
	if len(found) <= recentAlike {
		slot.Store(&remembered{id, slices.Clone(found)})
	}
	return found
}
