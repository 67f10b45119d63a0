// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/erasure"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/report"
)

// Orders knows what this hub published.
type Orders interface {
	// Published returns the order that stands for a region, or nil.
	Published(region string) *order.Order
	// Digest returns the digest of an order of the region that this process
	// published or found, and whether it knows that sequence.
	Digest(region string, sequence int64) (digest string, known bool)
}

// maxReceipt is what status.erasure.receipt takes.
const maxReceipt = 64 << 10

// erase shows how far the newest erasure has come in the region. What is done
// stays done; floor is the release of the newest erasure of the feed, zero when
// nothing was ever erased from it.
func (m *Mirror) erase(ctx context.Context, region *screeningv1.RegionalCluster, replica *screeningv1.WatchlistReplica, received *hub.Received, floor int64) {
	if replica.Spec.State == screeningv1.ReplicaErase {
		floor = 0
	}
	said := received.Feed(string(replica.Spec.Feed))
	wanted := replica.Spec.State == screeningv1.ReplicaErase || owes(replica, said, floor)
	now := replica.Status.Erasure
	if now != nil && done(now.State) && now.Floor == "" && replica.Status.Held != nil {
		// The feed came back after all of it was erased.
		now, replica.Status.Erasure = nil, nil
	}
	if now != nil && done(now.State) && covers(replica, now, floor) {
		return
	}
	if !wanted && now == nil {
		return
	}
	next := &screeningv1.CopyErasure{State: screeningv1.CopyPending, Floor: screeningv1.NewReleaseVersion(floor)}
	if said != nil && len(said.Receipt) > 0 {
		receipt, err := m.receipt(ctx, region, replica, received, said, floor)
		if err == nil {
			next.State = screeningv1.CopyDone
			if receipt.DeletionUnsupported {
				next.State = screeningv1.CopyDeletionUnsupported
			}
			next.Floor = screeningv1.NewReleaseVersion(receipt.Floor)
			next.Receipt, next.ReceiptDigest = string(said.Receipt), screeningv1.Digest(canonical.Digest(said.Receipt))
			next.At = metav1.NewTime(receipt.At)
			replica.Status.Erasure = next
			return
		}
		ctrllog.FromContext(ctx).V(1).Info("A receipt does not cover the erasure that is ordered", "region", region.Name, "feed", replica.Spec.Feed, "reason", err.Error())
	}
	if Offline(region) {
		next.State, next.Until = screeningv1.CopyOutstanding, Ends(region, received, m.Orders.Published(region.Name), replica.Spec.Feed)
	}
	replica.Status.Erasure = next
}

// Erased reports whether a replica is the record of a feed whose erasure is done.
func Erased(replica *screeningv1.WatchlistReplica) bool {
	return replica.Spec.State == screeningv1.ReplicaErase && replica.Status.Held == nil &&
		replica.Status.Erasure != nil && replica.Status.Erasure.Floor == "" && done(replica.Status.Erasure.State)
}

func done(state screeningv1.CopyState) bool {
	return state == screeningv1.CopyDone || state == screeningv1.CopyDeletionUnsupported
}

// covers reports whether a receipt that is there speaks of the erasure that is
// ordered now: of the whole feed, or up to the floor.
func covers(replica *screeningv1.WatchlistReplica, now *screeningv1.CopyErasure, floor int64) bool {
	if replica.Spec.State == screeningv1.ReplicaErase {
		return now.Floor == ""
	}
	return now.Floor.Number() >= floor
}

// owes reports whether the region has what an erasure removed, by the order it
// was given or by its own word. A region that was never given anything older
// than the floor has nothing to erase and signs nothing.
func owes(replica *screeningv1.WatchlistReplica, said *report.Feed, floor int64) bool {
	if floor == 0 {
		return false
	}
	if now := replica.Status.Erasure; now != nil && !done(now.State) {
		return true
	}
	held := replica.Status.Held
	ordered := replica.Spec.Release.Number()
	switch {
	case ordered > 0 && ordered < floor, held != nil && held.Release.Number() < floor:
		return true
	case said == nil:
		return false
	}
	return left(said, floor)
}

// left reports whether the region says that it has anything below the floor, or
// anything at all when all is to be erased.
func left(said *report.Feed, floor int64) bool {
	if floor == 0 {
		return said.Held > 0 || len(said.Retained) > 0
	}
	below := func(number int64) bool { return number > 0 && number < floor }
	return below(said.Held) || below(said.Served) || slices.ContainsFunc(said.Retained, below)
}

// receipt returns a region's receipt if it is what was asked for: signed by the
// pinned key, of this region as it joined, of this feed, for an order of this
// hub, and up to the floor.
func (m *Mirror) receipt(ctx context.Context, region *screeningv1.RegionalCluster, replica *screeningv1.WatchlistReplica, received *hub.Received, said *report.Feed, floor int64) (erasure.Receipt, error) {
	if region.Status.Identity == nil {
		return erasure.Receipt{}, fmt.Errorf("region %s has not joined", region.Name)
	}
	if len(said.Receipt) > maxReceipt {
		return erasure.Receipt{}, fmt.Errorf("it has %d bytes, at most %d are kept", len(said.Receipt), maxReceipt)
	}
	key, err := join.ParsePublicKey(region.Status.Identity.PublicKey)
	if err != nil {
		return erasure.Receipt{}, err
	}
	r, err := erasure.Verify(ctx, said.Receipt, key)
	if err != nil {
		return r, err
	}
	published := m.Orders.Published(region.Name)
	digest, known := m.Orders.Digest(region.Name, r.Order.Sequence)
	switch {
	case r.Region != region.Name || r.RegionUID != received.RegionUID:
		return r, fmt.Errorf("it is of region %s as it joined another time, or of another region", r.Region)
	case r.Feed != string(replica.Spec.Feed) || r.FeedUID != said.UID:
		return r, errors.New("it is of another feed")
	case published == nil || r.Order.Sequence > published.Sequence:
		return r, fmt.Errorf("it answers order %d, which this hub did not publish", r.Order.Sequence)
	case known && digest != r.Order.Digest:
		return r, fmt.Errorf("it answers another order %d than this hub's", r.Order.Sequence)
	case left(said, floor):
		return r, errors.New("the region says itself that it still has what was to be erased")
	case replica.Spec.State == screeningv1.ReplicaErase && r.Floor != 0:
		return r, fmt.Errorf("it is up to v%d, and all of the feed is to be erased", r.Floor)
	case replica.Spec.State != screeningv1.ReplicaErase && r.Floor < floor:
		return r, fmt.Errorf("it is up to v%d, and v%d is ordered", r.Floor, floor)
	}
	return r, nil
}

// Offline reports whether a region cannot be reached.
func Offline(region *screeningv1.RegionalCluster) bool {
	c := conditions.Get(region, screeningv1.ConditionConnected)
	return c != nil && c.Reason == screeningv1.ReasonOffline
}

// Ends is when a region that cannot be reached stops to search a feed of itself:
// the limit of its freshness after the issue of the newest order that it can
// have. Zero when no limit was ordered.
func Ends(region *screeningv1.RegionalCluster, received *hub.Received, published *order.Order, id screeningv1.FeedID) metav1.Time {
	var limits order.Freshness
	if published != nil {
		limits = published.Region.Freshness
		if feed := published.Feed(string(id)); feed != nil {
			limits = limits.Tighten(feed.Freshness)
		}
	}
	if limits.StopSeconds == 0 {
		return metav1.Time{}
	}
	var issued time.Time
	if received != nil && received.Observed != nil {
		issued = received.Observed.Issued
	} else if c := conditions.Get(region, screeningv1.ConditionConnected); c != nil {
		// What was issued after it was cut off it cannot have.
		issued = c.LastTransitionTime.Time
	}
	return metav1.NewTime(issued.Add(time.Duration(limits.StopSeconds) * time.Second).UTC().Truncate(time.Second))
}
