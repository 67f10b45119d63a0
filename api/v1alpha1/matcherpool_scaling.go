// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// Spread says how firmly the pods of a pool are kept on different nodes.
//
// +kubebuilder:validation:Enum=Soft;Hard
type Spread string

const (
	// SpreadSoft prefers nodes and zones with fewer pods of the pool.
	SpreadSoft Spread = "Soft"

	// SpreadHard rather leaves a pod Pending than lets nodes differ by more
	// than one. Zones are preferred only, since nodes may name none.
	SpreadHard Spread = "Hard"
)

// AutoscalingMode says what the number of pods follows beside the wish for it.
//
// +kubebuilder:validation:Enum=Off;Load
type AutoscalingMode string

const (
	// AutoscalingOff follows nothing else.
	AutoscalingOff AutoscalingMode = "Off"

	// AutoscalingLoad follows how busy the pods are, as the region's controller
	// reads from their metrics.
	AutoscalingLoad AutoscalingMode = "Load"
)

// PoolAutoscaling says how the number of pods follows the load.
type PoolAutoscaling struct {
	// mode is Off or Load. With Load, replicas is the least number of pods: load
	// adds to it, up to bounds.max. While somebody in the region has scaled the
	// pool, that wish is the number, whatever the load.
	// +required
	Mode AutoscalingMode `json:"mode,omitempty"`

	// targetUtilization is how busy the pods shall be, in percent of what their
	// processors can search. Above it pods are added; they are taken away when
	// those that stay would be at two thirds of it.
	// +optional
	// +kubebuilder:default=60
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=90
	TargetUtilization int32 `json:"targetUtilization,omitempty"`

	// scaleDownAfter is how long the load must have been low, and every pod seen,
	// before pods are taken away.
	// +optional
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self) >= duration('1m') && duration(self) <= duration('24h'))",message="scaleDownAfter must be from 1m to 24h; a shorter time takes pods away in every lull"
	ScaleDownAfter Duration `json:"scaleDownAfter,omitempty"`
}

// PoolMemory is what one pod asks of its node in memory.
type PoolMemory struct {
	// room is how much list data a pod has room for: the size class of the pool,
	// a power of two of MiB or one and a half times that. It rises before the lists fill it, and falls only
	// when pods are replaced for another reason.
	// +optional
	Room *resource.Quantity `json:"room,omitempty"`

	// request is what the containers of one pod request together.
	// +optional
	Request *resource.Quantity `json:"request,omitempty"`
}

// PoolLoad is the last decision about the number of pods that load took. It
// changes with the decision, not with the load.
type PoolLoad struct {
	// wanted is the number of pods that load asked for.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Wanted *int32 `json:"wanted,omitempty"`

	// utilization is how busy the pods were then, in percent.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Utilization *int32 `json:"utilization,omitempty"`
}

// FollowsLoad is present while spec.autoscaling has mode Load.
const (
	// ConditionFollowsLoad says whether the number of pods follows the load.
	ConditionFollowsLoad = "FollowsLoad"

	// ReasonLoadKnown surfaces with True when pods are seen.
	ReasonLoadKnown = "LoadKnown"

	// ReasonMetricsLost surfaces with False when no pod's metrics could be read
	// for a minute: the number of pods stays.
	ReasonMetricsLost = "MetricsLost"

	// ReasonScaledLocally surfaces with False while the wish of somebody in the
	// region is in force.
	ReasonScaledLocally = "ScaledLocally"
)

// Reasons with which Scaled is False when a pod finds no node; the message says
// all that lacks.
const (
	// ReasonMemory surfaces when memory lacks.
	ReasonMemory = "Memory"

	// ReasonCPU surfaces when processor time lacks and memory does not.
	ReasonCPU = "CPU"

	// ReasonNoNode surfaces when no node takes a pod for any other reason.
	ReasonNoNode = "NoNode"
)
