// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ApprovalSpec carries what a person signed.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="an approval cannot be changed, since its signature is over what it says; create another one"
type ApprovalSpec struct {
	// envelope is the signed statement, as `frontline approve` prints it: a
	// DSSE envelope in JSON, payload type
	// application/vnd.frontline.approval.v1+json.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=8192
	// +kubebuilder:validation:XValidation:rule="self.startsWith('{')",message="envelope is a DSSE envelope in JSON; make one with: frontline approve"
	Envelope string `json:"envelope,omitempty"`
}

// ApprovalAction is what a statement allows.
//
// +kubebuilder:validation:Enum=ReleaseStorm
type ApprovalAction string

// ApproveReleaseStorm lets a release through whose share of records added or
// removed is over its feed's limit.
const ApproveReleaseStorm ApprovalAction = "ReleaseStorm"

// ApprovalStatus is what the hub makes of a statement.
//
// +kubebuilder:validation:MinProperties=1
type ApprovalStatus struct {
	// conditions are Ready and Valid.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that this status describes.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// lastHandledReconcileAt is the value of the annotation reconcile-at that was
	// looked at last.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`

	// signers names the approvers of the subject whose keys signed the statement.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Signers []ApproverName `json:"signers,omitempty"`

	// action is what the statement allows: ReleaseStorm.
	// +optional
	Action ApprovalAction `json:"action,omitempty"`

	// subject is the object that the statement is about.
	// +optional
	Subject *ApprovalSubject `json:"subject,omitempty,omitzero"`

	// digest is what the statement is about: for ReleaseStorm the digest in
	// status.held of the feed.
	// +optional
	Digest Digest `json:"digest,omitempty"`

	// expires is when the statement ends, where it says so. What it let
	// through before stays.
	// +optional
	Expires metav1.Time `json:"expires,omitempty,omitzero"`
}

// ApprovalSubject is the object that a statement is about.
type ApprovalSubject struct {
	// kind is the kind of the object, such as WatchlistFeed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind,omitempty"`

	// namespace is the object's namespace, which is the approval's own.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// name is the name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// uid is the UID of the object, so that the statement does not pass on to
	// one created later under the same name.
	// +required
	UID types.UID `json:"uid,omitempty"`
}

// Approval carries a statement that a person signed with a key which the object
// it is about lists: that a held release of a feed may be published. It is
// written on the hub, in the namespace of that object, by hand or from Git: the
// signature, and not who created the object, is what counts. `frontline approve`
// makes one, and `frontline approve verify` checks one without a cluster.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=approvals,scope=Namespaced,shortName=appr,categories=frontline
// +kubebuilder:printcolumn:name="Action",type=string,JSONPath=`.status.action`,description="What the statement allows"
// +kubebuilder:printcolumn:name="Subject",type=string,JSONPath=`.status.subject.name`,description="The object that the statement is about"
// +kubebuilder:printcolumn:name="Signers",type=string,JSONPath=`.status.signers`,description="Approvers whose keys signed the statement"
// +kubebuilder:printcolumn:name="Valid",type=string,JSONPath=`.status.conditions[?(@.type=="Valid")].status`,description="Whether the statement counts"
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Valid")].message`,description="Why, and what to do"
// +kubebuilder:printcolumn:name="Digest",type=string,priority=1,JSONPath=`.status.digest`,description="What the statement is about"
// +kubebuilder:printcolumn:name="Age",type=date,priority=1,JSONPath=`.metadata.creationTimestamp`,description="How long the object has existed"
type Approval struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec carries what a person signed.
	// +required
	Spec ApprovalSpec `json:"spec,omitzero"`

	// status is what the hub makes of the statement.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status ApprovalStatus `json:"status,omitempty,omitzero"`
}

// GetConditions returns the conditions of the approval.
func (a *Approval) GetConditions() []metav1.Condition { return a.Status.Conditions }

// SetConditions replaces the conditions of the approval.
func (a *Approval) SetConditions(conditions []metav1.Condition) { a.Status.Conditions = conditions }

// ApprovalList is a list of Approvals.
//
// +kubebuilder:object:root=true
type ApprovalList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the objects of the list.
	Items []Approval `json:"items"`
}

// Ready of an Approval follows Valid. Valid uses the reasons Valid and Expired
// of WatchlistFeed as well.
const (
	// ConditionValid says whether the statement counts.
	ConditionValid = "Valid"

	// ReasonUsed surfaces with True once the release that the statement let
	// through stands.
	ReasonUsed = "Used"

	// ReasonMalformed surfaces with False when the envelope holds no statement
	// of approval.
	ReasonMalformed = "Malformed"

	// ReasonSubjectMismatch surfaces with False when the statement is about
	// another hub, or about an object that is not there or is another by now.
	ReasonSubjectMismatch = "SubjectMismatch"

	// ReasonSignerUnknown surfaces with False when no key that the subject
	// lists signed the statement.
	ReasonSignerUnknown = "SignerUnknown"

	// ReasonAlreadySigned surfaces with False when the same key signed an
	// earlier approval about the same digest: one person counts once.
	ReasonAlreadySigned = "AlreadySigned"

	// ReasonNothingHeld surfaces with False when nothing with the statement's
	// digest waits for an approval.
	ReasonNothingHeld = "NothingHeld"
)
