// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// renewal builds indexes anew that have outgrown their base, and looks up the common words
// of new ones, one at a time, beside the searches. It works in short strokes with a longer
// rest after each: a lower priority of the thread would do harm, since the collector waits
// for every thread that runs.
type renewal struct {
	ctx     context.Context //nolint:containedctx // ends with the engine
	stop    context.CancelFunc
	running sync.WaitGroup
	// busy is true while one is under way, and rested closed when none is to do. The
	// engine's mu guards both.
	busy   bool
	rested chan struct{}
	// built and failed count.
	built, failed atomic.Int64
}

// stroke is how long a build in the background works without a rest.
const stroke = 2 * time.Millisecond

// errStopped ends a build in the background with its engine.
var errStopped = errors.New("the engine was closed")

// errReplaced ends what is done for an index that is in use no more.
var errReplaced = errors.New("the index was replaced")

// renew starts what the first content of the current set needs that needs something. The
// caller holds mu.
func (e *Engine) renew() {
	r := &e.renewal
	if r.busy || r.ctx.Err() != nil {
		return
	}
	for _, f := range e.set.Load().feeds {
		c := f.content
		if c == nil || c.failed || !c.outgrown() && c.ahead() {
			continue
		}
		c.refs.Add(1)
		r.busy = true
		if r.rested == nil {
			r.rested = make(chan struct{})
		}
		r.running.Go(func() {
			err := e.tend(f.ID, c)
			c.release()
			e.mu.Lock()
			defer e.mu.Unlock()
			r.busy = false
			if err != nil && !errors.Is(err, errReplaced) {
				r.failed.Add(1)
				c.failed = true // other content of the feed is another attempt
			}
			e.renew()
			if !r.busy {
				close(r.rested)
				r.rested = nil
			}
		})
		return
	}
}

// Rested returns once nothing is done beside the searches any more: all indexes are as they
// will be, and the common words of long lists have been looked up. The error is the context's.
func (e *Engine) Rested(ctx context.Context) error {
	e.mu.Lock()
	rested := e.renewal.rested
	e.mu.Unlock()
	if rested == nil {
		return nil
	}
	select {
	case <-rested:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tend does what the content of a feed needs.
func (e *Engine) tend(feed string, c *content) error {
	if !c.outgrown() {
		pace := e.renewal.pace()
		return c.base().lookAhead(func() error {
			if now := e.set.Load().feedOf(feed); now == nil || now.base().segment != c.base().segment {
				return errReplaced
			}
			return pace()
		})
	}
	err := e.rebuild(feed, c)
	if err == nil {
		e.renewal.built.Add(1)
	}
	return err
}

// rebuild indexes the content's snapshot from scratch and puts the result in the place
// of what the feed has then: its own digest's index, or a later one brought up from it.
func (e *Engine) rebuild(feed string, c *content) error {
	c.source.refs.Add(1)
	fresh, err := build(c.digest, c.source, e.renewal.pace())
	if err != nil {
		c.source.release()
		return err
	}
	if err := fresh.base().lookAhead(e.renewal.pace()); err != nil {
		fresh.release()
		return err
	}
	return e.install(feed, fresh)
}

// install swaps the index in. It takes over the hold on it.
func (e *Engine) install(feed string, fresh *content) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	set := e.set.Load()
	current := set.feedOf(feed)
	if current == nil {
		fresh.release()
		return nil
	}
	if current.digest != fresh.digest {
		current.source.refs.Add(1)
		later, err := fresh.update(current.digest, current.source)
		fresh.release()
		if err != nil {
			current.source.release()
			return err
		}
		fresh = later
	}
	if err := fresh.probe(); err != nil {
		fresh.release()
		return err
	}
	e.put(set.replace(current, fresh))
	return nil
}

// pace returns what a build calls now and then: while anything is searched, it rests for
// three times as long as was worked. The error is errStopped once the engine is closed.
func (r *renewal) pace() func() error {
	began := time.Now()
	return func() error {
		worked := time.Since(began)
		if worked < stroke {
			return nil
		}
		if searching.Load() == 0 {
			began = time.Now()
			return r.ended()
		}
		rest := time.NewTimer(3 * worked)
		defer rest.Stop()
		select {
		case <-rest.C:
			began = time.Now()
			return nil
		case <-r.ctx.Done():
			return errStopped
		}
	}
}

func (r *renewal) ended() error {
	if r.ctx.Err() != nil {
		return errStopped
	}
	return nil
}

// hurry is the pace of a build that something waits for.
func hurry() error { return nil }

func (e *Engine) stopRenewal() {
	e.mu.Lock()
	e.renewal.stop() // nothing begins after
	e.mu.Unlock()
	e.renewal.running.Wait()
}
