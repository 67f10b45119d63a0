// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/enqueue"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/handled"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/controllers/internal/setup"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
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
	feeds, err := m.feeds(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	if region.Spec.Link == screeningv1.LinkLocal {
		// The region's own controllers write the statuses of these very objects;
		// how far an erasure has come, and what is not ordered, is the hub's to say.
		return ctrl.Result{}, errors.Join(m.skews(ctx, region, received), m.replicas(ctx, region, received, feeds))
	}
	return ctrl.Result{}, errors.Join(
		m.pools(ctx, region, received, feeds),
		m.posts(ctx, region, received),
		m.replicas(ctx, region, received, feeds),
	)
}

// feeds of the hub by id. They are read and never changed, so the cache need
// not copy them.
func (m *Mirror) feeds(ctx context.Context) (map[screeningv1.FeedID]*screeningv1.WatchlistFeed, error) {
	list := &screeningv1.WatchlistFeedList{}
	if err := m.Client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list feeds: %w", err)
	}
	byID := make(map[screeningv1.FeedID]*screeningv1.WatchlistFeed, len(list.Items))
	for i := range list.Items {
		byID[list.Items[i].ID()] = &list.Items[i]
	}
	return byID, nil
}

func (m *Mirror) pools(ctx context.Context, region *screeningv1.RegionalCluster, received *hub.Received, feeds map[screeningv1.FeedID]*screeningv1.WatchlistFeed) error {
	list := &screeningv1.MatcherPoolList{}
	if err := m.Client.List(ctx, list, client.InNamespace(screeningv1.RegionNamespace(region.Name))); err != nil {
		return fmt.Errorf("list the pools of region %s: %w", region.Name, err)
	}
	said := whatIsSaid(received, order.KindPool, poolsOf)
	skew := m.skew(region, received)
	var errs []error
	for i := range list.Items {
		pool := &list.Items[i]
		resolved := conditions.Get(pool, screeningv1.ConditionFeedsResolved).DeepCopy()
		skewed := conditions.Get(pool, screeningv1.ConditionVersionSkew).DeepCopy()
		errs = append(errs, show(ctx, m.Client, region, pool, said.of(pool), view[*screeningv1.MatcherPool, screeningv1.MatcherPoolStatus]{
			status:   func(p *screeningv1.MatcherPool) *screeningv1.MatcherPoolStatus { return &p.Status },
			observed: func(s *screeningv1.MatcherPoolStatus) *int64 { return &s.ObservedGeneration },
			add: func(p *screeningv1.MatcherPool, said bool) {
				resolveFeeds(p, said, resolved, region, feeds)
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
	said := whatIsSaid(received, order.KindPost, postsOf)
	skew := m.skew(region, received)
	var errs []error
	for i := range list.Items {
		post := &list.Items[i]
		skewed := conditions.Get(post, screeningv1.ConditionVersionSkew).DeepCopy()
		errs = append(errs, show(ctx, m.Client, region, post, said.of(post), view[*screeningv1.BorderPost, screeningv1.BorderPostStatus]{
			status:   func(p *screeningv1.BorderPost) *screeningv1.BorderPostStatus { return &p.Status },
			observed: func(s *screeningv1.BorderPostStatus) *int64 { return &s.ObservedGeneration },
			add:      func(p *screeningv1.BorderPost, _ bool) { skew.show(p, skewed) },
		}))
	}
	return errors.Join(errs...)
}

func poolsOf(r *hub.Received) []report.Object { return r.Pools }
func postsOf(r *hub.Received) []report.Object { return r.Posts }

// sayings is what a region reports of the objects of one kind.
type sayings struct {
	byUID map[string]*report.Object
	// refused is why the region does not have an object, by name.
	refused map[string]string
}

// saying is what a region reports of one object.
type saying struct {
	// object is nil when the region says nothing of it.
	object *report.Object
	// refused says why the region did not take it as it is ordered; empty when it did.
	refused string
}

func whatIsSaid(received *hub.Received, kind string, of func(*hub.Received) []report.Object) sayings {
	s := sayings{byUID: map[string]*report.Object{}, refused: map[string]string{}}
	if received == nil {
		return s
	}
	list := of(received)
	for i := range list {
		if list[i].Generation > 0 {
			s.byUID[list[i].UID] = &list[i]
		}
	}
	for _, refusal := range received.Refusals {
		if name, ok := strings.CutPrefix(refusal.Subject, kind+" "); ok {
			s.refused[name] = cmp.Or(refusal.Message, refusal.Reason)
		}
	}
	return s
}

func (s sayings) of(o client.Object) saying {
	return saying{object: s.byUID[string(o.GetUID())], refused: s.refused[o.GetName()]}
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
	screeningv1.Asked
	DeepCopy() O
}, S any](ctx context.Context, c client.Client, region *screeningv1.RegionalCluster, o O, said saying, v view[O, S],
) error {
	before, helper := o.DeepCopy(), patch.New(c, o)
	generation := o.GetGeneration()
	stay := func(reason string) {
		*v.status(o) = *v.status(before.DeepCopy())
		switch ready := conditions.Get(o, screeningv1.ConditionReady); {
		case said.refused != "":
			refuse(o, before, region.Name, said.refused)
			*v.observed(v.status(o)) = generation
		case ready == nil || reason != "":
			conditions.Await(o, screeningv1.ReasonNotReported, "Region %s has not reported it%s; see: kubectl get rgn %s", region.Name, reason, region.Name)
			*v.observed(v.status(o)) = generation
		default:
			lose(o, region)
		}
		note(o, before)
		v.add(o, false)
	}
	const unfit = " in a form that this hub takes; upgrade the older of the two"
	var status S
	switch {
	case said.object == nil:
		stay("")
	case json.Unmarshal(said.object.Status, &status) != nil:
		stay(unfit)
	default:
		// The hub's object counts no further than it does.
		seen := min(said.object.Generation, generation)
		*v.status(o) = status
		*v.observed(v.status(o)) = seen
		stamp(o, seen)
		if said.refused != "" {
			// What runs there is older than what is asked for.
			refuse(o, before, region.Name, said.refused)
		}
		lose(o, region)
		note(o, before)
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

// note answers what is asked of the hub's object: what the region's own was asked
// is its own affair, but that it is suspended there is said here, too.
func note(o, before screeningv1.Asked) {
	o.SetLastHandledReconcileAt("")
	handled.Echo(o)
	known := conditions.Get(before, screeningv1.ConditionSuspended)
	ours := known != nil && strings.Contains(known.Message, paused)
	switch suspended := screeningv1.Suspended(o); {
	case suspended && ours:
		conditions.Restore(o, *known)
	case suspended:
		handled.Note(o, paused)
	case ours:
		conditions.Delete(o, screeningv1.ConditionSuspended)
	}
}

// paused is what it means that an object is suspended on the hub.
const paused = "its region keeps what the order said of it before"

// refuse says that the region did not take the object. before is the object as
// it was read, whose transition times hold while it says the same.
func refuse(o, before screeningv1.Object, region, why string) {
	for _, name := range []string{screeningv1.ConditionReady, screeningv1.ConditionStalled} {
		conditions.Delete(o, name)
		if c := conditions.Get(before, name); c != nil && c.Reason == screeningv1.ReasonRefusedByRegion {
			conditions.Restore(o, *c)
		}
	}
	conditions.Stall(o, screeningv1.ReasonRefusedByRegion, "Region %s refused it: %s", region, why)
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
		// Their statuses are what this controller writes.
		Watches(&screeningv1.MatcherPool{}, region, builder.WithPredicates(enqueue.BesideStatus())).
		Watches(&screeningv1.BorderPost{}, region, builder.WithPredicates(enqueue.BesideStatus())).
		Watches(&screeningv1.WatchlistReplica{}, region).
		Watches(&screeningv1.WatchlistFeed{}, enqueue.EveryRegion(m.Client), builder.WithPredicates(enqueue.FeedsOfOrders())).
		// A region that is cut off, or back, changes what is said of its copies.
		Watches(&screeningv1.RegionalCluster{}, &handler.EnqueueRequestForObject{}).
		WithOptions(setup.Options(4)).
		Complete(m)
}
