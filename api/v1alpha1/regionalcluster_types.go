// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// LinkType says where a region runs.
//
// +kubebuilder:validation:Enum=Remote;Local
type LinkType string

const (
	// LinkRemote is a region in a cluster of its own, which joins the hub by an invitation.
	LinkRemote LinkType = "Remote"

	// LinkLocal is a region in the hub's own cluster. A hub has at most one.
	LinkLocal LinkType = "Local"
)

// RegionProfile says what kind of cluster a region is.
//
// +kubebuilder:validation:Enum=Standard;Edge
type RegionProfile string

const (
	// ProfileStandard is a cluster of several machines.
	ProfileStandard RegionProfile = "Standard"

	// ProfileEdge is one small machine at a remote post.
	ProfileEdge RegionProfile = "Edge"
)

// RegionalClusterSpec is what the hub wants of one region.
type RegionalClusterSpec struct {
	// jurisdiction is the country whose law governs the region: an ISO 3166-1
	// alpha-2 code or a user-assigned one such as XK. A feed reaches the region
	// only if its owner shares it with this jurisdiction. It cannot be changed.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="jurisdiction cannot be changed; create a RegionalCluster with another name for another jurisdiction"
	Jurisdiction CountryCode `json:"jurisdiction,omitempty"`

	// attestation records what the owner of the region declared about it. It is
	// kept for people and audits and is not interpreted.
	// +optional
	Attestation RegionAttestation `json:"attestation,omitempty,omitzero"`

	// link says where the region runs: Remote in a cluster of its own, or Local
	// in the hub's cluster. It cannot be changed.
	// +optional
	// +kubebuilder:default=Remote
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="link cannot be changed; create a RegionalCluster with another name and join it"
	Link LinkType `json:"link,omitempty"`

	// profile says what kind of cluster the region is: Standard, or Edge for
	// one small machine.
	// +optional
	// +kubebuilder:default=Standard
	Profile RegionProfile `json:"profile,omitempty"`

	// heartbeat says how often the region reports and when silence counts as
	// Degraded and as Offline.
	// +optional
	// +kubebuilder:default={interval: "30s", degradedAfter: "90s", offlineAfter: "5m"}
	Heartbeat Heartbeat `json:"heartbeat,omitempty,omitzero"`

	// freshness tightens, for every feed held in this region, how old the last
	// signed order may be. It can never loosen a limit of a feed's owner.
	// +optional
	Freshness *AgeLimits `json:"freshness,omitempty,omitzero"`

	// approvers lists the people whose signed statements the region
	// recognises. Their keys travel in the region's signed order.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Approvers []Approver `json:"approvers,omitempty"`

	// transfer bounds what the region draws over its line to the hub.
	// +optional
	Transfer *RegionTransfer `json:"transfer,omitempty,omitzero"`
}

// RegionTransfer bounds what a region draws over its line.
type RegionTransfer struct {
	// bytesPerSecond is the most content, in bytes a second, that the region
	// pulls from the hub, such as 128Ki. Orders and what describes content are
	// exempt, so that an erasure or a block is never late because of it.
	// +required
	// +kubebuilder:validation:XValidation:rule="!isQuantity(string(self)) || !quantity(string(self)).isLessThan(quantity('1Ki'))",message="bytesPerSecond must be at least 1Ki, or no content would ever arrive; write a rate such as 128Ki"
	BytesPerSecond *resource.Quantity `json:"bytesPerSecond,omitempty"`
}

// RegionAttestation is a statement about a region.
type RegionAttestation struct {
	// statement is what was declared, in words, for instance the agreement
	// under which the region operates and who signed it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Statement string `json:"statement,omitempty"`
}

// Heartbeat bounds a region's silence.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!self.interval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || !self.degradedAfter.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self.degradedAfter) > duration(self.interval)",message="degradedAfter must be longer than interval, or every report would come too late; three intervals are customary"
// +kubebuilder:validation:XValidation:rule="!self.degradedAfter.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || !self.offlineAfter.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self.offlineAfter) > duration(self.degradedAfter)",message="offlineAfter must be longer than degradedAfter; a region is Degraded before it is Offline"
// +kubebuilder:validation:XValidation:rule="!self.interval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self.interval) >= duration('1s')",message="interval must be at least 1s; shorter ones load the hub without telling it more"
type Heartbeat struct {
	// interval is the longest time between two reports of the region. A report
	// is also sent whenever something changed.
	// +optional
	// +kubebuilder:default="30s"
	Interval Duration `json:"interval,omitempty"`

	// degradedAfter is the silence after which the region counts as Degraded.
	// +optional
	// +kubebuilder:default="90s"
	DegradedAfter Duration `json:"degradedAfter,omitempty"`

	// offlineAfter is the silence after which the region counts as Offline. It
	// goes on serving what it holds.
	// +optional
	// +kubebuilder:default="5m"
	OfflineAfter Duration `json:"offlineAfter,omitempty"`
}

// LinkState says how a region's line to the hub fares.
//
// +kubebuilder:validation:Enum=NotJoined;Connected;Degraded;Offline
type LinkState string

const (
	// LinkNotJoined is a region that no cluster has joined as yet.
	LinkNotJoined LinkState = "NotJoined"

	// LinkConnected is a region whose reports arrive in time.
	LinkConnected LinkState = "Connected"

	// LinkDegraded is a region silent for longer than heartbeat.degradedAfter.
	LinkDegraded LinkState = "Degraded"

	// LinkOffline is a region silent for longer than heartbeat.offlineAfter.
	LinkOffline LinkState = "Offline"
)

// WithdrawalState says how far a withdrawal has come.
//
// +kubebuilder:validation:Enum=Held;Ordered
type WithdrawalState string

const (
	// WithdrawalHeld waits: for deletions to settle, or for a person's approval.
	WithdrawalHeld WithdrawalState = "Held"

	// WithdrawalOrdered stands as a tombstone in the region's order.
	WithdrawalOrdered WithdrawalState = "Ordered"
)

// RegionalClusterStatus is what the hub knows of one region.
//
// +kubebuilder:validation:MinProperties=1
type RegionalClusterStatus struct {
	// conditions are Ready, Joined, Connected, OrderPublished, OrderObserved,
	// TermsAccepted, NamespaceReady and, while true, WithdrawalsHeld,
	// TrustRootPending, VersionSkew and RegionRestored.
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

	// namespace is the hub's namespace that holds the region's pools and posts.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// identity is the key by which the hub recognises the region.
	// +optional
	Identity *RegionIdentity `json:"identity,omitempty,omitzero"`

	// link is how the line to the region fares.
	// +optional
	Link *RegionLink `json:"link,omitempty,omitzero"`

	// order is the newest order of the region that the hub reserved and published.
	// +optional
	Order *RegionOrder `json:"order,omitempty,omitzero"`

	// observed is the newest order that the region reported as verified and acted upon.
	// +optional
	Observed *ObservedOrder `json:"observed,omitempty,omitzero"`

	// versions is what runs in the region, by its newest report.
	// +optional
	Versions *RegionVersions `json:"versions,omitempty,omitzero"`

	// copies counts the copies of feeds that the region holds of those its order wants.
	// +optional
	Copies *RegionCopies `json:"copies,omitempty,omitzero"`

	// terms are the region's own, as it reported them last. They are written
	// in the region and the hub cannot change them.
	// +optional
	Terms *RegionTermsSeen `json:"terms,omitempty,omitzero"`

	// refusals lists what the order asks for and the region does not do, as it
	// reported it last.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	Refusals []RegionRefusal `json:"refusals,omitempty"`

	// owed names what the region still owes: feeds it does not hold at the
	// release its order wants, or has still to erase. A single hyphen says
	// that it owes nothing.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Owed string `json:"owed,omitempty"`

	// withdrawals lists objects that were deleted on the hub and are, or will
	// be, withdrawn from the region.
	// +optional
	// +listType=map
	// +listMapKey=uid
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=1024
	Withdrawals []Withdrawal `json:"withdrawals,omitempty"`
}

// RegionIdentity is the pinned key of a region.
type RegionIdentity struct {
	// keyDigest is the SHA-256 digest of publicKey's DER form. The gateway
	// accepts no other client certificate for this region.
	// +required
	KeyDigest Digest `json:"keyDigest,omitempty"`

	// publicKey is the region's Ed25519 public key: base64 of its PKIX form.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	PublicKey string `json:"publicKey,omitempty"`

	// joinedTime is when the region joined with this key.
	// +required
	JoinedTime metav1.Time `json:"joinedTime,omitempty,omitzero"`

	// incarnation counts the region's joins, from 1. Reports of an older
	// incarnation are refused.
	// +required
	// +kubebuilder:validation:Minimum=1
	Incarnation int64 `json:"incarnation,omitempty"`
}

// RegionLink is the state of a region's line and since when.
type RegionLink struct {
	// state is NotJoined, Connected, Degraded or Offline.
	// +required
	State LinkState `json:"state,omitempty"`

	// since is when the state began. For Degraded and Offline it is the time
	// of first loss: the last report before the silence.
	// +required
	Since metav1.Time `json:"since,omitempty,omitzero"`
}

// RegionOrder is the hub's side of a region's order.
//
// +kubebuilder:validation:MinProperties=1
type RegionOrder struct {
	// term is the term of the hub that signed the order. It stands in
	// root-signed metadata; the hub cannot raise it.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Term int64 `json:"term,omitempty"`

	// sequence is the highest sequence reserved for the region. It never falls.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Sequence int64 `json:"sequence,omitempty"`

	// digest is the digest of the order's body under that sequence. The same
	// sequence is never signed with another digest.
	// +optional
	Digest Digest `json:"digest,omitempty"`

	// publishedSequence is the highest sequence whose order stands in the
	// registry, signed. It trails sequence while publication is under way.
	// +optional
	// +kubebuilder:validation:Minimum=1
	PublishedSequence int64 `json:"publishedSequence,omitempty"`
}

// ObservedOrder is the region's side of its order, from its reports.
//
// +kubebuilder:validation:MinProperties=1
type ObservedOrder struct {
	// sequence is the sequence of the order the region acted upon last.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Sequence int64 `json:"sequence,omitempty"`

	// digest is the digest of that order's body.
	// +optional
	Digest Digest `json:"digest,omitempty"`

	// incarnation is the incarnation the report was made under.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Incarnation int64 `json:"incarnation,omitempty"`
}

// RegionCopies counts a region's copies.
type RegionCopies struct {
	// held is the number of feeds held at the release the order wants.
	// +required
	// +kubebuilder:validation:Minimum=0
	Held *int32 `json:"held,omitempty"`

	// wanted is the number of feeds the order wants the region to serve.
	// +required
	// +kubebuilder:validation:Minimum=0
	Wanted *int32 `json:"wanted,omitempty"`

	// summary is held and wanted for display, such as 3/3.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	Summary string `json:"summary,omitempty"`
}

// WithdrawalKind is a kind of object that can be withdrawn from a region.
//
// +kubebuilder:validation:Enum=MatcherPool;BorderPost;WatchlistFeed
type WithdrawalKind string

const (
	// WithdrawalMatcherPool withdraws a pool.
	WithdrawalMatcherPool WithdrawalKind = "MatcherPool"

	// WithdrawalBorderPost withdraws a post.
	WithdrawalBorderPost WithdrawalKind = "BorderPost"

	// WithdrawalWatchlistFeed erases a region's copy of a feed.
	WithdrawalWatchlistFeed WithdrawalKind = "WatchlistFeed"
)

// Withdrawal is one object deleted on the hub.
type Withdrawal struct {
	// kind is the kind of the deleted object: MatcherPool, BorderPost or WatchlistFeed.
	// +required
	Kind WithdrawalKind `json:"kind,omitempty"`

	// name is the name of the deleted pool or post, or the id of the deleted feed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// uid is the UID the object had on the hub. The tombstone names it, so that
	// an object created later under the same name is not withdrawn.
	// +required
	UID types.UID `json:"uid,omitempty"`

	// state is Held while the withdrawal waits, or Ordered once it stands in the order.
	// +required
	State WithdrawalState `json:"state,omitempty"`

	// since is when the deletion was witnessed.
	// +required
	Since metav1.Time `json:"since,omitempty,omitzero"`
}

// RegionalCluster stands for one jurisdiction and the cluster that screens
// there. It lives on the hub and has no namespace. For each one the hub makes
// the namespace region-NAME, which holds the region's pools and posts, and
// signs the region's order. A cluster becomes the region by joining with an
// invitation.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=regionalclusters,scope=Cluster,shortName=rgn,categories=frontline
// +kubebuilder:printcolumn:name="Jurisdiction",type=string,JSONPath=`.spec.jurisdiction`,description="The country whose law governs the region"
// +kubebuilder:printcolumn:name="Profile",type=string,JSONPath=`.spec.profile`,description="What kind of cluster the region is"
// +kubebuilder:printcolumn:name="Link",type=string,JSONPath=`.status.link.state`,description="How the line to the region fares"
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.link.since`,description="How long the line has fared so"
// +kubebuilder:printcolumn:name="Copies",type=string,JSONPath=`.status.copies.summary`,description="Copies held of copies wanted"
// +kubebuilder:printcolumn:name="Owed",type=string,JSONPath=`.status.owed`,description="What the region still owes"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the region does what its order says"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="How long the object has existed"
// +kubebuilder:printcolumn:name="Version",type=string,priority=1,JSONPath=`.status.versions.agent`,description="The version of the region's agent"
// +kubebuilder:printcolumn:name="Status",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,description="Why, and what to do"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 56",message="a region's name is a DNS label of at most 56 characters that begins with a letter, since its namespace is region-NAME"
type RegionalCluster struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is what the hub wants of the region.
	// +required
	Spec RegionalClusterSpec `json:"spec,omitzero"`

	// status is what the hub knows of the region.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status RegionalClusterStatus `json:"status,omitempty,omitzero"`
}

// GetConditions returns the conditions of the region.
func (r *RegionalCluster) GetConditions() []metav1.Condition { return r.Status.Conditions }

// SetConditions replaces the conditions of the region.
func (r *RegionalCluster) SetConditions(conditions []metav1.Condition) {
	r.Status.Conditions = conditions
}

// RegionalClusterList is a list of RegionalClusters.
//
// +kubebuilder:object:root=true
type RegionalClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the objects of the list.
	Items []RegionalCluster `json:"items"`
}

// Ready of a RegionalCluster is True when its namespace stands, it joined, its
// line is Connected and it acts on the newest order.
const (
	// ConditionJoined says whether a cluster has joined as this region.
	ConditionJoined = "Joined"

	// ReasonJoined surfaces when the region's key is pinned.
	ReasonJoined = "Joined"

	// ReasonWaitingForRegion surfaces until a cluster joins with an invitation.
	ReasonWaitingForRegion = "WaitingForRegion"
)

// Connected follows the region's reports, with hysteresis: it turns False only
// after heartbeat.degradedAfter and True again with the next report.
const (
	// ConditionConnected says whether the region's reports arrive in time.
	ConditionConnected = "Connected"

	// ReasonConnected surfaces while reports arrive in time.
	ReasonConnected = "Connected"

	// ReasonDegraded surfaces after a silence of heartbeat.degradedAfter.
	ReasonDegraded = "Degraded"

	// ReasonOffline surfaces after a silence of heartbeat.offlineAfter.
	ReasonOffline = "Offline"

	// ReasonNotJoined surfaces while no cluster has joined.
	ReasonNotJoined = "NotJoined"
)

// OrderPublished and OrderObserved follow the region's order to the registry
// and to the region.
const (
	// ConditionOrderPublished says whether the newest order stands, signed, in
	// the registry.
	ConditionOrderPublished = "OrderPublished"

	// ReasonPublished surfaces when it does.
	ReasonPublished = "Published"

	// ReasonPublishFailed surfaces when the registry or the signing key could
	// not be used; it is tried again.
	ReasonPublishFailed = "PublishFailed"

	// ConditionOrderObserved says whether the region acts on the newest order.
	ConditionOrderObserved = "OrderObserved"

	// ReasonObserved surfaces when the region reported the newest order.
	ReasonObserved = "Observed"

	// ReasonBehind surfaces while the region acts on an older order.
	ReasonBehind = "Behind"

	// ReasonEquivocation surfaces when the region reports the hub's sequence
	// with another digest: two hubs sign, or one was restored.
	ReasonEquivocation = "Equivocation"

	// ReasonOrderRefused surfaces when the region refused the newest order.
	ReasonOrderRefused = "OrderRefused"
)

// WithdrawalsHeld is present only while True.
const (
	// ConditionWithdrawalsHeld says that deletions wait for a person.
	ConditionWithdrawalsHeld = "WithdrawalsHeld"

	// ReasonTooManyAtOnce surfaces when two or more objects, and more than a
	// fifth of what the order lists, were deleted together. The message says
	// which annotation approves them.
	ReasonTooManyAtOnce = "TooManyAtOnce"
)

// TrustRootPending is present only while True.
const (
	// ConditionTrustRootPending says that a change of the region's trust root
	// waits for its holders' signatures.
	ConditionTrustRootPending = "TrustRootPending"

	// ReasonWaitingForHolders surfaces until enough holders of the offline root
	// signed. The message says with which command; what serves keeps serving,
	// and a region that has no root as yet gets no order.
	ReasonWaitingForHolders = "WaitingForHolders"

	// ReasonTrustRootExpiring surfaces when the root ends within 60 days, and
	// after its end, when the region takes nothing new.
	ReasonTrustRootExpiring = "TrustRootExpiring"

	// ReasonTrustKeysLost surfaces when the root names keys that the hub does
	// not have, because it was restored from a backup.
	ReasonTrustKeysLost = "TrustKeysLost"
)

// NamespaceReady follows the namespace region-NAME on the hub.
const (
	// ConditionNamespaceReady says whether the region's namespace can be used.
	ConditionNamespaceReady = "NamespaceReady"

	// ReasonNamespaceCreated surfaces when the hub made the namespace.
	ReasonNamespaceCreated = "NamespaceCreated"

	// ReasonNamespaceAdopted surfaces when a labelled namespace stood before.
	ReasonNamespaceAdopted = "NamespaceAdopted"

	// ReasonNamespaceNotLabelled surfaces when the namespace stands but does
	// not carry the region's label, so it is left alone.
	ReasonNamespaceNotLabelled = "NamespaceNotLabelled"
)
