// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"io"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

const (
	// smallBlob is a blob that a region waits for: a delta, not a base.
	smallBlob = 1 << 20
	// largeAtOnce and smallAtOnce bound the blobs on their way at once. Small
	// ones have places of their own, so that the bases of great lists never
	// keep the deltas of small ones waiting.
	largeAtOnce = 4
	smallAtOnce = 4
	// largestChunk is read between two questions for leave to read on, so it is
	// what concurrent blobs take turns by.
	largestChunk = 16 << 10
)

// Limiter is a region's share of its line: one for all feeds. Blobs fetched
// under its context keep to the rate together and take turns in equal parts;
// manifests, configurations and orders are exempt, because everything waits
// for them and they are small. It is safe for concurrent use.
type Limiter struct {
	bytes        *rate.Limiter
	chunk        atomic.Int64
	large, small *semaphore.Weighted
}

// NewLimiter returns a limiter of so many bytes a second, without limit if 0.
func NewLimiter(bytesPerSecond int64) *Limiter {
	l := &Limiter{
		bytes: rate.NewLimiter(rate.Inf, largestChunk),
		large: semaphore.NewWeighted(largeAtOnce), small: semaphore.NewWeighted(smallAtOnce),
	}
	l.SetRate(bytesPerSecond)
	return l
}

// SetRate changes the rate, of transfers under way too.
func (l *Limiter) SetRate(bytesPerSecond int64) {
	if bytesPerSecond <= 0 {
		l.chunk.Store(largestChunk)
		l.bytes.SetLimit(rate.Inf)
		return
	}
	// A quarter of a second at most, so that a change is felt at once; the
	// burst makes up for timers that fire late.
	chunk := min(largestChunk, max(bytesPerSecond/4, 512))
	l.chunk.Store(chunk)
	l.bytes.SetBurst(int(max(bytesPerSecond/20, chunk)))
	l.bytes.SetLimit(rate.Limit(bytesPerSecond))
}

// Rate returns the bytes a second, 0 when there is no limit.
func (l *Limiter) Rate() int64 {
	if limit := l.bytes.Limit(); limit != rate.Inf {
		return int64(limit)
	}
	return 0
}

type limiterKey struct{}

// Context returns a context whose transfers keep to the limiter. It fits
// CopyOptions.Limit.
func (l *Limiter) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, limiterKey{}, l)
}

// limiterOf returns the context's limiter, nil when it has none.
func limiterOf(ctx context.Context) *Limiter {
	l, _ := ctx.Value(limiterKey{}).(*Limiter)
	return l
}

// enter waits for a place for a blob of the size. leave gives it up.
func (l *Limiter) enter(ctx context.Context, size int64) (leave func(), err error) {
	if l == nil {
		return func() {}, nil
	}
	places := l.large
	if size <= smallBlob {
		places = l.small
	}
	if err := places.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { places.Release(1) }, nil
}

// reader returns the body at the limiter's rate. Waiting for leave happens
// after a read, so that a line that brings nothing is still noticed.
func (l *Limiter) reader(ctx context.Context, body io.Reader) io.Reader {
	if l == nil {
		return body
	}
	return &limited{ctx: ctx, limiter: l, body: body}
}

type limited struct {
	ctx     context.Context //nolint:containedctx // of the transfer, which it does not outlive
	limiter *Limiter
	body    io.Reader
}

// Read implements io.Reader.
func (r *limited) Read(data []byte) (int, error) {
	chunk := r.limiter.chunk.Load()
	n, err := r.body.Read(data[:min(int64(len(data)), chunk)])
	if n > 0 {
		if waitErr := r.limiter.wait(r.ctx, n); waitErr != nil && err == nil {
			err = waitErr
		}
	}
	return n, err
}

// wait takes leave for n bytes in pieces that the burst of the moment allows:
// it may have become smaller than the chunk that was read.
func (l *Limiter) wait(ctx context.Context, n int) error {
	for n > 0 {
		piece := min(n, max(l.bytes.Burst(), 1))
		if err := l.bytes.WaitN(ctx, piece); err != nil {
			if ctx.Err() == nil && l.bytes.Burst() < piece {
				continue
			}
			return err
		}
		n -= piece
	}
	return nil
}
