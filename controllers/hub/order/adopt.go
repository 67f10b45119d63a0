// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"errors"
	"fmt"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/artifact"
)

// Adopt takes up what stands in the registry for every region, as far as that
// was not done since the process started. Until it returns nil for a feed, the
// hub may have forgotten erasures and blocks of it, and must build and lift
// nothing of that feed.
//
// Every order carries the whole ledger of erasures, and the blocks of what its
// region holds. So an order that cannot be read holds up the feeds of its region
// and no others.
func (r *Reconciler) Adopt(ctx context.Context, feed screeningv1.FeedID) error {
	regions := &screeningv1.RegionalClusterList{}
	if err := r.Client.List(ctx, regions); err != nil {
		return fmt.Errorf("list regions: %w", err)
	}
	var errs []error
	for i := range regions.Items {
		region := &regions.Items[i]
		if _, known := r.ledger.get(region.Name); known || !region.DeletionTimestamp.IsZero() {
			continue
		}
		unread := r.adoptRegion(ctx, region)
		if unread == nil {
			continue
		}
		offered, err := r.offered(ctx, region.Name, feed)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("adopt the order of region %s: %w; whether the region holds feed %s: %w", region.Name, unread, feed, err))
		case offered:
			// A block may stand in this order alone.
			errs = append(errs, fmt.Errorf("adopt the order of region %s: %w; feed %s, which the region holds, is not built before it can be read", region.Name, unread, feed))
		}
	}
	return errors.Join(errs...)
}

func (r *Reconciler) adoptRegion(ctx context.Context, region *screeningv1.RegionalCluster) error {
	s := &scope{region: region.DeepCopy()}
	err := r.unlock(ctx, s)
	if errors.Is(err, ErrRootPending) {
		return nil // nothing was ever signed for it
	}
	if err != nil {
		return err
	}
	return r.adopt(ctx, s)
}

// offered reports whether the registry has content of the feed for the region.
// Unlike the hub's objects it is not put back by restoring them from a backup.
func (r *Reconciler) offered(ctx context.Context, region string, feed screeningv1.FeedID) (bool, error) {
	tags, err := r.Registry.Tags(ctx, artifact.FeedRepository(region, string(feed)))
	return len(tags) > 0, err
}
