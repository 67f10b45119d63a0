// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/frontline-screening/frontline/internal/snapshot"
)

// level is affordable because only rows that change are encoded.
const level = zstd.SpeedBetterCompression

// Cut writes the patch from one snapshot to another. The same two give the same
// bytes. It uses all processors and holds a few batches in memory. After an error what
// was written is of no use; ErrNoDelta says that the new snapshot has to travel whole.
func Cut(ctx context.Context, before, after *snapshot.Snapshot, w io.Writer) error {
	if before.ShardCount() != after.ShardCount() {
		return fmt.Errorf("%w: %d shards before, %d after", ErrNoDelta, before.ShardCount(), after.ShardCount())
	}
	if after.Size() > maxSize(before.Size()) {
		return fmt.Errorf("%w: the list grew from %d to %d bytes", ErrNoDelta, before.Size(), after.Size())
	}
	limit, err := fullSize(after)
	if err != nil {
		return err
	}
	return write(ctx, before, after, &limited{w: w, left: limit * MaxShare / 100})
}

func write(ctx context.Context, before, after *snapshot.Snapshot, w io.Writer) error {
	head, err := encodeHead(before, after)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("write patch: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	queue := encodeBatches(ctx, before, after)
	// Whoever still works reads the snapshots, which the caller may close.
	defer func() {
		stop()
		for done := range queue {
			<-done
		}
	}()
	for done := range queue {
		r := <-done
		if r.err != nil {
			return r.err
		}
		if _, err := w.Write(r.bytes); err != nil {
			return fmt.Errorf("write patch: %w", err)
		}
	}
	return ctx.Err()
}

// fullSize estimates the compressed size of a copy, by how well a sample compresses.
func fullSize(s *snapshot.Snapshot) (int64, error) {
	enc, err := encoder(nil)
	if err != nil {
		return 0, err
	}
	defer enc.Close()
	rows := s.Size() - int64(len(s.Head()))
	b := sample(s)
	packed := int64(len(enc.EncodeAll(b, nil)))
	head := int64(len(enc.EncodeAll(s.Head(), nil)))
	return head + packed*rows/max(int64(len(b)), 1), nil
}

func encodeHead(before, after *snapshot.Snapshot) ([]byte, error) {
	header := after.Header()
	plain := append(binary.AppendUvarint(nil, uint64(len(header))), header...)
	for i := range after.ShardCount() {
		plain = binary.AppendVarint(plain, int64(after.ShardRows(i)-before.ShardRows(i)))
		plain = binary.AppendVarint(plain, int64(len(after.Shard(i))-len(before.Shard(i))))
	}
	from, to := sums(before, after)
	head := slices.Concat(magic, from[:], to[:])
	return appendFrame(head, plain, before.Header())
}

// sums hashes both files at once.
func sums(before, after *snapshot.Snapshot) (from, to [sha256.Size]byte) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		from = sha256.Sum256(before.Raw())
	}()
	to = sha256.Sum256(after.Raw())
	<-done
	return from, to
}

type encoded struct {
	bytes []byte
	err   error
}

// encodeBatches gives a result for each batch, in order. As many are in work as there
// are processors. It ends early when ctx does.
func encodeBatches(ctx context.Context, before, after *snapshot.Snapshot) <-chan chan encoded {
	queue := make(chan chan encoded, max(runtime.GOMAXPROCS(0)-1, 1))
	shared := sample(before)
	submit := func(work func() ([]byte, error)) bool {
		done := make(chan encoded, 1)
		select {
		case queue <- done:
		case <-ctx.Done():
			return false
		}
		go func() {
			b, err := work()
			done <- encoded{b, err}
		}()
		return true
	}
	go func() {
		defer close(queue)
		b := &batch{}
		for i := range before.ShardCount() {
			if err := b.walk(before, after, i); err != nil {
				submit(func() ([]byte, error) { return nil, err })
				return
			}
			if len(b.dropped)+len(b.inserted) < BatchSize && i < before.ShardCount()-1 {
				continue
			}
			b.finish()
			full := b
			if !submit(func() ([]byte, error) { return full.encode(shared) }) {
				return
			}
			b = &batch{}
		}
	}()
	return queue
}

func (b *batch) encode(shared []byte) ([]byte, error) {
	out, err := appendFrame(binary.AppendUvarint(nil, uint64(b.shards)), b.steps, nil)
	if err != nil {
		return nil, err
	}
	return appendFrame(out, b.inserted, append(shared, b.dropped...))
}

// appendFrame appends a frame after its two lengths; nothing becomes the first alone. An
// encoder serves one dictionary: one that is used again may keep the tables of the last,
// which has the same number.
func appendFrame(dst, plain, dict []byte) ([]byte, error) {
	dst = binary.AppendUvarint(dst, uint64(len(plain)))
	if len(plain) == 0 {
		return dst, nil
	}
	enc, err := encoder(dict)
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	frame := enc.EncodeAll(plain, nil)
	return append(binary.AppendUvarint(dst, uint64(len(frame))), frame...), nil
}

func encoder(dict []byte) (*zstd.Encoder, error) {
	o := []zstd.EOption{zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false)}
	if len(dict) > 0 {
		o = append(o, zstd.WithEncoderDictRaw(0, dict))
	}
	enc, err := zstd.NewWriter(nil, o...)
	if err != nil {
		return nil, fmt.Errorf("cut patch: %w", err)
	}
	return enc, nil
}

// limited refuses what is over a limit.
type limited struct {
	w    io.Writer
	left int64
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, fmt.Errorf("%w: it is over %d %% of a copy", ErrNoDelta, MaxShare)
	}
	return l.w.Write(p)
}
