// SPDX-License-Identifier: Apache-2.0

// Package conditions sets the conditions of any kind of the group so that
// kstatus and `kubectl wait` read them right: each carries the generation it
// speaks of, keeps its transition time while its status stays, and Reconciling
// and Stalled are present only while they are true.
package conditions

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// MaxMessage is the length in bytes beyond which a message is cut: conditions
// are read in tables, and errors of libraries may be long.
const MaxMessage = 1024

// Set gives obj the condition, with obj's generation.
func Set(obj screeningv1.Object, conditionType string, status metav1.ConditionStatus, reason, message string) {
	list := obj.GetConditions()
	meta.SetStatusCondition(&list, metav1.Condition{
		Type:               conditionType,
		Status:             status,
		ObservedGeneration: obj.GetGeneration(),
		Reason:             reason,
		Message:            Cut(message, MaxMessage),
	})
	obj.SetConditions(list)
}

// True sets the condition to True.
func True(obj screeningv1.Object, conditionType, reason, format string, args ...any) {
	Set(obj, conditionType, metav1.ConditionTrue, reason, sprintf(format, args))
}

// False sets the condition to False.
func False(obj screeningv1.Object, conditionType, reason, format string, args ...any) {
	Set(obj, conditionType, metav1.ConditionFalse, reason, sprintf(format, args))
}

// Unknown sets the condition to Unknown: it could not be found out.
func Unknown(obj screeningv1.Object, conditionType, reason, format string, args ...any) {
	Set(obj, conditionType, metav1.ConditionUnknown, reason, sprintf(format, args))
}

// Delete removes the condition.
func Delete(obj screeningv1.Object, conditionType string) {
	list := obj.GetConditions()
	if meta.RemoveStatusCondition(&list, conditionType) {
		obj.SetConditions(list)
	}
}

// Restore puts a condition in the place of the one of its type, transition
// time included, so that a change made next is a change to it.
func Restore(obj screeningv1.Object, c metav1.Condition) {
	Delete(obj, c.Type)
	obj.SetConditions(append(obj.GetConditions(), c))
}

// Get returns the condition, or nil.
func Get(obj screeningv1.Object, conditionType string) *metav1.Condition {
	return meta.FindStatusCondition(obj.GetConditions(), conditionType)
}

// IsTrue reports whether the condition is there and True.
func IsTrue(obj screeningv1.Object, conditionType string) bool {
	return meta.IsStatusConditionTrue(obj.GetConditions(), conditionType)
}

// IsFalse reports whether the condition is there and False.
func IsFalse(obj screeningv1.Object, conditionType string) bool {
	return meta.IsStatusConditionFalse(obj.GetConditions(), conditionType)
}

// Settle sets Ready to True and removes Reconciling and Stalled.
func Settle(obj screeningv1.Object, reason, format string, args ...any) {
	True(obj, screeningv1.ConditionReady, reason, format, args...)
	Delete(obj, screeningv1.ConditionReconciling)
	Delete(obj, screeningv1.ConditionStalled)
}

// Progress sets Ready to False and Reconciling to True, with the same reason
// and message: something is under way and needs nobody.
func Progress(obj screeningv1.Object, reason, format string, args ...any) {
	False(obj, screeningv1.ConditionReady, reason, format, args...)
	True(obj, screeningv1.ConditionReconciling, reason, format, args...)
	Delete(obj, screeningv1.ConditionStalled)
}

// Await sets Ready to Unknown and Reconciling to True, with the same reason and
// message: how it stands will be known, and needs nobody.
func Await(obj screeningv1.Object, reason, format string, args ...any) {
	Unknown(obj, screeningv1.ConditionReady, reason, format, args...)
	True(obj, screeningv1.ConditionReconciling, reason, format, args...)
	Delete(obj, screeningv1.ConditionStalled)
}

// Stall sets Ready to False and Stalled to True, with the same reason and
// message: nothing goes on until a person changes something.
func Stall(obj screeningv1.Object, reason, format string, args ...any) {
	False(obj, screeningv1.ConditionReady, reason, format, args...)
	True(obj, screeningv1.ConditionStalled, reason, format, args...)
	Delete(obj, screeningv1.ConditionReconciling)
}

// sprintf leaves a message without arguments as it is, percent signs included.
func sprintf(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// Cut shortens a text to most bytes, at the boundary of a character, and marks
// that it did.
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// Line joins a list for a column of a table; a hyphen stands for none.
func Line(list []string) string {
	const most = 240
	return Cut(cmp.Or(strings.Join(list, ", "), "-"), most)
}
