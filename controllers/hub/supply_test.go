// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
)

// One pass orders a release and records all that the region was given of it: it
// does not come back because of what it wrote itself.
func TestOrderedReleaseIsRecordedInOnePass(t *testing.T) {
	b, feed, publisher := serving(t, "onepass")
	publisher.Set(hubtest.List(2, 11))
	b.clock.Step(2 * time.Hour)
	hubtest.Call(t, b.feeds, feed.Namespace, feed.Name)
	result, err := b.orders.Reconcile(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Name: b.region.Name}})
	if err != nil || result.RequeueAfter <= time.Second {
		t.Errorf("the pass asks to be repeated after %s: %v", result.RequeueAfter, err)
	}
	listed := b.published(t).Feed(string(feed.ID()))
	replica := &screeningv1.WatchlistReplica{}
	replica.Namespace, replica.Name = screeningv1.RegionNamespace(b.region.Name), string(feed.ID())
	hubtest.Get(t, env.Client, replica)
	if listed.Release != 2 || replica.Spec.Release != "v2" || string(replica.Status.Artifact) != listed.Artifact || replica.Status.KeyEpoch != listed.Epoch {
		t.Errorf("the order lists %+v, the replica has %s, %s, epoch %d", listed, replica.Spec.Release, replica.Status.Artifact, replica.Status.KeyEpoch)
	}
}
