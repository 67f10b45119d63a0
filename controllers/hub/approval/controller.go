// SPDX-License-Identifier: Apache-2.0

// Package approval says in the status of each Approval whether it counts, and
// why not. It decides nothing: package watchlistfeed judges the same envelopes
// by the same rules when it publishes.
package approval

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/watchlistfeed"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/handled"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/controllers/internal/setup"
	"github.com/frontline-screening/frontline/internal/approval"
	"github.com/frontline-screening/frontline/internal/canonical"
)

// Reconciler follows Approvals.
type Reconciler struct {
	Client client.Client
	// HubUID is the installation's id, which approvals name.
	HubUID string
	Clock  clock.PassiveClock
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	object := &screeningv1.Approval{}
	if err := r.Client.Get(ctx, req.NamespacedName, object); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !object.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	helper := patch.New(r.Client, object)
	verdict, err := r.judge(ctx, object)
	if err != nil {
		return ctrl.Result{}, err
	}
	var again time.Duration
	if until := verdict.Statement.Expires; until != nil && verdict.Reason == approval.Valid {
		again = until.Sub(r.Clock.Now())
	}
	describe(object, verdict)
	handled.Echo(object)
	_, err = helper.Status(ctx, object)
	return patch.Retry(ctrl.Result{RequeueAfter: again}, err)
}

// judge returns the verdict on one approval among those of its namespace.
func (r *Reconciler) judge(ctx context.Context, object *screeningv1.Approval) (approval.Verdict, error) {
	statement, err := approval.Read([]byte(object.Spec.Envelope))
	if err != nil {
		// Judged by itself it says in words what is wrong.
		return approval.Judge(approval.Question{}, watchlistfeed.Carriers([]screeningv1.Approval{*object}))[0], nil //nolint:nilerr // a verdict, and no failure of ours
	}
	none := approval.Verdict{Reason: approval.SubjectMismatch, Verified: approval.Verified{Statement: statement}}
	if statement.Subject.Kind != "WatchlistFeed" || statement.Subject.Namespace != object.Namespace {
		none.Message = fmt.Sprintf("The statement is about %s; an approval is put into the namespace of the feed it is about", statement.Subject)
		return none, nil
	}
	feed := &screeningv1.WatchlistFeed{}
	err = r.Client.Get(ctx, types.NamespacedName{Namespace: object.Namespace, Name: statement.Subject.Name}, feed)
	if apierrors.IsNotFound(err) {
		none.Message = fmt.Sprintf("%s does not exist; sign again once it does", statement.Subject)
		return none, nil
	}
	if err != nil {
		return none, fmt.Errorf("read WatchlistFeed %s/%s: %w", object.Namespace, statement.Subject.Name, err)
	}
	if version, err := r.usedBy(ctx, feed, object); err != nil || version != "" {
		verdict := approval.Judge(watchlistfeed.Question(feed, r.HubUID, r.Clock.Now()), watchlistfeed.Carriers([]screeningv1.Approval{*object}))[0]
		verdict.Reason, verdict.Message = screeningv1.ReasonUsed, fmt.Sprintf("It let %s through", version)
		return verdict, err
	}
	list := &screeningv1.ApprovalList{}
	if err := r.Client.List(ctx, list, client.InNamespace(object.Namespace)); err != nil {
		return none, fmt.Errorf("list the approvals of namespace %s: %w", object.Namespace, err)
	}
	for _, verdict := range approval.Judge(watchlistfeed.Question(feed, r.HubUID, r.Clock.Now()), watchlistfeed.Carriers(list.Items)) {
		if verdict.Name == object.Name {
			return verdict, nil
		}
	}
	return none, fmt.Errorf("approval %s/%s is not among those of its namespace as yet", object.Namespace, object.Name)
}

// usedBy is the release that an approval let through, or empty.
func (r *Reconciler) usedBy(ctx context.Context, feed *screeningv1.WatchlistFeed, object *screeningv1.Approval) (screeningv1.ReleaseVersion, error) {
	releases := &screeningv1.WatchlistReleaseList{}
	if err := r.Client.List(ctx, releases, client.InNamespace(feed.Namespace), client.MatchingLabels{screeningv1.LabelFeed: feed.Name}); err != nil {
		return "", fmt.Errorf("list the releases of feed %s: %w", feed.ID(), err)
	}
	digest := screeningv1.Digest(canonical.Digest([]byte(object.Spec.Envelope)))
	for i := range releases.Items {
		for _, one := range releases.Items[i].Spec.Approvals {
			if one.EnvelopeDigest == digest {
				return screeningv1.NewReleaseVersion(releases.Items[i].Spec.Number), nil
			}
		}
	}
	return "", nil
}

// describe writes the verdict into the status.
func describe(object *screeningv1.Approval, verdict approval.Verdict) {
	status := &object.Status
	status.ObservedGeneration = object.Generation
	status.Signers, status.Action, status.Subject, status.Digest, status.Expires = nil, "", nil, "", metav1.Time{}
	if s := verdict.Statement; s.Format != "" {
		status.Action, status.Digest = screeningv1.ApprovalAction(s.Action), screeningv1.Digest(s.Digest)
		status.Subject = &screeningv1.ApprovalSubject{Kind: s.Subject.Kind, Namespace: s.Subject.Namespace, Name: s.Subject.Name, UID: types.UID(s.Subject.UID)}
		if s.Expires != nil {
			status.Expires = metav1.NewTime(*s.Expires)
		}
	}
	for _, signer := range verdict.Signers {
		status.Signers = append(status.Signers, screeningv1.ApproverName(signer.Name))
	}
	reason := string(verdict.Reason)
	if reason == screeningv1.ReasonValid || reason == screeningv1.ReasonUsed {
		conditions.True(object, screeningv1.ConditionValid, reason, "%s", verdict.Message)
		conditions.Settle(object, reason, "%s", verdict.Message)
		return
	}
	conditions.False(object, screeningv1.ConditionValid, reason, "%s", verdict.Message)
	conditions.Stall(object, reason, "%s", verdict.Message)
}

// SetupWithManager adds the controller to mgr.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("approval").
		For(&screeningv1.Approval{}).
		// One approval changes what another about the same feed comes to.
		Watches(&screeningv1.Approval{}, handler.EnqueueRequestsFromMapFunc(r.neighbours)).
		Watches(&screeningv1.WatchlistFeed{}, handler.EnqueueRequestsFromMapFunc(r.aboutFeed)).
		Watches(&screeningv1.WatchlistRelease{}, handler.EnqueueRequestsFromMapFunc(r.aboutRelease)).
		WithOptions(setup.Options(2)).
		Complete(r)
}

func (r *Reconciler) neighbours(ctx context.Context, o client.Object) []reconcile.Request {
	object, ok := o.(*screeningv1.Approval)
	if !ok {
		return nil
	}
	feed, ok := watchlistfeed.ApprovedFeed(object)
	if !ok {
		return nil
	}
	return r.about(ctx, feed)
}

func (r *Reconciler) aboutFeed(ctx context.Context, o client.Object) []reconcile.Request {
	return r.about(ctx, client.ObjectKeyFromObject(o))
}

func (r *Reconciler) aboutRelease(ctx context.Context, o client.Object) []reconcile.Request {
	release, ok := o.(*screeningv1.WatchlistRelease)
	if !ok || len(release.Spec.Approvals) == 0 {
		return nil
	}
	return r.about(ctx, types.NamespacedName{Namespace: release.Namespace, Name: release.Spec.Feed.Name})
}

// about names the approvals of a feed.
func (r *Reconciler) about(ctx context.Context, feed types.NamespacedName) []reconcile.Request {
	list := &screeningv1.ApprovalList{}
	if err := r.Client.List(ctx, list, client.InNamespace(feed.Namespace)); err != nil {
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if about, ok := watchlistfeed.ApprovedFeed(&list.Items[i]); ok && about == feed {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return requests
}
