// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// FeedSource says where a publisher's file is fetched.
//
// +kubebuilder:validation:XValidation:rule="has(self.http) != has(self.oci)",message="a source is one of http and oci; give exactly one"
type FeedSource struct {
	// http fetches the file by HTTP or HTTPS.
	// +optional
	HTTP *HTTPSource `json:"http,omitempty,omitzero"`

	// oci pulls the file from a registry, where a pipeline of the publisher
	// pushed it as an artifact.
	// +optional
	OCI *OCISource `json:"oci,omitempty,omitzero"`
}

// AddressRange is a range of addresses that a publisher may be on although it
// is not public. Public addresses need no naming, and the services by which
// clouds hand out credentials cannot be named.
//
// +kubebuilder:validation:Enum=Private;Loopback;LinkLocal
type AddressRange string

const (
	// AddressPrivate is the space of private networks: RFC 1918, RFC 4193 and
	// the shared space of RFC 6598.
	AddressPrivate AddressRange = "Private"

	// AddressLoopback is the hub's own machine: 127.0.0.0/8 and ::1.
	AddressLoopback AddressRange = "Loopback"

	// AddressLinkLocal is the hub's own network segment: 169.254.0.0/16 and
	// fe80::/10, without the metadata services of clouds.
	AddressLinkLocal AddressRange = "LinkLocal"
)

// HTTPSource is a file served by HTTP or HTTPS.
//
// +kubebuilder:validation:XValidation:rule="!has(self.caSecretRef) || !self.url.startsWith('http://')",message="caSecretRef has no effect on an http URL; use https or remove caSecretRef"
// +kubebuilder:validation:XValidation:rule="!has(self.headersSecretRef) || !self.url.startsWith('http://')",message="headersSecretRef would send its secrets in the clear to an http URL; use https or remove headersSecretRef"
type HTTPSource struct {
	// url is the address of the file, or of the folder for a format of several
	// files. Its scheme is http or https. A redirect to another host is not
	// followed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && self.matches('^https?://[^/?#]+')",message="url is an absolute http or https address, such as https://lists.example.org/consolidated.xml"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[a-z]+://[^/?#]*@')",message="url must not carry a user or a password; put an Authorization header into the Secret of headersSecretRef"
	// +kubebuilder:validation:XValidation:rule="!self.contains('#')",message="url must not carry a fragment; remove everything from # on"
	URL string `json:"url,omitempty"`

	// addresses names ranges besides the public ones that the publisher may be
	// on: Private, Loopback or LinkLocal. Each address is checked when the
	// connection is made. The hub honours them only where its flag
	// --allow-private-sources permits it.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	Addresses []AddressRange `json:"addresses,omitempty"`

	// caSecretRef names a Secret of the feed's namespace whose key ca.crt holds
	// the certificates, in PEM, that the publisher's certificate must chain to.
	// Without it the system's certificates are used.
	// +optional
	CASecretRef *SecretReference `json:"caSecretRef,omitempty,omitzero"`

	// headersSecretRef names a Secret of the feed's namespace. Each key is the
	// name of an HTTP header and its value the header's value.
	// +optional
	HeadersSecretRef *SecretReference `json:"headersSecretRef,omitempty,omitzero"`
}

// OCISource is a file in a registry. The artifact has one layer, or one a file
// with its name in the annotation org.opencontainers.image.title for a format
// of several files.
//
// +kubebuilder:validation:XValidation:rule="has(self.digest) || self.reference.matches(':[A-Za-z0-9_][-A-Za-z0-9._]{0,127}$')",message="reference needs a tag to follow, such as :daily, or the field digest to stay at one artifact"
type OCISource struct {
	// reference is the registry, the repository and the tag that the feed
	// follows, such as registry.example.org/lists/un-sc:daily. The registry is
	// asked by HTTPS.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][-A-Za-z0-9._]{0,127})?$')",message="reference is a registry, a repository and a tag, such as registry.example.org/lists/un-sc:daily; a digest goes into the field digest"
	Reference string `json:"reference,omitempty"`

	// digest stays at one artifact: the digest of its manifest. The tag of
	// reference, if there is one, is then not followed.
	// +optional
	Digest Digest `json:"digest,omitempty"`

	// addresses names ranges besides the public ones that the registry may be
	// on: Private, Loopback or LinkLocal. The hub honours them only where its
	// flag --allow-private-sources permits it.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	Addresses []AddressRange `json:"addresses,omitempty"`

	// credentialsSecretRef names a Secret of the feed's namespace, of type
	// kubernetes.io/dockerconfigjson, with the credential for the registry.
	// Without it the registry is asked anonymously.
	// +optional
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty,omitzero"`

	// caSecretRef names a Secret of the feed's namespace whose key ca.crt holds
	// the certificates, in PEM, that the registry's certificate must chain to.
	// Without it the system's certificates are used.
	// +optional
	CASecretRef *SecretReference `json:"caSecretRef,omitempty,omitzero"`
}
