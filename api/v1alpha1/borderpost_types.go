// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PostType says what kind of place a post is.
//
// +kubebuilder:validation:Enum=Airport;Land;Sea;Rail;ReceptionCentre;Mobile
type PostType string

const (
	// PostAirport is a crossing point at an airport.
	PostAirport PostType = "Airport"

	// PostLand is a crossing point on a road.
	PostLand PostType = "Land"

	// PostSea is a crossing point in a port.
	PostSea PostType = "Sea"

	// PostRail is a crossing point on a railway.
	PostRail PostType = "Rail"

	// PostReceptionCentre is a place where people who arrived are registered.
	PostReceptionCentre PostType = "ReceptionCentre"

	// PostMobile is a patrol.
	PostMobile PostType = "Mobile"
)

// EndpointType says how a post is reached.
//
// +kubebuilder:validation:Enum=ClusterIP;NodePort
type EndpointType string

const (
	// EndpointClusterIP is reached from inside the region's cluster only.
	EndpointClusterIP EndpointType = "ClusterIP"

	// EndpointNodePort is reached on a port of every node.
	EndpointNodePort EndpointType = "NodePort"
)

// BorderPostSpec is a place that screens people.
type BorderPostSpec struct {
	// type says what kind of place the post is.
	// +required
	Type PostType `json:"type,omitempty"`

	// location says where the post is.
	// +required
	Location PostLocation `json:"location,omitempty,omitzero"`

	// pools lists the pools of the same namespace that the post searches. Each
	// answer merges what all of them found.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Pools []PostPool `json:"pools,omitempty"`

	// purposes lists what the post may search for. A request for another
	// purpose is refused.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Purposes []Purpose `json:"purposes,omitempty"`

	// endpoint says how the officers' systems reach the post.
	// +required
	Endpoint PostEndpoint `json:"endpoint,omitempty,omitzero"`

	// freshness tightens, for this post, how old the last signed order may
	// be. It can never loosen a limit of a feed's owner or of the region.
	// +optional
	Freshness *AgeLimits `json:"freshness,omitempty,omitzero"`
}

// PostLocation says where a post is.
//
// +kubebuilder:validation:XValidation:rule="!has(self.unlocode) || !self.unlocode.matches('^[A-Z]{2}[A-Z2-9]{3}$') || self.unlocode.startsWith(self.country)",message="unlocode must begin with the country; correct one of the two"
type PostLocation struct {
	// country is where the post stands, as an ISO 3166-1 alpha-2 code.
	// +required
	Country CountryCode `json:"country,omitempty"`

	// unlocode is the place's code in UN/LOCODE without the space, such as ALHAN.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z]{2}[A-Z2-9]{3}$')",message="unlocode is a UN/LOCODE without the space: two letters of the country and three letters or digits 2 to 9, such as ALHAN"
	UNLOCODE string `json:"unlocode,omitempty"`
}

// PostPool is a pool that a post searches.
type PostPool struct {
	// name is the name of a MatcherPool in the post's namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="name is the name of a MatcherPool in this namespace, such as general"
	Name string `json:"name,omitempty"`

	// feeds limits the search to some of the pool's feeds. Absent means all.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Feeds []FeedID `json:"feeds,omitempty"`
}

// PostEndpoint says how a post is reached.
//
// +kubebuilder:validation:XValidation:rule="self.type != 'NodePort' || has(self.hostname)",message="type NodePort needs a hostname, which goes into the post's certificate; give the name that devices use, such as hani.north.example"
// +kubebuilder:validation:XValidation:rule="self.type == 'NodePort' || !has(self.nodePort)",message="nodePort is for type NodePort only; remove nodePort or change type"
type PostEndpoint struct {
	// type is ClusterIP, reached from inside the cluster only, or NodePort,
	// reached on a port of every node.
	// +required
	Type EndpointType `json:"type,omitempty"`

	// hostname is the DNS name by which devices reach the post. It stands in
	// the post's certificate.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="hostname is a DNS name in lower case, such as hani.north.example"
	Hostname string `json:"hostname,omitempty"`

	// nodePort is the port on the nodes. Absent means that the cluster chooses one.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +kubebuilder:validation:XValidation:rule="self >= 30000 && self <= 32767",message="nodePort must be from 30000 to 32767, or absent so that the cluster chooses one"
	NodePort int32 `json:"nodePort,omitempty"`
}

// PostAnswers says what a post's answers carry as their mode.
//
// +kubebuilder:validation:Enum=Online;Marked;Offline;Unavailable
type PostAnswers string

const (
	// AnswersOnline is a post whose data is within every limit.
	AnswersOnline PostAnswers = "Online"

	// AnswersMarked is a post whose last signed order is older than a mark.
	AnswersMarked PostAnswers = "Marked"

	// AnswersOffline is a post in a region that is cut off from the hub and
	// still within its limits.
	AnswersOffline PostAnswers = "Offline"

	// AnswersUnavailable is a post that searches nothing at present.
	AnswersUnavailable PostAnswers = "Unavailable"
)

// BorderPostStatus is what is known of a post: in the region by the post's
// controller, on the hub from the region's reports.
//
// +kubebuilder:validation:MinProperties=1
type BorderPostStatus struct {
	// conditions are Ready, PoolsBound, EndpointReady, FeedsServed and, on the hub
	// while true, VersionSkew.
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

	// answers is Online, Marked, Offline or Unavailable.
	// +optional
	Answers PostAnswers `json:"answers,omitempty"`

	// endpoint is the host and port that devices use.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=264
	Endpoint string `json:"endpoint,omitempty"`

	// stopsAt is when the first feed stops being searched unless an order
	// arrives, in RFC 3339. It is set only while the region is cut off; a
	// single hyphen, or nothing, says that no end is in sight.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	StopsAt string `json:"stopsAt,omitempty"`

	// feedsServed is the number of feeds searched of those wanted, such as 1/1.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	FeedsServed string `json:"feedsServed,omitempty"`

	// summary says in one line what a person should know.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Summary string `json:"summary,omitempty"`
}

// BorderPost is a place that screens people. It is written on the hub in the
// namespace region-NAME; the region's agent applies it there, and the region's
// controller runs a front for it, which officers' systems ask and which asks
// the post's pools.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=borderposts,scope=Namespaced,shortName=post,categories=frontline
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`,description="What kind of place the post is"
// +kubebuilder:printcolumn:name="Endpoint",type=string,JSONPath=`.status.endpoint`,description="Host and port that devices use"
// +kubebuilder:printcolumn:name="Answers",type=string,JSONPath=`.status.answers`,description="What the post's answers carry as their mode"
// +kubebuilder:printcolumn:name="Stops At",type=string,JSONPath=`.status.stopsAt`,description="When searching stops unless an order arrives"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the post answers as its spec asks"
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.summary`,description="What a person should know"
// +kubebuilder:printcolumn:name="Feeds",type=string,priority=1,JSONPath=`.status.feedsServed`,description="Feeds searched of feeds wanted"
// +kubebuilder:printcolumn:name="Age",type=date,priority=1,JSONPath=`.metadata.creationTimestamp`,description="How long the object has existed"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 50",message="a post's name is a DNS label of at most 50 characters that begins with a letter, since its Service is named after it"
type BorderPost struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec describes the post.
	// +required
	Spec BorderPostSpec `json:"spec,omitzero"`

	// status is what is known of the post.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status BorderPostStatus `json:"status,omitempty,omitzero"`
}

// GetConditions returns the conditions of the post.
func (p *BorderPost) GetConditions() []metav1.Condition { return p.Status.Conditions }

// SetConditions replaces the conditions of the post.
func (p *BorderPost) SetConditions(conditions []metav1.Condition) { p.Status.Conditions = conditions }

// BorderPostList is a list of BorderPosts.
//
// +kubebuilder:object:root=true
type BorderPostList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the objects of the list.
	Items []BorderPost `json:"items"`
}

// PoolsBound follows the pools a post names.
const (
	// ConditionPoolsBound says whether every pool named exists and answers.
	ConditionPoolsBound = "PoolsBound"

	// ReasonBound surfaces when every one does.
	ReasonBound = "Bound"

	// ReasonPoolNotFound surfaces when no pool of the namespace has a name that
	// the post gives.
	ReasonPoolNotFound = "PoolNotFound"

	// ReasonPoolNotAvailable surfaces when too few pods of a pool answer.
	ReasonPoolNotAvailable = "PoolNotAvailable"

	// ReasonFeedNotInPool surfaces when the post limits a pool to a feed that
	// the pool does not name.
	ReasonFeedNotInPool = "FeedNotInPool"
)

// EndpointReady follows the post's front.
const (
	// ConditionEndpointReady says whether devices can reach the post.
	ConditionEndpointReady = "EndpointReady"

	// ReasonEndpointReady surfaces when its front answers.
	ReasonEndpointReady = "EndpointReady"

	// ReasonFrontNotReady surfaces when no pod of the front answers.
	ReasonFrontNotReady = "FrontNotReady"

	// ReasonNodePortTaken surfaces when another Service uses the port.
	ReasonNodePortTaken = "NodePortTaken"
)

// FeedsServed follows what the post searches.
const (
	// ConditionFeedsServed says whether every feed wanted is searched.
	ConditionFeedsServed = "FeedsServed"

	// ReasonAllServed surfaces when every one is.
	ReasonAllServed = "AllServed"

	// ReasonSomeUnavailable surfaces when some are not; answers name them.
	ReasonSomeUnavailable = "SomeUnavailable"

	// ReasonNoneServed surfaces when none is.
	ReasonNoneServed = "NoneServed"

	// ReasonPurposeNotAllowed surfaces when no feed may be searched for any
	// purpose of the post.
	ReasonPurposeNotAllowed = "PurposeNotAllowed"
)
