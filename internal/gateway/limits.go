// SPDX-License-Identifier: Apache-2.0

package gateway

import "sync"

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
