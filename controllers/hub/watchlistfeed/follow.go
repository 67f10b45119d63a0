// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/replicas"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
)

// followReleases writes the status of each kept release.
func (r *Reconciler) followReleases(ctx context.Context, s *scope) error {
	var errs []error
	for i := range s.releases {
		release := &s.releases[i]
		helper := patch.New(r.Client, release)
		release.Status.ObservedGeneration = release.Generation
		if current := s.feed.Status.Release; current != nil && current.Number == release.Spec.Number {
			r.followCurrent(ctx, s, release)
		} else {
			followSuperseded(s, release)
		}
		_, err := helper.Status(ctx, release)
		if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (r *Reconciler) followCurrent(ctx context.Context, s *scope, release *screeningv1.WatchlistRelease) {
	served, owing := s.at(release.Spec.Number)
	wanted := len(served) + len(owing)
	var owed, waiting []string
	refused := ""
	for _, replica := range owing {
		region := replicas.Region(replica)
		owed = append(owed, region)
		why := r.cause(ctx, region, replica)
		waiting = append(waiting, region+": "+why)
		if why == screeningv1.ReasonDigestMismatch || why == screeningv1.ReasonRefusedByTerms {
			refused = region + ": " + why
		}
	}
	status := &release.Status
	status.Served = fmt.Sprintf("%d/%d", len(served), wanted)
	status.Owed = conditions.Line(owed)
	status.WaitingFor = conditions.Line(waiting)
	switch {
	case refused != "":
		status.Verdict = screeningv1.VerdictFail
		conditions.False(release, screeningv1.ConditionAvailable, screeningv1.ReasonRefused, "Not taken in %s; see: kubectl get repl -A", refused)
		conditions.Stall(release, screeningv1.ReasonRefused, "Not taken in %s; see: kubectl get repl -A", refused)
	case wanted == 0:
		status.Verdict = screeningv1.VerdictPending
		conditions.False(release, screeningv1.ConditionAvailable, screeningv1.ReasonNotWanted, "No pool of an allowed region names the feed")
		conditions.Progress(release, screeningv1.ReasonNotWanted, "No pool of an allowed region names the feed")
	case len(owing) > 0:
		// A release that passed once has passed, whatever happens to a line later.
		if status.Verdict != screeningv1.VerdictPass {
			status.Verdict = screeningv1.VerdictPending
		}
		text := fmt.Sprintf("Serves in %d of %d regions, waits for %s", len(served), wanted, status.WaitingFor)
		conditions.False(release, screeningv1.ConditionAvailable, screeningv1.ReasonWaitingForRegions, "%s", text)
		conditions.Progress(release, screeningv1.ReasonWaitingForRegions, "%s", text)
	default:
		status.Verdict = screeningv1.VerdictPass
		conditions.True(release, screeningv1.ConditionAvailable, screeningv1.ReasonServedEverywhere, "Serves in %s", regions(wanted))
		conditions.Settle(release, screeningv1.ReasonServedEverywhere, "Serves in %s", regions(wanted))
	}
}

// cause says in a word what a region that owes a release waits for.
func (r *Reconciler) cause(ctx context.Context, name string, replica *screeningv1.WatchlistReplica) string {
	region := &screeningv1.RegionalCluster{}
	if err := r.Client.Get(ctx, types.NamespacedName{Name: name}, region); err != nil {
		return "Unknown"
	}
	if link := region.Status.Link; link != nil && link.State != screeningv1.LinkConnected {
		return string(link.State)
	}
	if held := conditions.Get(replica, screeningv1.ConditionHeld); held != nil && conditions.IsFalse(replica, screeningv1.ConditionHeld) {
		return held.Reason
	}
	return "Loading"
}

// followSuperseded says of a release that nobody is ordered to serve any more
// where it still serves.
func followSuperseded(s *scope, release *screeningv1.WatchlistRelease) {
	still := 0
	for i := range s.replicas {
		replica := &s.replicas[i]
		if held := replica.Status.Held; held != nil && held.Release.Number() == release.Spec.Number && searched(replica) {
			still++
		}
	}
	text := "The feed stands at another release"
	if current := s.feed.Status.Release; current != nil {
		text = "The feed stands at " + string(current.Version)
	}
	if still > 0 {
		text += "; this one still serves in " + regions(still)
	}
	status := &release.Status
	status.Verdict = screeningv1.VerdictSuperseded
	status.Served = fmt.Sprintf("%d/0", still)
	status.Owed, status.WaitingFor = "-", "-"
	conditions.False(release, screeningv1.ConditionAvailable, screeningv1.ReasonSuperseded, "%s", text)
	conditions.Settle(release, screeningv1.ReasonSuperseded, "%s", text)
}
