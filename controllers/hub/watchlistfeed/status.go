// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"fmt"
	"time"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
)

// judgeBasis follows the legal basis, which ends by the clock alone.
func (r *Reconciler) judgeBasis(_ context.Context, s *scope) error {
	basis := s.feed.Spec.LegalBasis
	now := r.Clock.Now()
	s.feed.Status.BasisUntil = basis.ValidUntil.UTC().Format(time.DateOnly)
	rest := basis.ValidUntil.Sub(now)
	if rest <= 0 {
		conditions.False(s.feed, screeningv1.ConditionLegalBasisValid, screeningv1.ReasonExpired,
			"The legal basis ended at %s; the feed is searched nowhere; renew legalBasis.validUntil or delete the feed", basis.ValidUntil.UTC().Format(time.RFC3339))
		return nil
	}
	s.lookAgain(rest)
	if review, err := time.Parse(time.DateOnly, basis.ReviewBy); err == nil {
		// The day itself still counts.
		rest := review.AddDate(0, 0, 1).Sub(now)
		if rest <= 0 {
			conditions.True(s.feed, screeningv1.ConditionLegalBasisValid, screeningv1.ReasonReviewDue,
				"A review was due by %s; review the basis and set a new legalBasis.reviewBy", basis.ReviewBy)
			return nil
		}
		s.lookAgain(rest)
	}
	conditions.True(s.feed, screeningv1.ConditionLegalBasisValid, screeningv1.ReasonValid, "Valid until %s", s.feed.Status.BasisUntil)
	return nil
}

// serves reports whether a region searches the copy that it was ordered to.
func serves(replica *screeningv1.WatchlistReplica) bool {
	held := replica.Status.Held
	return held != nil && held.Release == replica.Spec.Release && held.Digest == replica.Spec.ContentDigest &&
		conditions.IsTrue(replica, screeningv1.ConditionReady) && searched(replica)
}

// searched reports whether any pod of the region searches the copy it holds.
func searched(replica *screeningv1.WatchlistReplica) bool {
	return replica.Status.ServedBy != "" && replica.Status.ServedBy != "0 pods"
}

// at lists the replicas that are ordered to serve, and says of each whether it
// serves the release.
func (s *scope) at(release int64) (served, owing []*screeningv1.WatchlistReplica) {
	for i := range s.replicas {
		replica := &s.replicas[i]
		switch {
		case replica.Spec.State != screeningv1.ReplicaServe:
		case replica.Spec.Release.Number() == release && serves(replica):
			served = append(served, replica)
		default:
			owing = append(owing, replica)
		}
	}
	return served, owing
}

func (r *Reconciler) countRegions(_ context.Context, s *scope) error {
	status := &s.feed.Status
	var number int64
	if status.Release != nil {
		number = status.Release.Number
	}
	served, owing := s.at(number)
	wanted := len(served) + len(owing)
	status.RegionsServed, status.RegionsWanted = new(int32(len(served))), new(int32(wanted)) //nolint:gosec // a count of regions
	status.Regions = fmt.Sprintf("%d/%d", len(served), wanted)
	return nil
}

// conclude derives Ready. A newer file that could not be taken leaves it as it
// is and is named in its message.
func (r *Reconciler) conclude(_ context.Context, s *scope) error {
	feed, status := s.feed, &s.feed.Status
	status.ObservedGeneration = feed.Generation
	trouble := ""
	for _, name := range []string{screeningv1.ConditionFetched, screeningv1.ConditionVerified, screeningv1.ConditionBuilt, screeningv1.ConditionPublished} {
		if c := conditions.Get(feed, name); c != nil && conditions.IsFalse(feed, name) && trouble == "" {
			trouble = fmt.Sprintf("%s: %s", c.Reason, c.Message)
		}
	}
	with := func(text string) string {
		if pin := feed.Pinned(); pin != "" && status.Release != nil && status.Release.Version == pin {
			text += ", held there by spec.pin"
			if newest := s.newest(); newest != nil && newest.Spec.Number > status.Release.Number {
				text += fmt.Sprintf("; %s is newer", screeningv1.NewReleaseVersion(newest.Spec.Number))
			}
		}
		if trouble != "" {
			text += "; the newest file was not taken, " + trouble
		}
		if held := status.Held; held != nil {
			text += "; a release is held: " + held.Message
		}
		return text
	}
	version := ""
	if status.Release != nil {
		version = string(status.Release.Version)
	}
	wanted, served := *status.RegionsWanted, *status.RegionsServed
	switch {
	case conditions.IsFalse(feed, screeningv1.ConditionLegalBasisValid):
		conditions.Stall(feed, screeningv1.ReasonExpired, "%s", conditions.Get(feed, screeningv1.ConditionLegalBasisValid).Message)
	case status.Release == nil && feed.Suspended():
		conditions.Stall(feed, screeningv1.ReasonSuspended, "No release stands and the feed is suspended; set spec.suspend to false, or take the annotation %s off", screeningv1.AnnotationSuspend)
	case status.Release == nil && trouble != "":
		conditions.Progress(feed, screeningv1.ReasonNoRelease, "No release stands, %s", trouble)
	case status.Release == nil:
		conditions.Progress(feed, screeningv1.ReasonNoRelease, "No release stands as yet")
	case wanted == 0:
		conditions.Settle(feed, screeningv1.ReasonNoRegion, "%s", with(version+" stands; no pool of an allowed region names the feed"))
	case served < wanted:
		conditions.Progress(feed, screeningv1.ReasonRollingOut, "%s", with(fmt.Sprintf("%s serves in %d of %d regions", version, served, wanted)))
	default:
		conditions.Settle(feed, screeningv1.ReasonServing, "%s", with(fmt.Sprintf("%s serves in %s", version, regions(int(served)))))
	}
	return nil
}

func regions(n int) string {
	if n == 1 {
		return "1 region"
	}
	return fmt.Sprintf("%d regions", n)
}
