// SPDX-License-Identifier: Apache-2.0

package recordrequest

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/controllers/hub/watchlistfeed"
)

// followBlock asks each region that searches the feed whether all of its pods
// apply the overlay that blocks the record, or lifts the block.
func (r *Reconciler) followBlock(ctx context.Context, s *scope) error {
	// What the overlay has no room for comes and goes with a release.
	release, err := r.withOverflow(ctx, s)
	if err != nil {
		return err
	}
	var copies []screeningv1.RecordCopy
	for region, replica := range s.replicas {
		if s.regions[region] == nil || replica.Spec.State == screeningv1.ReplicaErase {
			continue
		}
		before := s.copyBefore(screeningv1.PlaceRegion, region)
		if before != nil && before.State == screeningv1.CopyDone {
			copies = append(copies, *before)
			continue
		}
		received := r.Reports.Last(region)
		said := received.Feed(string(s.id))
		one := screeningv1.RecordCopy{Place: screeningv1.PlaceRegion, Region: region, State: screeningv1.CopyPending}
		switch {
		case said != nil && said.Blocks >= s.keys.Blocks.Version && release >= 0 && (said.Servers == 0 || said.Served >= release):
			one.State, one.At = screeningv1.CopyDone, metav1.NewTime(r.Clock.Now().UTC())
		case report.Offline(s.regions[region]):
			one.State = screeningv1.CopyOutstanding
			one.Until = report.Ends(s.regions[region], received, r.Orders.Published(region), s.id)
			s.passes(r, &one)
		}
		copies = append(copies, one)
	}
	s.request.Status.Copies = copies
	return nil
}

// withOverflow is the first release that keeps out what the overlay has no room
// for, as it is blocked now; zero when any will do, negative when none is out.
func (r *Reconciler) withOverflow(ctx context.Context, s *scope) (int64, error) {
	releases := &screeningv1.WatchlistReleaseList{}
	if err := r.Client.List(ctx, releases, client.InNamespace(s.request.Namespace)); err != nil {
		return 0, fmt.Errorf("list the releases of feed %s: %w", s.id, err)
	}
	own := slices.DeleteFunc(releases.Items, func(release screeningv1.WatchlistRelease) bool { return release.Spec.Feed.ID != s.id })
	slices.SortFunc(own, func(a, b screeningv1.WatchlistRelease) int { return int(b.Spec.Number - a.Spec.Number) })
	const mark = screeningv1.AnnotationBlocked
	if len(own) == 0 {
		return 0, nil
	}
	newest := own[0].Annotations[mark]
	overflow := map[string]bool{}
	for _, record := range s.keys.Blocks.Overflow {
		overflow[record] = true
	}
	if newest != watchlistfeed.Mark(s.keys.Key.RecordKey(), "blocked", overflow) {
		return -1, nil
	}
	if newest == "" {
		return 0, nil
	}
	first := own[0].Spec.Number
	for _, release := range own {
		if release.Annotations[mark] != newest {
			break
		}
		first = release.Spec.Number
	}
	return first, nil
}

// copyBefore is what the status said of a copy.
func (s *scope) copyBefore(place screeningv1.CopyPlace, region string) *screeningv1.RecordCopy {
	for i := range s.before {
		if s.before[i].Place == place && s.before[i].Region == region {
			return &s.before[i]
		}
	}
	return nil
}
