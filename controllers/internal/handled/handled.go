// SPDX-License-Identifier: Apache-2.0

// Package handled answers what people ask of a controller by annotations: to
// look at an object now, and to leave alone what it stands for.
package handled

import (
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
)

// maxValue is what status.lastHandledReconcileAt takes.
const maxValue = 64

// Echo notes which request to look at the object is handled with this pass.
func Echo(o screeningv1.Asked) {
	if value := o.GetAnnotations()[screeningv1.AnnotationReconcileAt]; value != "" {
		o.SetLastHandledReconcileAt(conditions.Cut(value, maxValue))
	}
}

// Note does what Echo does and says whether the object is suspended; paused is
// what that means for it.
func Note(o screeningv1.Asked, paused string) {
	Echo(o)
	if !screeningv1.Suspended(o) {
		conditions.Delete(o, screeningv1.ConditionSuspended)
		return
	}
	conditions.True(o, screeningv1.ConditionSuspended, screeningv1.ReasonSuspended,
		"Annotation %s is true; %s; take it off to go on", screeningv1.AnnotationSuspend, paused)
}

// Asked lets updates through by which a person asked for something, beside those
// that a narrower predicate lets through.
func Asked() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.GetAnnotations(), e.ObjectNew.GetAnnotations()
		return before[screeningv1.AnnotationReconcileAt] != after[screeningv1.AnnotationReconcileAt] ||
			before[screeningv1.AnnotationSuspend] != after[screeningv1.AnnotationSuspend]
	}}
}
