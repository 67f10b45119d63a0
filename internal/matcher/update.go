// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/frontline-screening/frontline/internal/snapshot"
)

// unreadable is the error of a snapshot whose rows are damaged.
func unreadable(err error) error { return fmt.Errorf("snapshot: %w; fetch it again", err) }

// change is what becomes of an index when one snapshot follows another.
type change struct {
	// rows and starts are those of the next content.
	rows   []place
	starts []uint32
	// dead are the records that are no more, by part.
	dead [][]uint32
	// fresh are rows to be indexed, as one more part.
	fresh [][]byte
	// keep is how many parts stay; live records of the others are among fresh.
	keep int
}

// errWhole says that an update is no way from one snapshot to the other.
var errWhole = errors.New("must be built anew")

// update makes the content of a snapshot from that of another of the same feed: rows
// that are the same bytes keep their place in the index, the others are masked and
// indexed. The error is errWhole when too much changed, or the rows are in another order.
func (c *content) update(digest string, source *mapping) (*content, error) {
	diff, err := c.diff(source)
	if err != nil {
		return nil, err
	}
	if len(diff.fresh)*wholeAt > len(diff.rows) {
		return nil, errWhole
	}
	parts := make([]*part, diff.keep, diff.keep+1)
	for i := range parts {
		parts[i] = c.index.parts[i].without(diff.dead[i])
	}
	if len(diff.fresh) > 0 {
		s, err := segmentOf(diff.fresh, hurry)
		if err != nil {
			return nil, err
		}
		s.settle(parts)
		parts = append(parts, newPart(s))
	}
	return newContent(digest, source, parts, diff.rows, diff.starts), nil
}

// diff walks both snapshots, shard by shard, in the order of ids.
func (c *content) diff(source *mapping) (*change, error) {
	shards := source.ShardCount()
	if shards != c.source.ShardCount() {
		return nil, errWhole
	}
	d := &change{
		rows: make([]place, 0, source.Records()), starts: make([]uint32, 0, shards+1),
		dead: make([][]uint32, len(c.index.parts)), keep: len(c.index.parts),
	}
	if d.keep >= maxParts {
		d.keep = 1
	}
	whole := d.keep == len(c.index.parts)
	for i := range shards {
		d.starts = append(d.starts, uint32(len(d.rows))) //nolint:gosec // 2^31 rows are the most
		places := c.rows[c.starts[i]:c.starts[i+1]]
		if whole && bytes.Equal(c.source.Shard(i), source.Shard(i)) {
			d.rows = append(d.rows, places...)
			continue
		}
		if err := d.shard(cursor{Cursor: c.source.Cursor(i)}, cursor{Cursor: source.Cursor(i)}, places, whole); err != nil {
			return nil, fmt.Errorf("shard %d: %w", i, err)
		}
	}
	d.starts = append(d.starts, uint32(len(d.rows))) //nolint:gosec // 2^31 rows are the most
	return d, nil
}

// shard merges the rows of one shard, whole being whether all that is the same stays.
func (d *change) shard(old, next cursor, places []place, whole bool) error {
	both := func() error {
		if whole {
			n := snapshot.SkipEqual(&old.Cursor, &next.Cursor)
			d.rows = append(d.rows, places[:n]...)
			places = places[n:]
		}
		return errors.Join(old.step(), next.step())
	}
	if err := both(); err != nil {
		return err
	}
	for old.id != nil || next.id != nil {
		order := bytes.Compare(old.id, next.id)
		switch {
		case next.id == nil:
			order = -1
		case old.id == nil:
			order = 1
		}
		step := both
		switch {
		case order < 0:
			d.drop(places[0])
			places, step = places[1:], old.step
		case order > 0:
			d.add(next.Row())
			step = next.step
		case int(places[0].part) < d.keep && bytes.Equal(old.Row(), next.Row()):
			d.rows, places = append(d.rows, places[0]), places[1:]
		default:
			d.drop(places[0])
			d.add(next.Row())
			places = places[1:]
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (d *change) drop(p place) { d.dead[p.part] = append(d.dead[p.part], p.id) }

func (d *change) add(row []byte) {
	d.rows = append(d.rows, place{uint32(d.keep), uint32(len(d.fresh))}) //nolint:gosec // 2^31 rows are the most
	d.fresh = append(d.fresh, row)
}

// cursor goes through the rows of a shard. id is nil before the first and after the last.
type cursor struct {
	snapshot.Cursor
	id []byte
}

func (c *cursor) step() (err error) {
	c.id = nil
	if !c.Next() {
		err = c.Err()
	} else {
		c.id, err = snapshot.RowID(c.Row())
	}
	if err != nil {
		return unreadable(err)
	}
	return nil
}
