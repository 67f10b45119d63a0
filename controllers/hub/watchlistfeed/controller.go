// SPDX-License-Identifier: Apache-2.0

// Package watchlistfeed turns a publisher's file into releases: it fetches,
// parses, builds a snapshot, judges it by the feed's gates, publishes it, and
// follows how regions take it up. Whatever fails on the way, the last good
// release stays.
package watchlistfeed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/replicas"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/handled"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/controllers/internal/setup"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/publisher"
)

// passTimeout bounds one pass, so that a registry that hangs holds no worker
// for ever. It is longer than any fetch, parse and push together.
const passTimeout = 30 * time.Minute

// Reconciler publishes WatchlistFeeds.
type Reconciler struct {
	Client client.Client
	// Reader reads Secrets past the cache.
	Reader   client.Reader
	Registry *artifact.Registry
	// Depot keeps the hub's own copies of releases.
	Depot *depot.Depot
	// Keys are the hub's of each feed, which held releases are sealed to.
	Keys depot.Keyring
	// Erased finds the hashes of the records that were erased from a feed.
	Erased func(ctx context.Context, feed string) (map[string]bool, error)
	// Blocked finds the hashes of blocked records that are left out of releases,
	// because the overlay has no room for them; nil for none.
	Blocked func(ctx context.Context, feed string) (map[string]bool, error)
	// Rotate begins a key epoch of the hub's own copies, before a release that
	// carries out an erasure is stored; nil where keys are not rotated.
	Rotate func(ctx context.Context, feed string) error
	// HubUID is the installation's id, which approvals name.
	HubUID  string
	Reports *hub.Reports
	Checks  *hub.Checks
	// StateDir holds files on their way; nothing in it needs to last.
	StateDir string
	// AllowPrivate permits publishers on private addresses.
	AllowPrivate bool
	Clock        clock.PassiveClock

	mu       sync.Mutex
	attempts map[types.NamespacedName]attempt
}

// scope is what one pass reads and decides.
type scope struct {
	feed *screeningv1.WatchlistFeed
	id   screeningv1.FeedID
	// releases of the feed, newest first.
	releases []screeningv1.WatchlistRelease
	// replicas of the feed in all regions.
	replicas []screeningv1.WatchlistReplica
	// keys are those that the feed lists for its publisher.
	keys []*publisher.Key
	// file is what was fetched in this pass, is proven to be the publisher's
	// and is not known yet.
	file *file
	// sourceBefore is status.source as it was before this pass.
	sourceBefore *screeningv1.FeedSourceStatus
	// lost says that the hub's own copy of the newest release is gone, so that its
	// content is published again.
	lost bool
	// withheld are the records that are left out of releases; nil when that
	// could not be found out.
	withheld *withheld
	// candidate is a snapshot that differs from the newest release.
	candidate *candidate
	// again is when to look again.
	again time.Duration
}

func (s *scope) newest() *screeningv1.WatchlistRelease {
	if len(s.releases) == 0 {
		return nil
	}
	return &s.releases[0]
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	feed := &screeningv1.WatchlistFeed{}
	if err := r.Client.Get(ctx, req.NamespacedName, feed); err != nil {
		if apierrors.IsNotFound(err) {
			err = r.forget(req.NamespacedName)
		}
		return ctrl.Result{}, err
	}
	if !feed.DeletionTimestamp.IsZero() {
		// Package witness takes note of it.
		return ctrl.Result{}, r.forget(req.NamespacedName)
	}
	helper := patch.New(r.Client, feed)
	s := &scope{feed: feed, id: feed.ID()}
	if err := r.read(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	// Erasures come first. While the hub does not know them all, it makes nothing.
	if err := r.expunge(ctx, s); err != nil {
		_, unwritten := helper.Status(ctx, feed)
		return patch.Retry(ctrl.Result{}, errors.Join(err, unwritten))
	}
	var errs []error
	for _, phase := range []func(context.Context, *scope) error{
		r.fetch,
		r.build,
		r.guard,
		r.publish,
		r.choose,
		r.retain,
		r.judgeBasis,
		r.countRegions,
		r.conclude,
	} {
		errs = append(errs, phase(ctx, s))
	}
	if s.file != nil {
		errs = append(errs, s.file.remove())
	}
	if _, err := helper.Status(ctx, feed); err != nil {
		errs = append(errs, err)
	} else {
		errs = append(errs, r.followReleases(ctx, s))
	}
	return patch.Retry(ctrl.Result{RequeueAfter: s.again}, errors.Join(errs...))
}

func (r *Reconciler) read(ctx context.Context, s *scope) error {
	releases := &screeningv1.WatchlistReleaseList{}
	if err := r.Client.List(ctx, releases, client.InNamespace(s.feed.Namespace)); err != nil {
		return fmt.Errorf("list the releases of feed %s: %w", s.id, err)
	}
	for i := range releases.Items {
		if releases.Items[i].Spec.Feed.ID == s.id && releases.Items[i].DeletionTimestamp.IsZero() {
			s.releases = append(s.releases, releases.Items[i])
		}
	}
	slices.SortFunc(s.releases, func(a, b screeningv1.WatchlistRelease) int { return cmp.Compare(b.Spec.Number, a.Spec.Number) })
	held, err := replicas.Of(ctx, r.Client, s.id)
	if err != nil {
		return err
	}
	s.replicas = held
	slices.SortFunc(s.replicas, func(a, b screeningv1.WatchlistReplica) int { return cmp.Compare(a.Namespace, b.Namespace) })
	handled.Note(s.feed, "nothing is fetched or published")
	if s.feed.Suspended() && !screeningv1.Suspended(s.feed) {
		conditions.True(s.feed, screeningv1.ConditionSuspended, screeningv1.ReasonSuspended, "spec.suspend is true; nothing is fetched or published")
	}
	return nil
}

// lookAgain keeps the earliest time.
func (s *scope) lookAgain(after time.Duration) {
	if after > 0 && (s.again == 0 || after < s.again) {
		s.again = after
	}
}

// SetupWithManager adds the controller to mgr.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("watchlistfeed").
		For(&screeningv1.WatchlistFeed{}).
		Owns(&screeningv1.WatchlistRelease{}).
		Watches(&screeningv1.Approval{}, handler.EnqueueRequestsFromMapFunc(feedApproved)).
		Watches(&screeningv1.RecordRequest{}, handler.EnqueueRequestsFromMapFunc(recordRequested)).
		Watches(&screeningv1.WatchlistReplica{}, handler.EnqueueRequestsFromMapFunc(feedOf)).
		Watches(&screeningv1.RegionalCluster{}, handler.EnqueueRequestsFromMapFunc(r.feedsIn), builder.WithPredicates(lineChanged)).
		// A publisher that does not answer holds a worker for its timeout.
		WithOptions(setup.Slow(4, passTimeout)).
		Complete(r)
}

// lineChanged lets through that a region was lost or heard of again, not each of
// its reports.
var lineChanged = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	return lineOf(e.ObjectOld) != lineOf(e.ObjectNew)
}}

func lineOf(o client.Object) screeningv1.LinkState {
	region, ok := o.(*screeningv1.RegionalCluster)
	if !ok || region.Status.Link == nil {
		return ""
	}
	return region.Status.Link.State
}

func feedOf(_ context.Context, o client.Object) []reconcile.Request {
	replica, ok := o.(*screeningv1.WatchlistReplica)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{
		Namespace: replica.Spec.Feed.Namespace(), Name: replica.Spec.Feed.Name(),
	}}}
}

// feedsIn names the feeds of a region whose line changed: releases say whom
// they wait for.
func (r *Reconciler) feedsIn(ctx context.Context, o client.Object) []reconcile.Request {
	list := &screeningv1.WatchlistReplicaList{}
	if err := r.Client.List(ctx, list, client.InNamespace(screeningv1.RegionNamespace(o.GetName()))); err != nil {
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		requests = append(requests, feedOf(ctx, &list.Items[i])...)
	}
	return requests
}
