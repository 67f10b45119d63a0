// SPDX-License-Identifier: Apache-2.0

package region

import (
	"fmt"
	"maps"
	"time"
)

// Failure says why the release ordered of a feed is not held.
type Failure struct {
	// Reason is one of the constants Failure….
	Reason  string
	Message string
}

// Copies returns the copies held, by feed id.
func (r *Region) Copies() Copies {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.copies.clone()
}

// setCopy records a copy, or with nil that none is held, on disk first.
func (r *Region) setCopy(id string, c *Copy) error {
	return r.changeCopies(func(copies Copies) bool {
		if c == nil {
			delete(copies, id)
		} else {
			copies[id] = *c
		}
		return true
	}, func() { delete(r.failures, id) })
}

// setLeftovers records what is left to remove of a feed's earlier releases, on
// disk first. It concerns nobody but the replicator, so it wakes nobody and
// leaves the feed's failure as it is.
func (r *Region) setLeftovers(id string, artifacts []string) error {
	return r.changeCopies(func(copies Copies) bool {
		held, ok := copies[id]
		held.Leftovers = artifacts
		if ok {
			copies[id] = held
		}
		return ok
	}, nil)
}

// changeCopies changes the inventory on disk and then in memory. With done it
// is news, and done is called under the lock.
func (r *Region) changeCopies(change func(Copies) bool, done func()) error {
	r.copyMu.Lock()
	defer r.copyMu.Unlock()
	next := r.Copies()
	if !change(next) {
		return nil
	}
	if err := r.store.SetCopies(next); err != nil {
		return err
	}
	r.set(func() bool {
		r.copies = next
		if done != nil {
			done()
		}
		return done != nil
	})
	return r.rebuilt()
}

// Failure returns why the release ordered of a feed is not held, or not
// searched as it is ordered; zero if nothing went wrong.
func (r *Region) Failure(id string) Failure {
	r.mu.RLock()
	failure, v, held := r.failures[id], r.verified, r.copies[id]
	r.mu.RUnlock()
	if failure.Reason != "" || v == nil || v.Feed(id) == nil {
		return failure
	}
	if _, _, err := r.opened(v, v.Feed(id)); err != nil {
		return Failure{Reason: FailureKey, Message: err.Error()}
	}
	if lacks, err := r.store.lacksKey(id, held.Epoch); held.Artifact != "" && (lacks || err != nil) {
		return Failure{Reason: FailureKey, Message: fmt.Sprintf("feed %s v%d: epoch %d: %s; pods that have it mapped go on, and the hub seals it anew", id, held.Release, held.Epoch, errNoKey)}
	}
	return Failure{}
}

// keepFailures forgets the failures of feeds that nothing is to be done about
// any more, as after an order to go back to what is held.
func (r *Region) keepFailures(still func(id string) bool) {
	r.set(func() bool {
		before := len(r.failures)
		maps.DeleteFunc(r.failures, func(id string, _ Failure) bool { return !still(id) })
		return len(r.failures) != before
	})
}

func (r *Region) setFailure(id string, f Failure) {
	r.set(func() bool {
		if r.failures[id] == f {
			return false
		}
		r.failures[id] = f
		return true
	})
}

// waiting says since when a full copy is waited for instead of an artifact.
type waiting struct {
	artifact string
	since    time.Time
	over     bool
}

// waitFull notes that a full copy of a feed is waited for instead of an
// artifact, and returns how long it still shall be; zero when it was long
// enough, and then nothing is waited for any more.
func (r *Region) waitFull(id, artifact string, limit time.Duration) (left time.Duration) {
	r.set(func() bool {
		w, is := r.waiting[id]
		if !is || w.artifact != artifact {
			r.waiting[id], left = waiting{artifact: artifact, since: r.now()}, limit
			return true
		}
		left = max(limit-r.now().Sub(w.since), 0)
		over := w.over || left == 0
		changed := over != w.over
		w.over = over
		r.waiting[id] = w
		return changed
	})
	return left
}

// waited forgets that a full copy was waited for.
func (r *Region) waited(id string) {
	r.set(func() bool {
		w, is := r.waiting[id]
		delete(r.waiting, id)
		return is && !w.over
	})
}

// needsFull reports whether a full copy of the feed is waited for.
func (r *Region) needsFull(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	w, is := r.waiting[id]
	return is && !w.over
}
