// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// WatchlistReleaseSpec describes one immutable content of a feed.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a release cannot be changed; change the feed, which publishes another release"
type WatchlistReleaseSpec struct {
	// feed is the feed the release belongs to.
	// +required
	Feed ReleaseFeed `json:"feed,omitempty,omitzero"`

	// number is the release's number: the highest ever given to the feed, plus one.
	// +required
	// +kubebuilder:validation:Minimum=1
	Number int64 `json:"number,omitempty"`

	// format is the form of the publisher's file the release was made from.
	// +required
	Format Format `json:"format,omitempty"`

	// sourceDigest is the digest of the publisher's file.
	// +required
	SourceDigest Digest `json:"sourceDigest,omitempty"`

	// sourceLastModified is the Last-Modified header of the publisher's file.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	SourceLastModified string `json:"sourceLastModified,omitempty"`

	// listDate is the day, as YYYY-MM-DD, that the publisher put on the list.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	ListDate string `json:"listDate,omitempty"`

	// records counts what the release holds.
	// +required
	Records ReleaseRecords `json:"records,omitempty,omitzero"`

	// contentDigest is the digest of the uncompressed snapshot. The same rows
	// give the same digest.
	// +required
	ContentDigest Digest `json:"contentDigest,omitempty"`

	// artifact is the OCI artifact that carries the snapshot.
	// +required
	Artifact ReleaseArtifact `json:"artifact,omitempty,omitzero"`

	// changes counts what differs from an earlier release. The first release
	// of a feed has none.
	// +optional
	Changes *ReleaseChanges `json:"changes,omitempty,omitzero"`

	// verification says how the publisher's file proved where it comes from.
	// +optional
	Verification *ReleaseVerification `json:"verification,omitempty,omitzero"`

	// approvals lists the statements that let a held release through. A
	// release that passed its feed's gates has none.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Approvals []ReleaseApproval `json:"approvals,omitempty"`
}

// ReleaseVerification says how a file proved where it comes from.
//
// +kubebuilder:validation:XValidation:rule="(self.mode == 'Keys') == has(self.signers)",message="a file verified by keys has signers, and an unsigned one has none"
type ReleaseVerification struct {
	// mode is Keys or Unsigned, as the feed's verification said.
	// +required
	Mode VerificationMode `json:"mode,omitempty"`

	// signers lists the keys of the feed that signed the file.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Signers []ReleaseSigner `json:"signers,omitempty"`
}

// ReleaseSigner is a key that signed a publisher's file.
type ReleaseSigner struct {
	// type is Cosign or Minisign.
	// +required
	Type KeyType `json:"type,omitempty"`

	// keyDigest is the digest of the public key: of its PKIX form in DER, or of
	// minisign's key in binary form.
	// +required
	KeyDigest Digest `json:"keyDigest,omitempty"`
}

// ReleaseApproval is a statement that let a held release through.
type ReleaseApproval struct {
	// name is the approver, as the feed listed them then.
	// +required
	Name ApproverName `json:"name,omitempty"`

	// keyDigest is the digest of the approver's public key in PKIX form.
	// +required
	KeyDigest Digest `json:"keyDigest,omitempty"`

	// envelopeDigest is the digest of the signed statement, which its Approval
	// carries.
	// +required
	EnvelopeDigest Digest `json:"envelopeDigest,omitempty"`
}

// ReleaseFeed is the feed a release belongs to.
type ReleaseFeed struct {
	// name is the name of the WatchlistFeed in the release's namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	Name string `json:"name,omitempty"`

	// uid is the UID of the WatchlistFeed.
	// +required
	UID types.UID `json:"uid,omitempty"`

	// id is the feed's id, NAMESPACE.NAME.
	// +required
	ID FeedID `json:"id,omitempty"`
}

// ReleaseRecords counts the records of a release by type.
type ReleaseRecords struct {
	// persons is the number of records of people.
	// +required
	// +kubebuilder:validation:Minimum=0
	Persons *int64 `json:"persons,omitempty"`

	// entities is the number of records of organisations.
	// +required
	// +kubebuilder:validation:Minimum=0
	Entities *int64 `json:"entities,omitempty"`

	// objects is the number of records of things, such as vessels and documents.
	// +required
	// +kubebuilder:validation:Minimum=0
	Objects *int64 `json:"objects,omitempty"`
}

// Total returns the number of records of all types.
func (r ReleaseRecords) Total() int64 {
	var total int64
	for _, n := range []*int64{r.Persons, r.Entities, r.Objects} {
		if n != nil {
			total += *n
		}
	}
	return total
}

// ReleaseArtifact is the OCI artifact that carries a snapshot.
type ReleaseArtifact struct {
	// digest is the digest of the artifact's manifest.
	// +required
	Digest Digest `json:"digest,omitempty"`

	// size is the size in bytes of what a region transfers.
	// +required
	// +kubebuilder:validation:Minimum=1
	Size int64 `json:"size,omitempty"`
}

// ReleaseChanges counts what differs from an earlier release.
type ReleaseChanges struct {
	// base is the earlier release, such as v11.
	// +required
	Base ReleaseVersion `json:"base,omitempty"`

	// added is the number of records that base lacks.
	// +required
	// +kubebuilder:validation:Minimum=0
	Added *int64 `json:"added,omitempty"`

	// removed is the number of records that only base has.
	// +required
	// +kubebuilder:validation:Minimum=0
	Removed *int64 `json:"removed,omitempty"`

	// modified is the number of records that both have, with different content.
	// +required
	// +kubebuilder:validation:Minimum=0
	Modified *int64 `json:"modified,omitempty"`
}

// ReleaseVerdict says what regions make of a release.
//
// +kubebuilder:validation:Enum=Pending;Pass;Fail;Superseded
type ReleaseVerdict string

const (
	// VerdictPending is a release that some wanted region does not serve as yet.
	VerdictPending ReleaseVerdict = "Pending"

	// VerdictPass is a release that every wanted region served at least once.
	VerdictPass ReleaseVerdict = "Pass"

	// VerdictFail is a release that a region refused or could not load.
	VerdictFail ReleaseVerdict = "Fail"

	// VerdictSuperseded is a release that the feed does not stand at: a newer
	// one replaced it, or spec.pin names another.
	VerdictSuperseded ReleaseVerdict = "Superseded"
)

// WatchlistReleaseStatus is what the hub knows of a release.
//
// +kubebuilder:validation:MinProperties=1
type WatchlistReleaseStatus struct {
	// conditions are Ready and Available.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that this status describes.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// verdict is what regions make of the release: Pending, Pass, Fail or Superseded.
	// +optional
	Verdict ReleaseVerdict `json:"verdict,omitempty"`

	// served is the number of regions that serve the release, and of those
	// ordered to, such as 2/2. A superseded release that one region has not
	// let go of yet is at 1/0.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	Served string `json:"served,omitempty"`

	// owed names the regions that are ordered to serve the release and do not.
	// A single hyphen says that there are none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Owed string `json:"owed,omitempty"`

	// waitingFor says what the release waits for, such as "south: Offline". A
	// single hyphen says nothing.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	WaitingFor string `json:"waitingFor,omitempty"`
}

// WatchlistRelease is one immutable, numbered content of a feed. The hub makes
// it, in the feed's namespace, from each changed file that passes the feed's
// gates. It describes the content and never holds any of it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=watchlistreleases,scope=Namespaced,shortName=rel,categories=frontline
// +kubebuilder:printcolumn:name="Verdict",type=string,JSONPath=`.status.verdict`,description="What regions make of the release"
// +kubebuilder:printcolumn:name="Served",type=string,JSONPath=`.status.served`,description="Regions that serve the release of those ordered to"
// +kubebuilder:printcolumn:name="Owed",type=string,JSONPath=`.status.owed`,description="Regions that are ordered to serve the release and do not"
// +kubebuilder:printcolumn:name="Waiting For",type=string,JSONPath=`.status.waitingFor`,description="What the release waits for"
// +kubebuilder:printcolumn:name="List Date",type=string,priority=1,JSONPath=`.spec.listDate`,description="The day the publisher put on the list"
// +kubebuilder:printcolumn:name="Digest",type=string,priority=1,JSONPath=`.spec.contentDigest`,description="Digest of the snapshot"
// +kubebuilder:printcolumn:name="Age",type=date,priority=1,JSONPath=`.metadata.creationTimestamp`,description="How long the object has existed"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.startsWith(self.spec.feed.name + '-') && self.metadata.name.matches('-[1-9][0-9]{0,17}$') && int(self.metadata.name.substring(size(self.spec.feed.name) + 1)) == self.spec.number",message="a release is named after its feed and its number, such as un-sc-12"
type WatchlistRelease struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec describes the content.
	// +required
	Spec WatchlistReleaseSpec `json:"spec,omitzero"`

	// status is what the hub knows of the release.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status WatchlistReleaseStatus `json:"status,omitempty,omitzero"`
}

// GetConditions returns the conditions of the release.
func (r *WatchlistRelease) GetConditions() []metav1.Condition { return r.Status.Conditions }

// SetConditions replaces the conditions of the release.
func (r *WatchlistRelease) SetConditions(conditions []metav1.Condition) {
	r.Status.Conditions = conditions
}

// WatchlistReleaseList is a list of WatchlistReleases.
//
// +kubebuilder:object:root=true
type WatchlistReleaseList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the objects of the list.
	Items []WatchlistRelease `json:"items"`
}

// Available of a WatchlistRelease is what `kubectl wait` waits for. Ready
// follows it, except that a superseded release is Ready: nothing is expected of it.
const (
	// ConditionAvailable says, of a release, whether every wanted region serves
	// it; of a pool, whether at least bounds.min pods answer.
	ConditionAvailable = "Available"

	// ReasonServedEverywhere surfaces when every wanted region serves the release.
	ReasonServedEverywhere = "ServedEverywhere"

	// ReasonWaitingForRegions surfaces while some wanted region does not.
	ReasonWaitingForRegions = "WaitingForRegions"

	// ReasonNotWanted surfaces when no region is ordered to serve the release.
	ReasonNotWanted = "NotWanted"

	// ReasonSuperseded surfaces when the feed stands at another release.
	ReasonSuperseded = "Superseded"

	// ReasonRefused surfaces when a region refused the release or could not load it.
	ReasonRefused = "Refused"
)
