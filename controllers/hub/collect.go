// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"errors"
	"time"

	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/frontline-screening/frontline/internal/artifact"
)

const (
	// collectInterval is the time between two collections of garbage. Each region's
	// order leaves one manifest behind with every timestamp.
	collectInterval = time.Hour
	// collectAfter is how long what another artifact took the place of stays for a
	// region that is in the middle of reading it.
	collectAfter = 24 * time.Hour
)

// collector has the hub's registry remove what nothing needs any more: orders and
// artifacts that newer ones took the place of, and the layers of releases that
// package watchlistfeed deleted. What a region's order lists has a tag and stays.
type collector struct{ registry *artifact.Registry }

// Start implements manager.Runnable. It runs where the process leads.
func (c *collector) Start(ctx context.Context) error {
	tick := time.NewTicker(collectInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			c.collect(ctx)
		}
	}
}

func (c *collector) collect(ctx context.Context) {
	log := ctrllog.FromContext(ctx).WithName("collect")
	got, err := c.registry.Collect(ctx, artifact.CollectOptions{
		Untagged:        []string{artifact.OrderRepository("*"), artifact.FeedRepository("*", "*")},
		UntaggedSeconds: int64(collectAfter / time.Second),
	})
	switch {
	case errors.Is(err, artifact.ErrCollectUnsupported), ctx.Err() != nil:
	case err != nil:
		log.Error(err, "The hub's registry was not cleaned up; it is tried again")
	default:
		log.Info("The hub's registry was cleaned up", "manifests", got.Manifests, "blobs", got.Blobs, "bytes", got.Bytes, "left", got.BytesLeft)
	}
}
