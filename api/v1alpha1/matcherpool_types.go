// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Modality is something a matcher compares.
//
// +kubebuilder:validation:Enum=Biographic;Document
type Modality string

const (
	// ModalityBiographic compares names, birth dates, nationalities and gender.
	ModalityBiographic Modality = "Biographic"

	// ModalityDocument compares numbers of travel and identity documents.
	ModalityDocument Modality = "Document"
)

// MatcherPoolSpec is what a region runs to search feeds.
type MatcherPoolSpec struct {
	// feeds lists the feeds that every pod of the pool searches.
	// +required
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Feeds []PoolFeed `json:"feeds,omitempty"`

	// modalities lists what the pool compares. A search for anything else says
	// that it was not searched.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Modalities []Modality `json:"modalities,omitempty"`

	// replicas is the number of pods wished for; the controller keeps it
	// within bounds. It has no default: on the hub, absent means bounds.min. In
	// the region the agent writes it until somebody there scales the pool.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=256
	Replicas *int32 `json:"replicas,omitempty"`

	// baseline is the hub's wish as the region's order carries it, and what
	// replicas returns to. The agent alone writes it, in the region; on the hub
	// it is ignored, since there replicas is the wish.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=256
	Baseline *int32 `json:"baseline,omitempty"`

	// replicasReset ends a wish for replicas in the region: on the hub, write
	// something else here, such as the time. Once the order has carried it there,
	// replicas is baseline again.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ReplicasReset string `json:"replicasReset,omitempty"`

	// bounds limit the number of pods, whoever scales the pool.
	// +optional
	// +kubebuilder:default={min: 1, max: 8}
	Bounds PoolBounds `json:"bounds,omitempty,omitzero"`

	// autoscaling lets the number of pods follow the load. Absent means Off.
	// +optional
	Autoscaling *PoolAutoscaling `json:"autoscaling,omitempty,omitzero"`

	// spread says how firmly pods are kept on different nodes. Absent means Soft.
	// +optional
	Spread Spread `json:"spread,omitempty"`

	// engine says what the pods run.
	// +optional
	Engine *PoolEngine `json:"engine,omitempty,omitzero"`

	// resources is what one pod asks of its node. Without it the controller
	// derives memory from the size of the feeds.
	// +optional
	Resources *PoolResources `json:"resources,omitempty,omitzero"`
}

// PoolFeed is one feed of a pool.
type PoolFeed struct {
	// id is the feed's id, NAMESPACE.NAME on the hub, such as intl.un-sc.
	// +required
	ID FeedID `json:"id,omitempty"`
}

// PoolBounds limit the number of pods.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="self.min <= self.max",message="min must not be larger than max"
type PoolBounds struct {
	// min is the smallest number of pods.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	Min int32 `json:"min,omitempty"`

	// max is the largest number of pods.
	// +optional
	// +kubebuilder:default=8
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	Max int32 `json:"max,omitempty"`
}

// PoolEngine says what the pods run.
//
// +kubebuilder:validation:MinProperties=1
type PoolEngine struct {
	// image is the matcher's image. Empty or absent means the operator's own,
	// resolved once and then pinned in status.engineImage, so that an upgrade
	// of the operator restarts no matcher. The loader beside it is always the
	// operator's.
	// +optional
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$')",message="image is an image reference such as ghcr.io/frontline-screening/frontline:v0.1.0, or empty for the operator's own"
	Image *string `json:"image,omitempty"`
}

// PoolResources is what one pod asks of its node.
//
// +kubebuilder:validation:MinProperties=1
type PoolResources struct {
	// memory is the memory of one matcher, requested and also its limit. It holds
	// every feed of the pool twice while a release is replaced. The loader beside
	// it asks for its own.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!isQuantity(string(self)) || !quantity(string(self)).isLessThan(quantity('32Mi'))",message="memory must be at least 32Mi, which an empty matcher needs"
	Memory *resource.Quantity `json:"memory,omitempty"`

	// cpu is the processor time that one matcher requests. It has no limit.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!isQuantity(string(self)) || quantity(string(self)).isGreaterThan(quantity('0'))",message="cpu must be more than zero; write for instance 100m"
	CPU *resource.Quantity `json:"cpu,omitempty"`
}

// ScaledBy says whose wish a pool's number of pods is.
//
// +kubebuilder:validation:Enum=hub;local;load
type ScaledBy string

const (
	// ScaledByHub is the wish of the hub.
	ScaledByHub ScaledBy = "hub"

	// ScaledByLocal is the wish of an administrator in the region.
	ScaledByLocal ScaledBy = "local"

	// ScaledByLoad is what the load of the pods asks for, beyond the hub's wish.
	ScaledByLoad ScaledBy = "load"
)

// PoolFeedState says whether the pods of a pool search a feed.
//
// +kubebuilder:validation:Enum=Served;Loading;Unavailable
type PoolFeedState string

const (
	// PoolFeedServed is a feed that every ready pod searches.
	PoolFeedServed PoolFeedState = "Served"

	// PoolFeedLoading is a feed that some ready pod does not search as yet.
	PoolFeedLoading PoolFeedState = "Loading"

	// PoolFeedUnavailable is a feed that may not, or cannot, be searched here.
	PoolFeedUnavailable PoolFeedState = "Unavailable"
)

// MatcherPoolStatus is what is known of a pool: in the region by the pool's
// controller, on the hub from the region's reports.
//
// +kubebuilder:validation:MinProperties=1
type MatcherPoolStatus struct {
	// conditions are Ready, Available, FeedsResolved, Scaled and RolledOut,
	// FollowsLoad where the number of pods does and, on the hub while true,
	// VersionSkew.
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

	// replicas is the number of pods that exist.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Replicas *int32 `json:"replicas,omitempty"`

	// readyReplicas is the number of pods that answer.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ReadyReplicas *int32 `json:"readyReplicas,omitempty"`

	// wanted is the number of pods wanted, within bounds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Wanted *int32 `json:"wanted,omitempty"`

	// pods is readyReplicas and wanted for display, such as 3/4.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	Pods string `json:"pods,omitempty"`

	// by says whose wish wanted is: hub, local after somebody in the region
	// scaled the pool, or load where that asks for more than the hub.
	// +optional
	By ScaledBy `json:"by,omitempty"`

	// range is the effective bounds for display, such as 1-8.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	Range string `json:"range,omitempty"`

	// fits is the number of wanted pods that found a node.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Fits *int32 `json:"fits,omitempty"`

	// memory is what one pod asks of its node in memory.
	// +optional
	Memory *PoolMemory `json:"memory,omitempty,omitzero"`

	// load is the last decision that load took, while the number of pods follows it.
	// +optional
	Load *PoolLoad `json:"load,omitempty,omitzero"`

	// feeds says, for each feed of the spec, whether it is searched.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	Feeds []PoolFeedStatus `json:"feeds,omitempty"`

	// feedsServed is the number of feeds searched of those named, such as 1/2.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	FeedsServed string `json:"feedsServed,omitempty"`

	// selector selects the pool's pods, as the scale subresource wants it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Selector string `json:"selector,omitempty"`

	// engineImage is the image the matchers run, resolved once and pinned.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	EngineImage string `json:"engineImage,omitempty"`

	// templateHash is the hash of the pod template the pool is rolled out to.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	TemplateHash string `json:"templateHash,omitempty"`

	// summary says in one line what a person should know.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Summary string `json:"summary,omitempty"`
}

// PoolFeedStatus says whether a feed is searched.
type PoolFeedStatus struct {
	// id is the feed's id.
	// +required
	ID FeedID `json:"id,omitempty"`

	// state is Served, Loading or Unavailable.
	// +required
	State PoolFeedState `json:"state,omitempty"`

	// reason says why a feed is not Served, in the words of answers and of the
	// condition FeedsResolved: Stale, LegalBasis, Locked, NotProvisioned,
	// Loading, Region, NotFound or RefusedByTerms among others.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`

	// release is the release that the pods search.
	// +optional
	Release ReleaseVersion `json:"release,omitempty"`

	// digest is the digest of that release's snapshot.
	// +optional
	Digest Digest `json:"digest,omitempty"`
}

// MatcherPool is a set of equal matcher pods that search the same feeds. It is
// written on the hub in the namespace region-NAME; the region's agent applies
// it there and the region's controller runs it. Pods hold the feeds in memory
// and are reached through BorderPosts only.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:resource:path=matcherpools,scope=Namespaced,shortName=pool,categories=frontline
// +kubebuilder:printcolumn:name="Pods",type=string,JSONPath=`.status.pods`,description="Pods that answer of pods wanted"
// +kubebuilder:printcolumn:name="Want",type=integer,JSONPath=`.status.wanted`,description="Pods wanted, within bounds"
// +kubebuilder:printcolumn:name="By",type=string,JSONPath=`.status.by`,description="Whose wish the number of pods is"
// +kubebuilder:printcolumn:name="Min-Max",type=string,JSONPath=`.status.range`,description="The smallest and largest number of pods"
// +kubebuilder:printcolumn:name="Fits",type=integer,JSONPath=`.status.fits`,description="Wanted pods that found a node"
// +kubebuilder:printcolumn:name="Feeds",type=string,JSONPath=`.status.feedsServed`,description="Feeds searched of feeds named"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the pool answers as its spec asks"
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.summary`,description="What a person should know"
// +kubebuilder:printcolumn:name="Memory",type=string,priority=1,JSONPath=`.status.memory.request`,description="What one pod requests"
// +kubebuilder:printcolumn:name="Engine",type=string,priority=1,JSONPath=`.status.engineImage`,description="The image the pods run"
// +kubebuilder:printcolumn:name="Age",type=date,priority=1,JSONPath=`.metadata.creationTimestamp`,description="How long the object has existed"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 50",message="a pool's name is a DNS label of at most 50 characters that begins with a letter, since its Service is named after it"
type MatcherPool struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is what the region runs.
	// +required
	Spec MatcherPoolSpec `json:"spec,omitzero"`

	// status is what is known of the pool.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status MatcherPoolStatus `json:"status,omitempty,omitzero"`
}

// GetConditions returns the conditions of the pool.
func (p *MatcherPool) GetConditions() []metav1.Condition { return p.Status.Conditions }

// SetConditions replaces the conditions of the pool.
func (p *MatcherPool) SetConditions(conditions []metav1.Condition) { p.Status.Conditions = conditions }

// MatcherPoolList is a list of MatcherPools.
//
// +kubebuilder:object:root=true
type MatcherPoolList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the objects of the list.
	Items []MatcherPool `json:"items"`
}

// Ready of a MatcherPool is True when enough pods answer. It does not fall
// when a feed may not be searched; FeedsResolved says that. Available, declared
// beside WatchlistRelease, says whether at least bounds.min pods answer.
const (
	// ReasonPodsReady surfaces with Available=True when enough pods answer.
	ReasonPodsReady = "PodsReady"

	// ReasonPodsNotReady surfaces with Available=False when too few do.
	ReasonPodsNotReady = "PodsNotReady"

	// ReasonNotReported surfaces on the hub until the region reports the object.
	ReasonNotReported = "NotReported"

	// ReasonRegionOffline surfaces on the hub, with every condition of a pool or
	// post Unknown, while its region cannot be reached.
	ReasonRegionOffline = "RegionOffline"

	// ReasonRefusedByRegion surfaces on the hub when the region could not take
	// the object as its order has it; the message says why.
	ReasonRefusedByRegion = "RefusedByRegion"
)

// FeedsResolved follows the feeds a pool names.
const (
	// ConditionFeedsResolved says whether every feed named may be searched here.
	ConditionFeedsResolved = "FeedsResolved"

	// ReasonResolved surfaces when every one may.
	ReasonResolved = "Resolved"

	// ReasonNotAllowedHere surfaces when the owner of a feed does not share it
	// with this region's jurisdiction. The pool stays up without that feed.
	ReasonNotAllowedHere = "NotAllowedHere"

	// ReasonFeedNotFound surfaces when no feed has an id that the pool names.
	ReasonFeedNotFound = "FeedNotFound"

	// ReasonFeedNotHeld surfaces when the region has no copy of a feed as yet.
	ReasonFeedNotHeld = "FeedNotHeld"

	// ReasonFeedUnavailable surfaces when a feed may be held and not be
	// searched at present: locked, stale, or past the end of its legal basis.
	ReasonFeedUnavailable = "FeedUnavailable"
)

// Scaled follows the number of pods.
const (
	// ConditionScaled says whether as many pods exist, on nodes, as wanted.
	ConditionScaled = "Scaled"

	// ReasonAsWanted surfaces when they do.
	ReasonAsWanted = "AsWanted"

	// ReasonClamped surfaces with True when bounds changed the wish.
	ReasonClamped = "Clamped"

	// ReasonScaling surfaces while pods come or go.
	ReasonScaling = "Scaling"
)

// RolledOut follows the pod template.
const (
	// ConditionRolledOut says whether every pod runs the newest template.
	ConditionRolledOut = "RolledOut"

	// ReasonRolledOut surfaces when every one does.
	ReasonRolledOut = "RolledOut"

	// ReasonRolloutStuck surfaces when the Deployment makes no progress.
	ReasonRolloutStuck = "RolloutStuck"
)
