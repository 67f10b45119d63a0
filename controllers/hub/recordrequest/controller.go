// SPDX-License-Identifier: Apache-2.0

// Package recordrequest carries out requests to erase a record, to block one, or
// to lift a block, and follows each copy until it did.
//
// What a request asks for is entered first, in the hub's key namespace: a block
// with the feed's keys, an erasure in the ledger. From then on it holds, whatever
// becomes of the request. Package order carries blocks to regions, package
// watchlistfeed publishes a release without what was erased, and package report
// checks the receipts; this package removes the hub's own copies and counts.
package recordrequest

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/replicas"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/handled"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/erasure"
	"github.com/frontline-screening/frontline/internal/hub"
)

// Orders is what the hub published.
type Orders interface {
	report.Orders
	// Adopt fails while the hub may have forgotten what it published of the feed
	// before it was restored.
	Adopt(ctx context.Context, feed screeningv1.FeedID) error
}

// Bundle is a file that was exported for a region and is still valid.
type Bundle struct {
	Region string
	// Release is the release of the feed in it, Until when it is refused.
	Release int64
	Until   time.Time
}

// Reconciler follows RecordRequests.
type Reconciler struct {
	Client   client.Client
	Registry *artifact.Registry
	Depot    *depot.Depot
	Keys     *keystore.Store
	Orders   Orders
	Reports  *hub.Reports
	// Bundles lists the bundles with the feed that are still valid; nil when
	// none are made.
	Bundles func(ctx context.Context, feed screeningv1.FeedID) ([]Bundle, error)
	Clock   clock.PassiveClock
}

// scope is what one pass reads and decides.
type scope struct {
	request *screeningv1.RecordRequest
	id      screeningv1.FeedID
	// feed is nil when it does not exist.
	feed *screeningv1.WatchlistFeed
	// keys are those of the feed, once what is asked for was entered.
	keys keystore.Feed
	// replicas of the feed, by region.
	replicas map[string]*screeningv1.WatchlistReplica
	regions  map[string]*screeningv1.RegionalCluster
	// before are the copies as the status had them.
	before []screeningv1.RecordCopy
	again  time.Duration
}

// lookAgain keeps the earliest time.
func (s *scope) lookAgain(after time.Duration) {
	if after > 0 && (s.again == 0 || after < s.again) {
		s.again = after
	}
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	request := &screeningv1.RecordRequest{}
	if err := r.Client.Get(ctx, req.NamespacedName, request); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !request.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	s := &scope{request: request, id: screeningv1.NewFeedID(request.Namespace, request.Spec.FeedRef.Name)}
	helper := patch.New(r.Client, request)
	handled.Note(request, "what it asks for is not followed, and what was done stays")
	var err error
	switch {
	case finished(request):
	case screeningv1.Suspended(request):
		conditions.Stall(request, screeningv1.ReasonSuspended, "%s", conditions.Get(request, screeningv1.ConditionSuspended).Message)
		request.Status.ObservedGeneration = request.Generation
	default:
		err = r.pass(ctx, s, helper)
	}
	if err == nil {
		_, err = helper.Status(ctx, request)
	}
	return patch.Retry(ctrl.Result{RequeueAfter: s.again}, err)
}

// pass enters what is asked for, writes that down at once, so that orders and
// releases follow, and then counts the copies.
func (r *Reconciler) pass(ctx context.Context, s *scope, helper *patch.Helper) error {
	// A hub that was restored first learns what it did since the backup.
	if err := r.Orders.Adopt(ctx, s.id); err != nil {
		return err
	}
	if err := r.read(ctx, s); err != nil {
		return err
	}
	entered := s.request.Status.State != ""
	if s.feed == nil && !entered {
		conditions.Stall(s.request, screeningv1.ReasonFeedNotFound,
			"Namespace %s has no feed %s; name one of its feeds, or write the request where the feed is", s.request.Namespace, s.request.Spec.FeedRef.Name)
		s.request.Status.ObservedGeneration = s.request.Generation
		return nil
	}
	later, err := r.later(ctx, s.request)
	if err != nil {
		return err
	}
	if later != "" {
		s.request.Status.State, s.request.Status.ObservedGeneration = screeningv1.RequestSuperseded, s.request.Generation
		conditions.Settle(s.request, screeningv1.ReasonSuperseded, "RecordRequest %s about the same record came later", later)
		return nil
	}
	if err := r.enter(ctx, s, entered); err != nil {
		return err
	}
	if !entered {
		s.request.Status.State, s.request.Status.ObservedGeneration = screeningv1.RequestPending, s.request.Generation
		conditions.Progress(s.request, screeningv1.ReasonProgressing, "It is entered; copies follow")
		if _, err := helper.Status(ctx, s.request); err != nil {
			return err
		}
	}
	if conditions.Get(s.request, screeningv1.ConditionListed) == nil {
		r.look(ctx, s)
	}
	if s.request.Spec.Action == screeningv1.RecordErase {
		err = r.followErasure(ctx, s)
	} else {
		err = r.followBlock(ctx, s)
	}
	if err != nil {
		return err
	}
	conclude(s)
	return nil
}

// finished reports whether nothing of a request can change any more.
func finished(request *screeningv1.RecordRequest) bool {
	state := request.Status.State
	return state == screeningv1.RequestSuperseded || (state == screeningv1.RequestDone && request.Spec.Action == screeningv1.RecordErase)
}

func (r *Reconciler) read(ctx context.Context, s *scope) error {
	feed := &screeningv1.WatchlistFeed{}
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: s.request.Namespace, Name: s.request.Spec.FeedRef.Name}, feed)
	switch {
	case err == nil:
		s.feed = feed
	case !apierrors.IsNotFound(err):
		return fmt.Errorf("read WatchlistFeed %s: %w", s.id, err)
	}
	held, err := replicas.Of(ctx, r.Client, s.id)
	regions := &screeningv1.RegionalClusterList{}
	if err := errors.Join(err, r.Client.List(ctx, regions)); err != nil {
		return fmt.Errorf("read the inventory of feed %s: %w", s.id, err)
	}
	s.regions, s.replicas = map[string]*screeningv1.RegionalCluster{}, map[string]*screeningv1.WatchlistReplica{}
	for i := range regions.Items {
		s.regions[regions.Items[i].Name] = &regions.Items[i]
	}
	for i := range held {
		s.replicas[replicas.Region(&held[i])] = &held[i]
	}
	s.before = s.request.Status.Copies
	return nil
}

// later names a request about the same record that came after this one and
// takes its place. An erasure takes the place of any block, whenever it came, and
// nothing takes the place of an erasure.
func (r *Reconciler) later(ctx context.Context, request *screeningv1.RecordRequest) (string, error) {
	if request.Spec.Action == screeningv1.RecordErase {
		return "", nil
	}
	list := &screeningv1.RecordRequestList{}
	if err := r.Client.List(ctx, list, client.InNamespace(request.Namespace)); err != nil {
		return "", fmt.Errorf("list requests: %w", err)
	}
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID == request.UID || other.Spec.FeedRef != request.Spec.FeedRef || other.Spec.Record != request.Spec.Record {
			continue
		}
		if other.Spec.Action == screeningv1.RecordErase || after(other, request) {
			return other.Name, nil
		}
	}
	return "", nil
}

// after orders requests by the time of the server, and within a second by UID.
func after(a, b *screeningv1.RecordRequest) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return b.CreationTimestamp.Before(&a.CreationTimestamp)
	}
	return a.UID > b.UID
}

// enter makes what is asked for hold. It is done once: a request whose status
// says that it was entered is not entered again, since somebody may have
// asked for the contrary and deleted that request.
func (r *Reconciler) enter(ctx context.Context, s *scope, entered bool) (err error) {
	spec := s.request.Spec
	switch {
	case spec.Action == screeningv1.RecordErase:
		// The ledger may have been restored from before the request.
		if _, err = r.Keys.Extend(ctx, func(l erasure.Ledger) (erasure.Ledger, error) {
			return l.Add(erasure.Entry{Feed: string(s.id), Record: string(spec.Record), Request: string(s.request.UID)})
		}); err == nil {
			s.keys, err = r.Keys.Feed(ctx, s.id)
		}
	case entered:
		s.keys, err = r.Keys.Feed(ctx, s.id)
	case spec.Action == screeningv1.RecordBlock:
		s.keys, err = r.Keys.Block(ctx, s.id, string(spec.Record))
	default:
		s.keys, err = r.Keys.Unblock(ctx, s.id, string(spec.Record))
	}
	if err != nil {
		return fmt.Errorf("request %s/%s: %w", s.request.Namespace, s.request.Name, err)
	}
	return nil
}
