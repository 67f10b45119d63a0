// SPDX-License-Identifier: Apache-2.0

// Package envelope signs and verifies documents with one ed25519 key in DSSE
// envelopes (Dead Simple Signing Envelope, protocol 1.0).
package envelope

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/frontline-screening/frontline/internal/canonical"
)

// ErrSignature says that an envelope carries no signature by the key expected.
var ErrSignature = errors.New("the envelope is not signed by the key expected")

// Sign returns the JSON of a DSSE envelope around payload.
func Sign(ctx context.Context, payloadType string, payload []byte, key ed25519.PrivateKey) ([]byte, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("sign envelope: the key is not an ed25519 key")
	}
	signer, err := dsse.NewEnvelopeSigner(signerVerifier{private: key, public: public})
	if err != nil {
		return nil, fmt.Errorf("sign envelope: %w", err)
	}
	env, err := signer.SignPayload(ctx, payloadType, payload)
	if err != nil {
		return nil, fmt.Errorf("sign envelope: %w", err)
	}
	return json.Marshal(env)
}

// Verify checks the envelope against key and returns its payload. Errors
// never repeat the envelope's content.
func Verify(ctx context.Context, payloadType string, data []byte, key ed25519.PublicKey) ([]byte, error) {
	var env dsse.Envelope
	if err := json.Unmarshal(data, &env); err != nil {
		return nil, errors.New("the body is not a DSSE envelope in JSON")
	}
	if env.PayloadType != payloadType {
		return nil, fmt.Errorf("the envelope's payload type is not %s", payloadType)
	}
	verifier, err := dsse.NewEnvelopeVerifier(signerVerifier{public: key})
	if err != nil {
		return nil, err
	}
	if _, err := verifier.Verify(ctx, &env); err != nil {
		return nil, ErrSignature
	}
	return env.DecodeB64Payload()
}

// Payload returns what the envelope carries without checking who signed it:
// for documents that name their own key, which Verify then checks.
func Payload(payloadType string, data []byte) ([]byte, error) {
	var env dsse.Envelope
	if err := json.Unmarshal(data, &env); err != nil {
		return nil, errors.New("the body is not a DSSE envelope in JSON")
	}
	if env.PayloadType != payloadType {
		return nil, fmt.Errorf("the envelope's payload type is not %s", payloadType)
	}
	return env.DecodeB64Payload()
}

// KeyID is the digest of a public key's PKIX form, as named in envelopes.
func KeyID(key ed25519.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("key id: %w", err)
	}
	return canonical.Digest(der), nil
}

type signerVerifier struct {
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

func (k signerVerifier) Sign(_ context.Context, data []byte) ([]byte, error) {
	return k.private.Sign(nil, data, crypto.Hash(0))
}

func (k signerVerifier) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(k.public, data, sig) {
		return ErrSignature
	}
	return nil
}

func (k signerVerifier) KeyID() (string, error)   { return KeyID(k.public) }
func (k signerVerifier) Public() crypto.PublicKey { return k.public }
