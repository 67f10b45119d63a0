// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/frontline-screening/frontline/internal/snapshot"
)

// rowsOf yields the raw rows of a shard.
func rowsOf(shard []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for len(shard) > 0 {
			row, rest, err := cutRow(shard)
			if !yield(row, err) || err != nil {
				return
			}
			shard = rest
		}
	}
}

func cutRow(shard []byte) (row, rest []byte, err error) {
	size, n := binary.Uvarint(shard)
	if n <= 0 || size > uint64(len(shard)-n) {
		return nil, nil, errors.New("snapshot: a row is cut short; fetch it again")
	}
	end := n + int(size) //nolint:gosec // within the shard
	return shard[n:end], shard[end:], nil
}

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
	for i := range shards {
		d.starts = append(d.starts, uint32(len(d.rows))) //nolint:gosec // 2^31 rows are the most
		places := c.rows[c.starts[i]:c.starts[i+1]]
		was, is := c.source.Shard(i), source.Shard(i)
		if d.keep == len(c.index.parts) && bytes.Equal(was, is) {
			d.rows = append(d.rows, places...)
			continue
		}
		if err := d.shard(was, is, places); err != nil {
			return nil, fmt.Errorf("shard %d: %w", i, err)
		}
	}
	d.starts = append(d.starts, uint32(len(d.rows))) //nolint:gosec // 2^31 rows are the most
	return d, nil
}

// shard merges the rows of one shard.
func (d *change) shard(was, is []byte, places []place) error {
	var old, next cursor
	if err := errors.Join(old.step(&was), next.step(&is)); err != nil {
		return err
	}
	for old.row != nil || next.row != nil {
		order := bytes.Compare(old.id, next.id)
		switch {
		case next.row == nil:
			order = -1
		case old.row == nil:
			order = 1
		}
		switch {
		case order < 0:
			d.drop(places[0])
		case order > 0:
			d.add(next.row)
		case int(places[0].part) < d.keep && bytes.Equal(old.row, next.row):
			d.rows = append(d.rows, places[0])
		default:
			d.drop(places[0])
			d.add(next.row)
		}
		if order <= 0 {
			places = places[1:]
			if err := old.step(&was); err != nil {
				return err
			}
		}
		if order >= 0 {
			if err := next.step(&is); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *change) drop(p place) { d.dead[p.part] = append(d.dead[p.part], p.id) }

func (d *change) add(row []byte) {
	d.rows = append(d.rows, place{uint32(d.keep), uint32(len(d.fresh))}) //nolint:gosec // 2^31 rows are the most
	d.fresh = append(d.fresh, row)
}

// cursor is a row of a shard; nil is the end.
type cursor struct {
	row []byte
	id  []byte
}

func (c *cursor) step(shard *[]byte) error {
	if len(*shard) == 0 {
		*c = cursor{}
		return nil
	}
	row, rest, err := cutRow(*shard)
	if err != nil {
		return err
	}
	id, err := snapshot.RowID(row)
	if err != nil {
		return err
	}
	*c, *shard = cursor{row, id}, rest
	return nil
}
