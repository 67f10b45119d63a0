// SPDX-License-Identifier: Apache-2.0

package approval

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/keyring"
)

// ErrKey is wrapped by errors that say a key cannot be used. They never repeat
// what was given.
var ErrKey = errors.New("the key is neither Ed25519 nor ECDSA on P-256")

// Key is an approver's public key under the name that a feed gives it.
type Key struct {
	Name   string
	public crypto.PublicKey
	digest string
}

// ParseKey reads a public key in PKIX form (RFC 5280, SubjectPublicKeyInfo): as
// PEM, or as base64 of its DER.
func ParseKey(name, text string) (Key, error) {
	der, err := pkix(text)
	if err != nil {
		return Key{}, fmt.Errorf("public key of %s: %w", name, err)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return Key{}, fmt.Errorf("public key of %s: %w", name, ErrKey)
	}
	key, err := newKey(public)
	if err != nil {
		return Key{}, fmt.Errorf("public key of %s: %w", name, err)
	}
	key.Name = name
	return key, nil
}

// pkix returns the DER in a PEM block or in base64.
func pkix(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "-----BEGIN ") {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("%w: it is neither PEM nor base64 of its PKIX form", ErrKey)
		}
		return der, nil
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%w: it is not one PEM block PUBLIC KEY; print one with: openssl pkey -in key.pem -pubout", ErrKey)
	}
	return block.Bytes, nil
}

func newKey(public crypto.PublicKey) (Key, error) {
	if keyring.Check(public) != nil {
		return Key{}, ErrKey
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return Key{}, ErrKey
	}
	return Key{public: public, digest: canonical.Digest(der)}, nil
}

// Digest is the digest of the key's PKIX form. Keys are told apart by it, and
// never by name.
func (k Key) Digest() string { return k.digest }

// ParsePrivateKey reads a private key from PEM: PKCS#8 (RFC 5958), or the older
// form EC PRIVATE KEY (RFC 5915). An encrypted one is refused with the command
// that opens it.
func ParsePrivateKey(data []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		var parsed any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			parsed, err = x509.ParseECPrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, errors.New("the private key is encrypted; open it into memory with: openssl pkey -in FILE | frontline approve --key - …")
		default:
			continue // such as EC PARAMETERS before the key
		}
		if err != nil {
			return nil, fmt.Errorf("private key: %w", ErrKey)
		}
		signer, ok := parsed.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("private key: %w", ErrKey)
		}
		if _, err := newKey(signer.Public()); err != nil {
			return nil, fmt.Errorf("private key: %w", err)
		}
		return signer, nil
	}
	return nil, errors.New("the file holds no private key in PEM; make one with: openssl genpkey -algorithm ed25519 -out key.pem")
}

// KeyDigest is the digest by which the public half of a private key is known.
func KeyDigest(key crypto.Signer) (string, error) {
	k, err := newKey(key.Public())
	return k.digest, err
}
