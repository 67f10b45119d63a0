// SPDX-License-Identifier: Apache-2.0

// Package agent makes a region obey its verified order: it applies the pools
// and posts that the order lists, withdraws what a tombstone names, shows the
// copies as WatchlistReplicas, keeps the region's terms in force, and runs the
// line to the hub.
//
// In a region with link Local the pools and posts are the hub's own objects:
// nothing is applied, and the order alone decides what runs.
package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/apply"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/handled"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/report"
)

// Reconciler applies a region's order. It has one request, the order itself.
type Reconciler struct {
	client client.Client
	region *region.Region
	now    func() time.Time
	local  bool

	applier *apply.Applier
	// baseline applies spec.replicas of pools and nothing else.
	baseline *apply.Applier

	mu       sync.Mutex
	refusals []report.Refusal
	// looked has a token once something that a report says may have changed.
	looked chan struct{}
}

// NewReconciler returns a reconciler of the region's order.
func NewReconciler(c client.Client, r *region.Region, now func() time.Time, local bool) *Reconciler {
	return &Reconciler{
		client: c, region: r, now: now, local: local,
		applier: apply.New(c, workload.ManagerAgent), baseline: apply.New(c, workload.ManagerBaseline),
		looked: make(chan struct{}, 1),
	}
}

// Looked receives after passes over the order. Every change of a pool, a post, a
// copy or the terms leads to one, and nothing else does.
func (r *Reconciler) Looked() <-chan struct{} { return r.looked }

// scope is one pass over the order.
type scope struct {
	namespace string
	order     *region.Verified
	pools     map[string]*screeningv1.MatcherPool
	posts     map[string]*screeningv1.BorderPost
	refusals  []report.Refusal
}

func (s *scope) refuse(kind, name, reason string, err error) {
	s.refusals = append(s.refusals, report.Refusal{Subject: kind + " " + name, Reason: reason, Message: err.Error()})
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	s := &scope{namespace: screeningv1.RegionNamespace(r.region.Name()), order: r.region.Verified()}
	var errs []error
	// A phase that fails does not keep the others from what they can do.
	for _, phase := range []func(context.Context, *scope) error{r.observe, r.orphans, r.terms, r.workloads, r.replicas} {
		errs = append(errs, phase(ctx, s))
	}
	r.mu.Lock()
	r.refusals = s.refusals
	r.mu.Unlock()
	select {
	case r.looked <- struct{}{}:
	default:
	}
	return patch.Retry(ctrl.Result{}, errors.Join(errs...))
}

// terms puts the region's own terms in force. What runs here is known before:
// with the first terms the region starts.
func (r *Reconciler) terms(ctx context.Context, s *scope) error {
	if s.pools == nil {
		return nil
	}
	var terms screeningv1.RegionTerms
	err := r.client.Get(ctx, types.NamespacedName{Namespace: s.namespace, Name: screeningv1.RegionTermsName}, &terms)
	if apierrors.IsNotFound(err) {
		r.region.SetTerms(nil)
		return nil
	}
	if err != nil {
		return err
	}
	inForce := &region.Terms{}
	for _, p := range terms.Spec.Feeds {
		inForce.Feeds = append(inForce.Feeds, string(p))
	}
	for _, p := range terms.Spec.Purposes {
		inForce.Purposes = append(inForce.Purposes, string(p))
	}
	slices.Sort(inForce.Feeds)
	slices.Sort(inForce.Purposes)
	r.region.SetFloor(remembered(terms.Status.Order))
	r.region.SetTerms(inForce)
	helper := patch.New(r.client, &terms)
	terms.Status.Order = seen(r.region.Floor())
	terms.Status.ObservedGeneration = terms.Generation
	conditions.Settle(&terms, screeningv1.ReasonInForce, "the region accepts %d feed patterns for %d purposes", len(inForce.Feeds), len(inForce.Purposes))
	handled.Echo(&terms)
	_, err = helper.Status(ctx, &terms)
	return err
}

// observe reads the pools and posts that are there.
func (r *Reconciler) observe(ctx context.Context, s *scope) error {
	var pools screeningv1.MatcherPoolList
	if err := r.client.List(ctx, &pools, client.InNamespace(s.namespace)); err != nil {
		return err
	}
	var posts screeningv1.BorderPostList
	if err := r.client.List(ctx, &posts, client.InNamespace(s.namespace)); err != nil {
		return err
	}
	s.pools, s.posts = map[string]*screeningv1.MatcherPool{}, map[string]*screeningv1.BorderPost{}
	for i := range pools.Items {
		s.pools[pools.Items[i].Name] = &pools.Items[i]
	}
	for i := range posts.Items {
		s.posts[posts.Items[i].Name] = &posts.Items[i]
	}
	return nil
}

// orphans tells the region which pools run without being listed.
func (r *Reconciler) orphans(_ context.Context, s *scope) error {
	if s.pools == nil {
		return nil
	}
	orphans := map[string][]string{}
	for name, pool := range s.pools {
		if s.order != nil && s.order.Pool(name) != nil {
			continue
		}
		feeds := make([]string, 0, len(pool.Spec.Feeds))
		for _, f := range pool.Spec.Feeds {
			feeds = append(feeds, string(f.ID))
		}
		orphans[name] = feeds
	}
	r.region.SetOrphans(orphans)
	return nil
}

// workloads makes pools and posts be as ordered.
func (r *Reconciler) workloads(ctx context.Context, s *scope) error {
	if s.order == nil || s.pools == nil || r.local {
		return nil
	}
	plan := slices.Concat(
		planObjects(s.order.Order, order.KindPool, s.order.Pools, observed(s.pools)),
		planObjects(s.order.Order, order.KindPost, s.order.Posts, observed(s.posts)))
	var errs []error
	for _, step := range plan {
		err := r.execute(ctx, s, step)
		if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || errors.Is(err, errSpec) {
			// What the API refuses stays refused until the order changes.
			s.refuse(step.Kind, step.Name, "Invalid", err)
			continue
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func observed[T client.Object](objects map[string]T) map[string]object {
	out := map[string]object{}
	for name, obj := range objects {
		_, orphaned := obj.GetAnnotations()[screeningv1.AnnotationOrphaned]
		out[name] = object{
			HubUID: obj.GetAnnotations()[screeningv1.AnnotationHubUID], Orphaned: orphaned, Deleting: obj.GetDeletionTimestamp() != nil,
		}
	}
	return out
}

// Observe collects what the region's report says of objects.
func (r *Reconciler) Observe(ctx context.Context) (region.Objects, error) {
	s := &scope{namespace: screeningv1.RegionNamespace(r.region.Name()), order: r.region.Verified()}
	if err := r.observe(ctx, s); err != nil {
		return region.Objects{}, err
	}
	r.mu.Lock()
	out := region.Objects{Refusals: slices.Clone(r.refusals)}
	r.mu.Unlock()
	if s.order == nil {
		return out, nil
	}
	for _, w := range s.order.Unlisted.Pools {
		out.Orphans = append(out.Orphans, report.Orphan{Kind: order.KindPool, Name: w.Name, UID: w.UID})
	}
	for _, w := range s.order.Unlisted.Posts {
		out.Orphans = append(out.Orphans, report.Orphan{Kind: order.KindPost, Name: w.Name, UID: w.UID})
	}
	for _, name := range slices.Sorted(maps.Keys(s.pools)) {
		pool := s.pools[name]
		reported, err := reportObject(pool, &pool.Status.ObservedGeneration, pool.Status.Conditions, &pool.Status, s.order.Pool(name), r.local)
		if err != nil {
			return out, fmt.Errorf("status of pool %s: %w", name, err)
		}
		out.Pools = append(out.Pools, reported...)
		if s.order.Pool(name) == nil && !r.local {
			out.Orphans = append(out.Orphans, report.Orphan{Kind: order.KindPool, Name: name, UID: pool.Annotations[screeningv1.AnnotationHubUID]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.posts)) {
		post := s.posts[name]
		reported, err := reportObject(post, &post.Status.ObservedGeneration, post.Status.Conditions, &post.Status, s.order.Post(name), r.local)
		if err != nil {
			return out, fmt.Errorf("status of post %s: %w", name, err)
		}
		out.Posts = append(out.Posts, reported...)
		if s.order.Post(name) == nil && !r.local {
			out.Orphans = append(out.Orphans, report.Orphan{Kind: order.KindPost, Name: name, UID: post.Annotations[screeningv1.AnnotationHubUID]})
		}
	}
	return out, nil
}
