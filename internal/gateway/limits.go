// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits of what one region, and all strangers together, may ask at once. A
// region that exceeds its own is told to wait and takes nothing from another.
const (
	perRegion    = 16 // requests of the registry, blobs aside
	spare        = 8  // downloads that gave way to another and have not ended yet
	perRegionLow = 4  // held requests
	perRegionOne = 2  // reports, which are large and taken in turn
	strangers    = 4
)

// gates bounds concurrent requests by key.
type gates struct {
	mu    sync.Mutex
	taken map[string]int
}

// enter takes a place under the key, of at most limit, and returns how to
// leave it; ok is false when all are taken.
func (g *gates) enter(key string, limit int) (leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.taken == nil {
		g.taken = map[string]int{}
	}
	if g.taken[key] >= limit {
		return nil, false
	}
	g.taken[key]++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.taken[key]--; g.taken[key] == 0 {
			delete(g.taken, key)
		}
	}, true
}

// What a region may report: each report is a write of the hub's. A region sends
// one when something changed, and collects changes for seconds.
const (
	reportsPerSecond = 1
	reportsAtOnce    = 20
)

// paces bounds how often each key comes, and keeps nothing of one that has
// rested. The zero value is ready for use.
type paces struct {
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	swept   time.Time
}

// allow takes a token of the key's, if there is one.
func (p *paces) allow(key string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.buckets == nil {
		p.buckets = map[string]*rate.Limiter{}
	}
	// By then a bucket that was empty is full, and as good as none.
	if rest := time.Duration(reportsAtOnce/reportsPerSecond) * time.Second; now.Sub(p.swept) > rest {
		p.swept = now
		for key, bucket := range p.buckets {
			if bucket.TokensAt(now) >= reportsAtOnce {
				delete(p.buckets, key)
			}
		}
	}
	bucket := p.buckets[key]
	if bucket == nil {
		bucket = rate.NewLimiter(reportsPerSecond, reportsAtOnce)
		p.buckets[key] = bucket
	}
	return bucket.AllowN(now, 1)
}
