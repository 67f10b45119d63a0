// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/frontline-screening/frontline/internal/snapshot"
)

// batch is what changes in a run of shards.
type batch struct {
	shards int
	steps  []byte
	// dropped are the old rows that go, inserted the new ones that come, with their lengths.
	dropped, inserted []byte

	// kept, drops and inserts are the step that is not written.
	kept, drops, inserts uint64
}

func (b *batch) keep() {
	if b.drops > 0 || b.inserts > 0 {
		b.step()
	}
	b.kept++
}

func (b *batch) drop(row []byte) {
	b.drops++
	b.dropped = append(b.dropped, row...)
}

func (b *batch) insert(row []byte) {
	b.inserts++
	b.inserted = append(b.inserted, row...)
}

// step writes what was kept and what came then.
func (b *batch) step() {
	code := uint64(many)
	switch [2]uint64{b.drops, b.inserts} {
	case [2]uint64{1, 1}:
		code = replaceOne
	case [2]uint64{0, 1}:
		code = insertOne
	case [2]uint64{1, 0}:
		code = dropOne
	}
	b.steps = binary.AppendUvarint(b.steps, b.kept<<2|code)
	if code == many {
		b.steps = binary.AppendUvarint(b.steps, b.drops)
		b.steps = binary.AppendUvarint(b.steps, b.inserts)
	}
	b.kept, b.drops, b.inserts = 0, 0, 0
}

// finish writes the last step; rows that are kept at the end are not told.
func (b *batch) finish() {
	if b.drops > 0 || b.inserts > 0 {
		b.step()
	}
}

// walk adds the i-th shard to the batch.
func (b *batch) walk(before, after *snapshot.Snapshot, i int) error {
	b.shards++
	old, made := before.Cursor(i), after.Cursor(i)
	if bytes.Equal(before.Shard(i), after.Shard(i)) {
		for range before.ShardRows(i) {
			b.keep()
		}
		return nil
	}
	hasOld, hasNew := old.Next(), made.Next()
	for hasOld || hasNew {
		order, err := compare(&old, &made, hasOld, hasNew)
		if err != nil {
			return err
		}
		switch {
		case order == 0 && bytes.Equal(old.Row(), made.Row()):
			b.keep()
		default:
			if order <= 0 {
				b.drop(old.Framed())
			}
			if order >= 0 {
				b.insert(made.Framed())
			}
		}
		if order <= 0 {
			hasOld = old.Next()
		}
		if order >= 0 {
			hasNew = made.Next()
		}
	}
	switch {
	case old.Err() != nil:
		return fmt.Errorf("old snapshot: %w", old.Err())
	case made.Err() != nil:
		return fmt.Errorf("new snapshot: %w", made.Err())
	case len(b.dropped) > MaxBatch || len(b.inserted) > MaxBatch:
		return fmt.Errorf("%w: over %d bytes change in one shard", ErrNoDelta, MaxBatch)
	}
	return nil
}

// compare orders the rows two cursors are at by id; the end comes after every row.
func compare(old, made *snapshot.Cursor, hasOld, hasNew bool) (int, error) {
	switch {
	case !hasOld:
		return 1, nil
	case !hasNew:
		return -1, nil
	}
	a, err := snapshot.RowID(old.Row())
	if err != nil {
		return 0, fmt.Errorf("old snapshot: %w", err)
	}
	b, err := snapshot.RowID(made.Row())
	if err != nil {
		return 0, fmt.Errorf("new snapshot: %w", err)
	}
	return bytes.Compare(a, b), nil
}
