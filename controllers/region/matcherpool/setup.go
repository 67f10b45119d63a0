// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"context"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/source"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/setup"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
)

// SetupWithManager watches pools, their children and pods, the region's memory
// and the load of pools that follow it.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	registerMetrics()
	owned := workload.EnqueueOwner(screeningv1.LabelPool)
	return ctrl.NewControllerManagedBy(mgr).
		Named("matcherpool").
		WithEventFilter(workload.InRegion(r.Region.Name())).
		For(&screeningv1.MatcherPool{}).
		Watches(&appsv1.Deployment{}, owned).
		Watches(&corev1.Service{}, owned).
		Watches(&corev1.ServiceAccount{}, owned).
		Watches(&policyv1.PodDisruptionBudget{}, owned).
		Watches(&networkingv1.NetworkPolicy{}, owned).
		Watches(&corev1.Pod{}, owned).
		WatchesRawSource(source.Channel(workload.Follow(mgr, r.Region, r.names), workload.EnqueueSelf())).
		WatchesRawSource(source.Channel(r.keepMeasuring(mgr), workload.EnqueueSelf())).
		WithOptions(setup.Options(4)).
		Complete(r)
}

// names lists every pool that is ordered or described by an object.
func (r *Reconciler) names(ctx context.Context) ([]string, error) {
	var names []string
	if v := r.Region.Verified(); v != nil {
		for _, w := range slices.Concat(v.Pools, v.Unlisted.Pools) {
			names = append(names, w.Name)
		}
	}
	var list screeningv1.MatcherPoolList
	if err := r.Client.List(ctx, &list, client.InNamespace(screeningv1.RegionNamespace(r.Region.Name()))); err != nil {
		return nil, err
	}
	for i := range list.Items {
		names = append(names, list.Items[i].Name)
	}
	return names, nil
}
