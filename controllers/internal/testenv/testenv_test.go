// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

var env *Environment

func TestMain(m *testing.M) { Main(m, &env) }

func TestCreateNamespace(t *testing.T) {
	first, second := env.CreateNamespace(t, "region"), env.CreateNamespace(t, "region")
	if first == second || !strings.HasPrefix(first, "region-") {
		t.Errorf("CreateNamespace() = %q and %q, want two names that begin with region-", first, second)
	}
}

func TestKindsAreServed(t *testing.T) {
	for _, list := range []client.ObjectList{
		&screeningv1.RegionalClusterList{}, &screeningv1.WatchlistFeedList{}, &screeningv1.WatchlistReleaseList{},
		&screeningv1.MatcherPoolList{}, &screeningv1.BorderPostList{}, &screeningv1.WatchlistReplicaList{},
		&screeningv1.RegionTermsList{},
	} {
		if err := env.Client.List(t.Context(), list); err != nil {
			t.Errorf("list %T: %v", list, err)
		}
	}
}

func TestStartManager(t *testing.T) {
	namespace := env.CreateNamespace(t, "manager")
	seen := make(chan struct{}, 64)
	env.StartManager(t, ctrl.Options{}, func(mgr manager.Manager) error {
		return ctrl.NewControllerManagedBy(mgr).For(&corev1.Namespace{}).Complete(reconcile.Func(
			func(_ context.Context, request reconcile.Request) (reconcile.Result, error) {
				if request.Name == namespace {
					seen <- struct{}{}
				}
				return reconcile.Result{}, nil
			}))
	})
	select {
	case <-seen:
	case <-t.Context().Done():
		t.Error("the controller never saw the namespace")
	}
}
