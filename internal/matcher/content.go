// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"sync/atomic"

	"github.com/frontline-screening/frontline/internal/snapshot"
)

// mapping is an open snapshot. Searches never read it; what is built next from its rows
// does, and a comparison with one record.
type mapping struct {
	*snapshot.Snapshot
	refs atomic.Int64
}

func newMapping(s *snapshot.Snapshot) *mapping {
	m := &mapping{Snapshot: s}
	m.refs.Store(1)
	return m
}

func (m *mapping) release() {
	if m.refs.Add(-1) == 0 {
		_ = m.Close()
	}
}

// content is one snapshot with its index. Sets that follow each other share it while
// a feed's digest stays.
type content struct {
	digest string
	source *mapping
	index  *index
	// rows says, for each row of the snapshot in the order of the file, where the index
	// has it; starts bound the rows of each shard.
	rows   []place
	starts []uint32
	// refs counts the sets that hold it, and a build that reads it.
	refs atomic.Int64
	// failed is true once what was to be done for it beside searches failed. The engine's mu
	// guards it.
	failed bool
}

func newContent(digest string, source *mapping, parts []*part, rows []place, starts []uint32) *content {
	c := &content{digest: digest, source: source, index: newIndex(parts), rows: rows, starts: starts}
	c.refs.Store(1)
	return c
}

func (c *content) release() {
	if c.refs.Add(-1) == 0 {
		c.source.release()
	}
}

// build indexes a whole snapshot. It takes over a hold on the mapping unless it fails.
func build(digest string, source *mapping, pace func() error) (*content, error) {
	b := newBuilder(source.Records(), pace)
	rows := make([]place, 0, source.Records())
	starts := make([]uint32, 0, source.ShardCount()+1)
	for i := range source.ShardCount() {
		starts = append(starts, uint32(len(rows))) //nolint:gosec // check is told
		c := source.Cursor(i)
		for c.Next() {
			if err := b.add(c.Row()); err != nil {
				return nil, err
			}
			rows = append(rows, place{0, uint32(len(rows))}) //nolint:gosec // check is told
		}
		if err := c.Err(); err != nil {
			return nil, unreadable(err)
		}
	}
	starts = append(starts, uint32(len(rows))) //nolint:gosec // check is told
	s, err := b.finish()
	if err != nil {
		return nil, err
	}
	return newContent(digest, source, []*part{newPart(s)}, rows, starts), nil
}

// altered is how many rows an index cannot take from its base: those the base has that
// are no more, and those that later segments have.
func (c *content) altered() int {
	n := c.index.parts[0].gone
	for _, p := range c.index.parts[1:] {
		n += p.live()
	}
	return n
}

const (
	// rebuildAt is the share of altered rows, one in so many, at which an index is built anew in the background.
	rebuildAt = 10
	// wholeAt is the share of changed rows, one in so many, at which building anew costs
	// no more than what it saves.
	wholeAt = 3
	// maxParts bounds how many segments a search goes through: an update beyond it takes
	// those behind the base into its own.
	maxParts = 12
)

// outgrown reports whether the index should be built anew.
func (c *content) outgrown() bool {
	return c.altered()*rebuildAt > c.index.parts[0].docs()
}

// base is the segment that was built whole.
func (c *content) base() *part { return c.index.parts[0] }

// ahead reports whether the common words of the base have been looked up.
func (c *content) ahead() bool { return c.base().recent.ahead.Load() }
