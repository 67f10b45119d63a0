// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/enqueue"
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
	// Orders knows what the hub published, against which receipts are checked.
	Orders Orders
	// Later names the fields of specs that not every region reads.
	Later hub.LaterFields
}

// Reconcile implements reconcile.Reconciler.
func (m *Mirror) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	region := &screeningv1.RegionalCluster{}
	if err := m.Client.Get(ctx, req.NamespacedName, region); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	received := m.Reports.Last(region.Name)
	if region.Spec.Link == screeningv1.LinkLocal {
		// The region's own controllers write the statuses of these very objects;
		// how far an erasure has come, and what is not ordered, is the hub's to say.
		return ctrl.Result{}, errors.Join(m.skews(ctx, region, received), m.replicas(ctx, region, received))
	}
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
	skew := m.skew(region, received)
	var errs []error
	for i := range list.Items {
		pool := &list.Items[i]
		resolved := conditions.Get(pool, screeningv1.ConditionFeedsResolved).DeepCopy()
		skewed := conditions.Get(pool, screeningv1.ConditionVersionSkew).DeepCopy()
		errs = append(errs, show(ctx, m.Client, region.Name, pool, find(received, poolsOf, pool), view[*screeningv1.MatcherPool, screeningv1.MatcherPoolStatus]{
			status:   func(p *screeningv1.MatcherPool) *screeningv1.MatcherPoolStatus { return &p.Status },
			observed: func(s *screeningv1.MatcherPoolStatus) *int64 { return &s.ObservedGeneration },
			add: func(p *screeningv1.MatcherPool, said bool) {
				resolveFeeds(p, said, resolved, region, allowed)
				skew.show(p, skewed)
			},
		}))
	}
	return errors.Join(errs...)
}

func (m *Mirror) posts(ctx context.Context, region *screeningv1.RegionalCluster, received *hub.Received) error {
	list := &screeningv1.BorderPostList{}
	if err := m.Client.List(ctx, list, client.InNamespace(screeningv1.RegionNamespace(region.Name))); err != nil {
		return fmt.Errorf("list the posts of region %s: %w", region.Name, err)
	}
	skew := m.skew(region, received)
	var errs []error
	for i := range list.Items {
		post := &list.Items[i]
		skewed := conditions.Get(post, screeningv1.ConditionVersionSkew).DeepCopy()
		errs = append(errs, show(ctx, m.Client, region.Name, post, find(received, postsOf, post), view[*screeningv1.BorderPost, screeningv1.BorderPostStatus]{
			status:   func(p *screeningv1.BorderPost) *screeningv1.BorderPostStatus { return &p.Status },
			observed: func(s *screeningv1.BorderPostStatus) *int64 { return &s.ObservedGeneration },
			add:      func(p *screeningv1.BorderPost, _ bool) { skew.show(p, skewed) },
		}))
	}
	return errors.Join(errs...)
}

func poolsOf(r *hub.Received) []report.Object { return r.Pools }
func postsOf(r *hub.Received) []report.Object { return r.Posts }

// find returns what the region reports of the object, or nil.
func find(received *hub.Received, of func(*hub.Received) []report.Object, o client.Object) *report.Object {
	if received == nil {
		return nil
	}
	list := of(received)
	i := slices.IndexFunc(list, func(r report.Object) bool { return r.UID == string(o.GetUID()) && r.Generation > 0 })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// view is how a kind shows what is reported of it.
type view[O any, S any] struct {
	status   func(O) *S
	observed func(*S) *int64
	// add puts in what the hub alone knows; said is whether the status is the
	// region's word on the present spec.
	add func(o O, said bool)
}

// show writes what the region reports of the object into its status. Without
// a report what stood there stays, and also when the report is of no use: a
// region's nonsense changes nothing but one message on its own objects.
func show[O interface {
	client.Object
	screeningv1.Object
	DeepCopy() O
}, S any](ctx context.Context, c client.Client, region string, o O, reported *report.Object, v view[O, S],
) error {
	before, helper := o.DeepCopy(), patch.New(c, o)
	generation := o.GetGeneration()
	stay := func(reason string) {
		*v.status(o) = *v.status(before.DeepCopy())
		if ready := conditions.Get(o, screeningv1.ConditionReady); ready == nil || reason != "" {
			conditions.Unknown(o, screeningv1.ConditionReady, screeningv1.ReasonNotReported, "Region %s has not reported it%s; see: kubectl get rgn %s", region, reason, region)
			*v.observed(v.status(o)) = generation
		}
		v.add(o, false)
	}
	const unfit = " in a form that this hub takes; upgrade the older of the two"
	var status S
	switch {
	case reported == nil:
		stay("")
	case json.Unmarshal(reported.Status, &status) != nil:
		stay(unfit)
	default:
		// The hub's object counts no further than it does.
		seen := min(reported.Generation, generation)
		*v.status(o) = status
		*v.observed(v.status(o)) = seen
		stamp(o, seen)
		v.add(o, seen == generation)
	}
	_, err := helper.Status(ctx, o)
	if apierrors.IsInvalid(err) {
		// The server's words quote what was reported.
		stay(unfit)
		_, err = helper.Status(ctx, o)
	}
	return settled(err)
}

// stamp gives conditions made in the region the hub's count of generations.
func stamp(o screeningv1.Object, generation int64) {
	list := o.GetConditions()
	for i := range list {
		list[i].ObservedGeneration = generation
	}
	o.SetConditions(list)
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
	region := enqueue.Region()
	return ctrl.NewControllerManagedBy(mgr).
		Named("report").
		WatchesRawSource(Source(m.Reports)).
		Watches(&screeningv1.MatcherPool{}, region).
		Watches(&screeningv1.BorderPost{}, region).
		Watches(&screeningv1.WatchlistReplica{}, region).
		Watches(&screeningv1.WatchlistFeed{}, enqueue.EveryRegion(m.Client), builder.WithPredicates(enqueue.FeedsOfOrders())).
		// A region that is cut off, or back, changes what is said of its copies.
		Watches(&screeningv1.RegionalCluster{}, &handler.EnqueueRequestForObject{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: 4, RateLimiter: patch.RateLimiter()}).
		Complete(m)
}
