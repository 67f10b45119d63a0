// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time in the form of GEP-2257: up to four numbers of
// at most five digits, each with a unit h, m, s or ms, such as 30s or 1h30m.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')",message="write a duration in hours, minutes, seconds or milliseconds, such as 30s, 15m or 1h30m"
// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self) > duration('0s')",message="a duration must be longer than zero; write for instance 30s"
type Duration string

// Duration returns the length of time, or zero for an empty or malformed
// value, which the schema refuses.
func (d Duration) Duration() time.Duration {
	v, err := time.ParseDuration(string(d))
	if err != nil {
		return 0
	}
	return v
}

// FeedID identifies a feed across clusters: the namespace and the name of its
// WatchlistFeed on the hub, joined by a dot, such as intl.un-sc.
//
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=114
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?[.][a-z]([-a-z0-9]*[a-z0-9])?$')",message="a feed id is the namespace and the name of its WatchlistFeed joined by a dot, such as intl.un-sc"
type FeedID string

// NewFeedID returns the id of the feed with this namespace and name.
func NewFeedID(namespace, name string) FeedID { return FeedID(namespace + "." + name) }

// Namespace returns the namespace of the feed on the hub.
func (id FeedID) Namespace() string {
	namespace, _, _ := strings.Cut(string(id), ".")
	return namespace
}

// Name returns the name of the feed on the hub.
func (id FeedID) Name() string {
	_, name, _ := strings.Cut(string(id), ".")
	return name
}

// ReleaseVersion is the number of a release with a leading v, such as v12.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=19
// +kubebuilder:validation:XValidation:rule="self.matches('^v[1-9][0-9]*$')",message="a release version is v and its number, such as v12"
type ReleaseVersion string

// NewReleaseVersion returns the version of a release number, or the empty
// version for a number below 1.
func NewReleaseVersion(number int64) ReleaseVersion {
	if number < 1 {
		return ""
	}
	return ReleaseVersion("v" + strconv.FormatInt(number, 10))
}

// Number returns the number of the release, or zero for an empty or malformed
// version.
func (v ReleaseVersion) Number() int64 {
	digits, ok := strings.CutPrefix(string(v), "v")
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 {
		return 0
	}
	return n
}

// Digest is a SHA-256 digest in the form of the OCI image specification:
// sha256: and 64 lower-case hexadecimal digits.
//
// +kubebuilder:validation:MinLength=71
// +kubebuilder:validation:MaxLength=71
// +kubebuilder:validation:XValidation:rule="self.matches('^sha256:[0-9a-f]{64}$')",message="a digest is sha256: followed by 64 lower-case hexadecimal digits"
type Digest string

// CountryCode is an ISO 3166-1 alpha-2 code, or one of its user-assigned codes
// such as XK, in upper case.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z]{2}$')",message="a country is two upper-case letters of ISO 3166-1, such as AL or XK"
type CountryCode string

// Purpose says what a search is made for. Manifests, requests and code spell
// it the same.
//
// +kubebuilder:validation:Enum=BorderControl;LawEnforcement;AsylumReception;MissingPersons;CarrierCheck;VisaExamination
type Purpose string

const (
	// PurposeBorderControl is a check of a person who crosses a border.
	PurposeBorderControl Purpose = "BorderControl"

	// PurposeAsylumReception is the registration of a person who asks for
	// protection, for instance in a reception centre.
	PurposeAsylumReception Purpose = "AsylumReception"

	// PurposeMissingPersons is the tracing of missing people and people at risk.
	PurposeMissingPersons Purpose = "MissingPersons"

	// PurposeCarrierCheck is a check of documents by a carrier before boarding.
	PurposeCarrierCheck Purpose = "CarrierCheck"

	// PurposeVisaExamination is the examination of an application for a visa.
	PurposeVisaExamination Purpose = "VisaExamination"

	// PurposeLawEnforcement is a check by police inside the country.
	PurposeLawEnforcement Purpose = "LawEnforcement"
)

// AgeLimits bound how old the last signed order behind an answer may be.
//
// +kubebuilder:validation:XValidation:rule="!self.mark.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || !self.stop.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self.mark) <= duration(self.stop)",message="mark must not be longer than stop; answers are marked before they stop"
type AgeLimits struct {
	// mark is the age of the last signed order from which answers say that
	// they are Marked. Searching goes on.
	// +required
	Mark Duration `json:"mark,omitempty"`

	// stop is the age of the last signed order from which a feed is no longer
	// searched and is named in every answer as Stale. A newer order ends it.
	// +required
	Stop Duration `json:"stop,omitempty"`
}

// Approver is a person whose signature a region recognises.
type Approver struct {
	// name identifies the approver within the list, as a DNS label.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="an approver's name consists of lower-case letters, digits and hyphens, such as duty-officer-1"
	Name string `json:"name,omitempty"`

	// publicKey is the approver's Ed25519 public key: base64 of its PKIX
	// (SubjectPublicKeyInfo) form, 60 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$')",message="a public key is an Ed25519 key as base64 of its PKIX form; print one with: openssl pkey -in key.pem -pubout -outform DER | base64"
	PublicKey string `json:"publicKey,omitempty"`
}

// SecretReference names a Secret in the namespace of the object that refers to it.
type SecretReference struct {
	// name is the name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="a Secret's name consists of lower-case letters, digits, hyphens and dots"
	Name string `json:"name,omitempty"`
}
