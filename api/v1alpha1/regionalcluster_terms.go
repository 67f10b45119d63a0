// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// RegionTermsSeen is what a region accepts by its own word.
//
// +kubebuilder:validation:MinProperties=1
type RegionTermsSeen struct {
	// feeds lists patterns of the feeds that the region accepts.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	Feeds []string `json:"feeds,omitempty"`

	// purposes lists what the region lets feeds be searched for.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	Purposes []string `json:"purposes,omitempty"`
}

// RegionRefusal is something ordered that the region does not do.
type RegionRefusal struct {
	// subject is the kind and name of what was refused, or order for the whole order.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=382
	Subject string `json:"subject,omitempty"`

	// reason is the region's reason in one word.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`

	// message says why, in the region's words.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// TermsAccepted follows the region's own terms. It is absent until the region
// reports.
const (
	// ConditionTermsAccepted says whether the region's terms accept every feed
	// that its order places there.
	ConditionTermsAccepted = "TermsAccepted"

	// ReasonTermsAccepted surfaces when they do. ReasonNoTerms and
	// ReasonRefusedByTerms surface when they do not.
	ReasonTermsAccepted = "Accepted"
)
