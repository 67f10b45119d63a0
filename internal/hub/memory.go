// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"maps"
	"sync"
	"time"

	"github.com/frontline-screening/frontline/internal/report"
)

// Received is a verified report and when it arrived.
type Received struct {
	report.Report
	At time.Time
}

// Feed returns what the region said of the feed, or nil.
func (r *Received) Feed(id string) *report.Feed {
	if r == nil {
		return nil
	}
	for i := range r.Feeds {
		if r.Feeds[i].ID == id {
			return &r.Feeds[i]
		}
	}
	return nil
}

// Holds reports whether the region still has the object, by its own word.
func (r *Received) Holds(kind, uid string) bool {
	for _, f := range r.Feeds {
		if f.UID == uid && f.Held > 0 {
			return true
		}
	}
	for _, list := range [][]report.Object{r.Pools, r.Posts} {
		for _, o := range list {
			if o.UID == uid {
				return true
			}
		}
	}
	for _, o := range r.Orphans {
		if o.Kind == kind && o.UID == uid {
			return true
		}
	}
	return false
}

// Reports keeps the newest report of each region in memory and tells those
// who follow it. A hub that starts knows none: what it does not know it leaves
// as it stands. The zero value is ready for use.
type Reports struct {
	mu        sync.Mutex
	last      map[string]*Received
	followers []func(region string)
}

// Put keeps a verified report and tells followers.
func (r *Reports) Put(region string, received Received) {
	r.mu.Lock()
	if r.last == nil {
		r.last = map[string]*Received{}
	}
	r.last[region] = &received
	followers := r.followers
	r.mu.Unlock()
	for _, follow := range followers {
		follow(region)
	}
}

// Last returns the newest report of the region, or nil. It must not be changed.
func (r *Reports) Last(region string) *Received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[region]
}

// Forget drops what a region said that is no more.
func (r *Reports) Forget(region string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.last, region)
}

// Follow calls follow with the name of each region that reports from now on.
// follow must not block.
func (r *Reports) Follow(follow func(region string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.followers = append(append([]func(string){}, r.followers...), follow)
}

// Checks keeps when each feed's publisher was last asked, with an answer. It
// is a clock, and clocks that move by themselves are not written to objects.
// The zero value is ready for use.
type Checks struct {
	mu sync.Mutex
	at map[string]time.Time
}

// Put says that the feed's publisher answered at the time.
func (c *Checks) Put(feed string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == nil {
		c.at = map[string]time.Time{}
	}
	c.at[feed] = at
}

// Forget drops what is known of a feed that is no more.
func (c *Checks) Forget(feed string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.at, feed)
}

// All returns the times by feed.
func (c *Checks) All() map[string]time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.at)
}
