// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	screeningv1ac "github.com/frontline-screening/frontline/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
)

// record keeps the inventory: one replica for each feed that the region was
// ever given a release of, until it is known to have nothing of it any more.
func (r *Reconciler) record(ctx context.Context, s *scope) error {
	namespace := screeningv1.RegionNamespace(s.region.Name)
	var errs []error
	for _, feed := range s.published.order.Feeds {
		if verdict := s.placement[feed.ID]; verdict == hub.NotAllowed || (feed.State != order.Erase && feed.Release == 0) {
			continue
		}
		spec := screeningv1ac.WatchlistReplicaSpec().
			WithFeed(screeningv1.FeedID(feed.ID)).
			WithState(screeningv1.ReplicaState(feed.State))
		if feed.State != order.Erase {
			spec = spec.WithRelease(screeningv1.NewReleaseVersion(feed.Release)).
				WithContentDigest(screeningv1.Digest(feed.Content)).
				WithFloor(screeningv1.NewReleaseVersion(feed.Floor))
			if feed.ListDate != "" {
				spec = spec.WithListDate(feed.ListDate)
			}
		}
		desired := screeningv1ac.WatchlistReplica(feed.ID, namespace).
			WithLabels(map[string]string{screeningv1.LabelRegion: s.region.Name}).
			WithSpec(spec)
		replica := &screeningv1.WatchlistReplica{}
		if _, err := r.applier.Apply(ctx, replica, desired); err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, r.recordSupply(ctx, s, feed, replica))
	}
	for _, id := range slices.Concat(hub.IDs(s.placement, hub.Remove), hub.IDs(s.placement, hub.NotAllowed)) {
		replica := s.replicas[id]
		if replica == nil || s.testifies(replica) {
			continue
		}
		if err := r.Client.Delete(ctx, replica, client.Preconditions{UID: &replica.UID}); client.IgnoreNotFound(err) != nil {
			errs = append(errs, fmt.Errorf("delete WatchlistReplica %s: %w", id, err))
		}
		r.applier.Forget(screeningv1.GroupVersion.String(), "WatchlistReplica", namespace, id)
	}
	return errors.Join(errs...)
}

// testifies reports whether a replica is kept after its feed is gone from the
// region, because it holds the receipt of the erasure or is about to.
func (s *scope) testifies(replica *screeningv1.WatchlistReplica) bool {
	said := s.received.Feed(string(replica.Spec.Feed))
	return report.Erased(replica) || (said != nil && len(said.Receipt) > 0)
}

// recordSupply notes beside the replica what the region was given: the
// artifact, the key it is sealed to and since when, and what was left out of
// it.
func (r *Reconciler) recordSupply(ctx context.Context, s *scope, feed order.Feed, replica *screeningv1.WatchlistReplica) error {
	if feed.State == order.Erase || feed.Artifact == "" {
		return nil
	}
	helper := patch.New(r.Client, replica)
	status := &replica.Status
	status.Artifact = screeningv1.Digest(feed.Artifact)
	if status.KeyEpoch != feed.Epoch {
		status.KeyEpoch, status.KeySince = feed.Epoch, metav1.NewTime(r.Clock.Now().Truncate(time.Second))
	}
	if known, ok := r.supplies.get(s.region.Name, feed.ID); ok && known.manifest == feed.Artifact {
		status.Excluded = new(int64(known.excluded))
	}
	_, err := helper.Status(ctx, replica)
	return client.IgnoreNotFound(err)
}
