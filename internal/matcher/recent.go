// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"cmp"
	"slices"
	"sync/atomic"
)

const (
	// commonWords is how many of a long list's words, those that most names have, are looked
	// up ahead; a list of fewer words than longList is searched as fast without.
	commonWords = 1 << 15
	longList    = 1 << 15
	// roomAhead is how many alike words may be kept for them, for each word of the list.
	roomAhead = 16
	// recentWords bounds how many others are remembered, recentAlike how many words that are
	// alike to one.
	recentWords = 1 << 13
	recentAlike = 1 << 12
)

// recent remembers which words of a list are alike to one of its own: some words stand
// in a large share of all names. Words that only a subject bears are never remembered.
type recent struct {
	// alike is by word.
	alike []atomic.Pointer[[]alikeWord]
	// ring are the words that were looked up by searches, plus one, in the order they came;
	// the next takes the place of the oldest.
	ring []atomic.Uint32
	next atomic.Uint32
	// ahead is true once the common words have been looked up.
	ahead atomic.Bool
}

func newRecent(words int) *recent {
	return &recent{
		alike: make([]atomic.Pointer[[]alikeWord], words), ring: make([]atomic.Uint32, min(recentWords, 1+words/16)),
	}
}

// of returns what find returns, or returned for the same word not long ago.
func (r *recent) of(id uint32, find func() []alikeWord) []alikeWord {
	if known := r.alike[id].Load(); known != nil {
		return *known
	}
	found := find()
	if len(found) <= recentAlike && r.put(id, found) {
		at := &r.ring[r.next.Add(1)%uint32(len(r.ring))] //nolint:gosec // small
		if oldest := at.Swap(id + 1); oldest != 0 {
			r.alike[oldest-1].Store(nil)
		}
	}
	return found
}

// put keeps a copy of what was found, unless another did.
func (r *recent) put(id uint32, found []alikeWord) bool {
	kept := slices.Clone(found)
	return r.alike[id].CompareAndSwap(nil, &kept)
}

// lookAhead looks up the words that most names have.
func (p *part) lookAhead(pace func() error) error {
	if p.words.len() >= longList {
		s := scratches.Get().(*scratch)
		defer scratches.Put(s)
		room := roomAhead * p.words.len()
		for _, w := range p.commonest(commonWords) {
			if err := pace(); err != nil {
				return err
			}
			if p.recent.alike[w].Load() != nil {
				continue
			}
			found := p.alikeTo(s, term{text: p.words.text(w)})
			if room -= len(found); room < 0 {
				break
			}
			p.recent.put(w, found)
		}
	}
	p.recent.ahead.Store(true)
	return nil
}

// commonest are the words that most names have, the commonest first.
func (s *segment) commonest(n int) []uint32 {
	names := func(w uint32) uint32 { return s.postEnds[w+1] - s.postEnds[w] }
	var out []uint32
	for w := range uint32(s.words.len()) { //nolint:gosec // check has told
		if names(w) > 1 {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b uint32) int { return cmp.Or(cmp.Compare(names(b), names(a)), cmp.Compare(a, b)) })
	return slices.Clone(out[:min(n, len(out))])
}
