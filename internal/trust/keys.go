// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto"
	"fmt"
	"io"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/frontline-screening/frontline/internal/keyring"
)

// BundleRole is the role delegated by targets.json that signs bundles. It has
// no slash: names of roles become names of files.
const BundleRole = "bundle"

// onlineRoles are the roles of the region's own keys that root.json names.
var onlineRoles = []string{metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP}

// Signers are the online keys of one region.
type Signers struct {
	Targets, Snapshot, Timestamp, Bundle crypto.Signer
}

// Public returns the public halves.
func (s Signers) Public() OnlineKeys {
	return OnlineKeys{
		Targets: s.Targets.Public(), Snapshot: s.Snapshot.Public(),
		Timestamp: s.Timestamp.Public(), Bundle: s.Bundle.Public(),
	}
}

// OnlineKeys are the public halves of a region's online keys. Bundle is not
// in root.json; targets.json delegates to it.
type OnlineKeys struct {
	Targets, Snapshot, Timestamp, Bundle crypto.PublicKey
}

func (k OnlineKeys) of(role string) crypto.PublicKey {
	switch role {
	case metadata.TARGETS:
		return k.Targets
	case metadata.SNAPSHOT:
		return k.Snapshot
	case metadata.TIMESTAMP:
		return k.Timestamp
	}
	return nil
}

// tufKey is a public key as metadata lists it, and its id (section 4.2.1).
func tufKey(key crypto.PublicKey) (*metadata.Key, string, error) {
	if err := keyring.Check(key); err != nil {
		return nil, "", err
	}
	listed, err := metadata.KeyFromPublicKey(key)
	if err != nil {
		return nil, "", err
	}
	id, err := listed.ID()
	return listed, id, err
}

// tufSigner lets the TUF library sign with any crypto.Signer.
type tufSigner struct{ key crypto.Signer }

var _ signature.Signer = tufSigner{}

// PublicKey implements signature.Signer.
func (s tufSigner) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return s.key.Public(), nil
}

// SignMessage implements signature.Signer.
func (s tufSigner) SignMessage(message io.Reader, _ ...signature.SignOption) ([]byte, error) {
	data, err := io.ReadAll(message)
	if err != nil {
		return nil, err
	}
	return keyring.Sign(s.key, data)
}

// seal signs metadata with one key and files it under its name.
func seal[T metadata.Roles](key crypto.Signer, meta *metadata.Metadata[T], files Files, name string) error {
	data, err := sealed(key, meta)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	files[name] = data
	return nil
}

func sealed[T metadata.Roles](key crypto.Signer, meta *metadata.Metadata[T]) ([]byte, error) {
	if _, err := meta.Sign(tufSigner{key}); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	data, err := meta.ToBytes(false)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return data, nil
}
