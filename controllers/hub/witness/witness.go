// SPDX-License-Identifier: Apache-2.0

// Package witness takes note of deletions on the hub. A finalizer lets it see
// an object before it is gone; it enters the object among the withdrawals of
// the regions concerned and lets go at once. Whether and when a withdrawal is
// ordered is package order's to decide: a deletion never waits for a region.
package witness

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/controllers/internal/setup"
)

// maxWithdrawals is what status.withdrawals takes. A deletion beyond is not
// noted: what it concerns keeps running and is reported as orphaned.
const maxWithdrawals = 1024

// Reconciler witnesses the deletion of objects of one kind.
type Reconciler struct {
	Client client.Client
	Clock  clock.PassiveClock
	// Kind of the objects, as withdrawals spell it.
	Kind screeningv1.WithdrawalKind
	// New returns an empty object of the kind.
	New func() client.Object
	// Entry names the object among withdrawals, and the regions concerned.
	Entry func(context.Context, client.Client, client.Object) (name string, regions []string, err error)
	// Release does what else the deletion asks for on the hub itself. It is
	// tried once and never holds the deletion up.
	Release func(context.Context, client.Object) error
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	object := r.New()
	if err := r.Client.Get(ctx, req.NamespacedName, object); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	name, regions, err := r.Entry(ctx, r.Client, object)
	if err != nil {
		return ctrl.Result{}, err
	}
	helper := patch.New(r.Client, object)
	if object.GetDeletionTimestamp().IsZero() {
		if name == "" || !controllerutil.AddFinalizer(object, screeningv1.FinalizerWitness) {
			return ctrl.Result{}, nil
		}
		_, err := helper.Metadata(ctx, object)
		return patch.Retry(ctrl.Result{}, client.IgnoreNotFound(err))
	}
	if !controllerutil.ContainsFinalizer(object, screeningv1.FinalizerWitness) {
		return ctrl.Result{}, nil
	}
	for _, region := range regions {
		if err := r.note(ctx, region, name, object); err != nil {
			return patch.Retry(ctrl.Result{}, err)
		}
	}
	if r.Release != nil {
		if err := r.Release(ctx, object); err != nil {
			ctrllog.FromContext(ctx).Error(err, "Content of a deleted object stayed behind on the hub")
		}
	}
	controllerutil.RemoveFinalizer(object, screeningv1.FinalizerWitness)
	_, err = helper.Metadata(ctx, object)
	return patch.Retry(ctrl.Result{}, client.IgnoreNotFound(err))
}

// note enters the object among the withdrawals of a region.
func (r *Reconciler) note(ctx context.Context, name, entry string, object client.Object) error {
	region := &screeningv1.RegionalCluster{}
	err := r.Client.Get(ctx, types.NamespacedName{Name: name}, region)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read RegionalCluster %s: %w", name, err)
	}
	known := slices.ContainsFunc(region.Status.Withdrawals, func(w screeningv1.Withdrawal) bool { return w.UID == object.GetUID() })
	if known || len(region.Status.Withdrawals) >= maxWithdrawals || !region.DeletionTimestamp.IsZero() {
		return nil
	}
	helper := patch.New(r.Client, region)
	region.Status.Withdrawals = append(region.Status.Withdrawals, screeningv1.Withdrawal{
		Kind: r.Kind, Name: entry, UID: object.GetUID(),
		State: screeningv1.WithdrawalHeld, Since: metav1.NewTime(r.Clock.Now().Truncate(1e9)),
	})
	_, err = helper.Status(ctx, region)
	return err
}

// passTimeout bounds one pass, so that a registry that hangs holds no worker
// for ever.
const passTimeout = 10 * time.Minute

// SetupWithManager adds the controller to mgr.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("witness-" + string(r.Kind)).
		For(r.New()).
		// Removing the hub's own copies of a feed asks its registry.
		WithOptions(setup.Slow(2, passTimeout)).
		Complete(r)
}
