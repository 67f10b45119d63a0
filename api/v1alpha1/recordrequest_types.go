// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// RecordAction is what a request asks for.
//
// +kubebuilder:validation:Enum=Erase;Block;Unblock
type RecordAction string

const (
	// RecordErase removes a record from every release and keeps it out for ever.
	RecordErase RecordAction = "Erase"

	// RecordBlock hides a record from every search and can be lifted.
	RecordBlock RecordAction = "Block"

	// RecordUnblock lifts a block.
	RecordUnblock RecordAction = "Unblock"
)

// RecordHash names one record of a feed without telling which: 16 bytes of an
// HMAC-SHA256 of the record's id in base64url without padding. The feed's key
// does not leave the hub's key namespace but encrypted.
//
// +kubebuilder:validation:MinLength=22
// +kubebuilder:validation:MaxLength=22
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_-]{21}[AQgw]$')",message="record is the keyed hash of a record's id, 22 characters; print one with: frontline record hash"
type RecordHash string

// RecordRequestSpec is what an authority asks for.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a request cannot be changed, since copies act on it as it is; create another one"
type RecordRequestSpec struct {
	// feedRef names the WatchlistFeed, in the request's namespace, whose record
	// is meant.
	// +required
	FeedRef FeedReference `json:"feedRef,omitempty,omitzero"`

	// action is Erase, Block or Unblock. Erase cannot be undone: the record is
	// kept out although the publisher lists it again.
	// +required
	Action RecordAction `json:"action,omitempty"`

	// record names the record by its keyed hash. Never write the publisher's
	// own reference, or a name, into any field of a request.
	// +required
	Record RecordHash `json:"record,omitempty"`

	// reference is the authority's own case number, for whoever audits the
	// request, such as DPA-2026-0117. It must say nothing of the person.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9][-A-Za-z0-9./_]*$') && self.matches('[0-9]')",message="reference is a case number of letters, digits, dots, slashes and hyphens, such as DPA-2026-0117, and says nothing of the person"
	Reference string `json:"reference,omitempty"`
}

// FeedReference names a WatchlistFeed in the namespace of the object that
// refers to it.
type FeedReference struct {
	// name is the name of the WatchlistFeed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	Name string `json:"name,omitempty"`
}

// RecordRequestState says how far a request has come.
//
// +kubebuilder:validation:Enum=Pending;Done;Superseded
type RecordRequestState string

const (
	// RequestPending is a request that some copy has not followed as yet.
	RequestPending RecordRequestState = "Pending"

	// RequestDone is a request that every copy has followed.
	RequestDone RecordRequestState = "Done"

	// RequestSuperseded is a request that a later one about the same record
	// replaced: a block that was lifted, or followed by an erasure.
	RequestSuperseded RecordRequestState = "Superseded"
)

// RecordRequestStatus is how far a request has come.
//
// +kubebuilder:validation:MinProperties=1
type RecordRequestStatus struct {
	// conditions are Ready and Listed.
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

	// state is Pending, Done or Superseded.
	// +optional
	State RecordRequestState `json:"state,omitempty"`

	// progress is the number of copies that are done, and of all, such as 2/3.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	Progress string `json:"progress,omitempty"`

	// floor is, for Erase, the first release without the record. No copy may
	// hold an older one.
	// +optional
	Floor ReleaseVersion `json:"floor,omitempty"`

	// copies says how far each copy has come: the hub's own, that of each
	// region, and bundles that are still valid.
	// +optional
	// +listType=map
	// +listMapKey=place
	// +listMapKey=region
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=1024
	Copies []RecordCopy `json:"copies,omitempty"`
}

// CopyPlace says where a copy is.
//
// +kubebuilder:validation:Enum=Hub;Region;Bundle
type CopyPlace string

const (
	// PlaceHub is the hub: held releases, files under work and the hub's
	// registry, with what it keeps there for the region.
	PlaceHub CopyPlace = "Hub"

	// PlaceRegion is the region: its registry and its pods.
	PlaceRegion CopyPlace = "Region"

	// PlaceBundle is the files that were exported for the region and are still
	// valid.
	PlaceBundle CopyPlace = "Bundle"
)

// RecordCopy says how far one copy has come.
type RecordCopy struct {
	// place is Hub, Region or Bundle.
	// +required
	Place CopyPlace `json:"place,omitempty"`

	// region is the region's name, or frontline.hub for the hub's own copies.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Region string `json:"region,omitempty"`

	// state is Pending, Done, Outstanding or DeletionUnsupported.
	// +required
	State CopyState `json:"state,omitempty"`

	// until is when an Outstanding copy ends of itself.
	// +optional
	Until metav1.Time `json:"until,omitempty,omitzero"`

	// receiptDigest is the digest of the region's signed receipt, which
	// status.erasure of its WatchlistReplica holds.
	// +optional
	ReceiptDigest Digest `json:"receiptDigest,omitempty"`

	// at is when the copy had followed.
	// +optional
	At metav1.Time `json:"at,omitempty,omitzero"`
}

// RecordRequest asks to erase or to block one record of a feed, or to lift a
// block. It is written on the hub, in the namespace of the feed, and names the
// record by a keyed hash. It is Done only when every copy in the inventory is
// covered; copies that are offline are listed with the time at which they end.
// Deleting a request undoes nothing: an erasure stands for ever, and a block
// until an Unblock.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=recordrequests,scope=Namespaced,shortName=recreq,categories=frontline
// +kubebuilder:printcolumn:name="Feed",type=string,JSONPath=`.spec.feedRef.name`,description="The feed whose record is meant"
// +kubebuilder:printcolumn:name="Action",type=string,JSONPath=`.spec.action`,description="What is asked for"
// +kubebuilder:printcolumn:name="Reference",type=string,JSONPath=`.spec.reference`,description="The authority's case number"
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`,description="How far the request has come"
// +kubebuilder:printcolumn:name="Copies",type=string,JSONPath=`.status.progress`,description="Copies that have followed, of all"
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,description="Why, and what to do"
// +kubebuilder:printcolumn:name="Floor",type=string,priority=1,JSONPath=`.status.floor`,description="The first release without the record"
// +kubebuilder:printcolumn:name="Age",type=date,priority=1,JSONPath=`.metadata.creationTimestamp`,description="How long the object has existed"
type RecordRequest struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is what an authority asks for.
	// +required
	Spec RecordRequestSpec `json:"spec,omitzero"`

	// status is how far the request has come.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status RecordRequestStatus `json:"status,omitempty,omitzero"`
}

// GetConditions returns the conditions of the request.
func (r *RecordRequest) GetConditions() []metav1.Condition { return r.Status.Conditions }

// SetConditions replaces the conditions of the request.
func (r *RecordRequest) SetConditions(conditions []metav1.Condition) {
	r.Status.Conditions = conditions
}

// RecordRequestList is a list of RecordRequests.
//
// +kubebuilder:object:root=true
type RecordRequestList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the objects of the list.
	Items []RecordRequest `json:"items"`
}

// Ready of a RecordRequest is True when every copy has followed. It uses the
// reason FeedNotFound of MatcherPool as well.
const (
	// ReasonFollowed surfaces with True when every copy has followed.
	ReasonFollowed = "Followed"

	// ConditionListed says whether the release that served when the request was
	// taken up lists the record. It is looked up once, and changes nothing.
	ConditionListed = "Listed"

	// ReasonFound surfaces with True when it does.
	ReasonFound = "Found"

	// ReasonNotInRelease surfaces with False when no record of the release has
	// the hash: perhaps the id was mistyped.
	ReasonNotInRelease = "NotInRelease"

	// ReasonCopiesOutstanding surfaces with False while copies that cannot be
	// reached are all that is left. The message says when the last one ends.
	ReasonCopiesOutstanding = "CopiesOutstanding"
)
