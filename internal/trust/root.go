// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

var roles = []string{metadata.ROOT, metadata.TIMESTAMP, metadata.SNAPSHOT, metadata.TARGETS}

// NewRoot makes version 1 of root.json: one key for all roles, threshold 1,
// and the hub's UID and term among the signed fields. It is what joining pins.
func NewRoot(key ed25519.PrivateKey, hubUID string, term int64, expires time.Time) ([]byte, error) {
	if hubUID == "" || term < 1 {
		return nil, errors.New("root.json: it names no hub or no term; both fence off other hubs")
	}
	root := metadata.Root(wholeSecond(expires))
	fields, err := attach(nil, rootFields{HubUID: hubUID, Term: term})
	if err != nil {
		return nil, fmt.Errorf("root.json: %w", err)
	}
	root.Signed.UnrecognizedFields = fields
	if err := trustKey(root, key); err != nil {
		return nil, err
	}
	return signRoot(root, key)
}

// RotateRoot makes the next version of root.json with a new key for all
// roles, signed by the old key and the new one (section 6.1). oldKey and
// newKey may be the same to extend the root's life. The term may rise.
func RotateRoot(oldKey, newKey ed25519.PrivateKey, root []byte, term int64, expires time.Time) ([]byte, error) {
	old, err := metadata.Root().FromBytes(root)
	if err != nil {
		return nil, classify("root.json", err)
	}
	fields, err := readRootFields(old)
	if err != nil {
		return nil, err
	}
	if term < fields.Term {
		return nil, refuse(Rollback, rootFile(old.Signed.Version), "term %d is in force, %d was to be signed", fields.Term, term)
	}
	next := metadata.Root(wholeSecond(expires))
	next.Signed.Version = old.Signed.Version + 1
	next.Signed.UnrecognizedFields, err = attach(nil, rootFields{HubUID: fields.HubUID, Term: term})
	if err != nil {
		return nil, fmt.Errorf("root.json: %w", err)
	}
	if err := trustKey(next, newKey); err != nil {
		return nil, err
	}
	keys := []ed25519.PrivateKey{newKey}
	if !oldKey.Equal(newKey) {
		keys = append(keys, oldKey)
	}
	data, err := signRoot(next, keys...)
	if err != nil {
		return nil, err
	}
	// A root that the old one does not lead to would lock every region out.
	if err := old.VerifyDelegate(metadata.ROOT, next); err != nil {
		return nil, fmt.Errorf("%s: the old key is not the trusted one: %w", rootFile(next.Signed.Version), err)
	}
	return data, nil
}

// RootIdentity returns what a root.json that signs for itself says of its hub,
// and the version it has. It is for showing before joining: the caller decides
// whether to pin it.
func RootIdentity(root []byte) (hubUID string, term, version int64, err error) {
	trusted, err := loadRoot(root)
	if err != nil {
		return "", 0, 0, err
	}
	fields, err := readRootFields(trusted.Root)
	return fields.HubUID, fields.Term, trusted.Root.Signed.Version, err
}

func trustKey(root *metadata.Metadata[metadata.RootType], key ed25519.PrivateKey) error {
	if len(key) != ed25519.PrivateKeySize {
		return fmt.Errorf("signing key: %d bytes instead of %d; restore it from the Secret's backup", len(key), ed25519.PrivateKeySize)
	}
	public, err := metadata.KeyFromPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("signing key: %w", err)
	}
	for _, role := range roles {
		if err := root.Signed.AddKey(public, role); err != nil {
			return fmt.Errorf("signing key for role %s: %w", role, err)
		}
	}
	return nil
}

func signRoot(root *metadata.Metadata[metadata.RootType], keys ...ed25519.PrivateKey) ([]byte, error) {
	for _, key := range keys {
		signer, err := newSigner(key)
		if err != nil {
			return nil, err
		}
		if _, err := root.Sign(signer); err != nil {
			return nil, fmt.Errorf("sign root.json: %w", err)
		}
	}
	data, err := root.ToBytes(false)
	if err != nil {
		return nil, fmt.Errorf("encode root.json: %w", err)
	}
	return data, nil
}
