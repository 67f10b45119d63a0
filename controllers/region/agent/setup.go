// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/setup"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
)

// orderKey is the name of the one request.
const orderKey = "order"

// SetupWithManager watches the objects that the order speaks of, the region's
// terms and the region's memory.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	one := handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{
			Namespace: screeningv1.RegionNamespace(r.region.Name()), Name: orderKey,
		}}}
	})
	self := func(context.Context) ([]string, error) { return []string{orderKey}, nil }
	return ctrl.NewControllerManagedBy(mgr).
		Named("agent").
		WithEventFilter(workload.InRegion(r.region.Name())).
		Watches(&screeningv1.MatcherPool{}, one).
		Watches(&screeningv1.BorderPost{}, one).
		Watches(&screeningv1.WatchlistReplica{}, one).
		Watches(&screeningv1.RegionTerms{}, one).
		WatchesRawSource(source.Channel(workload.Follow(mgr, r.region, self), one)).
		WithOptions(setup.Options(1)).
		Complete(r)
}
