// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/verify"
)

// What `cosign sign --key` says of an artifact in a registry: cosign 3 in a
// statement of in-toto in a bundle, cosign 2 in a payload of its own ("simple
// signing"). The types keep other statements about the artifact, such as an
// inventory or a scan by somebody else, from counting as the publisher's word.
const (
	signPredicate   = "https://sigstore.dev/cosign/sign/v1"
	simpleSigning   = "cosign container image signature"
	digestAlgorithm = "sha256"
)

// ImageSignature is one signature that is attached to an artifact.
type ImageSignature struct {
	// Bundle is a Sigstore bundle; empty for one of cosign 2.
	Bundle []byte
	// Payload and Signature are what cosign 2 signed and the base64 of its
	// signature.
	Payload, Signature []byte
}

// VerifyImage proves that one of keys signed the artifact whose manifest has
// the digest "sha256:<hex>". The first of signatures that does is enough:
// anybody who may push can attach others. Errors are of type *Error, and of
// the last signature looked at.
func VerifyImage(digest string, signatures []ImageSignature, keys []*Key) (Proof, error) {
	if len(keys) == 0 {
		return Proof{}, fail(OtherKey, "no key is listed that could have signed the artifact")
	}
	err := error(fail(Malformed, "the artifact has no signature"))
	for _, signature := range signatures {
		var proof Proof
		if len(signature.Bundle) > 0 {
			proof, err = verifyStatement(digest, signature.Bundle, keys)
		} else {
			proof, err = verifySimple(digest, signature, keys)
		}
		if err == nil {
			return proof, nil
		}
	}
	return Proof{}, err
}

func verifyStatement(digest string, data []byte, keys []*Key) (Proof, error) {
	if len(data) > MaxSignature {
		return Proof{}, fail(Malformed, "the signature has %d bytes, at most %d are read", len(data), MaxSignature)
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(digest, digestAlgorithm+":"))
	if err != nil {
		return Proof{}, fail(Malformed, "the artifact's digest %q is not of SHA-256", digest)
	}
	entity, err := parseBundle(data)
	if err != nil {
		return Proof{}, err
	}
	if entity.GetDsseEnvelope() == nil {
		return Proof{}, fail(Unsupported, "the bundle signs a file and not the artifact; sign the artifact with cosign sign --key")
	}
	var statement struct {
		PredicateType string `json:"predicateType"`
	}
	// Judged before the signature, so that nothing is signed differently: the
	// payload is the one that tryKeys verifies.
	if err := json.Unmarshal(entity.GetDsseEnvelope().GetPayload(), &statement); err != nil {
		return Proof{}, fail(Malformed, "the bundle's statement cannot be read")
	}
	if statement.PredicateType != signPredicate {
		return Proof{}, fail(Unsupported, "the bundle is another statement than a signature of the artifact")
	}
	return tryKeys(keys, entity, nil, verify.WithArtifactDigest(digestAlgorithm, raw))
}

// payload is the part of a simple-signing payload that says what is signed.
// The docker-reference beside it is what the signer called the repository;
// copies lie elsewhere, so the digest alone counts.
type payload struct {
	Critical struct {
		Image struct {
			Digest string `json:"docker-manifest-digest"`
		} `json:"image"`
		Type string `json:"type"`
	} `json:"critical"`
}

func verifySimple(digest string, signature ImageSignature, keys []*Key) (Proof, error) {
	if len(signature.Payload) > MaxSignature || len(signature.Signature) > MaxSignature {
		return Proof{}, fail(Malformed, "the signature is larger than the %d bytes that are read", MaxSignature)
	}
	proof, err := verifyDetached(signature.Payload, bytes.TrimSpace(signature.Signature), keys)
	if err != nil {
		return Proof{}, err
	}
	var said payload
	if err := json.Unmarshal(signature.Payload, &said); err != nil {
		return Proof{}, fail(Malformed, "what was signed is not the JSON of cosign")
	}
	if said.Critical.Type != simpleSigning || said.Critical.Image.Digest != digest {
		return Proof{}, fail(Mismatch, "the signature is of another artifact")
	}
	proof.Form = FormCosignImage
	return proof, nil
}
