// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/frontline-screening/frontline/internal/snapshot"
)

// walker goes through the steps of a batch and the old rows of its shards.
type walker struct {
	steps       []byte
	before      *snapshot.Snapshot
	shard, last int
	cursor      snapshot.Cursor
	open        bool
}

// step reads the next step; ok is false after the last.
func (w *walker) step() (keep, drop, insert uint64, ok bool, err error) {
	if len(w.steps) == 0 {
		return 0, 0, 0, false, nil
	}
	token, err := w.uvarint()
	if err != nil {
		return 0, 0, 0, false, err
	}
	switch token & 3 {
	case replaceOne:
		drop, insert = 1, 1
	case insertOne:
		insert = 1
	case dropOne:
		drop = 1
	case many:
		if drop, err = w.uvarint(); err == nil {
			insert, err = w.uvarint()
		}
	}
	return token >> 2, drop, insert, err == nil, err
}

func (w *walker) uvarint() (uint64, error) {
	v, n := binary.Uvarint(w.steps)
	if n <= 0 {
		return 0, fmt.Errorf("%w: steps end early", ErrMalformed)
	}
	w.steps = w.steps[n:]
	return v, nil
}

// next is the next old row with its length, nil after the last one of the batch.
func (w *walker) next() ([]byte, error) {
	for w.shard < w.last {
		if !w.open {
			w.cursor, w.open = w.before.Cursor(w.shard), true
		}
		if w.cursor.Next() {
			return w.cursor.Framed(), nil
		}
		if err := w.cursor.Err(); err != nil {
			return nil, fmt.Errorf("old snapshot: %w", err)
		}
		w.shard++
		w.open = false
	}
	return nil, nil
}

// some passes on so many old rows.
func (w *walker) some(n uint64, to func(row []byte) error) error {
	for ; n > 0; n-- {
		row, err := w.next()
		if err != nil {
			return err
		}
		if row == nil {
			return fmt.Errorf("%w: steps over more rows than there are", ErrMalformed)
		}
		if err := to(row); err != nil {
			return err
		}
	}
	return nil
}

func ignore([]byte) error { return nil }

// dropped appends the rows that the steps drop.
func (w *walker) dropped(dst []byte) ([]byte, error) {
	before := len(dst)
	for {
		keep, drop, _, ok, err := w.step()
		if err != nil || !ok {
			return dst, err
		}
		if err := w.some(keep, ignore); err != nil {
			return dst, err
		}
		if err := w.some(drop, func(row []byte) error {
			if dst = append(dst, row...); len(dst)-before > MaxBatch {
				return fmt.Errorf("%w: batch drops over %d bytes", ErrMalformed, MaxBatch)
			}
			return nil
		}); err != nil {
			return dst, err
		}
	}
}

// write writes the new rows of the batch, of so many bytes.
func (w *walker) write(to io.Writer, inserted []byte, size int64) error {
	put := func(row []byte) error {
		if size -= int64(len(row)); size < 0 {
			return fmt.Errorf("%w: batch has more bytes than its counts say", ErrMalformed)
		}
		_, err := to.Write(row)
		return err
	}
	for {
		keep, drop, insert, ok, err := w.step()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := w.some(keep, put); err != nil {
			return err
		}
		if err := w.some(drop, ignore); err != nil {
			return err
		}
		for ; insert > 0; insert-- {
			n, m := binary.Uvarint(inserted)
			if m <= 0 || n > uint64(len(inserted)-m) {
				return fmt.Errorf("%w: a row that is inserted is cut short", ErrMalformed)
			}
			if err := put(inserted[:m+int(n)]); err != nil {
				return err
			}
			inserted = inserted[m+int(n):]
		}
	}
	for {
		row, err := w.next()
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		if err := put(row); err != nil {
			return err
		}
	}
	if len(inserted) > 0 || size != 0 {
		return fmt.Errorf("%w: batch and its counts do not agree", ErrMalformed)
	}
	return nil
}
