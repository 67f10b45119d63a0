// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// DefaultApprovals is the number of people who let a held release through
// where a feed says nothing of it.
const DefaultApprovals = 2

// FeedGates are conditions on a new release.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.minRecords) || !has(self.maxRecords) || self.minRecords <= self.maxRecords",message="minRecords must not be more than maxRecords, or no release could pass"
type FeedGates struct {
	// minRecords is the smallest number of records a release may have. It
	// catches a file that was cut short.
	// +optional
	// +kubebuilder:validation:Minimum=1
	MinRecords int64 `json:"minRecords,omitempty"`

	// maxRecords is the largest number of records a release may have. It
	// catches a file that is another list.
	// +optional
	// +kubebuilder:validation:Minimum=1
	MaxRecords int64 `json:"maxRecords,omitempty"`

	// maxAddedPercent is the largest share of records that a release may add,
	// in percent of those of the release that serves. One that adds more is
	// held until people approve it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	MaxAddedPercent *int32 `json:"maxAddedPercent,omitempty"`

	// maxRemovedPercent is the largest share of records that a release may
	// remove, in percent of those of the release that serves. One that removes
	// more is held until people approve it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	MaxRemovedPercent *int32 `json:"maxRemovedPercent,omitempty"`

	// mandatoryFields lists what records should state, and how many may lack it.
	// +optional
	// +listType=map
	// +listMapKey=field
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	MandatoryFields []MandatoryField `json:"mandatoryFields,omitempty"`

	// approvals is the number of people of spec.approvers, with keys of their
	// own, who let a held release through.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=16
	Approvals int32 `json:"approvals,omitempty"`
}

// RecordField is a field of a record, by which lists are searched.
//
// +kubebuilder:validation:Enum=Names;BirthDates;BirthPlaces;Nationalities;Gender;Documents;Programmes;Issued;Fingerprints;Faces
type RecordField string

const (
	// FieldNames is a name, of records of every type.
	FieldNames RecordField = "Names"

	// FieldBirthDates is a date of birth, of records of people.
	FieldBirthDates RecordField = "BirthDates"

	// FieldBirthPlaces is a place of birth, of records of people.
	FieldBirthPlaces RecordField = "BirthPlaces"

	// FieldNationalities is a nationality, of records of people.
	FieldNationalities RecordField = "Nationalities"

	// FieldGender is the sex as documents state it, of records of people.
	FieldGender RecordField = "Gender"

	// FieldDocuments is a document with a number, of records of people and things.
	FieldDocuments RecordField = "Documents"

	// FieldProgrammes is a regime of listing, of records of every type.
	FieldProgrammes RecordField = "Programmes"

	// FieldIssued is the day of listing, of records of every type.
	FieldIssued RecordField = "Issued"

	// FieldFingerprints is a template of a finger, of records of people.
	FieldFingerprints RecordField = "Fingerprints"

	// FieldFaces is a template of a face, of records of people.
	FieldFaces RecordField = "Faces"
)

// MandatoryField is what records should state.
type MandatoryField struct {
	// field is what records should state. Names, Programmes and Issued are
	// asked of records of every type, Documents of people and things, the
	// others of people.
	// +required
	Field RecordField `json:"field,omitempty"`

	// maxMissingPercent is the largest share, in percent of the records that
	// are asked, that may lack the field.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=99
	MaxMissingPercent *int32 `json:"maxMissingPercent,omitempty"`
}

// ApproverName identifies an approver within a list, as a DNS label.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="an approver's name consists of lower-case letters, digits and hyphens, such as duty-officer-1"
type ApproverName string

// FeedApprover is a person whose signature lets a held release through.
type FeedApprover struct {
	// name identifies the approver within the list, as a DNS label: a function
	// such as duty-officer-1, since status and logs repeat it.
	// +required
	Name ApproverName `json:"name,omitempty"`

	// publicKey is the approver's public key, Ed25519 or ECDSA on the curve
	// P-256, in its PKIX (SubjectPublicKeyInfo) form: as PEM, or as base64 of
	// its DER in one line.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^(-----BEGIN PUBLIC KEY-----\\\\s+)?(MCowBQYDK2VwAyEA|MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE)[A-Za-z0-9+/\\\\s]{43,90}={1,2}(\\\\s+-----END PUBLIC KEY-----\\\\s*)?$')",message="a public key is an Ed25519 or a P-256 key in PKIX form, as PEM or base64; print one with: openssl pkey -in key.pem -pubout"
	PublicKey string `json:"publicKey,omitempty"`
}

// FeedKeys says how long keys that copies are encrypted to are kept.
//
// +kubebuilder:validation:MinProperties=1
type FeedKeys struct {
	// rotateAfter is the age at which a region's key for this feed is replaced
	// by the next one. Each region makes its own keys, and their private
	// halves never leave it. An erasure replaces them at once.
	// +optional
	// +kubebuilder:default="720h"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self) >= duration('1h')",message="rotateAfter must be at least 1h; each rotation moves a full copy to every region"
	RotateAfter Duration `json:"rotateAfter,omitempty"`
}
