// SPDX-License-Identifier: Apache-2.0

package report

import "sync"

// turns lets one at a time in for each region, and keeps nothing of a region
// where nobody is in. The zero value is ready for use.
type turns struct {
	mu    sync.Mutex
	taken map[string]*turn
}

// turn is the place of one region, and how many have it or wait for it.
type turn struct {
	sync.Mutex
	users int
}

// enter waits for the region's place and returns how to leave it.
func (t *turns) enter(region string) (leave func()) {
	t.mu.Lock()
	if t.taken == nil {
		t.taken = map[string]*turn{}
	}
	place := t.taken[region]
	if place == nil {
		place = &turn{}
		t.taken[region] = place
	}
	place.users++
	t.mu.Unlock()
	place.Lock()
	return func() {
		place.Unlock()
		t.mu.Lock()
		defer t.mu.Unlock()
		if place.users--; place.users == 0 {
			delete(t.taken, region)
		}
	}
}
