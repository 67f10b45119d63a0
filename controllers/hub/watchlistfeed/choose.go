// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"fmt"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
)

// choose decides which release regions are ordered to serve: the newest, or
// the one that spec.pin names. A pin that cannot be followed changes nothing.
func (r *Reconciler) choose(_ context.Context, s *scope) error {
	status := &s.feed.Status
	status.ID = s.id
	chosen := s.newest()
	if chosen != nil {
		status.HighestNumber = max(status.HighestNumber, chosen.Spec.Number)
	}
	built := conditions.Get(s.feed, screeningv1.ConditionBuilt)
	unpinned := built == nil || built.Reason == screeningv1.ReasonPinNotFound
	if pin := s.feed.Pinned(); pin != "" {
		var why string
		if chosen, why = s.pinned(pin); chosen == nil {
			conditions.False(s.feed, screeningv1.ConditionBuilt, screeningv1.ReasonPinNotFound,
				"spec.pin names %s, %s; pin one that `kubectl get rel -n %s` lists, or clear spec.pin", pin, why, s.feed.Namespace)
			if status.Release == nil || status.Release.Number >= status.Floor.Number() {
				return nil
			}
			// What serves has a record that was erased since: no pin keeps it.
			chosen = s.newest()
		} else if unpinned {
			conditions.True(s.feed, screeningv1.ConditionBuilt, screeningv1.ReasonBuilt, "Held at %s by spec.pin", pin)
		}
	} else if built != nil && unpinned && chosen != nil {
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

// pinned returns the release of a pin, or why it cannot be served.
func (s *scope) pinned(pin screeningv1.ReleaseVersion) (*screeningv1.WatchlistRelease, string) {
	if floor := s.feed.Status.Floor; pin.Number() < floor.Number() {
		return nil, fmt.Sprintf("but an erasure raised the floor to %s", floor)
	}
	for i := range s.releases {
		if s.releases[i].Spec.Number == pin.Number() {
			return &s.releases[i], ""
		}
	}
	return nil, "which is not kept"
}
