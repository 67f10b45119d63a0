// SPDX-License-Identifier: Apache-2.0

// Package keyring opens signing keys wherever they are kept: in a file, in
// the bytes of a Secret, or behind a key management service that never hands
// them out. All of them come as crypto.Signer, so that who signs does not know
// where the key is.
//
// Keys are ed25519 (RFC 8032) or ECDSA on P-256 (FIPS 186-5), the two that
// smart cards and key management services have and that TUF names. Private
// keys are PKCS #8 in PEM (RFC 5958, RFC 7468), public ones PKIX in PEM.
package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// maxPEM bounds what is parsed, in bytes: the PEM decoder is slow on hostile
// input.
const maxPEM = 64 << 10

const (
	blockPrivate = "PRIVATE KEY"
	blockPublic  = "PUBLIC KEY"
)

// ErrKind says that a key is of a kind that is not used here.
var ErrKind = errors.New("only ed25519 keys and ECDSA keys on P-256 are used; make one with: openssl genpkey -algorithm ed25519")

// New makes an ed25519 key.
func New() (crypto.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	return key, nil
}

// Parse reads a PKCS #8 private key in PEM, such as a Secret holds.
func Parse(data []byte) (crypto.Signer, error) {
	der, err := decode(data, blockPrivate)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("signing key: the PEM block is no PKCS #8 key")
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("signing key: %w", ErrKind)
	}
	if err := Check(key.Public()); err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return key, nil
}

// ReadFile reads a PKCS #8 private key from a file that nobody but its owner
// may read.
func ReadFile(path string) (crypto.Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("signing key %s: others may read it (mode %04o); run: chmod 600 %s", path, mode, path)
	}
	if info.Size() > maxPEM {
		return nil, fmt.Errorf("signing key %s: it has %d bytes, at most %d are read", path, info.Size(), maxPEM)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	key, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", path, err)
	}
	return key, nil
}

// Encode returns a private key as PKCS #8 in PEM. A key that is kept by a
// service cannot be encoded.
func Encode(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, errors.New("signing key: it is kept elsewhere and cannot be written down")
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockPrivate, Bytes: der}), nil
}

// ParsePublic reads a public key in PEM.
func ParsePublic(data []byte) (crypto.PublicKey, error) {
	der, err := decode(data, blockPublic)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("public key: the PEM block is no key in PKIX form")
	}
	if err := Check(key); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	return key, nil
}

// EncodePublic returns a public key as PKIX in PEM.
func EncodePublic(key crypto.PublicKey) ([]byte, error) {
	if err := Check(key); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockPublic, Bytes: der}), nil
}

// Check returns ErrKind for a key of another kind than those used here.
func Check(key crypto.PublicKey) error {
	switch key := key.(type) {
	case ed25519.PublicKey:
		if len(key) == ed25519.PublicKeySize {
			return nil
		}
	case *ecdsa.PublicKey:
		if key != nil && key.Curve == elliptic.P256() {
			return nil
		}
	}
	return ErrKind
}

// Fingerprint is the hexadecimal SHA-256 of a key's PKIX form: what people
// compare when they make sure of a key.
func Fingerprint(key crypto.PublicKey) (string, error) {
	if err := Check(key); err != nil {
		return "", fmt.Errorf("public key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// Equal reports whether two public keys are the same.
func Equal(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// Sign signs a message: ed25519 as it is, ECDSA over its SHA-256.
func Sign(key crypto.Signer, message []byte) ([]byte, error) {
	if err := Check(key.Public()); err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	if _, ok := key.Public().(ed25519.PublicKey); ok {
		return key.Sign(rand.Reader, message, crypto.Hash(0))
	}
	sum := sha256.Sum256(message)
	return key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

// Verify reports whether the key signed the message.
func Verify(key crypto.PublicKey, message, signature []byte) bool {
	if Check(key) != nil {
		return false
	}
	switch key := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, message, signature)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(message)
		return ecdsa.VerifyASN1(key, sum[:], signature)
	}
	return false
}

func decode(data []byte, kind string) ([]byte, error) {
	if len(data) > maxPEM {
		return nil, fmt.Errorf("it has %d bytes, at most %d are read", len(data), maxPEM)
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("no PEM block %q found", kind)
	}
	return block.Bytes, nil
}
