// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/artifact"
)

// choose decides which release regions are ordered to serve: the newest, or
// the one that spec.pin names.
func (r *Reconciler) choose(_ context.Context, s *scope) error {
	status := &s.feed.Status
	status.ID = s.id
	chosen := s.newest()
	if chosen != nil {
		status.HighestNumber = max(status.HighestNumber, chosen.Spec.Number)
	}
	if pin := s.feed.Pinned(); pin != "" {
		chosen = nil
		for i := range s.releases {
			if s.releases[i].Spec.Number == pin.Number() {
				chosen = &s.releases[i]
			}
		}
		if chosen == nil {
			conditions.False(s.feed, screeningv1.ConditionBuilt, screeningv1.ReasonPinNotFound,
				"spec.pin names %s, which is not kept; pin one that `kubectl get rel -n %s` lists, or clear spec.pin", pin, s.feed.Namespace)
			return nil
		}
		if c := conditions.Get(s.feed, screeningv1.ConditionBuilt); c == nil || c.Reason == screeningv1.ReasonPinNotFound {
			conditions.True(s.feed, screeningv1.ConditionBuilt, screeningv1.ReasonBuilt, "Held at %s by spec.pin", pin)
		}
	} else if c := conditions.Get(s.feed, screeningv1.ConditionBuilt); c != nil && c.Reason == screeningv1.ReasonPinNotFound && chosen != nil {
		conditions.True(s.feed, screeningv1.ConditionBuilt, screeningv1.ReasonBuilt, "%d records were read", chosen.Spec.Records.Total())
	}
	if chosen == nil {
		return nil
	}
	status.Release = &screeningv1.FeedRelease{
		Version:  screeningv1.NewReleaseVersion(chosen.Spec.Number),
		Number:   chosen.Spec.Number,
		Name:     chosen.Name,
		Digest:   chosen.Spec.ContentDigest,
		Artifact: chosen.Spec.Artifact.Digest,
		Records:  new(chosen.Spec.Records.Total()),
		ListDate: chosen.Spec.ListDate,
	}
	return nil
}

// retain deletes releases beyond spec.retention with their content. The one
// that regions are ordered to serve, and any that a region still holds, stay.
func (r *Reconciler) retain(ctx context.Context, s *scope) error {
	keep := int(max(s.feed.Spec.Retention.Releases, 1))
	if s.feed.Suspended() || len(s.releases) <= keep || s.feed.Status.Release == nil {
		return nil
	}
	inUse := map[int64]bool{s.feed.Status.Release.Number: true}
	for i := range s.replicas {
		inUse[s.replicas[i].Spec.Release.Number()] = true
		if held := s.replicas[i].Status.Held; held != nil {
			inUse[held.Release.Number()] = true
		}
	}
	kept := s.releases[:keep:keep]
	var errs []error
	for i := keep; i < len(s.releases); i++ {
		release := &s.releases[i]
		if inUse[release.Spec.Number] {
			kept = append(kept, *release)
			continue
		}
		if err := r.drop(ctx, s, release); err != nil {
			errs = append(errs, err)
			kept = append(kept, *release)
		}
	}
	s.releases = kept
	return errors.Join(errs...)
}

// drop removes the content first: a release without content can be described,
// content that nothing describes would be a copy nobody knows of.
func (r *Reconciler) drop(ctx context.Context, s *scope, release *screeningv1.WatchlistRelease) error {
	if err := r.Registry.Delete(ctx, Repository(s.id), string(release.Spec.Artifact.Digest)); err != nil {
		return err
	}
	for i := range s.replicas {
		repository := artifact.FeedRepository(regionOf(&s.replicas[i]), string(s.id))
		desc, err := r.Registry.Resolve(ctx, repository, artifact.ReleaseTag(release.Spec.Number))
		if errors.Is(err, artifact.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := r.Registry.Delete(ctx, repository, desc.Digest.String()); err != nil {
			return err
		}
	}
	if err := r.Client.Delete(ctx, release, client.Preconditions{UID: &release.UID}); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete WatchlistRelease %s: %w", release.Name, err)
	}
	return nil
}
