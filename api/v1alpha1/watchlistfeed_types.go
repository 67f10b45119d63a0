// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Format is the form of a publisher's file. Manifests, programs and code spell
// it the same.
//
// +kubebuilder:validation:Enum=un-xml;ofac-xml;ofac-csv;eu-xml;ftm-json;opensanctions-csv;frontline-jsonl
type Format string

const (
	// FormatUNXML is the consolidated list of the United Nations Security Council, as XML.
	FormatUNXML Format = "un-xml"

	// FormatOFACXML is the list of the Office of Foreign Assets Control, as sdn.xml.
	FormatOFACXML Format = "ofac-xml"

	// FormatOFACCSV is the list of the Office of Foreign Assets Control: sdn.csv, alt.csv and add.csv.
	FormatOFACCSV Format = "ofac-csv"

	// FormatEUXML is the consolidated list of the financial sanctions of the European Union, as XML.
	FormatEUXML Format = "eu-xml"

	// FormatFtMJSON holds entities of the model FollowTheMoney, one a line, as JSON.
	FormatFtMJSON Format = "ftm-json"

	// FormatOpenSanctionsCSV is the simplified table that OpenSanctions calls targets.simple.csv.
	FormatOpenSanctionsCSV Format = "opensanctions-csv"

	// FormatFrontlineJSONL is the canonical form: one record a line, as JSON.
	FormatFrontlineJSONL Format = "frontline-jsonl"
)

// Grade says how much a match on a feed weighs.
//
// +kubebuilder:validation:Enum=Authoritative;Shared;OSINT
type Grade string

const (
	// GradeAuthoritative is a list by an authority; matches are candidates.
	GradeAuthoritative Grade = "Authoritative"

	// GradeShared is a list that another authority shares; matches are candidates.
	GradeShared Grade = "Shared"

	// GradeOSINT is made from open sources; matches are leads, never candidates.
	GradeOSINT Grade = "OSINT"
)

// Nature says why the people or documents of a feed are on it.
//
// +kubebuilder:validation:Enum=Wanted;Missing;AtRisk;PriorEncounter;Document
type Nature string

const (
	// NatureWanted is a person an authority looks for.
	NatureWanted Nature = "Wanted"

	// NatureMissing is a person who is missed.
	NatureMissing Nature = "Missing"

	// NatureAtRisk is a person who may be in danger.
	NatureAtRisk Nature = "AtRisk"

	// NaturePriorEncounter is a person met before.
	NaturePriorEncounter Nature = "PriorEncounter"

	// NatureDocument is a document that was lost, stolen or revoked.
	NatureDocument Nature = "Document"
)

// WatchlistFeedSpec is what the owner of a list declares about it.
//
// +kubebuilder:validation:XValidation:rule="!has(self.timeout) || !has(self.interval) || !self.timeout.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || !self.interval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self.timeout) <= duration(self.interval)",message="timeout must not be longer than interval; shorten timeout or fetch less often"
// +kubebuilder:validation:XValidation:rule="!has(self.gates) || !(has(self.gates.maxAddedPercent) || has(self.gates.maxRemovedPercent)) || (has(self.approvers) && size(self.approvers) >= self.gates.approvals)",message="a release past gates.maxAddedPercent or gates.maxRemovedPercent waits for gates.approvals people, so approvers must list at least as many"
// +kubebuilder:validation:XValidation:rule="self.verification.mode != 'Keys' || has(self.source.http) == has(self.verification.signature)",message="with mode Keys a file from http needs verification.signature, which says where its signature lies; an oci artifact carries it attached, so leave signature out there"
// +kubebuilder:validation:XValidation:rule="!has(self.source.oci) || !has(self.verification.keys) || self.verification.keys.all(k, k.type == 'Cosign')",message="signatures attached to an oci artifact are cosign's; list keys of type Cosign, or fetch the file by http"
type WatchlistFeedSpec struct {
	// source says where the publisher's file is fetched.
	// +required
	Source FeedSource `json:"source,omitempty,omitzero"`

	// format is the form of the publisher's file: un-xml, ofac-xml (sdn.xml),
	// ofac-csv (the three files sdn.csv, alt.csv and add.csv below one URL),
	// eu-xml, ftm-json, opensanctions-csv (targets.simple.csv) or
	// frontline-jsonl.
	// +required
	Format Format `json:"format,omitempty"`

	// interval is the time between two looks at the source. Each look is a
	// conditional request; an unchanged file is not transferred again.
	// +optional
	// +kubebuilder:default="1h"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self) >= duration('5s')",message="interval must be at least 5s; publishers refuse clients that ask more often"
	Interval Duration `json:"interval,omitempty"`

	// timeout bounds one fetch, from the first byte sent to the last received.
	// Left out, it is 60s, or the interval if that is shorter.
	// +optional
	Timeout Duration `json:"timeout,omitempty"`

	// maxSize bounds the publisher's file. A larger one is not read further
	// and the last good release keeps serving.
	// +optional
	// +kubebuilder:default="256Mi"
	// +kubebuilder:validation:XValidation:rule="!isQuantity(string(self)) || quantity(string(self)).isGreaterThan(quantity('0'))",message="maxSize must be more than zero; write a size such as 256Mi"
	// +kubebuilder:validation:XValidation:rule="!isQuantity(string(self)) || !quantity(string(self)).isGreaterThan(quantity('4Gi'))",message="maxSize must be at most 4Gi; split a larger list into several feeds"
	MaxSize *resource.Quantity `json:"maxSize,omitempty"`

	// verification says how the file proves where it comes from.
	// +required
	Verification FeedVerification `json:"verification,omitempty,omitzero"`

	// grade says how much a match weighs: Authoritative and Shared give
	// candidates, OSINT gives leads only.
	// +required
	Grade Grade `json:"grade,omitempty"`

	// nature says why people or documents are on the list: Wanted, Missing,
	// AtRisk, PriorEncounter or Document. Officers act differently on each. A
	// record that states a nature of its own keeps it. It cannot be changed.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="nature cannot be changed, since officers act on it; create another feed for records of another nature"
	Nature Nature `json:"nature,omitempty"`

	// legalBasis is the law under which the list may be held and searched.
	// +required
	LegalBasis LegalBasis `json:"legalBasis,omitempty,omitzero"`

	// purposes lists what the feed may be searched for. A search for another
	// purpose does not touch it and says so.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Purposes []Purpose `json:"purposes,omitempty"`

	// sharing says which jurisdictions may hold a copy, and for how long
	// without a new order.
	// +required
	Sharing FeedSharing `json:"sharing,omitempty,omitzero"`

	// gates lists conditions a new release must meet. One that does not is
	// not published, or is held until people approve it, and the last good
	// release keeps serving.
	// +optional
	Gates *FeedGates `json:"gates,omitempty,omitzero"`

	// approvers lists the people whose signed statements let a held release
	// through. Each has a key of their own.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.publicKey == b.publicKey))",message="two approvers have the same publicKey; each person signs with a key of their own"
	Approvers []FeedApprover `json:"approvers,omitempty"`

	// keys says how long regions keep the keys that copies are encrypted to.
	// +optional
	// +kubebuilder:default={rotateAfter: "720h"}
	Keys FeedKeys `json:"keys,omitempty,omitzero"`

	// retention says how many releases are kept.
	// +optional
	// +kubebuilder:default={releases: 5}
	Retention FeedRetention `json:"retention,omitempty,omitzero"`

	// suspend stops fetching and publishing while it is true. What is
	// published keeps serving within its age limits.
	// +optional
	Suspend *bool `json:"suspend,omitempty"` //nolint:kubeapilinter // the word and the values that CronJobs and GitOps tools use

	// pin holds the feed at one release, such as v12, or goes back to it. An
	// empty value follows the newest release.
	// +optional
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=19
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^v[1-9][0-9]*$')",message="pin is a release version such as v12, or empty to follow the newest release"
	Pin *string `json:"pin,omitempty"`
}

// LegalBasis is the law under which a list may be held and searched.
//
// +kubebuilder:validation:XValidation:rule="!has(self.reviewBy) || !self.reviewBy.matches('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$') || self.reviewBy <= string(self.validUntil)",message="reviewBy must not be after validUntil; a basis is reviewed before it ends"
type LegalBasis struct {
	// controller is the authority responsible for the data, as data-protection
	// law uses the word.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('[^ ]')",message="controller must name the authority that is responsible for the data"
	Controller string `json:"controller,omitempty"`

	// reference is the legal act, such as UNSCR 1267/1989/2253.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('[^ ]')",message="reference must name the legal act, such as UNSCR 1267/1989/2253"
	Reference string `json:"reference,omitempty"`

	// reviewBy is the day, as YYYY-MM-DD, by which the basis must be reviewed.
	// Past it the feed keeps serving and its condition LegalBasisValid says
	// that a review is due.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$')",message="reviewBy is a day written YYYY-MM-DD, such as 2027-06-30"
	ReviewBy string `json:"reviewBy,omitempty"`

	// validUntil is when the basis ends, in RFC 3339. From then on the feed is
	// searched nowhere and every answer names it, with reason LegalBasis.
	// +required
	ValidUntil metav1.Time `json:"validUntil,omitempty,omitzero"`
}

// FeedSharing says who may hold a copy.
type FeedSharing struct {
	// allow lists the jurisdictions, as ISO 3166-1 alpha-2 codes, that may hold
	// a copy. In any other no copy can exist.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=260
	Allow []CountryCode `json:"allow,omitempty"`

	// maxCopyAge bounds how old the last signed order behind a copy may be.
	// Regions and posts can only tighten it.
	// +required
	MaxCopyAge AgeLimits `json:"maxCopyAge,omitempty,omitzero"`
}

// FeedRetention says how many releases are kept.
//
// +kubebuilder:validation:MinProperties=1
type FeedRetention struct {
	// releases is the number of newest releases kept, with their content, on
	// the hub and in every region, which goes back to one of them without a
	// download. The one that is served, or pinned, and each that a region's last
	// report still uses are kept beyond it. None below status.floor is.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Releases int32 `json:"releases,omitempty"`
}

// WatchlistFeed is one publisher's list. It lives on the hub in its owner's
// namespace; its id is NAMESPACE.NAME. The hub fetches the publisher's file,
// builds a release of each changed one, and orders regions whose jurisdiction
// the owner shares it with to serve it. Deleting a feed orders its copies to be
// erased.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=watchlistfeeds,scope=Namespaced,shortName=feed,categories=frontline
// +kubebuilder:printcolumn:name="Grade",type=string,JSONPath=`.spec.grade`,description="How much a match weighs"
// +kubebuilder:printcolumn:name="Release",type=string,JSONPath=`.status.release.version`,description="The release regions are ordered to serve"
// +kubebuilder:printcolumn:name="Records",type=integer,JSONPath=`.status.release.records`,description="Records in that release"
// +kubebuilder:printcolumn:name="List Date",type=string,JSONPath=`.status.release.listDate`,description="The day the publisher put on the list"
// +kubebuilder:printcolumn:name="Basis Until",type=string,JSONPath=`.status.basisUntil`,description="The day the legal basis ends"
// +kubebuilder:printcolumn:name="Regions",type=string,JSONPath=`.status.regions`,description="Regions that serve the release of those ordered to"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the newest content serves everywhere it should"
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,description="Why, and what to do"
// +kubebuilder:printcolumn:name="Age",type=date,priority=1,JSONPath=`.metadata.creationTimestamp`,description="How long the object has existed"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 50",message="a feed's name is a DNS label of at most 50 characters that begins with a letter, since its id is NAMESPACE.NAME"
type WatchlistFeed struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is what the owner declares about the list.
	// +required
	Spec WatchlistFeedSpec `json:"spec,omitzero"`

	// status is what the hub knows of the feed.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status WatchlistFeedStatus `json:"status,omitempty,omitzero"`
}

// ID returns the feed's id, NAMESPACE.NAME.
func (f *WatchlistFeed) ID() FeedID { return NewFeedID(f.Namespace, f.Name) }

// Suspended reports whether the owner stopped fetching and publishing.
func (f *WatchlistFeed) Suspended() bool {
	return (f.Spec.Suspend != nil && *f.Spec.Suspend) || Suspended(f)
}

// Pinned returns the release the feed is held at, or the empty version when it
// follows the newest.
func (f *WatchlistFeed) Pinned() ReleaseVersion {
	if f.Spec.Pin == nil {
		return ""
	}
	return ReleaseVersion(*f.Spec.Pin)
}

// GetConditions returns the conditions of the feed.
func (f *WatchlistFeed) GetConditions() []metav1.Condition { return f.Status.Conditions }

// SetConditions replaces the conditions of the feed.
func (f *WatchlistFeed) SetConditions(conditions []metav1.Condition) {
	f.Status.Conditions = conditions
}

// WatchlistFeedList is a list of WatchlistFeeds.
//
// +kubebuilder:object:root=true
type WatchlistFeedList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the objects of the list.
	Items []WatchlistFeed `json:"items"`
}
