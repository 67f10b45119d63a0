// SPDX-License-Identifier: Apache-2.0

// Package enqueue says which regions an event concerns, for controllers whose
// keys are names of regions.
package enqueue

import (
	"context"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// Named is the request for what stands behind the prefix, if anything does.
func Named(name, prefix string) []reconcile.Request {
	region, ok := strings.CutPrefix(name, prefix)
	if !ok || region == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Name: region}}}
}

// Region asks for the region whose namespace the object is in.
func Region() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		return Named(o.GetNamespace(), screeningv1.RegionNamespacePrefix)
	})
}

// EveryRegion asks for all regions: the object may concern any.
func EveryRegion(c client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, _ client.Object) []reconcile.Request {
		list := &screeningv1.RegionalClusterList{}
		if err := c.List(ctx, list); err != nil {
			// The cache answers, or the manager has ended.
			return nil
		}
		requests := make([]reconcile.Request, 0, len(list.Items))
		for i := range list.Items {
			requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Name: list.Items[i].Name}})
		}
		return requests
	})
}

// FeedsOfOrders passes the events of a feed that orders and their receipts depend
// on. Its status says much more, and changes with every region that takes a
// release up: passed on to all regions that would be their square.
func FeedsOfOrders() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*screeningv1.WatchlistFeed)
		after, same := e.ObjectNew.(*screeningv1.WatchlistFeed)
		return !ok || !same || before.Generation != after.Generation || before.Status.Floor != after.Status.Floor ||
			!equality.Semantic.DeepEqual(before.Status.Release, after.Status.Release)
	}}
}

// RequestsTakenUp passes a request about a record when its state changes: what it
// asks for was entered before.
func RequestsTakenUp() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*screeningv1.RecordRequest)
		after, same := e.ObjectNew.(*screeningv1.RecordRequest)
		return !ok || !same || before.Status.State != after.Status.State
	}}
}

// BesideStatus passes every event of an object but a change of its status alone.
func BesideStatus() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld, e.ObjectNew
		return before.GetUID() != after.GetUID() || before.GetGeneration() != after.GetGeneration() ||
			before.GetDeletionTimestamp().IsZero() != after.GetDeletionTimestamp().IsZero() ||
			!maps.Equal(before.GetAnnotations(), after.GetAnnotations()) || !maps.Equal(before.GetLabels(), after.GetLabels()) ||
			!slices.Equal(before.GetFinalizers(), after.GetFinalizers())
	}}
}
