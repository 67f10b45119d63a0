// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/artifact"
)

const (
	// collectFirst is the time before the first collection of garbage,
	// collectInterval that between two. Each region's order leaves one manifest
	// behind with every timestamp.
	collectFirst    = 5 * time.Minute
	collectInterval = time.Hour
	// collectAfter is how long what another artifact took the place of stays for a
	// region that is in the middle of reading it.
	collectAfter = 24 * time.Hour
	// goneAfter is how long a RegionalCluster has to be missing before what was made
	// for its region goes. One that was deleted by mistake is made again before.
	goneAfter = 24 * time.Hour
)

// annotationGone of a region's Lease is since when its RegionalCluster is missing, as
// a hub that runs has seen it. Absence alone says nothing: a hub that is restored from
// a backup begins with no regions at all.
const annotationGone = screeningv1.GroupName + "/gone-since"

// collector has the hub's registry remove what nothing needs any more: orders and
// artifacts that newer ones took the place of, the layers of releases that package
// watchlistfeed deleted, and all that was made for regions that are no more. What a
// region's order lists has a tag and stays as long as the region is there.
type collector struct {
	client    client.Client
	namespace string
	registry  *artifact.Registry
	clock     clock.PassiveClock
}

// Start implements manager.Runnable. It runs where the process leads.
func (c *collector) Start(ctx context.Context) error {
	next := time.NewTimer(collectFirst)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
			c.collect(ctx)
			next.Reset(collectInterval)
		}
	}
}

func (c *collector) collect(ctx context.Context) {
	log := ctrllog.FromContext(ctx).WithName("collect")
	gone, err := c.gone(ctx)
	if err != nil {
		log.Error(err, "What was made for regions that are no more stays; it is tried again")
	}
	options := artifact.CollectOptions{
		Untagged:        []string{artifact.OrderRepository("*"), artifact.FeedRepository("*", "*")},
		UntaggedSeconds: int64(collectAfter / time.Second),
	}
	for _, region := range gone {
		options.Abandoned = append(options.Abandoned, artifact.OrderRepository(region), artifact.FeedRepository(region, "*"))
	}
	got, err := c.registry.Collect(ctx, options)
	switch {
	case errors.Is(err, artifact.ErrCollectUnsupported), ctx.Err() != nil:
	case err != nil:
		log.Error(err, "The hub's registry was not cleaned up; it is tried again")
	default:
		log.Info("The hub's registry was cleaned up", "manifests", got.Manifests, "blobs", got.Blobs, "bytes", got.Bytes, "left", got.BytesLeft)
	}
}

// gone names the regions that have reported once and whose RegionalCluster has been
// missing for long. It notes on their Leases since when.
func (c *collector) gone(ctx context.Context) ([]string, error) {
	regions, leases := &screeningv1.RegionalClusterList{}, &coordinationv1.LeaseList{}
	if err := errors.Join(
		c.client.List(ctx, regions),
		c.client.List(ctx, leases, client.InNamespace(c.namespace), client.HasLabels{screeningv1.LabelRegion}),
	); err != nil {
		return nil, fmt.Errorf("list regions and their Leases: %w", err)
	}
	present := map[string]bool{}
	for i := range regions.Items {
		present[regions.Items[i].Name] = true
	}
	var names []string
	var errs []error
	now := c.clock.Now()
	for i := range leases.Items {
		lease := &leases.Items[i]
		name := lease.Labels[screeningv1.LabelRegion]
		since, err := time.Parse(time.RFC3339, lease.Annotations[annotationGone])
		known := err == nil
		switch {
		case present[name] && known:
			delete(lease.Annotations, annotationGone)
			errs = append(errs, c.client.Update(ctx, lease))
		case present[name]:
		case !known:
			if lease.Annotations == nil {
				lease.Annotations = map[string]string{}
			}
			lease.Annotations[annotationGone] = now.UTC().Format(time.RFC3339)
			errs = append(errs, c.client.Update(ctx, lease))
		case now.Sub(since) >= goneAfter:
			names = append(names, name)
		}
	}
	return names, errors.Join(errs...)
}
