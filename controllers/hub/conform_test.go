// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"errors"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/conditions/conditionstest"
)

// conform checks every object that the hub has said anything of. Every test that
// settles the hub calls it, in each of the states that it brings about.
func (b *bench) conform(t *testing.T, feeds ...*screeningv1.WatchlistFeed) {
	t.Helper()
	if hubtest.Get(t, env.Client, b.region); conditions.Get(b.region, screeningv1.ConditionReady) != nil {
		conditionstest.Conform(t, b.region, b.region.Status.ObservedGeneration)
	}
	here := client.InNamespace(screeningv1.RegionNamespace(b.region.Name))
	pools, posts, replicas := &screeningv1.MatcherPoolList{}, &screeningv1.BorderPostList{}, &screeningv1.WatchlistReplicaList{}
	if err := errors.Join(env.Client.List(t.Context(), pools, here), env.Client.List(t.Context(), posts, here), env.Client.List(t.Context(), replicas, here)); err != nil {
		t.Fatal(err)
	}
	for i := range pools.Items {
		// A pool may be older than the region's word on it.
		if pool := &pools.Items[i]; pool.Status.ObservedGeneration == pool.Generation {
			conditionstest.Conform(t, pool, pool.Status.ObservedGeneration)
		}
	}
	for i := range posts.Items {
		if post := &posts.Items[i]; post.Status.ObservedGeneration == post.Generation {
			conditionstest.Conform(t, post, post.Status.ObservedGeneration)
		}
	}
	for i := range replicas.Items {
		conditionstest.Conform(t, &replicas.Items[i], replicas.Items[i].Status.ObservedGeneration)
	}
	for _, feed := range feeds {
		now := &screeningv1.WatchlistFeed{}
		if err := env.Client.Get(t.Context(), client.ObjectKeyFromObject(feed), now); err != nil {
			continue // the test deleted it
		}
		conditionstest.Conform(t, now, now.Status.ObservedGeneration)
		releases := &screeningv1.WatchlistReleaseList{}
		if err := env.Client.List(t.Context(), releases, client.InNamespace(feed.Namespace)); err != nil {
			t.Fatal(err)
		}
		for i := range releases.Items {
			conditionstest.Conform(t, &releases.Items[i], releases.Items[i].Status.ObservedGeneration)
		}
	}
}
