// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"fmt"
	"time"
)

// Snapshot is one release of a feed for one region and the file that holds it.
type Snapshot struct {
	// Path of the file with the content, not compressed.
	Path string
	// Digest of the content, "sha256:<hex>".
	Digest string
	// Size of the content in bytes.
	Size int64

	Feed     string // feed id, NAMESPACE.NAME
	Region   string
	Version  int64     // release number, from 1
	ListDate time.Time // the publisher's date of the content; zero when it states none
	Records  int64

	// Epoch of the key it was sealed to; set by FetchSnapshot.
	Epoch int64
}

func (s Snapshot) check() error {
	if s.Feed == "" || s.Region == "" || s.Version < 1 || s.Size < 0 || s.Records < 0 {
		return fmt.Errorf("snapshot without feed, region, release number or size: %w", ErrMalformed)
	}
	return checkDigest(s.Digest)
}
