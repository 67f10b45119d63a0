// SPDX-License-Identifier: Apache-2.0

// Package matcher searches snapshots for a subject and explains what it found.
//
// The engine knows nothing of Kubernetes, of the network or of the loader: it is
// given feeds with their snapshots, swaps whole sets of them atomically, and answers
// requests. Service puts it behind HTTP.
package matcher

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
)

// Version is the engine's version in answers. It changes when the same request and
// records could give another score.
const Version = "frontline-matcher/4"

// Options configure an engine.
type Options struct {
	// Profile chooses the thresholds; empty means Balanced.
	Profile screen.Profile
	// Modalities are what the pool offers; empty means Biographic and Document. What the
	// engine cannot search by is named in answers whatever stands here.
	Modalities []screen.Modality
	// Bench marks every answer with mode Bench, for the lab.
	Bench bool
}

// Engine answers requests over the current set. All methods are safe for concurrent use.
type Engine struct {
	options Options
	mu      sync.Mutex // serialises Update, Swap and Close
	set     atomic.Pointer[Set]
	clocks  atomic.Pointer[Clocks]
	renewal renewal
	// dropping are the sets that were swapped out and are in use, held their number.
	dropping sync.WaitGroup
	held     atomic.Int64
}

// New returns an engine without feeds: every answer is Unavailable until the first Swap.
func New(options Options) *Engine {
	if options.Profile == "" {
		options.Profile = screen.ProfileBalanced
	}
	e := &Engine{options: options}
	e.set.Store(emptySet())
	e.renewal.ctx, e.renewal.stop = context.WithCancel(context.Background())
	return e
}

// Update makes the feeds current, all together, as NextSet and Swap do; on an error the
// set in use stays. What is built in the background is not lost to it.
func (e *Engine) Update(feeds []Feed) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	set, err := newSet(feeds, e.set.Load())
	if err != nil {
		return err
	}
	e.swap(set)
	return nil
}

// Swap makes the set current. Searches that run finish on the set they began with;
// its snapshots are closed when the last of them ends. The engine owns the set from now on.
func (e *Engine) Swap(set *Set) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.swap(set)
}

// swap puts the set and looks whether its indexes are to be built anew. The caller holds mu.
func (e *Engine) swap(set *Set) {
	e.put(set)
	e.renew()
}

func (e *Engine) put(set *Set) {
	if old := e.set.Swap(set); old != set {
		e.held.Add(1)
		e.dropping.Go(func() {
			<-old.done
			e.held.Add(-1)
		})
		old.release()
	}
}

// SetClocks replaces the clocks of all feeds. A feed the clocks do not name keeps its own.
func (e *Engine) SetClocks(c Clocks) {
	c.SourceChecked = maps.Clone(c.SourceChecked)
	e.clocks.Store(&c)
}

// Close drops the current set, once searches that run have ended. Those after it answer
// Unavailable.
func (e *Engine) Close() {
	e.stopRenewal()
	e.mu.Lock()
	e.swap(emptySet())
	e.mu.Unlock()
	e.dropping.Wait()
}

// acquire returns the current set with a reader's hold on it.
func (e *Engine) acquire() *Set {
	for {
		if s := e.set.Load(); s.retain() {
			return s
		}
	}
}

// ErrRequest is wrapped by every error that is the requester's: HTTP status 400.
var ErrRequest = errors.New("request refused")

// Screen answers one request at the given time, or at that of the clocks if it is later. An error that wraps ErrRequest names
// the field at fault; any other is the context's.
func (e *Engine) Screen(ctx context.Context, req screen.Request, now time.Time) (screen.Answer, error) {
	if err := ctx.Err(); err != nil {
		return screen.Answer{}, err
	}
	q, err := newQuery(&req, now)
	if err != nil {
		return screen.Answer{}, err
	}
	set := e.acquire()
	defer set.release()
	clocks := e.clocks.Load()
	s := search{
		engine: e, set: set, query: q, request: &req, clocks: clocks,
		now: clocks.trusted(now), limits: thresholdsOf(e.options.Profile),
	}
	return s.run(ctx)
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
