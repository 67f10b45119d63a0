// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"

	"github.com/go-logr/logr"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

// changes counts how the candidate differs from the newest release. The
// counts are for people: when the older content cannot be had, there are none
// and the release goes on.
func (r *Reconciler) changes(ctx context.Context, s *scope) *screeningv1.ReleaseChanges {
	base := s.newest()
	if base == nil {
		return nil
	}
	changes, err := r.compare(ctx, s, base)
	if err != nil {
		logr.FromContextOrDiscard(ctx).Info("Changes to the release before were not counted", "release", base.Name, "reason", err.Error())
		return nil
	}
	return changes
}

func (r *Reconciler) compare(ctx context.Context, s *scope, base *screeningv1.WatchlistRelease) (*screeningv1.ReleaseChanges, error) {
	dir, err := os.MkdirTemp(r.StateDir, "compare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	fetched, err := r.Registry.FetchSnapshot(ctx, Repository(s.id), string(base.Spec.Artifact.Digest),
		artifact.FetchOptions{Dir: dir, Content: string(base.Spec.ContentDigest)})
	if err != nil {
		return nil, err
	}
	before, err := rows(fetched.Path)
	if err != nil {
		return nil, fmt.Errorf("v%d: %w", base.Spec.Number, err)
	}
	after, err := rows(s.candidate.path)
	if err != nil {
		return nil, err
	}
	var added, removed, modified int64
	for id, row := range after {
		old, found := before[id]
		switch {
		case !found:
			added++
		case old != row:
			modified++
		}
	}
	for id := range before {
		if _, found := after[id]; !found {
			removed++
		}
	}
	return &screeningv1.ReleaseChanges{
		Base:     screeningv1.NewReleaseVersion(base.Spec.Number),
		Added:    new(added),
		Removed:  new(removed),
		Modified: new(modified),
	}, nil
}

// rows returns a digest of each record by its id.
func rows(path string) (map[string][sha256.Size]byte, error) {
	file, err := snapshot.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	digests := make(map[string][sha256.Size]byte, file.Records())
	for record, err := range file.All() {
		if err != nil {
			return nil, err
		}
		row, err := json.Marshal(record)
		if err != nil {
			return nil, err
		}
		digests[record.ID] = sha256.Sum256(row)
	}
	return digests, nil
}
