// SPDX-License-Identifier: Apache-2.0

// Package order compiles, signs and publishes the order of one region: what
// its pools, its posts and the feeds it may hold come to. It decides with
// package internal/hub, compiles with internal/order and signs with
// internal/trust.
//
// A sequence is reserved in the status of the RegionalCluster before anything
// is signed under it, by a write that fails when somebody else wrote. Every
// step finds what an interrupted one left, so it may be repeated at any point.
package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/enqueue"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/controllers/internal/apply"
	"github.com/frontline-screening/frontline/controllers/internal/handled"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/controllers/internal/setup"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
)

// FieldManager of the replicas this controller applies.
const FieldManager = "frontline-order"

// passTimeout bounds one pass, so that a registry that hangs holds no worker
// for ever. It is long enough to copy the content of large feeds.
const passTimeout = 15 * time.Minute

// Reconciler publishes orders. Its keys are names of regions.
type Reconciler struct {
	Client   client.Client
	Registry *artifact.Registry
	// HubUID is the hub as its orders name it; Signers signs them.
	HubUID  string
	Signers Signers
	// RegionUID returns the UID under which the region joined.
	RegionUID func(context.Context, *screeningv1.RegionalCluster) (types.UID, error)
	Reports   *hub.Reports
	Checks    *hub.Checks
	// Depot cuts what regions get of a release, Keys holds the hub's secrets about feeds.
	Depot *depot.Depot
	Keys  *keystore.Store
	// Later names the fields of specs that not every region reads.
	Later hub.LaterFields
	// TimestampInterval is the time between two signatures of an unchanged
	// order, TimestampLifetime how long one is good for new content.
	TimestampInterval, TimestampLifetime time.Duration
	Clock                                clock.PassiveClock

	ledger   *ledger
	supplies *supplies
	applier  *apply.Applier
}

// New returns the reconciler that o describes, ready to be called.
func New(o Reconciler) *Reconciler {
	o.ledger, o.supplies, o.applier = &ledger{}, &supplies{}, apply.New(o.Client, FieldManager)
	return &o
}

// scope is what one pass reads and decides.
type scope struct {
	region   *screeningv1.RegionalCluster
	helper   *patch.Helper
	signer   Signer
	uid      types.UID
	received *hub.Received
	// reads is what the region reads of orders; nil when it never said.
	reads *hub.Reads
	// published is the order that stands in the registry, or nil.
	published *published

	pools    []screeningv1.MatcherPool
	posts    []screeningv1.BorderPost
	feeds    map[string]*screeningv1.WatchlistFeed
	releases map[string][]screeningv1.WatchlistRelease
	replicas map[string]*screeningv1.WatchlistReplica

	plan      hub.WithdrawalPlan
	placement map[string]hub.Verdict
	listed    []order.Feed
	// withheld are the pools and posts that the region is too old for.
	withheld []hub.Withheld
	body     order.Body
	// again is when to look again.
	again time.Duration
}

// lookAgain keeps the earliest time.
func (s *scope) lookAgain(after time.Duration) {
	if after > 0 && (s.again == 0 || after < s.again) {
		s.again = after
	}
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	s := &scope{region: &screeningv1.RegionalCluster{}}
	if err := r.Client.Get(ctx, req.NamespacedName, s.region); err != nil {
		if apierrors.IsNotFound(err) {
			r.ledger.forget(req.Name)
			r.supplies.forget(req.Name)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !s.region.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	s.helper = patch.New(r.Client, s.region)
	phases := []func(context.Context, *scope) error{
		r.unlock,
		r.adopt,
		r.collect,
		r.withdraw,
		r.place,
		r.distribute,
		r.compile,
		r.publish,
		r.record,
	}
	if screeningv1.Suspended(s.region) {
		phases = []func(context.Context, *scope) error{r.unlock, r.adopt, r.renew}
	}
	var failed error
	for _, phase := range phases {
		if failed = phase(ctx, s); failed != nil {
			// A phase builds on the one before: nothing is signed on half of
			// what the hub knows.
			break
		}
	}
	r.conclude(s, failed)
	if errors.Is(failed, ErrRootPending) {
		failed = nil // it is said in a condition, and looked at again
	}
	if _, err := s.helper.Status(ctx, s.region); err != nil {
		failed = errors.Join(failed, err)
	}
	return patch.Retry(ctrl.Result{RequeueAfter: s.again}, failed)
}

func (r *Reconciler) collect(ctx context.Context, s *scope) error {
	uid, err := r.RegionUID(ctx, s.region)
	if err != nil {
		return err
	}
	s.uid = uid
	s.received = r.Reports.Last(s.region.Name)
	s.reads = report.Reads(s.region, s.received)
	here := client.InNamespace(screeningv1.RegionNamespace(s.region.Name))
	pools, posts := &screeningv1.MatcherPoolList{}, &screeningv1.BorderPostList{}
	feeds, releases := &screeningv1.WatchlistFeedList{}, &screeningv1.WatchlistReleaseList{}
	replicas := &screeningv1.WatchlistReplicaList{}
	if err := errors.Join(
		r.Client.List(ctx, pools, here), r.Client.List(ctx, posts, here), r.Client.List(ctx, replicas, here),
		// Feeds and releases are of all regions. They are read and never changed, so
		// the cache need not copy them for each.
		r.Client.List(ctx, feeds, client.UnsafeDisableDeepCopy), r.Client.List(ctx, releases, client.UnsafeDisableDeepCopy),
	); err != nil {
		return fmt.Errorf("read what the order of region %s is made of: %w", s.region.Name, err)
	}
	for i := range pools.Items {
		pool := &pools.Items[i]
		listed, err := s.standing(pool, order.KindPool, &pool.Spec)
		if err != nil {
			return err
		}
		if listed {
			s.pools = append(s.pools, *pool)
		}
	}
	for i := range posts.Items {
		post := &posts.Items[i]
		listed, err := s.standing(post, order.KindPost, &post.Spec)
		if err != nil {
			return err
		}
		if listed {
			s.posts = append(s.posts, *post)
		}
	}
	s.feeds = map[string]*screeningv1.WatchlistFeed{}
	for i := range feeds.Items {
		if feeds.Items[i].DeletionTimestamp.IsZero() {
			s.feeds[string(feeds.Items[i].ID())] = &feeds.Items[i]
		}
	}
	s.releases = map[string][]screeningv1.WatchlistRelease{}
	for i := range releases.Items {
		id := string(releases.Items[i].Spec.Feed.ID)
		s.releases[id] = append(s.releases[id], releases.Items[i])
	}
	s.replicas = map[string]*screeningv1.WatchlistReplica{}
	for i := range replicas.Items {
		s.replicas[string(replicas.Items[i].Spec.Feed)] = &replicas.Items[i]
	}
	return nil
}

// SetupWithManager adds the controller to mgr.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	region := enqueue.Region()
	specs := builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, handled.Asked()))
	return ctrl.NewControllerManagedBy(mgr).
		Named("order").
		For(&screeningv1.RegionalCluster{}).
		// Orders are made of specs; statuses come from reports, often.
		Watches(&screeningv1.MatcherPool{}, region, specs).
		Watches(&screeningv1.BorderPost{}, region, specs).
		Watches(&screeningv1.WatchlistReplica{}, region, specs).
		Watches(&screeningv1.WatchlistFeed{}, enqueue.EveryRegion(r.Client), builder.WithPredicates(enqueue.FeedsOfOrders())).
		// The oldest release that is kept is a floor, and the newest may be seen
		// after the feed that names it.
		Watches(&screeningv1.WatchlistRelease{}, enqueue.EveryRegion(r.Client), specs).
		// A request that was taken up changed what is blocked or erased.
		Watches(&screeningv1.RecordRequest{}, enqueue.EveryRegion(r.Client), builder.WithPredicates(enqueue.RequestsTakenUp())).
		WatchesRawSource(report.Source(r.Reports)).
		// One region's registry traffic does not hold up another's order.
		WithOptions(setup.Slow(8, passTimeout)).
		Complete(r)
}
