// SPDX-License-Identifier: Apache-2.0

package order

import (
	"cmp"
	"context"
	"slices"
	"time"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
)

// place decides about every feed in the region and describes those that the
// order lists, except for where their content is.
func (r *Reconciler) place(_ context.Context, s *scope) error {
	in := hub.PlacementInput{
		Jurisdiction: string(s.region.Spec.Jurisdiction),
		Feeds:        map[string]hub.Feed{},
		Empty:        s.empty,
	}
	for id, feed := range s.feeds {
		in.Feeds[id] = hub.Feed{ID: id, Allow: texts(feed.Spec.Sharing.Allow), Released: s.release(id) != nil}
	}
	for i := range s.pools {
		for _, named := range s.pools[i].Spec.Feeds {
			in.Named = append(in.Named, string(named.ID))
		}
	}
	for id, replica := range s.replicas {
		if report.Erased(replica) && s.published.feed(id) == nil {
			continue // what is left is the receipt
		}
		in.Placed = append(in.Placed, id)
	}
	if s.published != nil {
		for _, listed := range s.published.order.Feeds {
			if listed.State != order.Erase && listed.Release > 0 {
				in.Placed = append(in.Placed, listed.ID)
			}
		}
	}
	for _, w := range s.plan.Withdrawals {
		if w.Kind == order.KindFeed && w.Ordered {
			in.Withdrawn = append(in.Withdrawn, w.Name)
		}
	}
	s.placement = hub.Place(in)
	for _, id := range hub.IDs(s.placement, hub.Serve) {
		s.listed = append(s.listed, describeRelease(s, id))
	}
	for _, id := range hub.IDs(s.placement, hub.NoRelease) {
		s.listed = append(s.listed, describe(s.feeds[id]))
	}
	for _, id := range hub.IDs(s.placement, hub.Keep) {
		if listed := s.published.feed(id); listed != nil {
			s.listed = append(s.listed, *listed)
		}
	}
	for _, verdict := range []hub.Verdict{hub.Erase, hub.NotAllowed} {
		for _, id := range hub.IDs(s.placement, verdict) {
			s.listed = append(s.listed, order.Feed{ID: id, UID: s.uidOf(id), State: order.Erase, Jurisdictions: s.jurisdictionsOf(id)})
		}
	}
	return nil
}

// release is the release that the feed stands at, or nil.
func (s *scope) release(id string) *screeningv1.WatchlistRelease {
	feed := s.feeds[id]
	if feed == nil || feed.Status.Release == nil {
		return nil
	}
	for i := range s.releases[id] {
		release := &s.releases[id][i]
		if release.Spec.Number == feed.Status.Release.Number && release.Spec.ContentDigest == feed.Status.Release.Digest {
			return release
		}
	}
	return nil
}

// uidOf finds the UID under which the region knows a feed.
func (s *scope) uidOf(id string) string {
	if listed := s.published.feed(id); listed != nil {
		return listed.UID
	}
	if feed := s.feeds[id]; feed != nil {
		return string(feed.UID)
	}
	for _, w := range s.plan.Withdrawals {
		if w.Kind == order.KindFeed && w.Name == id {
			return w.UID
		}
	}
	return ""
}

// jurisdictionsOf are those that may hold a feed, by the owner's last word.
func (s *scope) jurisdictionsOf(id string) []string {
	if feed := s.feeds[id]; feed != nil {
		return texts(feed.Spec.Sharing.Allow)
	}
	if listed := s.published.feed(id); listed != nil {
		return listed.Jurisdictions
	}
	return nil
}

// describe is what the order says of a feed without a release.
func describe(feed *screeningv1.WatchlistFeed) order.Feed {
	spec := feed.Spec
	return order.Feed{
		ID: string(feed.ID()), UID: string(feed.UID), State: order.Serve,
		Grade: string(spec.Grade), Nature: string(spec.Nature), Purposes: texts(spec.Purposes),
		LegalBasis: order.LegalBasis{
			Controller: spec.LegalBasis.Controller, Reference: spec.LegalBasis.Reference,
			ValidUntil: spec.LegalBasis.ValidUntil.UTC().Format(time.RFC3339),
		},
		Jurisdictions: texts(spec.Sharing.Allow),
		Freshness:     freshness(&spec.Sharing.MaxCopyAge),
		Retain:        int64(max(spec.Retention.Releases, 1)),
	}
}

// describeRelease is what the order says of a feed and of the release that it
// stands at, except for where its content is.
func describeRelease(s *scope, id string) order.Feed {
	release := s.release(id)
	out := describe(s.feeds[id])
	out.Release, out.Floor = release.Spec.Number, release.Spec.Number
	for i := range s.releases[id] {
		if s.releases[id][i].DeletionTimestamp.IsZero() {
			out.Floor = min(out.Floor, s.releases[id][i].Spec.Number)
		}
	}
	out.Floor = max(out.Floor, s.feeds[id].Status.Floor.Number())
	if before := s.published.feed(id); before != nil && before.UID == out.UID {
		// A floor never falls, whatever the hub has forgotten.
		out.Floor = max(out.Floor, before.Floor)
	}
	out.ListDate = release.Spec.ListDate
	return out
}

// contentOf gives the feed the content of another description of it, or none.
func contentOf(feed order.Feed, before *order.Feed) order.Feed {
	if before == nil || before.State == order.Erase {
		before = &order.Feed{}
	}
	feed.Release, feed.Floor = before.Release, before.Floor
	feed.Content, feed.Artifact = before.Content, before.Artifact
	feed.Size, feed.Records, feed.ListDate = before.Size, before.Records, before.ListDate
	feed.Epoch, feed.KeyFloor = before.Epoch, before.KeyFloor
	return feed
}

func freshness(limits *screeningv1.AgeLimits) order.Freshness {
	if limits == nil {
		return order.Freshness{}
	}
	seconds := func(d screeningv1.Duration) int64 {
		// A limit below a second would otherwise mean none.
		return max(int64(d.Duration()/time.Second), 1)
	}
	return order.Freshness{MarkSeconds: seconds(limits.Mark), StopSeconds: seconds(limits.Stop)}
}

func texts[T ~string](list []T) []string {
	out := make([]string, 0, len(list))
	for _, v := range list {
		out = append(out, string(v))
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}
