// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/report"
)

// Mirror shows a region's report on the hub's pools, posts and replicas. Its
// keys are names of regions.
type Mirror struct {
	Client  client.Client
	Reports *hub.Reports
}

// Reconcile implements reconcile.Reconciler.
func (m *Mirror) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	region := &screeningv1.RegionalCluster{}
	if err := m.Client.Get(ctx, req.NamespacedName, region); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if region.Spec.Link == screeningv1.LinkLocal {
		// The region's own controllers write the statuses of these very objects.
		return ctrl.Result{}, nil
	}
	received := m.Reports.Last(region.Name)
	return ctrl.Result{}, errors.Join(
		m.pools(ctx, region, received),
		m.posts(ctx, region, received),
		m.replicas(ctx, region, received),
	)
}

func (m *Mirror) pools(ctx context.Context, region *screeningv1.RegionalCluster, received *hub.Received) error {
	list := &screeningv1.MatcherPoolList{}
	feeds := &screeningv1.WatchlistFeedList{}
	if err := m.Client.List(ctx, list, client.InNamespace(screeningv1.RegionNamespace(region.Name))); err != nil {
		return fmt.Errorf("list the pools of region %s: %w", region.Name, err)
	}
	if err := m.Client.List(ctx, feeds); err != nil {
		return fmt.Errorf("list feeds: %w", err)
	}
	allowed := map[screeningv1.FeedID]*screeningv1.WatchlistFeed{}
	for i := range feeds.Items {
		allowed[feeds.Items[i].ID()] = &feeds.Items[i]
	}
	var errs []error
	for i := range list.Items {
		pool := &list.Items[i]
		helper := patch.New(m.Client, pool)
		resolved := conditions.Get(pool, screeningv1.ConditionFeedsResolved)
		var status screeningv1.MatcherPoolStatus
		generation, err := said(received, poolsOf, pool, &status)
		switch {
		case err != nil:
			errs = append(errs, err)
			continue
		case generation > 0:
			pool.Status = status
			pool.Status.ObservedGeneration = generation
			stamp(pool, generation)
		case conditions.Get(pool, screeningv1.ConditionReady) == nil:
			notReported(pool, region.Name)
			pool.Status.ObservedGeneration = pool.Generation
		}
		resolveFeeds(pool, generation == pool.Generation, resolved.DeepCopy(), region, allowed)
		_, err = helper.Status(ctx, pool)
		errs = append(errs, settled(err))
	}
	return errors.Join(errs...)
}

func (m *Mirror) posts(ctx context.Context, region *screeningv1.RegionalCluster, received *hub.Received) error {
	list := &screeningv1.BorderPostList{}
	if err := m.Client.List(ctx, list, client.InNamespace(screeningv1.RegionNamespace(region.Name))); err != nil {
		return fmt.Errorf("list the posts of region %s: %w", region.Name, err)
	}
	var errs []error
	for i := range list.Items {
		post := &list.Items[i]
		helper := patch.New(m.Client, post)
		var status screeningv1.BorderPostStatus
		generation, err := said(received, postsOf, post, &status)
		switch {
		case err != nil:
			errs = append(errs, err)
			continue
		case generation > 0:
			post.Status = status
			post.Status.ObservedGeneration = generation
			stamp(post, generation)
		case conditions.Get(post, screeningv1.ConditionReady) == nil:
			notReported(post, region.Name)
			post.Status.ObservedGeneration = post.Generation
		}
		_, err = helper.Status(ctx, post)
		errs = append(errs, settled(err))
	}
	return errors.Join(errs...)
}

func poolsOf(r *hub.Received) []report.Object { return r.Pools }
func postsOf(r *hub.Received) []report.Object { return r.Posts }

// said decodes what the region reports of the object into status, and returns
// the generation of the hub's object that it speaks of: zero when the report
// says nothing of it.
func said(received *hub.Received, of func(*hub.Received) []report.Object, o client.Object, status any) (int64, error) {
	if received == nil {
		return 0, nil
	}
	for _, reported := range of(received) {
		if reported.UID != string(o.GetUID()) {
			continue
		}
		if err := json.Unmarshal(reported.Status, status); err != nil {
			return 0, fmt.Errorf("report %d: the status of %s is not one: %w", received.Number, o.GetName(), err)
		}
		return reported.Generation, nil
	}
	return 0, nil
}

// stamp gives conditions made in the region the hub's count of generations.
func stamp(o screeningv1.Object, generation int64) {
	list := o.GetConditions()
	for i := range list {
		list[i].ObservedGeneration = generation
	}
	o.SetConditions(list)
}

func notReported(o screeningv1.Object, region string) {
	conditions.Unknown(o, screeningv1.ConditionReady, screeningv1.ReasonNotReported,
		"Region %s has not reported it; see: kubectl get rgn %s", region, region)
}

// settled passes over a conflict: the object changed meanwhile, which asks for
// another look by itself.
func settled(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// SetupWithManager adds the controller to mgr.
func (m *Mirror) SetupWithManager(mgr ctrl.Manager) error {
	region := handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		return requestFor(o)
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named("report").
		WatchesRawSource(Source(m.Reports)).
		Watches(&screeningv1.MatcherPool{}, region).
		Watches(&screeningv1.BorderPost{}, region).
		Watches(&screeningv1.WatchlistReplica{}, region).
		Watches(&screeningv1.WatchlistFeed{}, handler.EnqueueRequestsFromMapFunc(m.everyRegion)).
		WithOptions(controller.Options{MaxConcurrentReconciles: 4}).
		Complete(m)
}

func requestFor(o metav1.Object) []reconcile.Request {
	const prefix = screeningv1.RegionNamespacePrefix
	namespace := o.GetNamespace()
	if len(namespace) <= len(prefix) || namespace[:len(prefix)] != prefix {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Name: namespace[len(prefix):]}}}
}

// everyRegion is asked for when a feed changes: pools anywhere may name it.
func (m *Mirror) everyRegion(ctx context.Context, _ client.Object) []reconcile.Request {
	list := &screeningv1.RegionalClusterList{}
	if err := m.Client.List(ctx, list); err != nil {
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Name: list.Items[i].Name}})
	}
	return requests
}
