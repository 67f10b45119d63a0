// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/frontline-screening/frontline/internal/snapshot"
)

// Set is the feeds of a pool at one moment, indexed. It is immutable.
type Set struct {
	feeds []*indexed
	// refs counts the engine's own hold and the running searches.
	refs atomic.Int64
}

type indexed struct {
	Feed
	// content is nil when the feed is unavailable.
	content *content
}

// content is one snapshot with its index. Sets that follow each other share it while
// a feed's digest stays.
type content struct {
	digest   string
	snapshot *snapshot.Snapshot
	index    *index
	// refs counts the sets that hold it.
	refs atomic.Int64
}

// NewSet indexes the feeds. It takes over their snapshots: they are closed when no
// set that has them is in use any more, or at once when NewSet fails.
func NewSet(feeds []Feed) (*Set, error) { return newSet(feeds, nil) }

// NextSet is NewSet, except that a feed whose digest the current set has already keeps
// the index it has; the snapshot given for it is closed and may be nil.
func (e *Engine) NextSet(feeds []Feed) (*Set, error) {
	current := e.acquire()
	defer current.release()
	return newSet(feeds, current)
}

func newSet(feeds []Feed, current *Set) (*Set, error) {
	set := &Set{}
	set.refs.Store(1)
	seen := map[string]bool{}
	var failed error
	for _, f := range feeds {
		in := &indexed{Feed: f}
		in.Snapshot = nil
		set.feeds = append(set.feeds, in)
		if failed != nil {
			closeSnapshot(f.Snapshot)
			continue
		}
		if err := in.load(f.Snapshot, seen, current); err != nil {
			failed = fmt.Errorf("feed %s: %w", f.ID, err)
		}
	}
	if failed != nil {
		set.release()
		return nil, failed
	}
	return set, nil
}

func closeSnapshot(s *snapshot.Snapshot) {
	if s != nil {
		_ = s.Close()
	}
}

func (f *indexed) load(s *snapshot.Snapshot, seen map[string]bool, current *Set) error {
	if f.ID == "" || seen[f.ID] {
		closeSnapshot(s)
		return errors.New("has no id or is named twice in the set")
	}
	seen[f.ID] = true
	if f.Unavailable != "" {
		closeSnapshot(s)
		return nil
	}
	if c := current.contentOf(f.Digest); c != nil {
		closeSnapshot(s)
		c.refs.Add(1)
		f.content = c
		return nil
	}
	if s == nil {
		return errors.New("has neither a snapshot nor a reason why not")
	}
	index, err := newIndex(s)
	if err != nil {
		closeSnapshot(s)
		return err
	}
	f.content = &content{digest: f.Digest, snapshot: s, index: index}
	f.content.refs.Store(1)
	return nil
}

// contentOf finds content by its digest. The caller holds the set.
func (s *Set) contentOf(digest string) *content {
	if s == nil || digest == "" {
		return nil
	}
	for _, f := range s.feeds {
		if f.content != nil && f.content.digest == digest {
			return f.content
		}
	}
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
		if f.content != nil && f.content.refs.Add(-1) == 0 {
			_ = f.content.snapshot.Close()
		}
	}
}

// Records is the number of records that can be searched.
func (s *Set) Records() int {
	n := 0
	for _, f := range s.feeds {
		if f.content != nil {
			n += len(f.content.index.records)
		}
	}
	return n
}
