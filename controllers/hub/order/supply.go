// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
)

// errNoKey says that the region has announced no key that may be used.
var errNoKey = errors.New("the region has not announced the key that its copy is sealed to")

// supplied is what is known of a region's artifact beside the order.
type supplied struct {
	manifest string
	excluded int
	// heavy says that a full copy shall follow once this one is held.
	heavy bool
}

// supplies remembers what was cut, by region and feed. A hub that starts knows
// nothing of it and learns it with the next release.
type supplies struct {
	mu sync.Mutex
	by map[[2]string]supplied
	// whole is the artifact that was last seen to be in the registry with all its blobs.
	whole map[[2]string]sight
}

type sight struct {
	manifest string
	at       time.Time
}

// saw notes that an artifact of a region is whole.
func (m *supplies) saw(region, feed, manifest string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.whole == nil {
		m.whole = map[[2]string]sight{}
	}
	m.whole[[2]string{region, feed}] = sight{manifest, now}
}

// seen is when an artifact was last seen to be whole; zero when it was not.
func (m *supplies) seen(region, feed, manifest string) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if last := m.whole[[2]string{region, feed}]; last.manifest == manifest {
		return last.at
	}
	return time.Time{}
}

func (m *supplies) get(region, feed string) (supplied, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.by[[2]string{region, feed}]
	return s, ok
}

func (m *supplies) put(region, feed string, s supplied) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by = map[[2]string]supplied{}
	}
	m.by[[2]string{region, feed}] = s
}

// forget drops what is known of a region that is no more.
func (m *supplies) forget(region string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ofRegion := func(key [2]string) bool { return key[0] == region }
	maps.DeleteFunc(m.by, func(key [2]string, _ supplied) bool { return ofRegion(key) })
	maps.DeleteFunc(m.whole, func(key [2]string, _ sight) bool { return ofRegion(key) })
}

// supply completes what the order says of a feed by the artifact with its
// content, which it cuts unless the one that stands will do.
func (r *Reconciler) supply(ctx context.Context, s *scope, feed order.Feed, before *order.Feed) (order.Feed, error) {
	key, ok := hub.ChooseEpoch(r.epochInput(s, feed, before))
	if !ok {
		return feed, errNoKey
	}
	if !key.Again.IsZero() {
		s.lookAgain(key.Again.Sub(r.Clock.Now()))
	}
	rebase := s.needsFull(feed.ID)
	if before != nil && before.Release == feed.Release && before.UID == feed.UID && before.Epoch == key.Epoch && before.Artifact != "" {
		known, _ := r.supplies.get(s.region.Name, feed.ID)
		// A feed that is pinned does not grow: its chain may stay.
		rebase = rebase || (known.manifest == before.Artifact && known.heavy && s.holds(before) && s.feeds[feed.ID].Pinned() == "")
		if !rebase {
			stands, err := r.stands(ctx, s, before)
			if err != nil {
				return feed, err
			}
			if stands {
				return s.floors(feed, contentOf(feed, before), before, key.Epoch), nil
			}
		}
	}
	rebase = rebase || s.holdsNothing(feed.ID)
	request := depot.Request{
		Region: s.region.Name, Jurisdiction: string(s.region.Spec.Jurisdiction), Release: releaseOf(feed.ID, s.release(feed.ID)),
		ListDate: listDate(feed.ListDate), Epoch: key.Epoch, Recipient: key.Recipient, Rebase: rebase,
		Releases: func(number int64) (depot.Release, bool) {
			for i := range s.releases[feed.ID] {
				if release := &s.releases[feed.ID][i]; release.Spec.Number == number {
					return releaseOf(feed.ID, release), true
				}
			}
			return depot.Release{}, false
		},
	}
	if before != nil {
		request.Previous = before.Artifact
	}
	// What was cut of the release before is held by regions that retain it: going
	// back to it moves nothing. A hub that was interrupted goes on with it, too.
	cut, stands, err := r.Depot.Find(ctx, request)
	if err == nil && !stands {
		cut, err = r.Depot.Cut(ctx, request)
	}
	if err != nil {
		return feed, err
	}
	r.supplies.put(s.region.Name, feed.ID, supplied{manifest: cut.Manifest, excluded: cut.Excluded, heavy: cut.Heavy})
	next := feed
	next.Artifact, next.Content, next.Size, next.Records, next.Epoch = cut.Manifest, cut.Content, cut.Size, cut.Records, key.Epoch
	return s.floors(feed, next, before, key.Epoch), nil
}

// floors gives what is ordered its floors: of releases, as the feed has it, and
// of keys, since what older keys seal is not needed once this is held. A region
// that is connected is told of them with the order after the one that brings
// the content: until it has that, it searches what it has instead of nothing.
func (s *scope) floors(feed, next order.Feed, before *order.Feed, epoch int64) order.Feed {
	next.Floor, next.KeyFloor = feed.Floor, epoch
	if before == nil || before.Release < 1 || before.UID != feed.UID || s.holds(&next) || !s.connected() {
		return next
	}
	next.Floor, next.KeyFloor = min(before.Floor, next.Release), before.KeyFloor
	return next
}

// connected reports whether the region was heard of lately.
func (s *scope) connected() bool {
	link := s.region.Status.Link
	return link != nil && link.State == screeningv1.LinkConnected
}

// epochInput is what the choice of a key depends on.
func (r *Reconciler) epochInput(s *scope, feed order.Feed, before *order.Feed) hub.EpochInput {
	in := hub.EpochInput{Now: r.Clock.Now()}
	if said := s.received.Feed(feed.ID); said != nil && said.UID == feed.UID {
		in.Announced = said.Keys
	}
	if owner := s.feeds[feed.ID]; owner != nil {
		in.RotateAfter = owner.Spec.Keys.RotateAfter.Duration()
	}
	if before == nil || before.UID != feed.UID {
		return in
	}
	in.Ordered = before.Epoch
	if replica := s.replicas[feed.ID]; replica != nil && replica.Status.KeyEpoch == before.Epoch {
		in.Since = replica.Status.KeySince.Time
	}
	if erased := s.feeds[feed.ID].Status.Floor.Number(); before.Release > 0 && before.Release < erased {
		// What the key sealed so far may not be read any more.
		in.Floor = before.Epoch + 1
	}
	return in
}

// needsFull reports whether the region, by its report on the order that
// stands, has nothing to apply that order's chain of deltas to.
func (s *scope) needsFull(id string) bool {
	said := s.received.Feed(id)
	return said != nil && said.NeedsFull && s.received.Observed != nil && s.received.Observed.Digest == s.published.Digest
}

// holdsNothing reports whether the region says that it has no copy at all.
func (s *scope) holdsNothing(id string) bool {
	said := s.received.Feed(id)
	return said != nil && said.Held == 0
}

// holds reports whether the region says that it has what the order listed.
func (s *scope) holds(before *order.Feed) bool {
	said := s.received.Feed(before.ID)
	return said != nil && said.Held == before.Release && said.Content == before.Content
}

// wholeEvery is how often the registry is asked for each blob of an artifact.
const wholeEvery = time.Hour

// stands reports whether the artifact that the order lists is there. The
// registry is asked for the manifest with each timestamp, and for the blobs now
// and then: one that lost its volume is filled again.
func (r *Reconciler) stands(ctx context.Context, s *scope, before *order.Feed) (bool, error) {
	now := r.Clock.Now()
	if !s.published.signed.IsZero() && now.Sub(s.published.signed) < r.TimestampInterval {
		return true, nil
	}
	repository := artifact.FeedRepository(s.region.Name, before.ID)
	if now.Sub(r.supplies.seen(s.region.Name, before.ID, before.Artifact)) < wholeEvery {
		_, err := r.Registry.Resolve(ctx, repository, before.Artifact)
		if errors.Is(err, artifact.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	whole, err := r.Registry.HasSnapshot(ctx, repository, before.Artifact)
	if whole {
		r.supplies.saw(s.region.Name, before.ID, before.Artifact, now)
	}
	return whole, err
}

func releaseOf(feed string, release *screeningv1.WatchlistRelease) depot.Release {
	return depot.Release{
		Feed: feed, Number: release.Spec.Number,
		Content: string(release.Spec.ContentDigest), Artifact: string(release.Spec.Artifact.Digest),
	}
}

func listDate(day string) time.Time {
	date, err := time.Parse(time.DateOnly, order.Day(day))
	if err != nil {
		return time.Time{}
	}
	return date
}
