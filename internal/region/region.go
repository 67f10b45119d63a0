// SPDX-License-Identifier: Apache-2.0

package region

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/frontline-screening/frontline/internal/dataset"
)

// Region is the memory of a region's agent: what is in force, what is held and
// what pods said. Its parts are set by those who learn of them and read by
// everyone; each change wakes those who wait. All methods are safe for
// concurrent use. What must outlive the process is in the Store.
type Region struct {
	name  string
	store *Store
	now   func() time.Time

	// copyMu makes one change of the copies at a time, so that none is lost.
	copyMu sync.Mutex

	mu       sync.RWMutex
	joined   *Joined
	verified *Verified
	terms    *Terms
	// started says that terms and orphans were read since the process began.
	started  bool
	copies   Copies
	failures map[string]Failure
	// waiting are the feeds for which a full copy was asked for instead of an artifact.
	waiting map[string]waiting
	orphans map[string][]string
	// floor is the newest order that is remembered outside the state directory,
	// found the one that the process found there, setback what follows of both.
	floor   Floor
	found   Floor
	setback *setback
	// rebuilding says that copies may be held by pods and not by the region.
	rebuilding bool
	refusal    *Refusal
	link       Link

	acks    *acks
	changes notifier
}

// Refusal is the newest order that was refused as a whole.
type Refusal struct{ Reason, Message string }

// Link says how the line to the hub fares.
type Link struct {
	Connected bool `json:"connected"`
	// Since is when Connected last changed.
	Since time.Time `json:"since"`
	// Message says what went wrong last; empty while connected.
	Message string `json:"message"`
}

// New returns the region as its state directory knows it. It needs no hub.
func New(name string, store *Store, now func() time.Time) (*Region, error) {
	joined, err := store.Joined()
	if err != nil {
		return nil, err
	}
	verified, err := store.LoadOrder()
	if err != nil {
		return nil, err
	}
	copies, err := store.Copies()
	if err != nil {
		return nil, err
	}
	acks, err := loadAcks(store)
	if err != nil {
		return nil, err
	}
	// The line counts as it was left until it proves otherwise: a restart alone
	// changes no answer. A hub that is gone shows after the loss limit.
	line := Link{Since: now(), Message: "the hub has not been reached since the agent was installed"}
	if _, err := store.readJSON(linkFile, &line); err != nil {
		return nil, err
	}
	found := Floor{}
	if verified != nil {
		found = floorOf(verified)
	}
	marked, err := store.read(rebuildingFile)
	if err != nil {
		return nil, err
	}
	return &Region{
		found: found, rebuilding: marked != nil, name: name, store: store, now: now, joined: joined, verified: verified, copies: copies,
		failures: map[string]Failure{}, waiting: map[string]waiting{}, link: line, acks: acks,
	}, nil
}

// Name is the region's name.
func (r *Region) Name() string { return r.name }

// Store is the region's state directory.
func (r *Region) Store() *Store { return r.store }

// Changed returns a channel that is closed by the next change. Take it before
// reading, so that no change is missed.
func (r *Region) Changed() <-chan struct{} { return r.changes.wait() }

// set runs f under the lock and wakes everyone when it reports a change.
func (r *Region) set(f func() bool) {
	r.mu.Lock()
	changed := f()
	r.mu.Unlock()
	if changed {
		r.changes.notify()
	}
}

// Joined returns the joining, or nil before it.
func (r *Region) Joined() *Joined {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.joined
}

// SetJoined records a joining, on disk first.
func (r *Region) SetJoined(j Joined) error {
	if err := r.store.SetJoined(j); err != nil {
		return err
	}
	r.set(func() bool { r.joined = &j; return true })
	return nil
}

// Verified returns the order in force, or nil before the first. It must not
// be changed.
func (r *Region) Verified() *Verified {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.verified
}

// setVerified puts an order in force that was verified and saved.
func (r *Region) setVerified(v *Verified) {
	r.set(func() bool { r.verified, r.refusal = v, nil; return true })
}

// Terms returns the region's terms, or nil.
func (r *Region) Terms() *Terms {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.terms
}

// Started reports whether the region's own objects have been read since the
// process began. Before, a feed that the terms cover looks like one they
// refuse: nothing may be told to loaders, to the hub or to people.
func (r *Region) Started() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.started
}

// SetTerms puts terms in force; nil accepts nothing. With the first terms the
// region has started, so orphans are set before.
func (r *Region) SetTerms(t *Terms) {
	r.set(func() bool {
		if r.started && reflect.DeepEqual(r.terms, t) {
			return false
		}
		r.terms, r.started = t, true
		return true
	})
}

// Floor is the newest order that was in force in a region as it is remembered
// outside the state directory, which may be lost.
type Floor struct {
	HubUID, RegionUID string
	Term, Sequence    int64
}

// SetFloor tells the region what is remembered of it. It is called before
// SetTerms, so that a region that has started knows it. An order that is older
// is refused from then on, if the region is joined to the same hub.
func (r *Region) SetFloor(f Floor) {
	r.set(func() bool { r.floor = f; r.compare(); return false })
}

// Floor returns the newest order that is remembered: what is in force, or what
// was set when that is newer or is of the hub that was joined and the order in
// force is not. It is zero when there is none.
func (r *Region) Floor() Floor {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.verified == nil {
		return r.floor
	}
	now := floorOf(r.verified)
	if r.floor.of(r.joined) && (r.floor.above(now) || !now.of(r.joined)) {
		return r.floor
	}
	return now
}

func floorOf(v *Verified) Floor {
	return Floor{HubUID: v.HubUID, RegionUID: v.Region.UID, Term: v.Term, Sequence: v.Sequence}
}

// above reports whether the order is newer than another of the same hub.
func (f Floor) above(other Floor) bool {
	return cmp.Or(cmp.Compare(f.Term, other.Term), cmp.Compare(f.Sequence, other.Sequence)) > 0
}

// of reports whether the order is of the hub and region of a joining.
func (f Floor) of(joined *Joined) bool {
	return joined != nil && f.HubUID == joined.HubUID && f.RegionUID == joined.RegionUID
}

// Refusal returns the newest order refused since the one in force, or nil.
func (r *Region) Refusal() *Refusal {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.refusal
}

func (r *Region) setRefusal(refusal *Refusal) {
	r.set(func() bool {
		if reflect.DeepEqual(r.refusal, refusal) {
			return false
		}
		r.refusal = refusal
		return true
	})
}

// Link returns how the line to the hub fares.
func (r *Region) Link() Link {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.link
}

func (r *Region) setLink(connected bool, message string) error {
	var err error
	r.set(func() bool {
		changed := r.link.Connected != connected
		if changed {
			r.link.Since = r.now()
		}
		r.link.Connected, r.link.Message = connected, message
		if changed {
			err = r.store.writeJSON(linkFile, r.link)
		}
		return changed
	})
	return err
}

// SetOrphans names the pools that run here although the order in force does
// not list them, with their feeds. They keep their targets.
func (r *Region) SetOrphans(pools map[string][]string) {
	r.set(func() bool {
		if maps.EqualFunc(r.orphans, pools, slices.Equal) {
			return false
		}
		r.orphans = pools
		return true
	})
}

// PoolFeeds returns the feeds that a pool names, by the order that it runs by
// or, for an orphan, by its object; false when no such pool is known.
func (r *Region) PoolFeeds(pool string) ([]string, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.verified != nil {
		if w := r.verified.RunningPool(pool); w != nil {
			return feedsOf(w.Spec), true
		}
	}
	feeds, ok := r.orphans[pool]
	return feeds, ok
}

// feedsOf reads spec.feeds of a MatcherPool.
func feedsOf(spec json.RawMessage) []string {
	var pool struct {
		Feeds []struct {
			ID string `json:"id"`
		} `json:"feeds"`
	}
	if err := json.Unmarshal(spec, &pool); err != nil {
		return nil
	}
	ids := make([]string, 0, len(pool.Feeds))
	for _, f := range pool.Feeds {
		ids = append(ids, f.ID)
	}
	return ids
}

// Target says what the pods of a pool shall search; false when no such pool
// is known, the region has not started, or it lost with its volume what it would
// need to say: then pods keep what they have.
func (r *Region) Target(pool string) (dataset.Target, bool) {
	feeds, ok := r.PoolFeeds(pool)
	if !ok || !r.Started() {
		return dataset.Target{}, false
	}
	r.mu.RLock()
	verified, copies, rebuilding := r.verified, r.copies, r.rebuilding
	if rebuilding && verified != nil {
		copies = copies.presumed(verified.Order)
	}
	target := Target(verified, r.terms, copies, r.name, pool, feeds, r.link.Connected)
	r.mu.RUnlock()
	searched := searchable(target)
	r.unlock(verified, &target)
	if rebuilding && (verified == nil || searchable(target) < searched) {
		return dataset.Target{}, false
	}
	if err := r.proofs(verified, copies, &target); err != nil {
		return dataset.Target{}, false // a loader would refuse what is not proven
	}
	return target, true
}

// Judge says what an answer given now would say of a feed.
func (r *Region) Judge(id string) Verdict {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return JudgeAt(r.verified, r.terms, r.copies, id, r.now())
}

// Acknowledge takes a pod's word on what it searches. It holds even when the
// error says that it could not be written to disk.
func (r *Region) Acknowledge(pool string, ack dataset.PodAck) error {
	changed, err := r.acks.set(pool, ack.Pod, ack.Ack)
	if changed {
		r.changes.notify()
	}
	return err
}

// KeepAcks drops what pods of a pool said that no longer exist.
func (r *Region) KeepAcks(pool string, pods ...string) error {
	changed, err := r.acks.keep(pool, pods)
	if changed {
		r.changes.notify()
	}
	return err
}

// DropAcks forgets what the pods of a pool said that is gone.
func (r *Region) DropAcks(pool string) error {
	changed, err := r.acks.drop(pool)
	if changed {
		r.changes.notify()
	}
	return err
}

// Acks returns what the pods of a pool say that they search, by pod.
func (r *Region) Acks(pool string) map[string]dataset.Ack { return r.acks.of(pool) }

// Served sums up what all pods search of a feed.
func (r *Region) Served(feed string) Served { return r.acks.served(feed) }

// NextDeadline is the next time at which the verdict on a feed, or the mark of
// its answers, changes by the clock alone; zero when none is in sight.
func (r *Region) NextDeadline(id string) time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.verified == nil {
		return time.Time{}
	}
	f := r.verified.Feed(id)
	if f == nil {
		return time.Time{}
	}
	limits := f.Freshness.Tighten(r.verified.Region.Freshness)
	var next time.Time
	consider := func(t time.Time) {
		if t.After(r.now()) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, seconds := range []int64{limits.MarkSeconds, limits.StopSeconds} {
		if seconds > 0 {
			// At the limit itself the order is not past it yet.
			consider(r.verified.Clocks.Issued.Add(time.Duration(seconds)*time.Second + time.Nanosecond))
		}
	}
	if until, err := time.Parse(time.RFC3339, f.LegalBasis.ValidUntil); err == nil {
		consider(until)
	}
	return next
}
