// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
)

// Kinds returns a reconciler for each kind whose deletion concerns regions.
func Kinds(c client.Client, registry *artifact.Registry, clk clock.PassiveClock) []*Reconciler {
	return []*Reconciler{
		{
			Client: c, Clock: clk, Kind: screeningv1.WithdrawalMatcherPool,
			New: func() client.Object { return &screeningv1.MatcherPool{} }, Entry: inNamespace,
		},
		{
			Client: c, Clock: clk, Kind: screeningv1.WithdrawalBorderPost,
			New: func() client.Object { return &screeningv1.BorderPost{} }, Entry: inNamespace,
		},
		{
			Client: c, Clock: clk, Kind: screeningv1.WithdrawalWatchlistFeed,
			New: func() client.Object { return &screeningv1.WatchlistFeed{} }, Entry: whereHeld,
			Release: func(ctx context.Context, o client.Object) error { return dropCopies(ctx, c, registry, o) },
		},
	}
}

// inNamespace: a pool or post concerns the region whose namespace it is in,
// and nobody elsewhere.
func inNamespace(_ context.Context, _ client.Client, o client.Object) (string, []string, error) {
	region, ok := strings.CutPrefix(o.GetNamespace(), screeningv1.RegionNamespacePrefix)
	if !ok {
		return "", nil, nil
	}
	return o.GetName(), []string{region}, nil
}

// whereHeld: a feed concerns every region that was given it.
func whereHeld(ctx context.Context, c client.Client, o client.Object) (string, []string, error) {
	id := screeningv1.NewFeedID(o.GetNamespace(), o.GetName())
	list := &screeningv1.WatchlistReplicaList{}
	if err := c.List(ctx, list); err != nil {
		return "", nil, fmt.Errorf("list the replicas of feed %s: %w", id, err)
	}
	var regions []string
	for i := range list.Items {
		if region, ok := strings.CutPrefix(list.Items[i].Namespace, screeningv1.RegionNamespacePrefix); ok && list.Items[i].Spec.Feed == id {
			regions = append(regions, region)
		}
	}
	return string(id), regions, nil
}

// dropCopies deletes the hub's own copies of a feed; its releases go with it.
func dropCopies(ctx context.Context, c client.Client, registry *artifact.Registry, o client.Object) error {
	list := &screeningv1.WatchlistReleaseList{}
	if err := c.List(ctx, list, client.InNamespace(o.GetNamespace())); err != nil {
		return fmt.Errorf("list releases: %w", err)
	}
	var errs []error
	for i := range list.Items {
		spec := list.Items[i].Spec
		if spec.Feed.UID == o.GetUID() {
			errs = append(errs, registry.Delete(ctx, depot.Repository(string(spec.Feed.ID)), string(spec.Artifact.Digest)))
		}
	}
	return errors.Join(errs...)
}
