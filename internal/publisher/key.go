// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"

	"aead.dev/minisign"
)

// Type is the kind of a key, and with it of the signatures it makes.
type Type string

// The types of keys.
const (
	// Cosign is a PKIX public key in PEM (RFC 7468 section 13): ECDSA on P-256
	// with SHA-256, or Ed25519 (RFC 8032), pure or pre-hashed.
	Cosign Type = "Cosign"

	// Minisign is an Ed25519 key in the form of minisign.pub.
	Minisign Type = "Minisign"
)

// maxKeyBytes bounds what is read as one key: PEM of P-256 has 178 bytes.
const maxKeyBytes = 4 << 10

// Key is one public key of a publisher.
type Key struct {
	kind     Type
	public   crypto.PublicKey   // of Cosign: *ecdsa.PublicKey or ed25519.PublicKey
	minisign minisign.PublicKey // of Minisign
	print    string
}

// Type returns the kind of the key.
func (k *Key) Type() Type { return k.kind }

// Fingerprint names the key in statuses and logs: "sha256:" and the hex of the
// digest of its SubjectPublicKeyInfo in DER (RFC 5280 section 4.1.2.7), or of
// the 42 bytes that minisign.pub holds in base64.
func (k *Key) Fingerprint() string { return k.print }

// ParseKey reads one public key. Errors have the reason UnusableKey.
func ParseKey(kind Type, data []byte) (*Key, error) {
	if len(data) > maxKeyBytes {
		return nil, fail(UnusableKey, "the key has %d bytes, at most %d are read", len(data), maxKeyBytes)
	}
	key := &Key{kind: kind}
	var raw []byte
	var err error
	switch kind {
	case Cosign:
		if key.public, err = parsePKIX(data); err == nil {
			raw, err = x509.MarshalPKIXPublicKey(key.public)
		}
	case Minisign:
		raw, err = parseMinisign(data, &key.minisign)
	default:
		err = fmt.Errorf("its type %q is neither %s nor %s", kind, Cosign, Minisign)
	}
	if err != nil {
		return nil, fail(UnusableKey, "the key cannot be read: %w", err)
	}
	sum := sha256.Sum256(raw)
	key.print = "sha256:" + hex.EncodeToString(sum[:])
	return key, nil
}

func parsePKIX(data []byte) (crypto.PublicKey, error) {
	block, rest := pem.Decode(data)
	switch {
	case block == nil:
		return nil, errors.New("it is not PEM")
	case block.Type != "PUBLIC KEY":
		return nil, errors.New("its PEM is not of a PUBLIC KEY")
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("something follows its PEM; list each key for itself")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("its PEM holds no PKIX public key")
	}
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return nil, fmt.Errorf("it is ECDSA on %s; P-256 is taken", public.Curve.Params().Name)
		}
		return public, nil
	case ed25519.PublicKey:
		return public, nil
	}
	return nil, fmt.Errorf("it is of type %T; ECDSA on P-256 and Ed25519 are taken", public)
}

func parseMinisign(data []byte, key *minisign.PublicKey) ([]byte, error) {
	// The comment, if there is one, is the first line.
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	line := bytes.TrimSpace(lines[len(lines)-1])
	if len(lines) > 2 || len(lines) == 2 && !bytes.HasPrefix(lines[0], []byte("untrusted comment:")) {
		return nil, errors.New("it is not the one line of a minisign key, nor that below an untrusted comment")
	}
	if err := key.UnmarshalText(line); err != nil {
		return nil, errors.New("it is not the base64 of a minisign public key")
	}
	// The library shows the key in no other way than this.
	return base64.StdEncoding.DecodeString(key.String())
}
