// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RegionTermsName is the one name that RegionTerms can have.
const RegionTermsName = "terms"

// FeedPattern matches feed ids: one id, every id of a namespace (intl.*), or
// every id (*).
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=114
// +kubebuilder:validation:XValidation:rule="self == '*' || self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?[.]([*]|[a-z]([-a-z0-9]*[a-z0-9])?)$')",message="a feed pattern is a feed id such as al.national, all feeds of a namespace such as intl.*, or * for every feed"
type FeedPattern string

// Matches reports whether the pattern covers a feed.
func (p FeedPattern) Matches(id FeedID) bool {
	if p == "*" {
		return true
	}
	if namespace, ok := strings.CutSuffix(string(p), ".*"); ok {
		return id.Namespace() == namespace
	}
	return string(p) == string(id)
}

// RegionTermsSpec is what a region accepts.
type RegionTermsSpec struct {
	// feeds lists the feeds the region accepts: ids such as al.national,
	// intl.* for every feed of a namespace, or * for every feed. A feed that
	// none covers is not pulled, whatever an order says.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	Feeds []FeedPattern `json:"feeds,omitempty"`

	// purposes lists what the region lets feeds be searched for.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Purposes []Purpose `json:"purposes,omitempty"`
}

// OrderSeen is the newest order that was in force in a region.
//
// +kubebuilder:validation:MinProperties=1
type OrderSeen struct {
	// hubUID identifies the hub that signed the order.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	HubUID string `json:"hubUID,omitempty"`

	// regionUID is the UID of the RegionalCluster that the order is for.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	RegionUID string `json:"regionUID,omitempty"`

	// term is the term of the hub's keys.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Term int64 `json:"term,omitempty"`

	// sequence is the sequence of the order within the term.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Sequence int64 `json:"sequence,omitempty"`
}

// RegionTermsStatus says whether the terms are in force.
//
// +kubebuilder:validation:MinProperties=1
type RegionTermsStatus struct {
	// conditions are Ready.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that is in force.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// lastHandledReconcileAt is the value of the annotation reconcile-at that was
	// looked at last.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`

	// order is the newest order that was in force here. The agent refuses older
	// ones of the same hub, also when it has lost its state directory.
	// +optional
	Order *OrderSeen `json:"order,omitempty,omitzero"`
}

// RegionTerms says what a region accepts of the hub. It lives in the region,
// named terms, in the namespace region-NAME, and belongs to the region: the hub
// sees it in reports and cannot change it. The agent enforces it. While a
// region has none, nothing is accepted: no feed is pulled and none is searched.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=regionterms,singular=regionterms,scope=Namespaced,shortName=terms,categories=frontline
// +kubebuilder:printcolumn:name="Feeds",type=string,JSONPath=`.spec.feeds`,description="The feeds the region accepts"
// +kubebuilder:printcolumn:name="Purposes",type=string,JSONPath=`.spec.purposes`,description="What the region lets feeds be searched for"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the terms are in force"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="How long the object has existed"
// +kubebuilder:validation:XValidation:rule="self.metadata.name == 'terms'",message="a region has one RegionTerms, named terms; edit that one"
type RegionTerms struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is what the region accepts.
	// +required
	Spec RegionTermsSpec `json:"spec,omitzero"`

	// status says whether the terms are in force.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status RegionTermsStatus `json:"status,omitempty,omitzero"`
}

// AcceptsFeed reports whether the terms cover a feed.
func (s RegionTermsSpec) AcceptsFeed(id FeedID) bool {
	return slices.ContainsFunc(s.Feeds, func(pattern FeedPattern) bool { return pattern.Matches(id) })
}

// AcceptsPurpose reports whether the terms name a purpose.
func (s RegionTermsSpec) AcceptsPurpose(purpose Purpose) bool {
	return slices.Contains(s.Purposes, purpose)
}

// GetConditions returns the conditions of the terms.
func (t *RegionTerms) GetConditions() []metav1.Condition { return t.Status.Conditions }

// SetConditions replaces the conditions of the terms.
func (t *RegionTerms) SetConditions(conditions []metav1.Condition) { t.Status.Conditions = conditions }

// RegionTermsList is a list of RegionTerms.
//
// +kubebuilder:object:root=true
type RegionTermsList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the objects of the list.
	Items []RegionTerms `json:"items"`
}

// ReasonInForce surfaces with Ready=True when the agent applies the terms.
const ReasonInForce = "InForce"
