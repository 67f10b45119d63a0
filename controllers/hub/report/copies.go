// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/report"
)

// replicas shows what the region holds of each feed. Before the first report
// since the hub started, what was known stands.
func (m *Mirror) replicas(ctx context.Context, region *screeningv1.RegionalCluster, received *hub.Received, feeds map[screeningv1.FeedID]*screeningv1.WatchlistFeed) error {
	list := &screeningv1.WatchlistReplicaList{}
	if err := m.Client.List(ctx, list, client.InNamespace(screeningv1.RegionNamespace(region.Name))); err != nil {
		return fmt.Errorf("list the replicas of region %s: %w", region.Name, err)
	}
	var errs []error
	for i := range list.Items {
		replica := &list.Items[i]
		helper := patch.New(m.Client, replica)
		switch {
		case region.Spec.Link == screeningv1.LinkLocal:
		case received != nil:
			copyOf(replica, received.Feed(string(replica.Spec.Feed)))
		case conditions.Get(replica, screeningv1.ConditionReady) == nil:
			conditions.Await(replica, screeningv1.ReasonNotReported,
				"Region %s has not reported it; see: kubectl get rgn %s", region.Name, region.Name)
			replica.Status.ObservedGeneration = replica.Generation
		}
		var floor int64
		if feed := feeds[replica.Spec.Feed]; feed != nil {
			floor = feed.Status.Floor.Number()
		}
		m.erase(ctx, region, replica, received, floor)
		_, err := helper.Status(ctx, replica)
		errs = append(errs, settled(err))
	}
	return errors.Join(errs...)
}

// reasons are those that a region gives for a copy it does not hold.
var reasons = []string{
	screeningv1.ReasonPulling, screeningv1.ReasonPullFailed, screeningv1.ReasonDigestMismatch,
	screeningv1.ReasonNotAllowedHere, screeningv1.ReasonNoTerms, screeningv1.ReasonRefusedByTerms,
	screeningv1.ReasonErased, screeningv1.ReasonLocked, screeningv1.ReasonNoRelease,
}

func copyOf(replica *screeningv1.WatchlistReplica, feed *report.Feed) {
	replica.Status.ObservedGeneration = replica.Generation
	replica.Status.Held, replica.Status.ServedBy = nil, ""
	if feed != nil && feed.Held > 0 {
		replica.Status.Held = &screeningv1.HeldCopy{
			Release: screeningv1.NewReleaseVersion(feed.Held), Digest: screeningv1.Digest(feed.Content),
			ListDate: order.Day(feed.ListDate),
		}
		replica.Status.ServedBy = pods(feed.Servers)
	}
	held := replica.Status.Held
	wanted := replica.Spec.Release
	switch {
	case replica.Spec.State == screeningv1.ReplicaErase && held == nil:
		conditions.False(replica, screeningv1.ConditionHeld, screeningv1.ReasonErased, "The region holds nothing of it")
		conditions.Settle(replica, screeningv1.ReasonErased, "The region holds nothing of it")
	case replica.Spec.State == screeningv1.ReplicaErase:
		conditions.True(replica, screeningv1.ConditionHeld, screeningv1.ReasonHeld, "The region still holds %s", held.Release)
		conditions.Progress(replica, screeningv1.ReasonProgressing, "The region still holds %s and is ordered to erase it", held.Release)
	case held != nil && held.Release == wanted && held.Digest == replica.Spec.ContentDigest:
		conditions.True(replica, screeningv1.ConditionHeld, screeningv1.ReasonHeld, "The region holds %s", wanted)
		if feed.Servers > 0 && feed.Served > 0 && feed.Served < feed.Held {
			conditions.Progress(replica, screeningv1.ReasonProgressing, "The region holds %s; some pods still search v%d", wanted, feed.Served)
			return
		}
		reason := screeningv1.ReasonHeld
		if replica.Spec.State == screeningv1.ReplicaLock {
			reason = screeningv1.ReasonLocked
		}
		conditions.Settle(replica, reason, "The region holds %s, searched by %s", wanted, replica.Status.ServedBy)
	default:
		reason, text := screeningv1.ReasonPulling, "The region fetches "+string(wanted)
		if feed != nil && feed.Reason != "" {
			text = feed.Message
			// Releases repeat the reason, so it is one of the hub's own words.
			if slices.Contains(reasons, feed.Reason) {
				reason = feed.Reason
			}
		}
		if held != nil {
			text += "; " + string(held.Release) + " is held meanwhile"
		}
		conditions.False(replica, screeningv1.ConditionHeld, reason, "%s", text)
		conditions.Progress(replica, reason, "%s", text)
	}
}

func pods(n int) string {
	if n == 1 {
		return "1 pod"
	}
	return fmt.Sprintf("%d pods", n)
}

// resolveFeeds says which feeds a pool names in vain, for as long as the region
// does not say so itself: before it joins, and until it acts on the order that
// tells it. before is the condition as it was read, whose transition time
// holds as long as its status does; said is whether the status is the region's
// word on the present spec.
func resolveFeeds(pool *screeningv1.MatcherPool, said bool, before *metav1.Condition, region *screeningv1.RegionalCluster, feeds map[screeningv1.FeedID]*screeningv1.WatchlistFeed) {
	var missing, denied []string
	for _, named := range pool.Spec.Feeds {
		feed := feeds[named.ID]
		switch {
		case feed == nil:
			missing = append(missing, string(named.ID))
		case !slices.Contains(feed.Spec.Sharing.Allow, region.Spec.Jurisdiction):
			denied = append(denied, fmt.Sprintf("%s may be held in %s only", named.ID, countries(feed.Spec.Sharing.Allow)))
		}
	}
	if len(denied)+len(missing) == 0 || (said && conditions.IsFalse(pool, screeningv1.ConditionFeedsResolved)) {
		return
	}
	reason, next := screeningv1.ReasonFeedNotFound, "correct the id or create the feed"
	if len(denied) > 0 {
		reason = screeningv1.ReasonNotAllowedHere
		next = fmt.Sprintf("this region is %s; ask the owner to share it or take it off the pool", region.Spec.Jurisdiction)
	}
	if len(missing) > 0 {
		denied = append(denied, "no feed on the hub has the id "+strings.Join(missing, ", "))
	}
	text := strings.Join(denied, "; ")
	if before != nil {
		conditions.Restore(pool, *before)
	}
	conditions.False(pool, screeningv1.ConditionFeedsResolved, reason, "%s; the pool answers without; %s", text, next)
	pool.Status.Summary = conditions.Cut(text, conditions.MaxMessage)
}

// countries lists a few codes, and how many more there are.
func countries(codes []screeningv1.CountryCode) string {
	const most = 8
	names := make([]string, 0, most)
	for _, code := range codes[:min(len(codes), most)] {
		names = append(names, string(code))
	}
	text := strings.Join(names, ", ")
	if more := len(codes) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
