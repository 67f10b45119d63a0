// SPDX-License-Identifier: Apache-2.0

package recordrequest

import (
	"context"
	"strings"
	"time"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/setup"
)

// passTimeout bounds one pass, so that a registry that hangs holds no worker
// for ever. It is long enough to look through the copies of a large feed.
const passTimeout = 15 * time.Minute

// SetupWithManager adds the controller to mgr.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("recordrequest").
		For(&screeningv1.RecordRequest{}).
		// A later request takes the place of an earlier one.
		Watches(&screeningv1.RecordRequest{}, handler.EnqueueRequestsFromMapFunc(r.neighbours)).
		Watches(&screeningv1.WatchlistFeed{}, handler.EnqueueRequestsFromMapFunc(r.aboutFeed)).
		Watches(&screeningv1.WatchlistReplica{}, handler.EnqueueRequestsFromMapFunc(r.aboutReplica)).
		Watches(&screeningv1.RegionalCluster{}, handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
			return r.inRegions(ctx, o.GetName())
		})).
		WatchesRawSource(source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			r.Reports.Follow(func(region string) {
				setup.Later(queue, r.inRegions(ctx, region)...)
			})
			return nil
		})).
		// Sweeping one feed's copies does not hold up another's block.
		WithOptions(setup.Slow(4, passTimeout)).
		Complete(r)
}

// open names the requests that wait for something and that match.
func (r *Reconciler) open(ctx context.Context, match func(*screeningv1.RecordRequest) bool, in ...client.ListOption) []reconcile.Request {
	list := &screeningv1.RecordRequestList{}
	if err := r.Client.List(ctx, list, in...); err != nil {
		return nil // the cache answers, or the manager has ended
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if one := &list.Items[i]; one.Status.State != screeningv1.RequestSuperseded && !finished(one) && match(one) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(one)})
		}
	}
	return requests
}

func (r *Reconciler) neighbours(ctx context.Context, o client.Object) []reconcile.Request {
	this, ok := o.(*screeningv1.RecordRequest)
	if !ok {
		return nil
	}
	return r.open(ctx, func(other *screeningv1.RecordRequest) bool {
		return other.UID != this.UID && other.Spec.FeedRef == this.Spec.FeedRef && other.Spec.Record == this.Spec.Record
	}, client.InNamespace(this.Namespace))
}

func (r *Reconciler) aboutFeed(ctx context.Context, o client.Object) []reconcile.Request {
	return r.pending(ctx, o.GetNamespace(), o.GetName())
}

func (r *Reconciler) aboutReplica(ctx context.Context, o client.Object) []reconcile.Request {
	replica, ok := o.(*screeningv1.WatchlistReplica)
	if !ok {
		return nil
	}
	return r.pending(ctx, replica.Spec.Feed.Namespace(), replica.Spec.Feed.Name())
}

// pending names the requests about a feed that are not done.
func (r *Reconciler) pending(ctx context.Context, namespace, feed string) []reconcile.Request {
	return r.open(ctx, func(one *screeningv1.RecordRequest) bool {
		return one.Spec.FeedRef.Name == feed && one.Status.State != screeningv1.RequestDone
	}, client.InNamespace(namespace))
}

// inRegions names the requests about feeds that a region has a copy of.
func (r *Reconciler) inRegions(ctx context.Context, region string) []reconcile.Request {
	list := &screeningv1.WatchlistReplicaList{}
	if err := r.Client.List(ctx, list, client.InNamespace(screeningv1.RegionNamespace(region))); err != nil {
		return nil
	}
	held := map[string]bool{}
	for i := range list.Items {
		held[string(list.Items[i].Spec.Feed)] = true
	}
	if len(held) == 0 {
		return nil
	}
	return r.open(ctx, func(one *screeningv1.RecordRequest) bool {
		return one.Status.State != screeningv1.RequestDone && held[strings.Join([]string{one.Namespace, one.Spec.FeedRef.Name}, ".")]
	})
}
