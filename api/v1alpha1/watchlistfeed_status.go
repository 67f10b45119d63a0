// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WatchlistFeedStatus is what the hub knows of a feed.
//
// +kubebuilder:validation:MinProperties=1
type WatchlistFeedStatus struct {
	// conditions are Ready, Fetched, Verified, Built, Published,
	// LegalBasisValid and, while true, ReleaseHeld and Suspended.
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

	// id is the feed's id, NAMESPACE.NAME.
	// +optional
	ID FeedID `json:"id,omitempty"`

	// release is the release that regions are ordered to serve.
	// +optional
	Release *FeedRelease `json:"release,omitempty,omitzero"`

	// highestNumber is the highest number ever given to a release of this
	// feed. Numbers are never given twice.
	// +optional
	// +kubebuilder:validation:Minimum=1
	HighestNumber int64 `json:"highestNumber,omitempty"`

	// floor is the oldest release that any region may hold. An erasure raises
	// it to the first release without the erased record; it never falls.
	// +optional
	Floor ReleaseVersion `json:"floor,omitempty"`

	// held is a release that waits for approvals. The one before keeps serving.
	// +optional
	Held *HeldRelease `json:"held,omitempty,omitzero"`

	// source describes the publisher's file that was read last.
	// +optional
	Source *FeedSourceStatus `json:"source,omitempty,omitzero"`

	// basisUntil is the day on which the legal basis ends, for display.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	BasisUntil string `json:"basisUntil,omitempty"`

	// regions is regionsServed and regionsWanted for display, such as 2/2.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	Regions string `json:"regions,omitempty"`

	// regionsServed is the number of regions that serve the release.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RegionsServed *int32 `json:"regionsServed,omitempty"`

	// regionsWanted is the number of regions that are ordered to serve it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RegionsWanted *int32 `json:"regionsWanted,omitempty"`
}

// FeedRelease is the release a feed stands at.
type FeedRelease struct {
	// version is the release's number with a leading v, such as v12.
	// +required
	Version ReleaseVersion `json:"version,omitempty"`

	// number is the release's number, from 1.
	// +required
	// +kubebuilder:validation:Minimum=1
	Number int64 `json:"number,omitempty"`

	// name is the name of the WatchlistRelease.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// digest is the digest of the release's snapshot.
	// +required
	Digest Digest `json:"digest,omitempty"`

	// artifact is the digest of the OCI manifest that carries the snapshot.
	// +optional
	Artifact Digest `json:"artifact,omitempty"`

	// records is the number of records in the release.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Records *int64 `json:"records,omitempty"`

	// listDate is the day, as YYYY-MM-DD, that the publisher put on the list.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	ListDate string `json:"listDate,omitempty"`
}

// HeldRelease is a release that waits for approvals. Its content lies on the
// hub alone, where it outlives a restart.
type HeldRelease struct {
	// digest is the digest of its snapshot, which approvals are about. Another
	// file from the publisher has another digest and needs approvals of its own.
	// +required
	Digest Digest `json:"digest,omitempty"`

	// sourceDigest is the digest of the publisher's file it was made from.
	// +required
	SourceDigest Digest `json:"sourceDigest,omitempty"`

	// verification says how that file proved where it comes from.
	// +optional
	Verification *ReleaseVerification `json:"verification,omitempty,omitzero"`

	// hubUID is the id of the installation, which approvals name beside the feed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	HubUID string `json:"hubUID,omitempty"`

	// base is the release it was compared with, such as v11.
	// +required
	Base ReleaseVersion `json:"base,omitempty"`

	// records is the number of records it holds.
	// +required
	// +kubebuilder:validation:Minimum=0
	Records *int64 `json:"records,omitempty"`

	// added is the number of records that base lacks.
	// +required
	// +kubebuilder:validation:Minimum=0
	Added *int64 `json:"added,omitempty"`

	// removed is the number of records that only base has.
	// +required
	// +kubebuilder:validation:Minimum=0
	Removed *int64 `json:"removed,omitempty"`

	// addedPercent is added as a share of base's records, rounded up.
	// +required
	// +kubebuilder:validation:Minimum=0
	AddedPercent *int64 `json:"addedPercent,omitempty"`

	// removedPercent is removed as a share of base's records, rounded up.
	// +required
	// +kubebuilder:validation:Minimum=0
	RemovedPercent *int64 `json:"removedPercent,omitempty"`

	// since is when it was first held.
	// +required
	Since metav1.Time `json:"since,omitempty,omitzero"`

	// approvals names the approvers whose valid statements about digest are
	// there.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Approvals []ApproverName `json:"approvals,omitempty"`

	// message says why it is held and what is still needed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// FeedSourceStatus describes the publisher's file that was read last.
//
// +kubebuilder:validation:MinProperties=1
type FeedSourceStatus struct {
	// digest is the digest of the file.
	// +optional
	Digest Digest `json:"digest,omitempty"`

	// etag is the file's entity tag, sent back with the next request.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	ETag string `json:"etag,omitempty"`

	// lastModified is the Last-Modified header of the file, sent back with the
	// next request.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	LastModified string `json:"lastModified,omitempty"`

	// url is the address the file was read from; validators of another address are not sent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	URL string `json:"url,omitempty"`
}

// Ready of a WatchlistFeed is True when its release serves in every region it
// is ordered to, even if a newer file could not be read; Fetched, Built and
// Published then say what went wrong with the newer one.
const (
	// ReasonServing surfaces with Ready=True when every wanted region serves.
	ReasonServing = "Serving"

	// ReasonRollingOut surfaces with Ready=False while regions still fetch.
	ReasonRollingOut = "RollingOut"

	// ReasonNoRegion surfaces with Ready=True when a release stands and no
	// region is ordered to serve it.
	ReasonNoRegion = "NoRegion"

	// ReasonNoRelease surfaces with Ready=False until a first release stands.
	ReasonNoRelease = "NoRelease"
)

// Fetched follows the publisher's file.
const (
	// ConditionFetched says whether the last look at the source succeeded.
	ConditionFetched = "Fetched"

	// ReasonFetched surfaces when the file was read, or had not changed.
	ReasonFetched = "Fetched"

	// ReasonFetchFailed surfaces when the publisher did not answer, or
	// answered with an error; it is tried again.
	ReasonFetchFailed = "FetchFailed"

	// ReasonTooLarge surfaces when the file is larger than maxSize.
	ReasonTooLarge = "TooLarge"

	// ReasonSecretNotFound surfaces when a Secret that source or verification
	// names is missing or lacks a key.
	ReasonSecretNotFound = "SecretNotFound"

	// ReasonAddressRefused surfaces when the publisher's name leads to an
	// address that the feed, or the hub, does not allow.
	ReasonAddressRefused = "AddressRefused"
)

// Verified follows the proof of where the file read last comes from.
const (
	// ConditionVerified says whether the file is the publisher's.
	ConditionVerified = "Verified"

	// ReasonUnsigned surfaces with True where spec.verification accepts that
	// the publisher signs nothing.
	ReasonUnsigned = "Unsigned"

	// ReasonSigned surfaces with True when a key that the feed lists signed the file.
	ReasonSigned = "Signed"

	// ReasonSignatureMissing surfaces with False when no signature was found.
	// The last good release keeps serving.
	ReasonSignatureMissing = "SignatureMissing"

	// ReasonSignatureInvalid surfaces with False when none of the keys that
	// the feed lists signed this very file. The last good release keeps serving.
	ReasonSignatureInvalid = "SignatureInvalid"

	// ReasonKeyUnusable surfaces with False when a key of spec.verification
	// cannot be read as one of its type.
	ReasonKeyUnusable = "KeyUnusable"
)

// Built follows the making of a release from the file.
const (
	// ConditionBuilt says whether the file read last became, or is, a release.
	ConditionBuilt = "Built"

	// ReasonBuilt surfaces when it did.
	ReasonBuilt = "Built"

	// ReasonParseFailed surfaces when the file is not in the feed's format.
	// The last good release keeps serving.
	ReasonParseFailed = "ParseFailed"

	// ReasonGateFailed surfaces when the file does not meet spec.gates. The
	// last good release keeps serving.
	ReasonGateFailed = "GateFailed"

	// ReasonPinNotFound surfaces when spec.pin names a release that is not kept.
	ReasonPinNotFound = "PinNotFound"
)

// Published uses the reasons Published and PublishFailed of RegionalCluster.
const (
	// ConditionPublished says whether the release stands in the registry.
	ConditionPublished = "Published"
)

// LegalBasisValid follows the clock.
const (
	// ConditionLegalBasisValid says whether the list may be held and searched.
	ConditionLegalBasisValid = "LegalBasisValid"

	// ReasonValid surfaces with True before reviewBy.
	ReasonValid = "Valid"

	// ReasonReviewDue surfaces with True after reviewBy and before validUntil.
	ReasonReviewDue = "ReviewDue"

	// ReasonExpired surfaces with False from validUntil on.
	ReasonExpired = "Expired"
)

// ReleaseHeld is present only while True.
const (
	// ConditionReleaseHeld says that a release waits for approvals.
	ConditionReleaseHeld = "ReleaseHeld"

	// ReasonStorm surfaces when the share of records added or removed is over
	// the limit of spec.gates. The message says which digest to approve.
	ReasonStorm = "Storm"
)
