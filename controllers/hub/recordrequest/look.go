// SPDX-License-Identifier: Apache-2.0

package recordrequest

import (
	"context"

	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

// look says, once, whether the release that serves lists the record: a hash that
// was made of a mistyped id would otherwise be carried out in silence. It is
// looked up while the release is at hand, and carried out in any case.
func (r *Reconciler) look(ctx context.Context, s *scope) {
	if s.feed == nil || s.feed.Status.Release == nil {
		return
	}
	at := s.feed.Status.Release
	if s.request.Status.Floor != "" {
		return // what serves is without it by now
	}
	listed, err := r.lists(ctx, s, at)
	if err != nil {
		ctrllog.FromContext(ctx).V(1).Info("A record was not looked up", "request", s.request.Name, "reason", err.Error())
		return
	}
	if listed {
		conditions.True(s.request, screeningv1.ConditionListed, screeningv1.ReasonFound, "%s lists the record", at.Version)
		return
	}
	conditions.False(s.request, screeningv1.ConditionListed, screeningv1.ReasonNotInRelease,
		"No record of %s has this hash; compare the id with the publisher's list and hash it again; if the publisher lists it later, the request holds for it", at.Version)
}

func (r *Reconciler) lists(ctx context.Context, s *scope, at *screeningv1.FeedRelease) (bool, error) {
	path, err := r.Depot.Whole(ctx, depot.Release{Feed: string(s.id), Number: at.Number, Content: string(at.Digest), Artifact: string(at.Artifact)})
	if err != nil {
		return false, err
	}
	file, err := snapshot.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	names := s.keys.Key.RecordKey()
	for row, err := range file.Rows() {
		if err != nil {
			return false, err
		}
		id, err := snapshot.RowID(row)
		if err != nil {
			return false, err
		}
		if names.Hash(string(id)) == string(s.request.Spec.Record) {
			return true, nil
		}
	}
	return false, nil
}
