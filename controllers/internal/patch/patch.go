// SPDX-License-Identifier: Apache-2.0

// Package patch writes what a reconciler decided about an object: once, and
// only if it differs from what was read.
package patch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// retryAfter gives a cache the time to see what somebody else wrote.
const retryAfter = 200 * time.Millisecond

// Helper remembers an object as it was read.
type Helper struct {
	client client.Client
	before client.Object
}

// New remembers obj as it stands. Take it right after reading, before anything
// is changed.
func New(c client.Client, obj client.Object) *Helper {
	return &Helper{client: c, before: copyOf(obj)}
}

// Status writes obj's status if it is not what was read, and reports whether
// it wrote. The write is refused with a conflict when somebody else wrote the
// object since it was read: the caller returns the error and is called again,
// so that two controllers of one kind never undo each other's conditions.
func (h *Helper) Status(ctx context.Context, obj client.Object) (bool, error) {
	patch, changed, err := h.patch(obj, "status")
	if err != nil || !changed {
		return false, err
	}
	if err := h.client.Status().Patch(ctx, obj, patch); err != nil {
		return false, fmt.Errorf("write the status of %s: %w", name(obj), err)
	}
	h.before = copyOf(obj)
	return true, nil
}

// Metadata writes obj's labels, annotations, finalizers and owners if they
// are not what was read, and reports whether it wrote. obj keeps the status
// the caller gave it, written or not.
func (h *Helper) Metadata(ctx context.Context, obj client.Object) (bool, error) {
	sent := copyOf(h.before)
	sent.SetLabels(obj.GetLabels())
	sent.SetAnnotations(obj.GetAnnotations())
	sent.SetFinalizers(obj.GetFinalizers())
	sent.SetOwnerReferences(obj.GetOwnerReferences())
	patch, changed, err := h.patch(sent, "metadata")
	if err != nil || !changed {
		return false, err
	}
	if err := h.client.Patch(ctx, sent, patch); err != nil {
		return false, fmt.Errorf("write the metadata of %s: %w", name(obj), err)
	}
	obj.SetResourceVersion(sent.GetResourceVersion())
	obj.SetGeneration(sent.GetGeneration())
	obj.SetFinalizers(sent.GetFinalizers())
	h.before = sent
	return true, nil
}

// Retry is the result of a pass whose only trouble was that somebody else wrote
// the object meanwhile: another look, soon, and no error to report.
func Retry(result reconcile.Result, err error) (reconcile.Result, error) {
	if err != nil && onlyConflicts(err) {
		return reconcile.Result{RequeueAfter: retryAfter}, nil
	}
	return result, err
}

// onlyConflicts looks into joined errors: a conflict hides no other failure.
func onlyConflicts(err error) bool {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return apierrors.IsConflict(err)
	}
	return !slices.ContainsFunc(joined.Unwrap(), func(e error) bool { return !onlyConflicts(e) })
}

// RateLimiter spaces the attempts at an object that fails: soon at first, and
// never so far apart that what was mended stays unnoticed.
func RateLimiter() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryAfter, 30*time.Second)
}

func (h *Helper) patch(after client.Object, section string) (client.Patch, bool, error) {
	old, err := sectionOf(h.before, section)
	if err != nil {
		return nil, false, err
	}
	now, err := sectionOf(after, section)
	if err != nil {
		return nil, false, err
	}
	if equality.Semantic.DeepEqual(old, now) {
		return nil, false, nil
	}
	return client.MergeFromWithOptions(copyOf(h.before), client.MergeFromWithOptimisticLock{}), true, nil
}

// sectionOf returns one section of the object as it would be stored, without
// the fields that the server alone writes.
func sectionOf(obj client.Object, section string) (any, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", name(obj), err)
	}
	fields, ok := content[section].(map[string]any)
	if !ok || section != "metadata" {
		return content[section], nil
	}
	for _, key := range []string{"resourceVersion", "generation", "managedFields"} {
		delete(fields, key)
	}
	return fields, nil
}

func copyOf(obj client.Object) client.Object { return obj.DeepCopyObject().(client.Object) }

func name(obj metav1.Object) string {
	if obj.GetNamespace() == "" {
		return obj.GetName()
	}
	return obj.GetNamespace() + "/" + obj.GetName()
}
