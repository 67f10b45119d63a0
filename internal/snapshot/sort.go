// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"slices"
)

// groups is how many groups rows are sorted in. It is MinShards, so that a group is
// always a run of whole shards.
const groups = MinShards

// sorter is an external sort: it takes rows in any order and gives them back by
// shard, then id. What is over its limit goes to one file that has no name, so
// nothing of it is left behind even by a process that is killed.
type sorter struct {
	dir   string
	limit int

	pending [groups][]byte
	spilled [groups][]extent
	held    int
	file    *os.File
	end     int64
}

// extent is a piece of the file.
type extent struct{ offset, size int64 }

// put takes a row: {prefix uint16, place uvarint, length uvarint, row}.
func (s *sorter) put(prefix uint16, place int, row []byte) error {
	g := prefix >> 8
	b := s.pending[g]
	before := len(b)
	b = binary.BigEndian.AppendUint16(b, prefix)
	b = binary.AppendUvarint(b, uint64(place))
	b = binary.AppendUvarint(b, uint64(len(row)))
	b = append(b, row...)
	s.pending[g] = b
	s.held += len(b) - before
	if s.held < s.limit || s.dir == "" {
		return nil
	}
	return s.spill()
}

func (s *sorter) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, ".rows-*")
		if err != nil {
			return fmt.Errorf("%w: sort rows: %w", ErrStorage, err)
		}
		s.file = f
		if err := os.Remove(f.Name()); err != nil {
			return fmt.Errorf("%w: sort rows: %w", ErrStorage, err)
		}
	}
	for g, b := range &s.pending {
		if len(b) == 0 {
			continue
		}
		if _, err := s.file.WriteAt(b, s.end); err != nil {
			return fmt.Errorf("%w: sort rows: %w; free space in the folder", ErrStorage, err)
		}
		s.spilled[g] = append(s.spilled[g], extent{s.end, int64(len(b))})
		s.end += int64(len(b))
		s.pending[g] = b[:0]
	}
	s.held = 0
	return nil
}

// entry is one row in memory while its group is sorted.
type entry struct {
	prefix uint16
	place  int
	id     []byte
	// row is the row with the length before it, as in the file.
	row []byte
}

// each yields every row, its length before it, in the order of so many shards.
func (s *sorter) each(shards int, yield func([]byte) error) error {
	var raw []byte
	var entries []entry
	for g := range groups {
		var err error
		if raw, err = s.load(raw[:0], g); err != nil {
			return err
		}
		if entries, err = split(entries[:0], raw); err != nil {
			return err
		}
		slices.SortFunc(entries, func(a, b entry) int {
			return cmp.Or(cmp.Compare(shardOf(a.prefix, shards), shardOf(b.prefix, shards)), bytes.Compare(a.id, b.id), cmp.Compare(a.place, b.place))
		})
		for i := range entries {
			if i > 0 && bytes.Equal(entries[i].id, entries[i-1].id) {
				return fmt.Errorf("records %d and %d have the same id; the list is ambiguous, ask its publisher for a corrected one",
					entries[i-1].place, entries[i].place)
			}
			if err := yield(entries[i].row); err != nil {
				return err
			}
		}
	}
	return nil
}

// load appends all of a group.
func (s *sorter) load(dst []byte, g int) ([]byte, error) {
	for _, e := range s.spilled[g] {
		at := len(dst)
		dst = slices.Grow(dst, int(e.size))[:at+int(e.size)]
		if _, err := s.file.ReadAt(dst[at:], e.offset); err != nil {
			return nil, fmt.Errorf("%w: sort rows: %w", ErrStorage, err)
		}
	}
	return append(dst, s.pending[g]...), nil
}

func split(entries []entry, raw []byte) ([]entry, error) {
	for len(raw) > 0 {
		e := entry{prefix: binary.BigEndian.Uint16(raw)}
		place, n := binary.Uvarint(raw[2:])
		raw = raw[2+n:]
		size, m := binary.Uvarint(raw)
		e.place, e.row = int(place), raw[:m+int(size)]
		id, err := RowID(e.row[m:])
		if err != nil {
			return nil, err
		}
		e.id, raw = id, raw[m+int(size):]
		entries = append(entries, e)
	}
	return entries, nil
}

func (s *sorter) close() error {
	s.pending, s.spilled = [groups][]byte{}, [groups][]extent{}
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// uvarintLen is how many bytes the uvarint of n has.
func uvarintLen(n int) int { return (bits.Len64(uint64(n)|1) + 6) / 7 }
