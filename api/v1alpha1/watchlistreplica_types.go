// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ReplicaState says what a region is ordered to do with its copy of a feed.
//
// +kubebuilder:validation:Enum=Serve;Lock;Erase
type ReplicaState string

const (
	// ReplicaServe holds and searches the copy.
	ReplicaServe ReplicaState = "Serve"

	// ReplicaLock holds the copy and does not search it.
	ReplicaLock ReplicaState = "Lock"

	// ReplicaErase erases the copy.
	ReplicaErase ReplicaState = "Erase"
)

// WatchlistReplicaSpec is what a region's order says of one feed.
//
// +kubebuilder:validation:XValidation:rule="self.state != 'Serve' || has(self.release)",message="state Serve needs a release; give the version the region is ordered to serve, such as v12"
// +kubebuilder:validation:XValidation:rule="has(self.release) == has(self.contentDigest)",message="release and contentDigest belong together; give both or neither"
type WatchlistReplicaSpec struct {
	// feed is the feed's id, NAMESPACE.NAME. It cannot be changed.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="feed cannot be changed; a replica belongs to one feed"
	Feed FeedID `json:"feed,omitempty"`

	// state is what the order says: Serve, Lock or Erase.
	// +required
	State ReplicaState `json:"state,omitempty"`

	// release is the release the region is ordered to serve.
	// +optional
	Release ReleaseVersion `json:"release,omitempty"`

	// contentDigest is the digest of that release's snapshot.
	// +optional
	ContentDigest Digest `json:"contentDigest,omitempty"`

	// floor is the oldest release that the region may still serve while it
	// fetches a newer one.
	// +optional
	Floor ReleaseVersion `json:"floor,omitempty"`

	// listDate is the day, as YYYY-MM-DD, that the publisher put on the list
	// that is wanted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	ListDate string `json:"listDate,omitempty"`
}

// WatchlistReplicaStatus is what a region holds of one feed.
//
// +kubebuilder:validation:MinProperties=1
type WatchlistReplicaStatus struct {
	// conditions are Ready and Held.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that this status describes.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// held is the copy in the region's registry.
	// +optional
	Held *HeldCopy `json:"held,omitempty,omitzero"`

	// servedBy says how many pods search the copy, such as 2 pods.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ServedBy string `json:"servedBy,omitempty"`

	// artifact is the digest of the OCI manifest in which the hub gives the
	// region the wanted release, encrypted. The hub alone writes it.
	// +optional
	Artifact Digest `json:"artifact,omitempty"`

	// keyEpoch counts the keys that the region made for this feed; the wanted
	// release is encrypted to that of this epoch. The hub alone writes it.
	// +optional
	// +kubebuilder:validation:Minimum=1
	KeyEpoch int64 `json:"keyEpoch,omitempty"`

	// keySince is when the hub began to encrypt to that key.
	// +optional
	KeySince metav1.Time `json:"keySince,omitempty,omitzero"`

	// excluded is the number of records of the release that the region is not
	// given, because their own handling does not allow its jurisdiction. The
	// hub alone writes it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Excluded *int64 `json:"excluded,omitempty"`

	// erasure says how far the newest erasure has come in this region. The hub
	// alone writes it.
	// +optional
	Erasure *CopyErasure `json:"erasure,omitempty,omitzero"`
}

// CopyState says how far an erasure, a block or its lifting has come at one copy.
//
// +kubebuilder:validation:Enum=Pending;Done;Outstanding;DeletionUnsupported
type CopyState string

const (
	// CopyPending is a copy that is connected and has not confirmed as yet.
	CopyPending CopyState = "Pending"

	// CopyDone is a copy that confirmed with a signed receipt or report.
	CopyDone CopyState = "Done"

	// CopyOutstanding is a copy that cannot be reached; it is searched until
	// the time given at the latest.
	CopyOutstanding CopyState = "Outstanding"

	// CopyDeletionUnsupported is a copy in a registry that cannot delete. It is
	// unreadable because its keys were destroyed, which is all that is claimed.
	CopyDeletionUnsupported CopyState = "DeletionUnsupported"
)

// CopyErasure is the erasure of releases below a floor from one copy.
type CopyErasure struct {
	// state is Pending, Done, Outstanding or DeletionUnsupported.
	// +required
	State CopyState `json:"state,omitempty"`

	// floor is the oldest release that may be left; empty when all of the feed
	// is erased.
	// +optional
	Floor ReleaseVersion `json:"floor,omitempty"`

	// until is when an Outstanding copy stops being searched of itself.
	// +optional
	Until metav1.Time `json:"until,omitempty,omitzero"`

	// receipt is the region's signed statement of what it deleted and which
	// keys it destroyed: a DSSE envelope as JSON, which any
	// DSSE tool verifies against the key in status.identity of the RegionalCluster.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Receipt string `json:"receipt,omitempty"`

	// receiptDigest is the digest of receipt, by which RecordRequests name it.
	// +optional
	ReceiptDigest Digest `json:"receiptDigest,omitempty"`

	// at is when the region made the receipt, by its own clock.
	// +optional
	At metav1.Time `json:"at,omitempty,omitzero"`
}

// HeldCopy is a copy of a feed in a region's registry.
type HeldCopy struct {
	// release is the release that is held.
	// +required
	Release ReleaseVersion `json:"release,omitempty"`

	// digest is the digest of its snapshot, checked when it was pulled.
	// +required
	Digest Digest `json:"digest,omitempty"`

	// listDate is the day, as YYYY-MM-DD, that the publisher put on the list
	// that is held.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	ListDate string `json:"listDate,omitempty"`
}

// WatchlistReplica shows one region's copy of one feed; all of them together
// are the inventory of copies. It is written by controllers, on the hub and in
// the region, in the namespace region-NAME. It is for display: a region acts on
// its verified order alone, and editing a replica changes nothing.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=watchlistreplicas,scope=Namespaced,shortName=repl,categories=frontline
// +kubebuilder:printcolumn:name="Wanted",type=string,JSONPath=`.spec.release`,description="The release the region is ordered to serve"
// +kubebuilder:printcolumn:name="Held",type=string,JSONPath=`.status.held.release`,description="The release in the region's registry"
// +kubebuilder:printcolumn:name="Floor",type=string,JSONPath=`.spec.floor`,description="The oldest release the region may serve"
// +kubebuilder:printcolumn:name="List Date",type=string,JSONPath=`.status.held.listDate`,description="The day the publisher put on the list that is held"
// +kubebuilder:printcolumn:name="Served By",type=string,JSONPath=`.status.servedBy`,description="How many pods search the copy"
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.spec.state`,description="What the order says: Serve, Lock or Erase"
// +kubebuilder:printcolumn:name="Epoch",type=integer,priority=1,JSONPath=`.status.keyEpoch`,description="The epoch of the key that the wanted release is encrypted to"
// +kubebuilder:printcolumn:name="Erasure",type=string,priority=1,JSONPath=`.status.erasure.state`,description="How far the newest erasure has come"
// +kubebuilder:printcolumn:name="Ready",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the copy is as the order says"
// +kubebuilder:printcolumn:name="Age",type=date,priority=1,JSONPath=`.metadata.creationTimestamp`,description="How long the object has existed"
// +kubebuilder:validation:XValidation:rule="self.metadata.name == self.spec.feed",message="a replica is named after its feed's id, such as intl.un-sc"
type WatchlistReplica struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is what the region's order says of the feed.
	// +required
	Spec WatchlistReplicaSpec `json:"spec,omitzero"`

	// status is what the region holds of the feed.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status WatchlistReplicaStatus `json:"status,omitempty,omitzero"`
}

// GetConditions returns the conditions of the replica.
func (r *WatchlistReplica) GetConditions() []metav1.Condition { return r.Status.Conditions }

// SetConditions replaces the conditions of the replica.
func (r *WatchlistReplica) SetConditions(conditions []metav1.Condition) {
	r.Status.Conditions = conditions
}

// WatchlistReplicaList is a list of WatchlistReplicas.
//
// +kubebuilder:object:root=true
type WatchlistReplicaList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the objects of the list.
	Items []WatchlistReplica `json:"items"`
}

// Ready of a WatchlistReplica is True when the copy is as the order says: held
// at the ordered release, locked, or erased.
const (
	// ConditionHeld says whether the ordered release stands in the region's registry.
	ConditionHeld = "Held"

	// ReasonHeld surfaces when it does.
	ReasonHeld = "Held"

	// ReasonPulling surfaces while it is fetched.
	ReasonPulling = "Pulling"

	// ReasonPullFailed surfaces when the hub's registry could not be read; it
	// is tried again, and what is held keeps serving.
	ReasonPullFailed = "PullFailed"

	// ReasonDigestMismatch surfaces when what was fetched is not what the order
	// names. It is thrown away and never served.
	ReasonDigestMismatch = "DigestMismatch"

	// ReasonLocked surfaces when the order says Lock.
	ReasonLocked = "Locked"

	// ReasonErased surfaces when the order says Erase and nothing is held.
	ReasonErased = "Erased"
)
