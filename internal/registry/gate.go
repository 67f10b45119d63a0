// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/semaphore"
)

// places of the gate: each change takes one, a collection all.
const places = 1 << 20

// errCollecting means that a collection held the registry for too long.
var errCollecting = errors.New("the registry is being cleaned up; try again in a few seconds")

// gate keeps changes and collections apart. It is fair: a collection waits for
// the changes before it, and those after it wait for the collection.
type gate struct {
	all  *semaphore.Weighted
	wait time.Duration // longest wait of a change
}

func newGate(wait time.Duration) *gate {
	return &gate{all: semaphore.NewWeighted(places), wait: wait}
}

// pass begins a change. What it returns ends it.
func (g *gate) pass(ctx context.Context) (end func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, g.wait)
	defer cancel()
	if err := g.all.Acquire(waiting, 1); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errCollecting
	}
	return func() { g.all.Release(1) }, nil
}

// shut begins a collection once all changes under way have ended.
func (g *gate) shut(ctx context.Context) (open func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, g.wait)
	defer cancel()
	if err := g.all.Acquire(waiting, places); err != nil {
		return nil, fmt.Errorf("changes under way did not end within %s: %w; collect again later", g.wait, err)
	}
	return func() { g.all.Release(places) }, nil
}

// change is a request's hold on the gate. A body may take minutes to arrive,
// and nothing is committed before its end, so the gate is passed only then.
type change struct {
	gate *gate
	ctx  context.Context //nolint:containedctx // of the request, which it does not outlive
	end  func()
	err  error
}

func (c *change) begin() error {
	if c.end == nil && c.err == nil {
		c.end, c.err = c.gate.pass(c.ctx)
	}
	return c.err
}

func (c *change) finish() {
	if c.end != nil {
		c.end()
	}
}

// lastByte is a body whose end begins the change.
type lastByte struct {
	io.ReadCloser
	change *change
}

// Read implements io.Reader.
func (b *lastByte) Read(data []byte) (int, error) {
	n, err := b.ReadCloser.Read(data)
	if errors.Is(err, io.EOF) {
		if err := b.change.begin(); err != nil {
			return n, err
		}
	}
	return n, err
}
