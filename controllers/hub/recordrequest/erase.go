// SPDX-License-Identifier: Apache-2.0

package recordrequest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/controllers/hub/watchlistfeed"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
)

// hubItself stands for the hub in the list of copies. No region has this name.
const hubItself = "frontline.hub"

// followErasure waits for the release without the record, removes the hub's own
// copies of what is older, and asks each region for its receipt.
func (r *Reconciler) followErasure(ctx context.Context, s *scope) error {
	status := &s.request.Status
	if status.Floor == "" {
		floor, err := r.carriedOut(ctx, s)
		if err != nil {
			return err
		}
		status.Floor = floor
	}
	floor := status.Floor.Number()
	copies := []screeningv1.RecordCopy{r.atHub(ctx, s, floor)}
	for region := range s.inventory(r, floor) {
		copies = append(copies, r.inRegion(s, region, floor))
	}
	if r.Bundles != nil {
		bundles, err := r.Bundles(ctx, s.id)
		if err != nil {
			return err
		}
		for _, b := range bundles {
			if floor > 0 && b.Release >= floor {
				continue
			}
			one := screeningv1.RecordCopy{Place: screeningv1.PlaceBundle, Region: b.Region, State: screeningv1.CopyOutstanding, Until: metav1.NewTime(b.Until.UTC())}
			s.passes(r, &one)
			copies = append(copies, one)
		}
	}
	status.Copies = copies
	return nil
}

// carriedOut is the release by which the newest erasure of the feed was carried
// out, once it is the one that what is erased now is kept out of. A feed that is
// gone has no release, and needs none.
func (r *Reconciler) carriedOut(ctx context.Context, s *scope) (screeningv1.ReleaseVersion, error) {
	if s.feed == nil || s.feed.Status.Release == nil {
		return "", nil
	}
	ledger, err := r.Keys.Ledger(ctx)
	if err != nil {
		return "", err
	}
	newest, err := r.newest(ctx, s)
	if err != nil || newest == nil {
		return "", err
	}
	if newest.Annotations[screeningv1.AnnotationErased] != watchlistfeed.Mark(s.keys.Key.RecordKey(), "erased", ledger.Of(string(s.id))) {
		return "", nil
	}
	// The release says it, not the feed's status, which follows later: until then it
	// names the erasure before.
	floor := screeningv1.ReleaseVersion(newest.Annotations[screeningv1.AnnotationFloor])
	if floor.Number() == 0 || min(s.feed.Status.Floor.Number(), s.feed.Status.Release.Number) < floor.Number() {
		return "", nil // regions are not told to serve it as yet
	}
	return floor, nil
}

// inventory are the regions that were given what is erased: those with a replica
// until the release without it was out, and since then those alone that are
// known to owe a receipt.
func (s *scope) inventory(r *Reconciler, floor int64) map[string]bool {
	out := map[string]bool{}
	for _, one := range s.before {
		if one.Place == screeningv1.PlaceRegion {
			out[one.Region] = true
		}
	}
	for region, replica := range s.replicas {
		listed := r.Orders.Published(region)
		if erasure := replica.Status.Erasure; floor == 0 || (erasure != nil && erasure.Floor.Number() <= floor) {
			out[region] = true
		} else if listed != nil {
			if feed := listed.Feed(string(s.id)); feed != nil && feed.Release > 0 && feed.Release < floor {
				out[region] = true
			}
		}
	}
	return out
}

// inRegion says how far the erasure has come in a region, by its receipt.
func (r *Reconciler) inRegion(s *scope, region string, floor int64) screeningv1.RecordCopy {
	before := s.copyBefore(screeningv1.PlaceRegion, region)
	if before != nil && settled(before.State) {
		return *before
	}
	one := screeningv1.RecordCopy{Place: screeningv1.PlaceRegion, Region: region, State: screeningv1.CopyPending}
	replica := s.replicas[region]
	if replica == nil {
		if before == nil || s.regions[region] != nil {
			return one
		}
		// The region is gone from the hub, and nobody can ask it any more.
		one.State, one.Until = screeningv1.CopyOutstanding, before.Until
		return one
	}
	if erasure := replica.Status.Erasure; erasure != nil && settled(erasure.State) && (floor > 0 || s.feed == nil) && (erasure.Floor == "" || erasure.Floor.Number() >= floor) {
		one.State, one.ReceiptDigest, one.At = erasure.State, erasure.ReceiptDigest, erasure.At
		return one
	}
	if object := s.regions[region]; object != nil && report.Offline(object) {
		one.State = screeningv1.CopyOutstanding
		one.Until = report.Ends(object, r.Reports.Last(region), r.Orders.Published(region), s.id)
		s.passes(r, &one)
	}
	return one
}

// settled reports whether a copy is covered.
func settled(state screeningv1.CopyState) bool {
	return state == screeningv1.CopyDone || state == screeningv1.CopyDeletionUnsupported
}

// passes has the request looked at again when a copy ends of itself.
func (s *scope) passes(r *Reconciler, one *screeningv1.RecordCopy) {
	if !one.Until.IsZero() {
		s.lookAgain(one.Until.Sub(r.Clock.Now()))
	}
}

// conclude counts the copies and derives state and Ready.
func conclude(s *scope) {
	status := &s.request.Status
	status.ObservedGeneration = s.request.Generation
	slices.SortFunc(status.Copies, func(a, b screeningv1.RecordCopy) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Region, b.Region))
	})
	var covered, outstanding, unsupported, lines int
	var last metav1.Time
	for _, one := range status.Copies {
		switch one.State {
		case screeningv1.CopyDone:
			covered++
		case screeningv1.CopyDeletionUnsupported:
			covered++
			unsupported++
		case screeningv1.CopyOutstanding:
			outstanding++
			if one.Place == screeningv1.PlaceRegion {
				lines++
			}
			if last.Before(&one.Until) {
				last = one.Until
			}
		}
	}
	all := len(status.Copies)
	status.Progress = fmt.Sprintf("%d/%d", covered, all)
	status.State = screeningv1.RequestPending
	switch {
	case covered == all:
		status.State = screeningv1.RequestDone
		text := fmt.Sprintf("All of %d copies have followed", all)
		if unsupported > 0 {
			text += fmt.Sprintf("; %d of them are in a registry that cannot delete: they are unreadable because their keys are destroyed, and are still there", unsupported)
		}
		if conditions.IsFalse(s.request, screeningv1.ConditionListed) {
			text += "; " + conditions.Get(s.request, screeningv1.ConditionListed).Message
		}
		conditions.Settle(s.request, screeningv1.ReasonFollowed, "%s", text)
	case covered+outstanding == all:
		ends := "they have no end of their own"
		if !last.IsZero() {
			ends = "the last ends of itself at " + last.UTC().Format(timeFormat)
		}
		if lines > 0 {
			ends += "; restore the lines of regions: kubectl get rgn"
		}
		conditions.Progress(s.request, screeningv1.ReasonCopiesOutstanding, "%d of %d copies cannot be reached; %s", outstanding, all, ends)
	case s.request.Spec.Action == screeningv1.RecordErase && status.Floor == "":
		conditions.Progress(s.request, screeningv1.ReasonProgressing, "The release without the record is not out as yet; see: kubectl get feed -n %s %s", s.request.Namespace, s.request.Spec.FeedRef.Name)
	default:
		conditions.Progress(s.request, screeningv1.ReasonProgressing, "%d of %d copies have followed", covered, all)
	}
}
