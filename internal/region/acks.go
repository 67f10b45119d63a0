// SPDX-License-Identifier: Apache-2.0

package region

import (
	"maps"
	"slices"
	"sync"

	"github.com/frontline-screening/frontline/internal/dataset"
)

// acks remembers what the engine of each pod says it searches. It lives in
// memory: loaders repeat themselves.
type acks struct {
	mu    sync.Mutex
	pools map[string]map[string]dataset.Ack
}

// Served sums up what pods search of one feed.
type Served struct {
	// Release is the lowest release that any pod searches; zero when none does.
	Release int64
	// Pods counts the pods that search Release or a newer one.
	Pods int
}

// set records the ack and reports whether it says something new.
func (a *acks) set(pool, pod string, ack dataset.Ack) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pools == nil {
		a.pools = map[string]map[string]dataset.Ack{}
	}
	if a.pools[pool] == nil {
		a.pools[pool] = map[string]dataset.Ack{}
	}
	old, known := a.pools[pool][pod]
	a.pools[pool][pod] = ack
	return !known || old.Set != ack.Set || old.Refused != ack.Refused || old.Error != ack.Error || !maps.Equal(old.Feeds, ack.Feeds)
}

// keep drops what pods said that no longer exist, and reports whether any did.
func (a *acks) keep(pool string, pods []string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := len(a.pools[pool])
	maps.DeleteFunc(a.pools[pool], func(pod string, _ dataset.Ack) bool { return !slices.Contains(pods, pod) })
	return len(a.pools[pool]) != before
}

// of returns what the pods of a pool said, by pod.
func (a *acks) of(pool string) map[string]dataset.Ack {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.pools[pool])
}

// served sums up one feed over every pool.
func (a *acks) served(feed string) Served {
	a.mu.Lock()
	defer a.mu.Unlock()
	var s Served
	for _, pods := range a.pools {
		for _, ack := range pods {
			release, ok := ack.Feeds[feed]
			if !ok {
				continue
			}
			s.Pods++
			if s.Release == 0 || release < s.Release {
				s.Release = release
			}
		}
	}
	return s
}
