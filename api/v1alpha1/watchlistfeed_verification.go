// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// VerificationMode says how a publisher's file proves where it comes from.
//
// +kubebuilder:validation:Enum=Unsigned;Keys
type VerificationMode string

const (
	// VerificationUnsigned is a file that carries no signature.
	VerificationUnsigned VerificationMode = "Unsigned"

	// VerificationKeys is a file that a key of the publisher signed.
	VerificationKeys VerificationMode = "Keys"
)

// FeedVerification says how a file proves where it comes from.
//
// +kubebuilder:validation:XValidation:rule="(self.mode == 'Unsigned') == has(self.reason)",message="mode Unsigned needs a reason and mode Keys takes none; write why an unsigned file is acceptable, or leave reason out"
// +kubebuilder:validation:XValidation:rule="(self.mode == 'Keys') == has(self.keys)",message="keys belong to mode Keys, where they are the publisher's; leave them out with mode Unsigned"
// +kubebuilder:validation:XValidation:rule="self.mode == 'Keys' || !has(self.signature)",message="signature belongs to mode Keys; an unsigned file has none"
type FeedVerification struct {
	// mode is Keys where a key of the publisher signs each file, or Unsigned
	// where the publisher signs nothing and the transport alone vouches for the
	// file.
	// +required
	Mode VerificationMode `json:"mode,omitempty"`

	// reason says why an unsigned file is acceptable, for whoever audits it.
	// It is needed, and allowed, with mode Unsigned.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('[^ ]')",message="reason must say why an unsigned file is acceptable"
	Reason string `json:"reason,omitempty"`

	// keys lists the publisher's keys. A file that one of them signed is the
	// publisher's; list the next key beside the present one before it is used.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Keys []PublisherKey `json:"keys,omitempty"`

	// signature says where the signature of a file fetched by http lies. An
	// oci artifact carries it attached, as cosign stores it in the registry.
	// +optional
	Signature *SignatureSource `json:"signature,omitempty,omitzero"`
}

// KeyType is the kind of a publisher's key.
//
// +kubebuilder:validation:Enum=Cosign;Minisign
type KeyType string

const (
	// KeyCosign is a public key of cosign: PKIX in PEM. Its signature is
	// cosign's base64 signature or a Sigstore bundle, over the whole file.
	KeyCosign KeyType = "Cosign"

	// KeyMinisign is a public key of minisign. Its signature is a .minisig file.
	KeyMinisign KeyType = "Minisign"
)

// PublisherKey is one public key of a publisher.
//
// +kubebuilder:validation:XValidation:rule="has(self.publicKey) != has(self.secretRef)",message="a key is given by exactly one of publicKey and secretRef"
type PublisherKey struct {
	// type is Cosign or Minisign.
	// +required
	Type KeyType `json:"type,omitempty"`

	// publicKey is the content of cosign.pub, which is PEM, or of minisign.pub,
	// whose comment line may be left out.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	PublicKey string `json:"publicKey,omitempty"`

	// secretRef names a Secret of the feed's namespace that holds the key:
	// under cosign.pub, as cosign generate-key-pair writes it, or minisign.pub.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty,omitzero"`
}

// SignatureSource says where a detached signature lies.
//
// +kubebuilder:validation:XValidation:rule="has(self.suffix) != has(self.url)",message="a signature is found by exactly one of suffix and url"
type SignatureSource struct {
	// suffix is added to the path of the file's URL, such as .sig, .minisig or
	// .sigstore.json. For a format of several files each has its own signature.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[.][A-Za-z0-9][-A-Za-z0-9._]*$')",message="suffix begins with a dot and has no slash, such as .minisig"
	Suffix string `json:"suffix,omitempty"`

	// url is the signature's own address, asked in the way of the file: same
	// certificates, headers and address ranges. It is of no use to a format of
	// several files.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && self.matches('^https?://[^/?#@]+(/|$)')",message="url is an absolute http or https address without a user, such as https://lists.example.org/consolidated.xml.minisig"
	URL string `json:"url,omitempty"`
}
