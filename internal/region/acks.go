// SPDX-License-Identifier: Apache-2.0

package region

import (
	"maps"
	"slices"
	"sync"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/level"
)

// acks remembers what the engine of each pod says it searches. It is on disk
// too: an agent that starts anew must not say that nothing is served until the
// loaders have repeated themselves.
type acks struct {
	store *Store

	mu sync.Mutex
	// pools holds the acknowledgements by pool and pod.
	pools map[string]map[string]dataset.Ack
}

// gone stands for the pods of a pool that are no more while it has none: the
// next is made of the same template, so what the last of them read still holds.
const gone = ""

// Served sums up what pods search of one feed.
type Served struct {
	// Release is the lowest release that any pod searches; zero when none does.
	Release int64
	// Pods counts the pods that search Release or a newer one.
	Pods int
}

// loadAcks returns the acknowledgements as an earlier agent left them.
func loadAcks(store *Store) (*acks, error) {
	a := &acks{store: store, pools: map[string]map[string]dataset.Ack{}}
	_, err := store.readJSON(acksFile, &a.pools)
	return a, err
}

// set records the ack and reports whether it says something new.
func (a *acks) set(pool, pod string, ack dataset.Ack) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pools[pool] == nil {
		a.pools[pool] = map[string]dataset.Ack{}
	}
	old, known := a.pools[pool][pod]
	if known && old.Level == ack.Level && old.Set == ack.Set && old.Refused == ack.Refused && old.Error == ack.Error &&
		maps.Equal(old.Feeds, ack.Feeds) && maps.Equal(old.Blocks, ack.Blocks) {
		return false, nil
	}
	a.pools[pool][pod] = ack
	delete(a.pools[pool], gone)
	return true, a.store.writeJSON(acksFile, a.pools)
}

// keep drops what pods said that no longer exist, and reports whether any did.
func (a *acks) keep(pool string, pods []string) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, read := len(a.pools[pool]), least(a.pools[pool])
	maps.DeleteFunc(a.pools[pool], func(pod string, _ dataset.Ack) bool { return pod != gone && !slices.Contains(pods, pod) })
	if len(a.pools[pool]) == before {
		return false, nil
	}
	if len(a.pools[pool]) == 0 {
		a.pools[pool][gone] = dataset.Ack{Level: read}
	}
	return true, a.store.writeJSON(acksFile, a.pools)
}

// drop forgets a pool, and reports whether anything was known of it.
func (a *acks) drop(pool string) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.pools[pool]; !known {
		return false, nil
	}
	delete(a.pools, pool)
	return true, a.store.writeJSON(acksFile, a.pools)
}

// of returns what the pods of a pool said, by pod.
func (a *acks) of(pool string) map[string]dataset.Ack {
	a.mu.Lock()
	defer a.mu.Unlock()
	said := maps.Clone(a.pools[pool])
	delete(said, gone)
	return said
}

// blocks reports whether every pod that searches a feed applies the overlay.
func (a *acks) blocks(feed, overlay string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, pods := range a.pools {
		for _, ack := range pods {
			if _, searches := ack.Feeds[feed]; searches && ack.Blocks[feed] != overlay {
				return false
			}
		}
	}
	return true
}

// level is the least that the loaders read which acknowledged a set. Without
// any it is what this build knows: there is nobody to wait for.
func (a *acks) level() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	read := int64(level.Known)
	for _, pods := range a.pools {
		read = min(read, least(pods))
	}
	return read
}

// least is the level of the pod that reads least.
func least(pods map[string]dataset.Ack) int64 {
	read := int64(level.Known)
	for _, ack := range pods {
		read = min(read, max(ack.Level, level.First))
	}
	return read
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
