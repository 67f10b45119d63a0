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
	// done is closed once the last hold is gone and what it held is closed.
	done chan struct{}
}

type indexed struct {
	Feed
	// content is nil when the feed is unavailable.
	content *content
}

// NewSet indexes the feeds. It takes over their snapshots: they are closed when no
// set that has them is in use any more, or at once when NewSet fails. The error wraps
// ErrProbe when a feed does not answer as its rows say it must.
func NewSet(feeds []Feed) (*Set, error) { return newSet(feeds, nil) }

// NextSet is NewSet, except that it takes what it can from the current set: a feed
// whose digest is the same keeps its index (the snapshot given for it is closed and may
// be nil), one whose rows changed is indexed as far as they did.
func (e *Engine) NextSet(feeds []Feed) (*Set, error) {
	current := e.acquire()
	defer current.release()
	return newSet(feeds, current)
}

func emptySet() *Set {
	set := &Set{done: make(chan struct{})}
	set.refs.Store(1)
	return set
}

func newSet(feeds []Feed, current *Set) (*Set, error) {
	set := emptySet()
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
		<-set.done
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
	if f.Blocks != nil && f.Blocks.Feed != f.ID {
		closeSnapshot(s)
		return errors.New("is given the blocks of another feed")
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
	source := newMapping(s)
	c, err := next(current.feedOf(f.ID), f.Digest, source)
	if err != nil {
		source.release()
		return err
	}
	f.content = c // with its hold on the snapshot, whatever comes
	return c.probe()
}

// next indexes a snapshot, from that of the same feed before it if there is one.
func next(before *content, digest string, source *mapping) (*content, error) {
	if before != nil {
		c, err := before.update(digest, source)
		if !errors.Is(err, errWhole) {
			return c, err
		}
	}
	return build(digest, source, hurry)
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

// feedOf finds the content of a feed. The caller holds the set.
func (s *Set) feedOf(id string) *content {
	if s == nil {
		return nil
	}
	for _, f := range s.feeds {
		if f.ID == id {
			return f.content
		}
	}
	return nil
}

// replace is the set with the content of one feed replaced; it takes over the hold on it.
func (s *Set) replace(old, with *content) *Set {
	set, taken := emptySet(), false
	for _, f := range s.feeds {
		in := &indexed{Feed: f.Feed, content: f.content}
		if f.content == old {
			in.content = with // of two feeds with one digest, both
		}
		if in.content == with && !taken {
			taken = true
		} else if in.content != nil {
			in.content.refs.Add(1)
		}
		set.feeds = append(set.feeds, in)
	}
	return set
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

// release gives a hold back. The last one closes the snapshots, apart from the search
// that may have had it: unmapping takes long.
func (s *Set) release() {
	if s.refs.Add(-1) == 0 {
		go s.drop()
	}
}

func (s *Set) drop() {
	defer close(s.done)
	for _, f := range s.feeds {
		if f.content != nil {
			f.content.release()
		}
	}
}

// Records is the number of records that can be searched.
func (s *Set) Records() int {
	n := 0
	for _, f := range s.feeds {
		if f.content != nil {
			n += f.content.index.records
		}
	}
	return n
}

// altered is the number of records that differ from the last index built whole.
func (s *Set) altered() int {
	n := 0
	for _, f := range s.feeds {
		if f.content != nil {
			n += f.content.altered()
		}
	}
	return n
}
