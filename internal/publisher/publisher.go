// SPDX-License-Identifier: Apache-2.0

// Package publisher verifies that a publisher signed its file, by keys that
// the owner of the feed lists, without any network.
//
// A key of type Cosign verifies a Sigstore bundle (v0.1 to v0.3, JSON) or the
// base64 that `cosign sign-blob` prints; one of type Minisign a .minisig file,
// legacy or pre-hashed, its trusted comment included. Certificates, logs and
// timestamps of Sigstore are not consulted: a key that is listed is trusted
// until it is no longer listed.
//
// A signature says who made a file, not that it is the newest: a file that
// was signed once stays signed.
package publisher

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// MaxSignature bounds a signature in bytes. A bundle with the entry of a
// transparency log has about 10 KiB.
const MaxSignature = 256 << 10

// Reason says why a file is not taken for the publisher's.
type Reason string

// The reasons.
const (
	// UnusableKey is a key that cannot be read or is of no accepted kind.
	UnusableKey Reason = "UnusableKey"
	// Malformed is a signature that cannot be read.
	Malformed Reason = "Malformed"
	// Unsupported is a signature that is well formed and not of a kind that is
	// taken, such as one by a certificate.
	Unsupported Reason = "Unsupported"
	// OtherKey is a signature of another kind, or by another key, than those listed.
	OtherKey Reason = "OtherKey"
	// Mismatch is a signature that no listed key made over this very file.
	Mismatch Reason = "Mismatch"
	// Unreadable is a fault of this machine: the file cannot be read.
	Unreadable Reason = "Unreadable"
)

// Error is a failed verification. Its text holds nothing of the file.
type Error struct {
	Reason Reason
	Err    error
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ReasonOf returns the reason of a failed verification, or "" for any other error.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

func fail(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// Proof says which key vouches for a file.
type Proof struct {
	// Key is the fingerprint of the key that signed.
	Key string
	// Form is how it signed: "sigstore-bundle", "cosign", "cosign-image" or "minisign".
	Form string
	// Comment is the trusted comment of a minisign signature, at most 512 bytes.
	Comment string
}

// The forms of signatures.
const (
	FormBundle      = "sigstore-bundle"
	FormCosign      = "cosign"
	FormCosignImage = "cosign-image"
	FormMinisign    = "minisign"
)

// VerifyFile proves that one of keys signed the file at path. name, when not
// empty, is what the publisher calls the file: a minisign signature whose
// trusted comment names another file is refused, so that one file of a folder
// cannot stand in for another. The file is mapped, not read into memory, and
// must not change meanwhile. Errors are of type *Error.
func VerifyFile(path, name string, signature []byte, keys []*Key) (Proof, error) {
	file, unmap, err := mapFile(path)
	if err != nil {
		return Proof{}, &Error{Reason: Unreadable, Err: err}
	}
	defer unmap()
	return Verify(file, name, signature, keys)
}

// Verify is VerifyFile for a file in memory.
func Verify(file []byte, name string, signature []byte, keys []*Key) (Proof, error) {
	if len(signature) > MaxSignature {
		return Proof{}, fail(Malformed, "the signature has %d bytes, at most %d are read", len(signature), MaxSignature)
	}
	if len(keys) == 0 {
		return Proof{}, fail(OtherKey, "no key is listed that could have signed the file")
	}
	trimmed := bytes.TrimSpace(signature)
	switch {
	case len(trimmed) == 0:
		return Proof{}, fail(Malformed, "the signature is empty")
	case bytes.HasPrefix(trimmed, []byte("untrusted comment:")):
		return verifyMinisign(file, name, trimmed, keys)
	case trimmed[0] == '{':
		return verifyBundle(file, trimmed, keys)
	case !utf8.Valid(trimmed):
		return Proof{}, fail(Malformed, "the signature is neither text nor JSON; minisign's, cosign's base64 and Sigstore bundles are read")
	}
	return verifyDetached(file, trimmed, keys)
}

// ofType lists the keys that can have made a signature of that kind.
func ofType(keys []*Key, kind Type) ([]*Key, error) {
	var found []*Key
	for _, key := range keys {
		if key.kind == kind {
			found = append(found, key)
		}
	}
	if len(found) == 0 {
		return nil, fail(OtherKey, "the signature is of the kind %s and no key of that type is listed", kind)
	}
	return found, nil
}

func mapFile(path string) (data []byte, unmap func(), err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular() || info.Size() != int64(int(info.Size())):
		return nil, nil, fmt.Errorf("%s cannot be mapped", path)
	case info.Size() == 0:
		return nil, func() {}, nil
	}
	data, err = unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("map %s: %w", path, err)
	}
	return data, func() { _ = unix.Munmap(data) }, nil
}
