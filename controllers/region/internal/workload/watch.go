// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/region"
)

// EnqueueOwner asks for the pool or post that an object's label names.
func EnqueueOwner(label string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, obj client.Object) []reconcile.Request {
		name := obj.GetLabels()[label]
		if name == "" {
			return nil
		}
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: obj.GetNamespace(), Name: name}}}
	})
}

// EnqueueSelf asks for the object of the event.
func EnqueueSelf() handler.EventHandler { return &handler.EnqueueRequestForObject{} }

// InRegion passes the events of a region's namespace. In the hub's own cluster
// the manager knows the pools and posts of other regions too.
func InRegion(name string) predicate.Predicate {
	namespace := screeningv1.RegionNamespace(name)
	return predicate.NewPredicateFuncs(func(obj client.Object) bool { return obj.GetNamespace() == namespace })
}

// Follow returns a channel with an event for every name whenever the region's
// memory changed. names is asked each time.
func Follow(mgr ctrl.Manager, r *region.Region, names func(context.Context) ([]string, error)) <-chan event.GenericEvent {
	events := make(chan event.GenericEvent)
	// The error of Add is that of a manager that has stopped.
	_ = mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		var known []string
		for {
			changed := r.Changed()
			list, err := names(ctx)
			if err == nil {
				// What is no longer named is looked at once more, to be cleaned up.
				asked := slices.Concat(list, known)
				known = list
				slices.Sort(asked)
				for _, name := range slices.Compact(asked) {
					obj := &metav1.PartialObjectMetadata{}
					obj.SetNamespace(screeningv1.RegionNamespace(r.Name()))
					obj.SetName(name)
					select {
					case events <- event.GenericEvent{Object: obj}:
					case <-ctx.Done():
						return nil
					}
				}
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return nil
			}
		}
	}))
	return events
}
