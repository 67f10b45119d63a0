// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// RegionVersions is what runs in a region, by its reports. Levels count what
// was added to orders since the first release: an order uses nothing above the
// lower of both.
type RegionVersions struct {
	// agent is the version of the region's agent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Agent string `json:"agent,omitempty"`

	// level is what the agent reads of orders.
	// +required
	// +kubebuilder:validation:Minimum=1
	Level int64 `json:"level,omitempty"`

	// podsLevel is the least that the loaders of the region's pools read. They
	// stay on the image that a pool was made with until its engine's image is
	// changed.
	// +required
	// +kubebuilder:validation:Minimum=1
	PodsLevel int64 `json:"podsLevel,omitempty"`
}
