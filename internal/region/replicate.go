// SPDX-License-Identifier: Apache-2.0

package region

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/order"
)

// Reasons of a Failure.
const (
	FailurePull   = "PullFailed"
	FailureDigest = "DigestMismatch"
	FailureKey    = "KeyMissing"
)

// Replicator makes the region's registry hold what the order says.
type Replicator struct {
	region *Region
	// from is the hub's registry, nil before joining; to is the region's own.
	from, to *artifact.Registry
	spool    string
	log      logr.Logger
}

// NewReplicator returns a replicator from the hub's registry to the region's
// own, which may be the same. What is under way waits in the state directory,
// so that a broken transfer goes on where it stopped.
func NewReplicator(r *Region, from, to *artifact.Registry, log logr.Logger) (*Replicator, error) {
	spool := r.store.path("spool")
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	return &Replicator{region: r, from: from, to: to, spool: spool, log: log}, nil
}

// Step is one thing a replicator does.
type Step struct {
	Feed string
	// Pull is the release to copy; nil to remove what is held.
	Pull *order.Feed
}

// PlanCopies says what to do so that the copies held are those ordered. It is
// a pure function. A feed that may not be held here is not pulled, whatever
// the order says; a copy goes only when an order says Erase, or when the
// feed's object is another than the one the copy was made of.
func PlanCopies(v *Verified, terms *Terms, held Copies) []Step {
	if v == nil {
		return nil
	}
	var steps []Step
	for i := range v.Feeds {
		f := &v.Feeds[i]
		verdict := Judge(v.Order, terms, f.ID)
		_, has := held[f.ID]
		switch {
		case f.State == order.Erase && has:
			steps = append(steps, Step{Feed: f.ID})
		case verdict.Search && !held.current(f):
			steps = append(steps, Step{Feed: f.ID, Pull: f})
		}
	}
	// A tombstone of a feed that the order no longer lists erases it too.
	for _, id := range slices.Sorted(maps.Keys(held)) {
		if v.Feed(id) == nil && v.Withdrawn(order.KindFeed, held[id].UID) {
			steps = append(steps, Step{Feed: id})
		}
	}
	return steps
}

// Sync takes every step of the plan once. The failure of one feed is recorded
// and does not keep the others waiting.
func (p *Replicator) Sync(ctx context.Context) error {
	var errs []error
	for _, step := range PlanCopies(p.region.Verified(), p.region.Terms(), p.region.Copies()) {
		var err error
		if step.Pull == nil {
			err = p.eraseFeed(ctx, step.Feed)
		} else {
			err = p.pull(ctx, step.Pull)
		}
		if err == nil {
			continue
		}
		errs = append(errs, err)
		reason := FailurePull
		if errors.Is(err, artifact.ErrDigest) || errors.Is(err, artifact.ErrMalformed) {
			reason = FailureDigest
		}
		p.region.setFailure(step.Feed, Failure{Reason: reason, Message: err.Error()})
	}
	return errors.Join(errs...)
}

func (p *Replicator) pull(ctx context.Context, f *order.Feed) error {
	repo := artifact.FeedRepository(p.region.name, f.ID)
	has, err := p.to.HasSnapshot(ctx, repo, f.Artifact)
	if err != nil {
		return err
	}
	if !has {
		if p.from == nil {
			return fmt.Errorf("feed %s v%d: the hub cannot be asked yet", f.ID, f.Release)
		}
		if err := p.worth(ctx, repo, f); err != nil {
			return err
		}
		options := artifact.CopyOptions{Spool: p.spool}
		if _, err := artifact.CopySnapshot(ctx, p.from, p.to, repo, f.Artifact, options); err != nil {
			return err
		}
	}
	p.region.setWaiting(f.ID, "")
	held, had := p.region.Copies()[f.ID]
	next := Copy{
		UID: f.UID, Release: f.Release, Content: f.Content, Artifact: f.Artifact,
		Size: f.Size, Records: f.Records, ListDate: f.ListDate, Epoch: f.Epoch,
	}
	switch {
	case had:
		next = next.succeeds(held, f)
	case f.Epoch == 1:
		next.KeyFloor = f.KeyFloor // there was no key before the first
	}
	if err := p.region.setCopy(f.ID, &next); err != nil {
		return err
	}
	p.log.Info("Copy held", "region", p.region.name, "feed", f.ID, "release", f.Release, "content", f.Content)
	return nil
}

// fullWait is how long a region that has nothing waits for the hub to make the
// full copy that it asked for, before it takes what there is.
const fullWait = time.Minute

// worth refuses, for a while, to pull a long chain of deltas with the copy they
// apply to: the hub makes a full copy, which is less, once it knows.
func (p *Replicator) worth(ctx context.Context, repo string, f *order.Feed) error {
	if _, had := p.region.Copies()[f.ID]; had || p.shared() {
		return nil
	}
	weight, err := p.from.Weigh(ctx, repo, f.Artifact)
	if err != nil {
		return err
	}
	if weight.Deltas*20 <= weight.Base || p.region.setWaiting(f.ID, f.Artifact) >= fullWait {
		return nil
	}
	return fmt.Errorf("feed %s v%d: nothing is held that its changes could be applied to; the hub was asked for a full copy", f.ID, f.Release)
}

// CleanUp removes what earlier releases left in the region's registry and
// completes erasures. What cannot be removed stays recorded for the next time;
// the copies held are as good as before, so that no feed fails by it.
func (p *Replicator) CleanUp(ctx context.Context) error {
	var errs []error
	copies := p.region.Copies()
	for _, id := range slices.Sorted(maps.Keys(copies)) {
		if f := p.ending(id, copies); f != nil {
			errs = append(errs, p.destroyKeys(ctx, f, copies[id]))
		} else {
			errs = append(errs, p.retire(ctx, id, copies[id]))
		}
	}
	return errors.Join(errs...)
}

// retire deletes the artifacts that are left over. In one registry with the
// hub the hub alone removes releases.
func (p *Replicator) retire(ctx context.Context, id string, held Copy) error {
	if len(held.Leftovers) == 0 {
		return nil
	}
	var kept []string
	var errs []error
	for _, manifest := range held.Leftovers {
		if p.shared() {
			continue
		}
		if err := p.to.Delete(ctx, artifact.FeedRepository(p.region.name, id), manifest); err != nil && !errors.Is(err, artifact.ErrDeletionUnsupported) {
			kept, errs = append(kept, manifest), append(errs, err)
		}
	}
	return errors.Join(append(errs, p.region.setLeftovers(id, kept))...)
}

// shared reports whether the region's registry is the hub's.
func (p *Replicator) shared() bool { return p.from != nil && p.from.Host() == p.to.Host() }

// Run keeps the copies as ordered until the context ends.
func (p *Replicator) Run(ctx context.Context) error {
	failures := 0
	for ctx.Err() == nil {
		changed := p.region.Changed()
		if err := p.Sync(ctx); err != nil && ctx.Err() == nil {
			// Recording a failure is a change too, so only time ends this pause.
			failures++
			wait := jitter(min(time.Second<<min(failures, 6), time.Minute))
			p.log.Info("Copies are not as ordered; what is held goes on serving", "region", p.region.name, "cause", err.Error(), "retry", wait.String())
			pause(ctx, wait)
			continue
		}
		failures = 0
		var again <-chan time.Time
		if err := p.CleanUp(ctx); err != nil && ctx.Err() == nil {
			wait := jitter(time.Minute)
			p.log.Info("Earlier releases are not removed yet; nothing is missing", "region", p.region.name, "cause", err.Error(), "retry", wait.String())
			again = time.After(wait)
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-again:
		}
	}
	return nil
}
