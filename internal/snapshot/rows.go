// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// Rows yields the bytes of every row, without its length, in the order of the file.
// Equal rows are equal records. It stops after the first error. The bytes must not be
// changed, nor used after Close.
func (s *Snapshot) Rows() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range s.shards {
			for row, err := range s.rowsOf(i) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

func (s *Snapshot) rowsOf(i int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		body := s.shards[i].body
		for n := s.shards[i].rows; n > 0; n-- {
			size, m := binary.Uvarint(body)
			if m <= 0 || size > uint64(len(body)-m) {
				yield(nil, fmt.Errorf("shard %d: %w", i, errRow))
				return
			}
			end := m + int(size)
			if !yield(body[m:end:end], nil) {
				return
			}
			body = body[end:]
		}
		if len(body) != 0 {
			yield(nil, fmt.Errorf("shard %d: %w", i, errRow))
		}
	}
}

// All yields every record, in the order of the file. It stops after the first error.
func (s *Snapshot) All() iter.Seq2[watchlist.Record, error] {
	return func(yield func(watchlist.Record, error) bool) {
		for row, err := range s.Rows() {
			var r watchlist.Record
			if err == nil {
				r, err = decodeRow(row)
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
