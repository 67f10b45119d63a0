// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"slices"
)

// Changes counts how the records of two snapshots differ, by id.
type Changes struct{ Added, Removed, Modified int64 }

// Compare counts what new has that old has not, and the other way round. It decodes
// no record and holds one shard's rows in memory; shards of the same bytes are passed over.
func Compare(before, after *Snapshot) (Changes, error) {
	var c Changes
	// With different numbers of shards, several of one side cover the ids of one of the other.
	common := min(before.ShardCount(), after.ShardCount())
	var a, b []keyed
	for i := range common {
		if common == before.ShardCount() && common == after.ShardCount() && bytes.Equal(before.Shard(i), after.Shard(i)) {
			continue
		}
		var err error
		if a, err = before.sorted(a[:0], i, common); err != nil {
			return Changes{}, err
		}
		if b, err = after.sorted(b[:0], i, common); err != nil {
			return Changes{}, err
		}
		c.walk(a, b)
	}
	return c, nil
}

type keyed struct{ id, row []byte }

// sorted appends the rows of the i-th of so many equal parts, by id.
func (s *Snapshot) sorted(dst []keyed, i, count int) ([]keyed, error) {
	step := s.ShardCount() / count
	for j := i * step; j < (i+1)*step; j++ {
		c := s.Cursor(j)
		for c.Next() {
			id, err := RowID(c.Row())
			if err != nil {
				return nil, err
			}
			dst = append(dst, keyed{id, c.Row()})
		}
		if c.Err() != nil {
			return nil, c.Err()
		}
	}
	if step > 1 {
		slices.SortFunc(dst, func(a, b keyed) int { return bytes.Compare(a.id, b.id) })
	}
	return dst, nil
}

// walk merges two sorted runs.
func (c *Changes) walk(a, b []keyed) {
	for len(a) > 0 && len(b) > 0 {
		switch order := bytes.Compare(a[0].id, b[0].id); {
		case order < 0:
			c.Removed++
			a = a[1:]
		case order > 0:
			c.Added++
			b = b[1:]
		default:
			if !bytes.Equal(a[0].row, b[0].row) {
				c.Modified++
			}
			a, b = a[1:], b[1:]
		}
	}
	c.Removed += int64(len(a))
	c.Added += int64(len(b))
}
