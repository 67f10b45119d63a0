// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
)

// replicaState is what the conditions of a replica say.
type replicaState struct {
	held metav1.ConditionStatus
	// ready says that the copy is as ordered, stalled that a person must act.
	ready, stalled  bool
	reason, message string
}

// planReplica says how a copy stands to what the order wants of it.
func planReplica(verdict region.Verdict, f *order.Feed, held region.Copy, has bool, failure region.Failure) replicaState {
	version := screeningv1.NewReleaseVersion(f.Release)
	switch {
	case f.State == order.Erase && has:
		return replicaState{held: metav1.ConditionTrue, reason: screeningv1.ReasonProgressing, message: f.ID + " is being erased"}
	case f.State == order.Erase:
		return replicaState{held: metav1.ConditionFalse, ready: true, reason: screeningv1.ReasonErased, message: "no copy of " + f.ID + " is held"}
	case f.State == order.Lock:
		s := replicaState{held: metav1.ConditionFalse, ready: true, reason: screeningv1.ReasonLocked, message: verdict.Message}
		if has {
			s.held = metav1.ConditionTrue
		}
		return s
	case !verdict.Search && verdict.Cause == region.CauseNoRelease:
		return replicaState{held: metav1.ConditionFalse, reason: screeningv1.ReasonPulling, message: verdict.Message}
	case !verdict.Search:
		return replicaState{held: metav1.ConditionFalse, stalled: true, reason: string(verdict.Cause), message: verdict.Message}
	case has && held.Release == f.Release && held.Content == f.Content && held.UID == f.UID && failure.Reason == region.FailureKey:
		return replicaState{held: metav1.ConditionTrue, reason: failure.Reason, message: failure.Message}
	case has && held.Release == f.Release && held.Content == f.Content && held.UID == f.UID:
		return replicaState{held: metav1.ConditionTrue, ready: true, reason: screeningv1.ReasonHeld, message: fmt.Sprintf("%s %s is held", f.ID, version)}
	case failure.Reason != "":
		return replicaState{held: metav1.ConditionFalse, reason: failure.Reason, message: failure.Message}
	default:
		return replicaState{held: metav1.ConditionFalse, reason: screeningv1.ReasonPulling, message: fmt.Sprintf("%s %s is being pulled", f.ID, version)}
	}
}
