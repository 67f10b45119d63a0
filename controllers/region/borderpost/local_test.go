// SPDX-License-Identifier: Apache-2.0

package borderpost

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/order"
)

// One machine runs one front.
func TestEdgeRunsOneFront(t *testing.T) {
	for profile, want := range map[string]int32{string(screeningv1.ProfileStandard): 2, string(screeningv1.ProfileEdge): 1} {
		t.Run(profile, func(t *testing.T) {
			f := newFixture(t)
			f.hub.Region.Profile = profile
			f.order(spec())
			f.reconcile()
			var d appsv1.Deployment
			f.get("hani-front", &d)
			if d.Spec.Replicas == nil || *d.Spec.Replicas != want {
				t.Errorf("the front has %v replicas, want %d", d.Spec.Replicas, want)
			}
		})
	}
}

// Where the region runs in the hub's cluster, a deleted post leaves no object.
// Its front is kept, and kept whole, until a tombstone of the order takes it.
func TestFrontOfADeletedLocalPostWaitsForItsTombstone(t *testing.T) {
	f := newFixture(t)
	f.hub.Region.Link = string(screeningv1.LinkLocal)
	f.order(spec())
	f.reconcile()
	var post screeningv1.BorderPost
	f.get("hani", &post)
	if err := env.Client.Delete(t.Context(), &post); err != nil {
		t.Fatal(err)
	}

	f.hub.Publish(t, order.Input{})
	if err := f.follower.Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.start("example.test/frontline:v1") // the memory of it outlives the agent
	var service corev1.Service
	f.get("hani-front", &service)
	if err := env.Client.Delete(t.Context(), &service); err != nil {
		t.Fatal(err)
	}
	f.reconcile()
	var d appsv1.Deployment
	f.get("hani-front", &d)
	f.get("hani-front", &service)

	f.hub.Publish(t, order.Input{Tombstones: []order.Tombstone{{Kind: order.KindPost, Name: "hani", UID: "b"}}})
	if err := f.follower.Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.reconcile()
	for _, child := range []client.Object{&d, &service} {
		err := env.Client.Get(t.Context(), types.NamespacedName{Namespace: f.namespace, Name: "hani-front"}, child)
		if !apierrors.IsNotFound(err) && child.GetDeletionTimestamp() == nil {
			t.Errorf("%T is left after the tombstone: %v", child, err)
		}
	}
}
