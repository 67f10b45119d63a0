// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/trust"
)

// Summary is what a bundle says of itself. Its digests were checked, its
// signatures were not: that takes the region's pinned root.
type Summary struct {
	Region string `json:"region"`
	Number int64  `json:"number"`
	// Sequence and Order are number and digest of the order.
	Sequence int64        `json:"sequence"`
	Order    string       `json:"order"`
	Created  time.Time    `json:"created"`
	Expires  time.Time    `json:"expires"`
	Feeds    []FeedInside `json:"feeds"`
	// Bytes is the size of the file, Digest its digest.
	Bytes  int64  `json:"bytes"`
	Digest string `json:"digest"`
}

// FeedInside is a list in a bundle.
type FeedInside struct {
	Feed
	// Bytes are those of the list's blobs in the file; Absent counts the blobs
	// that were left out because the region has them.
	Bytes  int64 `json:"bytes"`
	Absent int   `json:"absent"`
}

// Describe reads a bundle to its end and says what it holds.
func Describe(in io.Reader) (Summary, error) {
	hash := sha256.New()
	r, err := NewReader(io.TeeReader(in, hash))
	if err != nil {
		return Summary{}, err
	}
	present := map[string]int64{}
	for {
		desc, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Summary{}, err
		}
		present[desc.Digest.String()] = desc.Size
	}
	b, err := trust.DescribeBundle(r.Statement)
	if err != nil {
		return Summary{}, err
	}
	s := Summary{
		Region: b.Region, Number: b.Number, Sequence: b.Sequence, Order: b.Digest, Created: b.Created, Expires: b.Expires,
		Feeds: []FeedInside{}, Bytes: r.in.n, Digest: "sha256:" + hex.EncodeToString(hash.Sum(nil)),
	}
	for _, raw := range r.Feeds {
		s.Feeds = append(s.Feeds, inside(raw, present))
	}
	return s, nil
}

func inside(raw artifact.Raw, present map[string]int64) FeedInside {
	f := FeedInside{Feed: Feed{ID: raw.Feed, Release: raw.Release}}
	for _, blob := range raw.Blobs {
		if size, ok := present[blob.Digest.String()]; ok {
			f.Bytes += size
		} else {
			f.Absent++
		}
	}
	return f
}
