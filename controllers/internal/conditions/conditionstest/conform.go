// SPDX-License-Identifier: Apache-2.0

// Package conditionstest checks that what a controller says of an object is
// what kstatus and people can rely on.
package conditionstest

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
)

// Conform fails the test unless the object's conditions follow the rules of
// kstatus, and kstatus itself reads them as they are meant: there is a Ready; it is True only without Reconciling and Stalled,
// and else exactly one of them says whether to wait or to act; each condition
// has a reason, a sentence and the object's generation, which observed, the
// object's status.observedGeneration, repeats.
func Conform(t testing.TB, obj screeningv1.Object, observed int64) {
	t.Helper()
	ready := conditions.Get(obj, screeningv1.ConditionReady)
	if ready == nil {
		t.Errorf("there is no condition Ready")
		return
	}
	marks := 0
	for _, name := range []string{screeningv1.ConditionReconciling, screeningv1.ConditionStalled} {
		if c := conditions.Get(obj, name); c != nil {
			marks++
			if c.Status != metav1.ConditionTrue {
				t.Errorf("%s is there and %s; it is to be absent instead", name, c.Status)
			}
		}
	}
	if want := map[bool]int{true: 0, false: 1}[ready.Status == metav1.ConditionTrue]; marks != want {
		t.Errorf("Ready is %s (%s) beside %d of Reconciling and Stalled, want %d", ready.Status, ready.Reason, marks, want)
	}
	for _, c := range obj.GetConditions() {
		if c.Reason == "" || c.Message == "" {
			t.Errorf("%s is %s for reason %q: %q; both are needed", c.Type, c.Status, c.Reason, c.Message)
		}
		if c.ObservedGeneration != obj.GetGeneration() {
			t.Errorf("%s speaks of generation %d, the object's is %d", c.Type, c.ObservedGeneration, obj.GetGeneration())
		}
	}
	if observed != obj.GetGeneration() {
		t.Errorf("status.observedGeneration is %d, the object's is %d", observed, obj.GetGeneration())
	}
	reads(t, obj)
}

// reads fails the test unless kstatus takes the object for Current when it is
// Ready, for Failed when it is Stalled, and for InProgress else.
func reads(t testing.TB, obj screeningv1.Object) {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil {
		t.Errorf("kstatus cannot read %s: %v", obj.GetName(), err)
		return
	}
	want := status.InProgressStatus
	switch {
	case obj.GetDeletionTimestamp() != nil:
		want = status.TerminatingStatus
	case conditions.IsTrue(obj, screeningv1.ConditionReady):
		want = status.CurrentStatus
	case conditions.IsTrue(obj, screeningv1.ConditionStalled):
		want = status.FailedStatus
	}
	if result.Status != want {
		t.Errorf("kstatus takes %s for %s (%s), want %s", obj.GetName(), result.Status, result.Message, want)
	}
}
