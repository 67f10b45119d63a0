// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"maps"
	"time"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/envelope"
)

// VerifyAt verifies an order at a given time from a root that is trusted,
// without any memory: what a loader does with what its region hands it. The
// time must be one that the region proves (LastVerified).
func VerifyAt(pinnedRoot []byte, files Files, identity Identity, at time.Time) (Verified, error) {
	if err := CheckPin(pinnedRoot, identity); err != nil {
		return Verified{}, err
	}
	p, err := verify([][]byte{pinnedRoot}, nil, files, identity, exactly(at))
	if err != nil {
		return Verified{}, err
	}
	v := p.verified(at)
	v.Changed = true
	return v, nil
}

// Of LastVerified as a DSSE envelope.
const (
	LastVerifiedFormat      = "frontline.verified/v1"
	LastVerifiedPayloadType = "application/vnd.frontline.verified.v1+json"
)

// LastVerified is a region's word on when it verified an order, signed by the
// key that it joined with. With it a pod that starts while the region is cut
// off verifies the order as of then: the same order, never a newer one under
// expired metadata.
type LastVerified struct {
	Format     string    `json:"format"`
	Region     string    `json:"region"`
	Sequence   int64     `json:"sequence"`
	Digest     string    `json:"digest"`
	VerifiedAt time.Time `json:"verifiedAt"`
}

// Statement is what a region says of an order that it verified.
func (v Verified) Statement() LastVerified {
	return LastVerified{
		Format: LastVerifiedFormat, Region: v.Region, Sequence: v.Sequence, Digest: v.IndexDigest, VerifiedAt: v.VerifiedAt.UTC(),
	}
}

// SignLastVerified returns the statement as a DSSE envelope.
func SignLastVerified(ctx context.Context, s LastVerified, key ed25519.PrivateKey) ([]byte, error) {
	payload, err := canonical.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("statement of what was verified: %w", err)
	}
	return envelope.Sign(ctx, LastVerifiedPayloadType, payload, key)
}

// OpenLastVerified verifies an envelope against the region's key.
func OpenLastVerified(ctx context.Context, data []byte, key ed25519.PublicKey) (LastVerified, error) {
	var s LastVerified
	if len(data) > maxMetadata {
		return s, refuse(Malformed, "", "the statement of what was verified has %d bytes, at most %d are read", len(data), maxMetadata)
	}
	payload, err := envelope.Verify(ctx, LastVerifiedPayloadType, data, key)
	if err != nil {
		return s, refuse(BadSignature, "", "statement of what was verified: %w", err)
	}
	if err := canonical.UnmarshalStrict(payload, &s); err != nil {
		return s, refuse(Malformed, "", "statement of what was verified: %w", err)
	}
	if s.Format != LastVerifiedFormat || s.VerifiedAt.IsZero() {
		return s, refuse(Malformed, "", "the statement of what was verified is not of the form %s", LastVerifiedFormat)
	}
	return s, nil
}

// Proof is what a region hands a loader, and what the loader holds it against.
type Proof struct {
	// Root and RegionKey are pinned in the loader's pod.
	Root      []byte
	Identity  Identity
	RegionKey ed25519.PublicKey
	// Files are the order's repository, Statement a signed LastVerified.
	Files     Files
	Statement []byte
}

// Verify returns the order that the proof is of.
func (p Proof) Verify(ctx context.Context) (Verified, error) {
	s, err := OpenLastVerified(ctx, p.Statement, p.RegionKey)
	if err != nil {
		return Verified{}, err
	}
	v, err := VerifyAt(p.Root, p.Files, p.Identity, s.VerifiedAt)
	if err != nil {
		return Verified{}, err
	}
	switch {
	case s.Region != v.Region:
		return Verified{}, refuse(WrongRegion, "", "the statement of what was verified is of region %s, the order of %s", s.Region, v.Region)
	case s.Sequence != v.Sequence || s.Digest != v.IndexDigest:
		return Verified{}, refuse(Mixed, "", "the statement of what was verified is of order %d, the files are of order %d", s.Sequence, v.Sequence)
	}
	return v, nil
}

// HighWater is the newest order that a loader mapped. It lets a loader refuse
// what is older even when its agent was rolled back.
type HighWater struct {
	Term     int64  `json:"term"`
	Sequence int64  `json:"sequence"`
	Digest   string `json:"digest"`
	// Releases are those that were mapped, by feed id.
	Releases map[string]int64 `json:"releases,omitempty"`
}

// Check refuses an order below the mark, and under the mark's own sequence
// another order or a lower release of a feed. A newer order may lower a
// release: its owner has pinned an earlier one.
func (h HighWater) Check(v Verified, releases map[string]int64) error {
	switch {
	case v.Term < h.Term || (v.Term == h.Term && v.Sequence < h.Sequence):
		return refuse(Rollback, "", "it is order %d of term %d, order %d of term %d was mapped before", v.Sequence, v.Term, h.Sequence, h.Term)
	case v.Term != h.Term || v.Sequence != h.Sequence:
		return nil
	case h.Digest != "" && v.IndexDigest != h.Digest:
		return refuse(Equivocation, "", "order %d was mapped before as %s, now it is %s", v.Sequence, h.Digest, v.IndexDigest)
	}
	for feed, release := range h.Releases {
		if now, ok := releases[feed]; ok && now < release {
			return refuse(Rollback, "", "release %d of feed %s was mapped under order %d, now it is %d", release, feed, v.Sequence, now)
		}
	}
	return nil
}

// Raise returns the mark after an order was mapped.
func (h HighWater) Raise(v Verified, releases map[string]int64) HighWater {
	if h.Check(v, releases) != nil {
		return h
	}
	next := HighWater{Term: v.Term, Sequence: v.Sequence, Digest: v.IndexDigest, Releases: map[string]int64{}}
	if h.Term == v.Term && h.Sequence == v.Sequence {
		maps.Copy(next.Releases, h.Releases)
	}
	maps.Copy(next.Releases, releases)
	return next
}
