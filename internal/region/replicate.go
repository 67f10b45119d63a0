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
			err = p.erase(ctx, step.Feed)
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
		options := artifact.CopyOptions{Spool: p.spool}
		if _, err := artifact.CopySnapshot(ctx, p.from, p.to, repo, f.Artifact, options); err != nil {
			return err
		}
	}
	held, had := p.region.Copies()[f.ID]
	next := Copy{
		UID: f.UID, Release: f.Release, Content: f.Content, Artifact: f.Artifact,
		Size: f.Size, Records: f.Records, ListDate: f.ListDate,
	}
	if had {
		next.Previous, next.Leftovers = p.succeed(held, f.Artifact)
	}
	if err := p.region.setCopy(f.ID, &next); err != nil {
		return err
	}
	p.log.Info("Copy held", "region", p.region.name, "feed", f.ID, "release", f.Release, "content", f.Content)
	return nil
}

// succeed says what a copy of the artifact keeps of the one held before it: its
// previous artifact, and those that have no reader left. In one registry with
// the hub there are no leftovers, since the hub alone removes releases.
func (p *Replicator) succeed(held Copy, artifact string) (previous string, leftovers []string) {
	previous = held.Artifact
	candidates := slices.Clone(held.Leftovers)
	if held.Artifact == artifact {
		previous = held.Previous
	} else if p.from != nil && p.from.Host() != p.to.Host() {
		candidates = append(candidates, held.Previous)
	}
	for _, candidate := range candidates {
		if candidate != "" && candidate != artifact && candidate != previous && !slices.Contains(leftovers, candidate) {
			leftovers = append(leftovers, candidate)
		}
	}
	return previous, leftovers
}

// CleanUp removes what earlier releases left in the region's registry. What
// cannot be removed stays recorded for the next time; the copies held are as
// good as before, so that no feed fails by it.
func (p *Replicator) CleanUp(ctx context.Context) error {
	var errs []error
	copies := p.region.Copies()
	for _, id := range slices.Sorted(maps.Keys(copies)) {
		var kept []string
		for _, manifest := range copies[id].Leftovers {
			if err := p.to.Delete(ctx, artifact.FeedRepository(p.region.name, id), manifest); err != nil {
				kept, errs = append(kept, manifest), append(errs, err)
			}
		}
		if len(kept) < len(copies[id].Leftovers) {
			errs = append(errs, p.region.setLeftovers(id, kept))
		}
	}
	return errors.Join(errs...)
}

func (p *Replicator) erase(ctx context.Context, id string) error {
	held := p.region.Copies()[id]
	repo := artifact.FeedRepository(p.region.name, id)
	for _, manifest := range append(slices.Clone(held.Leftovers), held.Previous, held.Artifact) {
		if manifest == "" {
			continue
		}
		if err := p.to.Delete(ctx, repo, manifest); err != nil {
			return err
		}
	}
	if err := p.region.setCopy(id, nil); err != nil {
		return err
	}
	p.log.Info("Copy erased", "region", p.region.name, "feed", id)
	return nil
}

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
