// SPDX-License-Identifier: Apache-2.0

package patch_test

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
)

func region(t *testing.T, name string) *screeningv1.RegionalCluster {
	t.Helper()
	r := &screeningv1.RegionalCluster{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: screeningv1.RegionalClusterSpec{Jurisdiction: "AL"}}
	if err := env.Client.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestStatusIsWrittenOnceAndOnlyWhenChanged(t *testing.T) {
	r := region(t, "patched")
	helper := patch.New(env.Client, r)
	conditions.Settle(r, screeningv1.ReasonReady, "all is well")
	r.Status.ObservedGeneration = r.Generation
	if wrote, err := helper.Status(t.Context(), r); err != nil || !wrote {
		t.Fatalf("first: wrote %v, %v", wrote, err)
	}
	version := r.ResourceVersion
	if wrote, err := helper.Status(t.Context(), r); err != nil || wrote {
		t.Errorf("nothing changed: wrote %v, %v", wrote, err)
	}
	conditions.Settle(r, screeningv1.ReasonReady, "all is well")
	if wrote, err := helper.Status(t.Context(), r); err != nil || wrote || r.ResourceVersion != version {
		t.Errorf("the same said again: wrote %v, %v", wrote, err)
	}
}

func TestStatusConflictsWithAnotherWriter(t *testing.T) {
	r := region(t, "conflict")
	mine, theirs := r.DeepCopy(), r.DeepCopy()
	my, their := patch.New(env.Client, mine), patch.New(env.Client, theirs)
	conditions.True(theirs, screeningv1.ConditionJoined, screeningv1.ReasonJoined, "joined")
	if _, err := their.Status(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	conditions.True(mine, screeningv1.ConditionConnected, screeningv1.ReasonConnected, "connected")
	_, err := my.Status(t.Context(), mine)
	if !apierrors.IsConflict(err) {
		t.Fatalf("error is %v, want a conflict: their condition would be lost", err)
	}
	if result, err := patch.Retry(reconcile.Result{}, err); err != nil || result.RequeueAfter == 0 {
		t.Errorf("a conflict asks for %+v, %v; want another look", result, err)
	}
	if result, err := patch.Retry(reconcile.Result{}, errors.Join(err, nil, err)); err != nil || result.RequeueAfter == 0 {
		t.Errorf("two conflicts ask for %+v, %v; want another look", result, err)
	}
	other := errors.New("other")
	if _, err := patch.Retry(reconcile.Result{}, errors.Join(err, other)); !errors.Is(err, other) {
		t.Errorf("a conflict hid another error: %v", err)
	}
	if _, err := patch.Retry(reconcile.Result{}, other); !errors.Is(err, other) {
		t.Errorf("another error became %v", err)
	}
}

func TestMetadataLeavesStatusAlone(t *testing.T) {
	r := region(t, "metadata")
	helper := patch.New(env.Client, r)
	r.Finalizers = []string{screeningv1.FinalizerWitness}
	conditions.True(r, screeningv1.ConditionJoined, screeningv1.ReasonJoined, "joined")
	if wrote, err := helper.Metadata(t.Context(), r); err != nil || !wrote {
		t.Fatalf("wrote %v, %v", wrote, err)
	}
	if !conditions.IsTrue(r, screeningv1.ConditionJoined) {
		t.Error("the status in memory was lost")
	}
	if wrote, err := helper.Status(t.Context(), r); err != nil || !wrote {
		t.Errorf("the status after it: wrote %v, %v", wrote, err)
	}
	stored := &screeningv1.RegionalCluster{}
	if err := env.Client.Get(t.Context(), client.ObjectKeyFromObject(r), stored); err != nil {
		t.Fatal(err)
	}
	if len(stored.Finalizers) != 1 || !conditions.IsTrue(stored, screeningv1.ConditionJoined) {
		t.Errorf("stored: finalizers %v, conditions %+v", stored.Finalizers, stored.Status.Conditions)
	}
	helper = patch.New(env.Client, stored)
	stored.Finalizers = nil
	if _, err := helper.Metadata(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
}
