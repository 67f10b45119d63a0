// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/replicas"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/hub"
)

// retain deletes releases that nothing needs any more, with their content: those
// below the floor, whoever holds them, and those beyond spec.retention that no
// region uses.
func (r *Reconciler) retain(ctx context.Context, s *scope) error {
	if s.feed.Status.Release == nil {
		return nil
	}
	keep := int(max(s.feed.Spec.Retention.Releases, 1))
	used := s.inUse(r.Reports, keep)
	floor := s.feed.Status.Floor.Number()
	var kept []screeningv1.WatchlistRelease
	var errs []error
	for i := range s.releases {
		release := &s.releases[i]
		number := release.Spec.Number
		erased := number < floor && number != s.feed.Status.Release.Number
		// What an erasure removed goes although the feed is suspended.
		surplus := !s.feed.Suspended() && len(kept) >= keep && !used[number]
		if !erased && !surplus {
			kept = append(kept, *release)
			continue
		}
		if err := r.drop(ctx, s, release, erased); err != nil {
			errs = append(errs, err)
			kept = append(kept, *release)
		}
	}
	s.releases = kept
	return errors.Join(errs...)
}

// inUse are the releases that a region may need again: the one regions are
// ordered to serve, and what replicas and each region's last report name.
func (s *scope) inUse(reports *hub.Reports, keep int) map[int64]bool {
	used := map[int64]bool{s.feed.Status.Release.Number: true}
	for i := range s.replicas {
		replica := &s.replicas[i]
		used[replica.Spec.Release.Number()] = true
		if held := replica.Status.Held; held != nil {
			used[held.Release.Number()] = true
		}
		reported := reports.Last(replicas.Region(replica)).Feed(string(s.id))
		if reported == nil {
			continue
		}
		used[reported.Wanted], used[reported.Held], used[reported.Served] = true, true, true
		// A region is told how many to keep; no word of its makes the hub keep more.
		for _, number := range reported.Retained[max(0, len(reported.Retained)-keep):] {
			used[number] = true
		}
	}
	return used
}

// drop removes the content first: a release without content can be described,
// content that nothing describes would be a copy nobody knows of. What an erasure
// removed goes from the registry's disk at once.
func (r *Reconciler) drop(ctx context.Context, s *scope, release *screeningv1.WatchlistRelease, erased bool) error {
	if err := r.remove(ctx, depot.Repository(string(s.id)), string(release.Spec.Artifact.Digest), erased); err != nil {
		return err
	}
	for i := range s.replicas {
		repository := artifact.FeedRepository(replicas.Region(&s.replicas[i]), string(s.id))
		desc, err := r.Registry.Resolve(ctx, repository, artifact.ReleaseTag(release.Spec.Number))
		if errors.Is(err, artifact.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := r.remove(ctx, repository, desc.Digest.String(), erased); err != nil {
			return err
		}
	}
	if err := r.Client.Delete(ctx, release, client.Preconditions{UID: &release.UID}); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete WatchlistRelease %s: %w", release.Name, err)
	}
	return nil
}

// remove deletes an artifact, and its layers too when it was erased: else they
// stay until the registry collects what nothing refers to.
func (r *Reconciler) remove(ctx context.Context, repository, manifest string, erased bool) error {
	if !erased {
		return r.Registry.Delete(ctx, repository, manifest)
	}
	blobs, err := r.Registry.Blobs(ctx, repository, manifest)
	if errors.Is(err, artifact.ErrNotFound) {
		return nil
	}
	if err != nil && !depot.Unusable(err) {
		return err // a damaged manifest goes by itself
	}
	err = r.Registry.Delete(ctx, repository, manifest)
	if err == nil {
		err = r.Registry.CollectNow(ctx, repository, blobs)
	}
	if errors.Is(err, artifact.ErrDeletionUnsupported) {
		return nil // the request says so, and rests on the keys
	}
	return err
}
