// SPDX-License-Identifier: Apache-2.0

// Package replicas finds the copies of a feed, which lie in a namespace for each
// region.
package replicas

import (
	"context"
	"fmt"
	"strings"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// nameField is a field that API servers select by in any kind. A replica has the
// name of its feed's id, by a rule of its schema.
const nameField = "metadata.name"

// Of returns the replicas of a feed in all regions.
func Of(ctx context.Context, c client.Reader, feed screeningv1.FeedID) ([]screeningv1.WatchlistReplica, error) {
	list := &screeningv1.WatchlistReplicaList{}
	if err := c.List(ctx, list, client.MatchingFields{nameField: string(feed)}); err != nil {
		return nil, fmt.Errorf("list the replicas of feed %s: %w", feed, err)
	}
	return list.Items, nil
}

// Region is the name of the region that a replica is of.
func Region(replica *screeningv1.WatchlistReplica) string {
	return strings.TrimPrefix(replica.Namespace, screeningv1.RegionNamespacePrefix)
}

// Index lets a manager's cache answer Of without looking at every replica.
func Index(ctx context.Context, mgr ctrl.Manager) error {
	err := mgr.GetFieldIndexer().IndexField(ctx, &screeningv1.WatchlistReplica{}, nameField, func(o client.Object) []string {
		return []string{o.GetName()}
	})
	if err != nil {
		return fmt.Errorf("index WatchlistReplicas by name: %w", err)
	}
	return nil
}
