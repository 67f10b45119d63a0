// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"fmt"
	"sync/atomic"
)

// Set is the feeds of a pool at one moment, indexed. It is immutable.
type Set struct {
	feeds []*indexed
	// refs counts the engine's own hold and the running searches.
	refs atomic.Int64
}

type indexed struct {
	Feed
	index *index
}

// NewSet indexes the feeds. It takes over their snapshots: they are closed when the
// set is replaced and its last search has ended, or at once when NewSet fails.
func NewSet(feeds []Feed) (*Set, error) {
	set := &Set{}
	set.refs.Store(1)
	seen := map[string]bool{}
	for _, f := range feeds {
		set.feeds = append(set.feeds, &indexed{Feed: f})
	}
	for _, f := range set.feeds {
		if err := f.build(seen); err != nil {
			set.release()
			return nil, fmt.Errorf("feed %s: %w", f.ID, err)
		}
	}
	return set, nil
}

func (f *indexed) build(seen map[string]bool) error {
	switch {
	case f.ID == "":
		return fmt.Errorf("a feed of the set has no id")
	case seen[f.ID]:
		return fmt.Errorf("named twice in the set")
	case f.Snapshot == nil && f.Unavailable == "":
		return fmt.Errorf("has neither a snapshot nor a reason why not")
	}
	seen[f.ID] = true
	if f.Snapshot == nil || f.Unavailable != "" {
		return nil
	}
	index, err := newIndex(f.Snapshot)
	if err != nil {
		return err
	}
	f.index = index
	return nil
}

// retain takes a hold; it fails once the last hold is gone.
func (s *Set) retain() bool {
	for {
		n := s.refs.Load()
		if n == 0 {
			return false
		}
		if s.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// release gives a hold back and closes the snapshots with the last one.
func (s *Set) release() {
	if s.refs.Add(-1) != 0 {
		return
	}
	for _, f := range s.feeds {
		if f.Snapshot != nil {
			_ = f.Snapshot.Close()
		}
	}
}

// Records is the number of records that can be searched.
func (s *Set) Records() int {
	n := 0
	for _, f := range s.feeds {
		if f.index != nil {
			n += f.Snapshot.Records()
		}
	}
	return n
}
