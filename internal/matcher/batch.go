// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
)

// Refusal stands in a batch in the place of the answer to a request that was refused.
type Refusal struct {
	// Error is a sentence that names the field and quotes nothing of the subject.
	Error string `json:"error"`
}

// Result is what became of one request of a batch.
type Result struct {
	// Answer is valid when Err is nil.
	Answer screen.Answer
	Err    error
	// Took is the time of the search alone.
	Took time.Duration
}

// BatchOptions configure a batch.
type BatchOptions struct {
	// Workers is how many requests are searched at a time (default 1).
	Workers int
	// Now is the time of each search.
	Now func() time.Time
	// Observe, if set, is called for each result in the order of the requests.
	Observe func(Result)
}

// job is one request on its way through a batch.
type job struct {
	line []byte
	done chan Result
}

// Batch reads one request a line and writes one answer, or Refusal, a line in the same
// order. Empty lines are passed over. It holds a bounded number of requests, so a slow
// reader of the answers slows the reading of requests. It ends with the input, or with
// the first error of input, output or context.
func (e *Engine) Batch(ctx context.Context, r io.Reader, w io.Writer, o BatchOptions) error {
	o.Workers = max(o.Workers, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work, order := make(chan job), make(chan job, 2*o.Workers)
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() {
			for j := range work {
				j.done <- e.one(ctx, j.line, o.Now)
			}
		})
	}
	var readErr error
	go func() {
		defer close(order)
		defer close(work)
		readErr = feedJobs(ctx, r, work, order)
	}()
	err := writeResults(ctx, order, w, o.Observe)
	cancel()
	if err != nil {
		// The reader may be blocked in Read; it ends with its next line or its source.
		return err
	}
	workers.Wait()
	return readErr
}

func feedJobs(ctx context.Context, r io.Reader, work, order chan<- job) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 64<<10), screen.MaxRequestBytes+1)
	line := 0
	for scan.Scan() {
		line++
		text := bytes.TrimSpace(scan.Bytes())
		if len(text) == 0 {
			continue
		}
		j := job{line: bytes.Clone(text), done: make(chan Result, 1)}
		for _, to := range []chan<- job{order, work} {
			select {
			case to <- j:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	if err := scan.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("longer than %d bytes", screen.MaxRequestBytes)
		}
		return fmt.Errorf("line %d: %w", line+1, err)
	}
	return nil
}

func writeResults(ctx context.Context, order <-chan job, w io.Writer, observe func(Result)) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for j := range order {
		var res Result
		select {
		case res = <-j.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		var out any = res.Answer
		if res.Err != nil {
			if !errors.Is(res.Err, ErrRequest) {
				return res.Err
			}
			out = Refusal{Error: res.Err.Error()}
		}
		if err := enc.Encode(out); err != nil {
			return err
		}
		if observe != nil {
			observe(res)
		}
	}
	return nil
}

func (e *Engine) one(ctx context.Context, line []byte, now func() time.Time) Result {
	req, err := screen.ParseRequest(line)
	if err != nil {
		return Result{Err: fmt.Errorf("%w: %w", ErrRequest, err)}
	}
	start := time.Now()
	answer, err := e.Screen(ctx, req, now())
	return Result{Answer: answer, Err: err, Took: time.Since(start)}
}
