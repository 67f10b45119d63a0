// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"sync"
	"time"
)

// Notifier tells regions that a newer order stands. It holds the highest
// published sequence of each region. The zero value is ready for use.
type Notifier struct {
	mu      sync.Mutex
	regions map[string]*bell
}

// bell rings by closing rung, which is then replaced.
type bell struct {
	sequence int64
	rung     chan struct{}
}

// Publish says that the region's order with the sequence stands. A lower
// sequence than before is no news.
func (n *Notifier) Publish(region string, sequence int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := n.bell(region)
	if sequence <= b.sequence {
		return
	}
	b.sequence = sequence
	close(b.rung)
	b.rung = make(chan struct{})
}

// Forget drops what is known of a region that is no more. One made again under
// its name may begin with a lower sequence.
func (n *Notifier) Forget(region string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.regions, region)
}

// Wait returns when the region's order is newer than after, with its sequence
// and true, and else when the hold has passed or the context has ended.
func (n *Notifier) Wait(ctx context.Context, region string, after int64, hold time.Duration) (int64, bool) {
	timer := time.NewTimer(hold)
	defer timer.Stop()
	for {
		sequence, rung := n.look(region)
		if sequence > after {
			return sequence, true
		}
		select {
		case <-rung:
		case <-timer.C:
			return sequence, false
		case <-ctx.Done():
			return sequence, false
		}
	}
}

func (n *Notifier) look(region string) (int64, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := n.bell(region)
	return b.sequence, b.rung
}

func (n *Notifier) bell(region string) *bell {
	if n.regions == nil {
		n.regions = map[string]*bell{}
	}
	b := n.regions[region]
	if b == nil {
		b = &bell{rung: make(chan struct{})}
		n.regions[region] = b
	}
	return b
}
