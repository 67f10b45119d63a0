// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// Cursor goes through the rows of one shard. What it gives must not be changed, nor
// used after the snapshot's Close.
type Cursor struct {
	shard  int
	rows   uint32
	rest   []byte
	framed []byte
	row    []byte
	err    error
}

// Cursor is before the first row of the i-th shard.
func (s *Snapshot) Cursor(i int) Cursor {
	return Cursor{shard: i, rows: s.shards[i].rows, rest: s.shards[i].body}
}

// Next goes to the next row. It is false at the end and at damage.
func (c *Cursor) Next() bool {
	if c.rows == 0 {
		c.row, c.framed = nil, nil
		if len(c.rest) != 0 && c.err == nil {
			c.err = c.damage()
		}
		return false
	}
	size, m := binary.Uvarint(c.rest)
	if m <= 0 || size > uint64(len(c.rest)-m) {
		c.rows, c.row, c.framed, c.err = 0, nil, nil, c.damage()
		return false
	}
	end := m + int(size)
	c.row, c.framed, c.rest = c.rest[m:end:end], c.rest[:end:end], c.rest[end:]
	c.rows--
	return true
}

// SkipEqual takes both cursors, each to the next row, over those that stand the same in both
// files, and returns how many they are. It compares bytes and decodes lengths alone.
func SkipEqual(a, b *Cursor) int {
	same := samePrefix(a.rest, b.rest)
	skipped, end := uint32(0), 0
	for skipped < a.rows && skipped < b.rows {
		size, m := binary.Uvarint(a.rest[end:same])
		if m <= 0 || size > uint64(same-end-m) {
			break
		}
		end += m + int(size)
		skipped++
	}
	for _, c := range [2]*Cursor{a, b} {
		c.rest, c.rows = c.rest[end:], c.rows-skipped
	}
	return int(skipped)
}

// samePrefix is how many bytes two files have in common from their beginnings.
func samePrefix(a, b []byte) int {
	const step = 4096
	n, least := 0, min(len(a), len(b))
	for n+step <= least && bytes.Equal(a[n:n+step], b[n:n+step]) {
		n += step
	}
	for n < least && a[n] == b[n] {
		n++
	}
	return n
}

func (c *Cursor) damage() error { return fmt.Errorf("shard %d: %w", c.shard, errRow) }

// Row is the row without its length.
func (c *Cursor) Row() []byte { return c.row }

// Framed is the row with its length, as it stands in the file.
func (c *Cursor) Framed() []byte { return c.framed }

// Err is why Next was false, nil at the end.
func (c *Cursor) Err() error { return c.err }

// Rows yields the bytes of every row, without its length, in the order of the file.
// Equal rows are equal records. It stops after the first error. The bytes must not be
// changed, nor used after Close.
func (s *Snapshot) Rows() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range s.shards {
			c := s.Cursor(i)
			for c.Next() {
				if !yield(c.Row(), nil) {
					return
				}
			}
			if c.Err() != nil {
				yield(nil, c.Err())
				return
			}
		}
	}
}

// All yields every record, in the order of the file. It stops after the first error.
func (s *Snapshot) All() iter.Seq2[watchlist.Record, error] {
	return func(yield func(watchlist.Record, error) bool) {
		for row, err := range s.Rows() {
			var r watchlist.Record
			if err == nil {
				r, err = DecodeRow(row)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// RowID is the id of the record in a row.
func RowID(row []byte) ([]byte, error) {
	tag, id, _, err := nextField(row)
	if err != nil || tag != tagID || len(id) == 0 {
		return nil, errRow
	}
	return id, nil
}
