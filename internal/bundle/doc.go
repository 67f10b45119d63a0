// SPDX-License-Identifier: Apache-2.0

// Package bundle reads and writes the file that carries an order and the lists
// it serves to a place without a line.
//
// The file is a tar archive (POSIX.1-2017 pax, ustar headers alone) of an OCI
// image layout (image specification 1.1, "Image Layout"), in one fixed order so
// that it is written and read as a stream:
//
//	oci-layout, index.json
//	the statement that permits its import (trust.Bundle)
//	the manifest of the order, then the order's files
//	the manifests of the lists
//	their configurations and layers
//
// Every entry after index.json is named by its digest and proven by it. Lists
// are ciphertext for the region's own keys. A bundle may leave out layers that
// the region has. Nothing here verifies a signature: that is for package trust.
package bundle

import (
	"errors"
	"fmt"

	"github.com/frontline-screening/frontline/internal/artifact"
)

// Media types of a bundle's parts that an artifact does not have.
const (
	// TypeBundle is the artifact type of index.json.
	TypeBundle = "application/vnd.frontline.bundle.v1"
	// TypeStatement is a statement, metadata of the TUF role "bundle".
	TypeStatement = "application/vnd.frontline.bundle.statement.v1+json"
)

// Limits of a bundle; those of orders and snapshots come on top.
const (
	// MaxFeeds is the number of lists in a bundle.
	MaxFeeds = 1024
	// MaxStatement is the size of a statement, in bytes.
	MaxStatement = 1 << 20
	// maxIndex and maxManifest are sizes in bytes; maxManifests is the size of
	// all of them, which are in memory together.
	maxIndex     = 1 << 20
	maxManifest  = 4 << 20
	maxManifests = 64 << 20
)

// Causes that callers tell apart with errors.Is. Size limits are
// artifact.ErrTooLarge.
var (
	// ErrTruncated means that the file ends before its end.
	ErrTruncated = errors.New("the file is truncated; copy it again")
	// ErrMalformed means that it is not a bundle, or holds what a bundle does not.
	ErrMalformed = errors.New("the file is not a bundle as this version writes it")
	// ErrDigest means that the bytes of an entry are not those of its name.
	ErrDigest = artifact.ErrDigest
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrMalformed, fmt.Errorf(format, args...))
}
