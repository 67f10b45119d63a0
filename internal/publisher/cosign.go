// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
)

// maxRawSignature bounds a decoded signature: ECDSA on P-256 has at most 72
// bytes of DER, Ed25519 has 64.
const maxRawSignature = 256

// verifyDetached verifies the base64 of `cosign sign-blob --output-signature`.
func verifyDetached(file, text []byte, keys []*Key) (Proof, error) {
	keys, err := ofType(keys, Cosign)
	if err != nil {
		return Proof{}, err
	}
	raw, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || len(raw) > maxRawSignature {
		return Proof{}, fail(Malformed, "the signature is not the base64 of one by ECDSA or Ed25519")
	}
	for _, key := range keys {
		verifier, err := key.verifier(file)
		if err != nil {
			return Proof{}, err
		}
		if verifier.VerifySignature(bytes.NewReader(raw), bytes.NewReader(file)) == nil {
			return Proof{Key: key.print, Form: FormCosign}, nil
		}
	}
	return Proof{}, fail(Mismatch, "none of the %d listed keys signed this file", len(keys))
}

// verifyBundle verifies a Sigstore bundle over the bytes of the file.
func verifyBundle(file, data []byte, keys []*Key) (Proof, error) {
	entity, err := parseBundle(data)
	if err != nil {
		return Proof{}, err
	}
	if entity.GetMessageSignature() == nil {
		return Proof{}, fail(Unsupported, "the bundle signs a statement about files and not the file itself; sign it with cosign sign-blob --bundle")
	}
	return tryKeys(keys, entity, file, nil)
}

// parseBundle reads a bundle that was signed by a key.
func parseBundle(data []byte) (*bundle.Bundle, error) {
	entity := &bundle.Bundle{}
	if err := entity.UnmarshalJSON(data); err != nil {
		// The parser's text may quote what was received.
		return nil, fail(Malformed, "the signature begins as JSON and is no Sigstore bundle of version 0.1 to 0.3")
	}
	if entity.GetVerificationMaterial().GetPublicKey() == nil {
		return nil, fail(Unsupported, "the bundle was signed with a certificate and not with a key; sign with cosign sign-blob --key")
	}
	return entity, nil
}

// tryKeys looks for the key that made the bundle: over the file, or, when
// about is given, over a statement about what about names. Which key a bundle
// hints at is not signed and therefore not regarded.
func tryKeys(keys []*Key, entity *bundle.Bundle, file []byte, about verify.ArtifactPolicyOption) (Proof, error) {
	keys, err := ofType(keys, Cosign)
	if err != nil {
		return Proof{}, err
	}
	for _, key := range keys {
		verifier, err := key.verifier(file)
		if err != nil {
			return Proof{}, err
		}
		// No times bound a key: it counts while it is listed.
		material := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
			return root.NewExpiringKey(verifier, time.Time{}, time.Time{}), nil
		})
		judge, err := verify.NewVerifier(material, verify.WithNoObserverTimestamps())
		if err != nil {
			return Proof{}, fail(UnusableKey, "set up the verification: %w", err)
		}
		what, form := about, FormCosignImage
		if what == nil {
			what, form = verify.WithArtifact(bytes.NewReader(file)), FormBundle
		}
		if _, err := judge.Verify(entity, verify.NewPolicy(what, verify.WithKey())); err == nil {
			return Proof{Key: key.print, Form: form}, nil
		}
	}
	return Proof{}, fail(Mismatch, "none of the %d listed keys made the bundle over what was fetched", len(keys))
}

// verifier returns what judges signatures of the key over message.
func (k *Key) verifier(message []byte) (signature.Verifier, error) {
	switch public := k.public.(type) {
	case *ecdsa.PublicKey:
		verifier, err := signature.LoadECDSAVerifier(public, crypto.SHA256)
		if err != nil {
			return nil, fail(UnusableKey, "the key %s: %w", k.print, err)
		}
		return verifier, nil
	case ed25519.PublicKey:
		return &edVerifier{public: public, message: message}, nil
	}
	return nil, fail(UnusableKey, "the key %s is of type %T", k.print, k.public)
}

// edVerifier verifies Ed25519, pure (RFC 8032 section 5.1: cosign 2) or
// pre-hashed (Ed25519ph: cosign 3), which their domains keep apart. Pure
// Ed25519 needs the message at once: it is the mapped file here, where the
// library's verifier would read it into memory. The envelope of a statement,
// which is small, is read.
type edVerifier struct {
	public  ed25519.PublicKey
	message []byte // nil: what is read
}

var errSignature = errors.New("the signature is not of this key")

// PublicKey implements signature.PublicKeyProvider.
func (v *edVerifier) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return v.public, nil
}

// VerifySignature implements signature.Verifier. message reads v.message, or
// what an envelope signs.
func (v *edVerifier) VerifySignature(raw, message io.Reader, _ ...signature.VerifyOption) error {
	sig, err := io.ReadAll(io.LimitReader(raw, maxRawSignature))
	if err != nil {
		return fmt.Errorf("read the signature: %w", err)
	}
	sum, whole := crypto.SHA512.New(), v.message
	if whole == nil {
		if whole, err = io.ReadAll(io.LimitReader(message, 2*MaxSignature)); err != nil {
			return fmt.Errorf("read the message: %w", err)
		}
		message = bytes.NewReader(whole)
	}
	if _, err := io.Copy(sum, message); err != nil {
		return fmt.Errorf("read the message: %w", err)
	}
	if len(sig) != ed25519.SignatureSize {
		return errSignature
	}
	if ed25519.VerifyWithOptions(v.public, sum.Sum(nil), sig, &ed25519.Options{Hash: crypto.SHA512}) == nil {
		return nil
	}
	if !ed25519.Verify(v.public, whole, sig) {
		return errSignature
	}
	return nil
}
