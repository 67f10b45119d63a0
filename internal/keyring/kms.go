// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
)

// KMS is a key management service or a security module: it signs with keys
// that it names and does not hand out. An adapter for a service is these two
// calls.
type KMS interface {
	// PublicKey returns the public half of the key.
	PublicKey(ctx context.Context, key string) (crypto.PublicKey, error)
	// Sign signs with the key: for an ed25519 key the message itself with hash
	// zero, for an ECDSA key a digest made with hash, answered in ASN.1.
	Sign(ctx context.Context, key string, data []byte, hash crypto.Hash) ([]byte, error)
}

// FromKMS returns the signer of a service's key. It asks for the public half
// once. ctx bounds every signature made later, because crypto.Signer takes none.
func FromKMS(ctx context.Context, service KMS, key string) (crypto.Signer, error) {
	public, err := service.PublicKey(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("key %q of the key management service: %w", key, err)
	}
	if err := Check(public); err != nil {
		return nil, fmt.Errorf("key %q of the key management service: %w", key, err)
	}
	return &remote{ctx: ctx, service: service, key: key, public: public}, nil
}

// remote is a key that stays where it is.
type remote struct {
	ctx     context.Context //nolint:containedctx // crypto.Signer has no context; FromKMS documents whose it is
	service KMS
	key     string
	public  crypto.PublicKey
}

// Public implements crypto.Signer.
func (r *remote) Public() crypto.PublicKey { return r.public }

// Sign implements crypto.Signer. The answer is not trusted unseen: a service
// that was told another key by the same name would sign what nobody accepts.
func (r *remote) Sign(_ io.Reader, data []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash := opts.HashFunc()
	if _, edwards := r.public.(ed25519.PublicKey); edwards != (hash == 0) {
		return nil, errors.New("sign with a key management service: ed25519 signs messages, ECDSA signs digests")
	}
	signature, err := r.service.Sign(r.ctx, r.key, data, hash)
	if err != nil {
		return nil, fmt.Errorf("sign with key %q of the key management service: %w", r.key, err)
	}
	if !valid(r.public, data, signature) {
		return nil, fmt.Errorf("key %q of the key management service: its signature does not verify with its public half; look whether the key was replaced", r.key)
	}
	return signature, nil
}

// valid checks a signature over what was handed to Sign: a message for
// ed25519, a digest for ECDSA.
func valid(key crypto.PublicKey, data, signature []byte) bool {
	switch key := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, data, signature)
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, data, signature)
	}
	return false
}
