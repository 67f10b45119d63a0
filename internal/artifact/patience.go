// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/frontline-screening/frontline/internal/diskspace"
)

var (
	errStalled = errors.New("the line brings nothing any more")
	errTooSlow = errors.New("the line brings too little to end in time; what has arrived is kept")
	// errRange means that the answer was not the range asked for.
	errRange = fmt.Errorf("the registry answered with another range: %w", ErrMalformed)
)

// patience says when a transfer is given up and taken up again.
type patience struct {
	// answer bounds the wait for an answer's head, connecting included: long
	// enough for a satellite's handshake, short enough to try again within ten
	// seconds of the line's return.
	answer time.Duration
	// stall is how long an answer may bring nothing.
	stall time.Duration
	// first and longest pause between attempts that brought nothing.
	first, longest time.Duration
	// quiet is how long attempts go on without any byte; the caller then does
	// something else and comes back.
	quiet time.Duration
	// slowest and base bound the whole: a blob of n bytes may take base and
	// n/slowest seconds.
	base    time.Duration
	slowest int64
}

var defaultPatience = patience{
	answer: 8 * time.Second, stall: 3 * time.Second,
	first: 250 * time.Millisecond, longest: 2 * time.Second,
	quiet: 2 * time.Minute, base: 10 * time.Minute, slowest: 2 << 10,
}

func (p patience) total(size int64) time.Duration {
	return p.base + time.Duration(size/p.slowest)*time.Second
}

// pause is how long to wait before the next attempt, after so many pauses.
func (p patience) pause(before int, err error) time.Duration {
	if told, ok := errors.AsType[*retryAfter](err); ok {
		return min(max(told.wait, p.first), 5*p.longest)
	}
	pause := min(p.first<<min(before, 10), p.longest)
	return pause - pause/5 + rand.N(pause*2/5+1) //nolint:gosec // spreads load, hides nothing
}

// retryAfter is an answer that says when to ask again.
type retryAfter struct {
	error
	wait time.Duration
}

// Unwrap returns the answer.
func (r *retryAfter) Unwrap() error { return r.error }

// temporary tells what may pass from what will be the same the next time.
func temporary(err error) bool {
	var answer *errcode.ErrorResponse
	switch {
	case errors.Is(err, errRange):
		return true // the part began again, so no range is asked for
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrMalformed), errors.Is(err, ErrDigest), errors.Is(diskspace.Classify(err), ErrSpace):
		return false
	case errors.As(err, &answer):
		return answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusRequestTimeout
	}
	return true
}

// forgetConnections closes connections that nobody uses after one of them
// stalled: a connection from before the line broke comes back long after the line.
func (r *Registry) forgetConnections(err error) {
	if client, ok := r.client.(interface{ CloseIdleConnections() }); ok && errors.Is(err, errStalled) {
		client.CloseIdleConnections()
	}
}

// sleep returns false when the context ended first.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// stalled names the cause of a context's end instead of its end.
func stalled(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w (%w)", cause, err)
	}
	return err
}

// watched sets a watch for each read. Between reads it rests: waiting for the
// limiter or the disk is no fault of the line.
type watched struct {
	reader io.Reader
	watch  *time.Timer
	limit  time.Duration
}

// Read implements io.Reader.
func (w *watched) Read(data []byte) (int, error) {
	w.watch.Reset(w.limit)
	n, err := w.reader.Read(data)
	w.watch.Stop()
	return n, err
}
