// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"fmt"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

// throughout counts a candidate as other than the base in every record.
func throughout(s *scope, base *screeningv1.WatchlistRelease) *screeningv1.ReleaseChanges {
	return &screeningv1.ReleaseChanges{
		Base:  screeningv1.NewReleaseVersion(base.Spec.Number),
		Added: new(int64(s.candidate.meta.Records)), Removed: new(base.Spec.Records.Total()), Modified: new(int64(0)),
	}
}

// compare counts how the candidate differs from a release.
func (r *Reconciler) compare(ctx context.Context, s *scope, base *screeningv1.WatchlistRelease) (*screeningv1.ReleaseChanges, error) {
	if string(base.Spec.ContentDigest) == s.candidate.digest {
		return &screeningv1.ReleaseChanges{
			Base: screeningv1.NewReleaseVersion(base.Spec.Number), Added: new(int64(0)), Removed: new(int64(0)), Modified: new(int64(0)),
		}, nil
	}
	path, err := r.Depot.Whole(ctx, depot.Release{
		Feed: string(s.id), Number: base.Spec.Number, Content: string(base.Spec.ContentDigest), Artifact: string(base.Spec.Artifact.Digest),
	})
	if err != nil {
		return nil, err
	}
	before, err := snapshot.Open(path)
	if err != nil {
		return nil, fmt.Errorf("v%d: %w", base.Spec.Number, err)
	}
	defer before.Close()
	after, err := snapshot.Open(s.candidate.path)
	if err != nil {
		return nil, err
	}
	defer after.Close()
	changes, err := snapshot.Compare(before, after)
	if err != nil {
		return nil, fmt.Errorf("v%d: %w", base.Spec.Number, err)
	}
	return &screeningv1.ReleaseChanges{
		Base:  screeningv1.NewReleaseVersion(base.Spec.Number),
		Added: new(changes.Added), Removed: new(changes.Removed), Modified: new(changes.Modified),
	}, nil
}
