// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/frontline-screening/frontline/internal/snapshot"
)

const (
	// maxHeader is that of a snapshot, and then some.
	maxHeader = 128 << 10
	// maxEntry is how many bytes the head spends on one shard, and maxStep on one step.
	maxEntry, maxStep = 2 * binary.MaxVarintLen64, 3 * binary.MaxVarintLen64
)

// Apply writes the file that the patch makes of the old snapshot. Besides the old
// one, which is mapped, it holds one batch. What is written is proven by its digest
// alone: the caller compares it before any use, and drops it after an error. An error of
// patch or w is wrapped as it is.
func Apply(ctx context.Context, before *snapshot.Snapshot, patch io.Reader, w io.Writer) error {
	dec, err := newDecoder(patch)
	if err != nil {
		return fmt.Errorf("apply patch: %w", err)
	}
	defer dec.zstd.Close()
	a := &applier{before: before, in: dec, out: bufio.NewWriterSize(w, 256<<10)}
	if err := a.head(); err != nil {
		return fmt.Errorf("apply patch: %w", err)
	}
	a.shared = sample(before)
	for next := 0; next < before.ShardCount(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := a.batch(next)
		if err != nil {
			return fmt.Errorf("apply patch: from shard %d on: %w", next, err)
		}
		next += n
	}
	if err := a.in.end(); err != nil {
		return fmt.Errorf("apply patch: %w", err)
	}
	if err := a.out.Flush(); err != nil {
		return fmt.Errorf("apply patch: %w", err)
	}
	return nil
}

type applier struct {
	before      *snapshot.Snapshot
	in          *decoder
	out         *bufio.Writer
	rows, sizes []uint32
	shared      []byte
	dropped     []byte
}

func (a *applier) head() error {
	start := make([]byte, len(magic)+2*hashSize)
	if err := a.in.full(start); err != nil {
		return err
	}
	from, ok := bytes.CutPrefix(start, magic)
	if !ok {
		return fmt.Errorf("%w: unknown first bytes", ErrMalformed)
	}
	if have := sha256.Sum256(a.before.Raw()); !bytes.Equal(have[:], from[:hashSize]) {
		return fmt.Errorf("%w: it is from sha256:%x, here is sha256:%x", ErrBase, from[:hashSize], have)
	}
	plain, err := a.in.frame(maxHeader+a.before.ShardCount()*maxEntry, a.before.Header())
	if err != nil {
		return err
	}
	size, n := binary.Uvarint(plain)
	if n <= 0 || size > uint64(len(plain)-n) {
		return fmt.Errorf("%w: head is cut short", ErrMalformed)
	}
	header, rest := plain[n:n+int(size)], plain[n+int(size):]
	meta, err := snapshot.ParseHeader(header)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if meta.Shards != a.before.ShardCount() {
		return fmt.Errorf("%w: %d shards after, %d before", ErrMalformed, meta.Shards, a.before.ShardCount())
	}
	if err := a.table(rest, meta.Records); err != nil {
		return err
	}
	_, err = a.out.Write(snapshot.AppendHead(nil, header, a.rows, a.sizes))
	return err
}

// table reads the counts of the new shards and checks them against every limit.
func (a *applier) table(b []byte, records int) error {
	n := a.before.ShardCount()
	a.rows, a.sizes = make([]uint32, n), make([]uint32, n)
	var rows, total int64
	for i := range n {
		r, x := binary.Varint(b)
		if x <= 0 {
			return fmt.Errorf("%w: counts end early", ErrMalformed)
		}
		s, y := binary.Varint(b[x:])
		if y <= 0 {
			return fmt.Errorf("%w: counts end early", ErrMalformed)
		}
		b = b[x+y:]
		if !inRange(r) || !inRange(s) {
			return fmt.Errorf("%w: shard %d has impossible counts", ErrMalformed, i)
		}
		r += int64(a.before.ShardRows(i))
		s += int64(len(a.before.Shard(i)))
		if r < 0 || s < r || s > math.MaxUint32 {
			return fmt.Errorf("%w: shard %d has impossible counts", ErrMalformed, i)
		}
		a.rows[i], a.sizes[i] = uint32(r), uint32(s)
		rows += r
		total += s
	}
	switch {
	case len(b) > 0:
		return fmt.Errorf("%w: counts of more shards than there are", ErrMalformed)
	case rows != int64(records):
		return fmt.Errorf("%w: header says %d records, counts say %d", ErrMalformed, records, rows)
	case total > maxSize(a.before.Size()):
		return fmt.Errorf("%w: it makes %d bytes of %d", ErrMalformed, total, a.before.Size())
	}
	return nil
}

func inRange(n int64) bool { return n >= -math.MaxUint32 && n <= math.MaxUint32 }

// batch applies one batch that begins at a shard, and tells how many it covers.
func (a *applier) batch(first int) (int, error) {
	shards, err := a.in.uvarint(a.before.ShardCount() - first)
	if err != nil {
		return 0, err
	}
	if shards == 0 {
		return 0, fmt.Errorf("%w: batch of no shards", ErrMalformed)
	}
	last := first + shards
	var oldRows, newRows, newSize int64
	for i := first; i < last; i++ {
		oldRows += int64(a.before.ShardRows(i))
		newRows += int64(a.rows[i])
		newSize += int64(a.sizes[i])
	}
	// Every step but the last drops or inserts a row.
	plain, err := a.in.frame(int(min((oldRows+newRows+1)*maxStep, MaxBatch)), nil)
	if err != nil {
		return 0, err
	}
	// The next frame overwrites the steps, and they are gone through twice.
	steps := bytes.Clone(plain)
	w := &walker{steps: steps, before: a.before, shard: first, last: last}
	if a.dropped, err = w.dropped(append(a.dropped[:0], a.shared...)); err != nil {
		return 0, err
	}
	inserted, err := a.in.frame(int(min(newSize, MaxBatch)), a.dropped)
	if err != nil {
		return 0, err
	}
	w = &walker{steps: steps, before: a.before, shard: first, last: last}
	return shards, w.write(a.out, inserted, newSize)
}

// end checks that nothing follows.
func (d *decoder) end() error {
	switch _, err := d.in.ReadByte(); {
	case err == nil:
		return fmt.Errorf("%w: there is more after the last batch", ErrMalformed)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}
