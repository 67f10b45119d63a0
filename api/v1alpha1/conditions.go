// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Object is what helpers for conditions need of a kind. Every kind of this
// package provides it.
//
// +kubebuilder:object:generate=false
// +kubebuilder:ac:generate=false
type Object interface {
	metav1.Object
	// GetConditions returns the conditions of the object's status.
	GetConditions() []metav1.Condition
	// SetConditions replaces the conditions of the object's status.
	SetConditions(conditions []metav1.Condition)
}

// Condition types that every kind shares. Ready is always present once an
// object was looked at. Reconciling and Stalled are present only while they are
// True, as kstatus expects.
const (
	// ConditionReady says whether the object does what its spec asks for.
	ConditionReady = "Ready"

	// ConditionReconciling surfaces while a controller is still working
	// towards the newest spec and nothing stands in the way.
	ConditionReconciling = "Reconciling"

	// ConditionStalled surfaces when a controller cannot make progress until a
	// person changes something; its message says what.
	ConditionStalled = "Stalled"

	// ConditionSuspended is present, and True, only while a person asks that
	// nothing be changed because of the object.
	ConditionSuspended = "Suspended"
)

// VersionSkew is present only while True, on a RegionalCluster and on the pools
// and posts it speaks of.
const (
	// ConditionVersionSkew says that the region is too old for a field that the
	// spec of a pool or a post uses. The object is not ordered as it stands; what
	// was ordered before stays in force.
	ConditionVersionSkew = "VersionSkew"

	// ReasonOlderRegion surfaces when the region's agent does not know the field.
	ReasonOlderRegion = "OlderRegion"

	// ReasonOlderPods surfaces when the agent knows it and pods of a pool do not.
	ReasonOlderPods = "OlderPods"
)

// Reasons that several kinds share.
const (
	// ReasonReady surfaces with Ready=True when nothing is missing.
	ReasonReady = "Ready"

	// ReasonProgressing surfaces with Ready=Unknown or False, and with
	// Reconciling=True, while work is under way.
	ReasonProgressing = "Progressing"

	// ReasonDeleting surfaces with Ready=False while the object waits for its
	// deletion to be witnessed.
	ReasonDeleting = "Deleting"

	// ReasonInternalError surfaces when an attempt failed for a reason outside
	// the object, for instance an unreachable API server; it is tried again.
	ReasonInternalError = "InternalError"

	// ReasonSuspended surfaces when spec or an annotation asks that nothing be done.
	ReasonSuspended = "Suspended"

	// ReasonNoTerms surfaces in a region that has no RegionTerms: nothing is
	// accepted until the region writes some.
	ReasonNoTerms = "NoTerms"

	// ReasonRefusedByTerms surfaces where the region's RegionTerms do not
	// accept a feed or a purpose.
	ReasonRefusedByTerms = "RefusedByTerms"
)
