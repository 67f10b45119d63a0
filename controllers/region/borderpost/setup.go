// SPDX-License-Identifier: Apache-2.0

package borderpost

import (
	"context"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
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

// SetupWithManager watches posts, their children, the Deployments of their
// pools, and the region's memory.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	owned := workload.EnqueueOwner(screeningv1.LabelPost)
	return ctrl.NewControllerManagedBy(mgr).
		Named("borderpost").
		WithEventFilter(workload.InRegion(r.Region.Name())).
		For(&screeningv1.BorderPost{}).
		Watches(&appsv1.Deployment{}, owned).
		Watches(&appsv1.Deployment{}, handler.EnqueueRequestsFromMapFunc(r.postsOfPool)).
		Watches(&corev1.Service{}, owned).
		Watches(&corev1.ServiceAccount{}, owned).
		Watches(&policyv1.PodDisruptionBudget{}, owned).
		Watches(&networkingv1.NetworkPolicy{}, owned).
		WatchesRawSource(source.Channel(workload.Follow(mgr, r.Region, r.names), workload.EnqueueSelf())).
		WithOptions(setup.Options(4)).
		Complete(r)
}

// postsOfPool asks for every post when the Deployment of a pool changed: a
// region has few posts, and settled ones cost no write.
func (r *Reconciler) postsOfPool(ctx context.Context, obj client.Object) []reconcile.Request {
	if obj.GetLabels()[screeningv1.LabelPool] == "" {
		return nil
	}
	names, err := r.names(ctx)
	if err != nil {
		return nil
	}
	requests := make([]reconcile.Request, 0, len(names))
	for _, name := range names {
		requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: obj.GetNamespace(), Name: name}})
	}
	return requests
}

// names lists every post that is ordered or described by an object.
func (r *Reconciler) names(ctx context.Context) ([]string, error) {
	var names []string
	if v := r.Region.Verified(); v != nil {
		for _, w := range slices.Concat(v.Posts, v.Unlisted.Posts) {
			names = append(names, w.Name)
		}
	}
	var list screeningv1.BorderPostList
	if err := r.Client.List(ctx, &list, client.InNamespace(screeningv1.RegionNamespace(r.Region.Name()))); err != nil {
		return nil, err
	}
	for i := range list.Items {
		names = append(names, list.Items[i].Name)
	}
	return names, nil
}
