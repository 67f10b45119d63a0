// SPDX-License-Identifier: Apache-2.0

package erasure

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/envelope"
)

const (
	// ReceiptFormat names the version of the receipt, ReceiptPayloadType its
	// DSSE envelope.
	ReceiptFormat      = "frontline.receipt.erasure/v1"
	ReceiptPayloadType = "application/vnd.frontline.erasure-receipt.v1+json"
	// maxManifests bounds the digests that a receipt lists; more are counted.
	maxManifests = 256
)

// Receipt is a region's word on what it erased of a feed, each fact as it was
// observed and none as it was intended.
type Receipt struct {
	Format    string `json:"format"`
	Region    string `json:"region"`
	RegionUID string `json:"regionUID"`
	Feed      string `json:"feed"`
	FeedUID   string `json:"feedUID"`
	// Order is the order that was carried out.
	Order Order `json:"order"`
	// Floor is the lowest release that may still exist, zero when the whole
	// feed was erased; KeyFloor the lowest epoch whose key may still exist.
	Floor    int64 `json:"floor,omitempty"`
	KeyFloor int64 `json:"keyFloor,omitempty"`
	// Manifests are the digests of the artifacts removed, Blobs the number of
	// their layers that the registry answered 404 for afterwards.
	Manifests []string `json:"manifests,omitempty"`
	Blobs     int64    `json:"blobs"`
	// KeysDestroyed are the epochs whose private keys were destroyed.
	KeysDestroyed []int64 `json:"keysDestroyed,omitempty"`
	// Pods is the number of pods that had moved on to Floor or beyond, and so
	// had unmapped what is below, when the erasure was completed.
	Pods int64 `json:"pods"`
	// DeletionUnsupported says that the registry cannot delete: what is left
	// there is ciphertext whose key was destroyed.
	DeletionUnsupported bool `json:"deletionUnsupported,omitempty"`
	// At is the region's time of completion.
	At time.Time `json:"at"`
}

// Order names the order that a receipt answers.
type Order struct {
	Sequence int64  `json:"sequence"`
	Digest   string `json:"digest"`
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func (r Receipt) check() error {
	switch {
	case r.Format != ReceiptFormat:
		return fmt.Errorf("its format is not %s; upgrade the older of hub and region", ReceiptFormat)
	case r.Region == "" || r.RegionUID == "" || r.Feed == "" || r.At.IsZero():
		return errors.New("it does not name region, feed and time")
	case r.Order.Sequence < 1 || !digestForm.MatchString(r.Order.Digest):
		return errors.New("it does not name the order that it answers")
	case r.Floor < 0 || r.KeyFloor < 0 || r.Blobs < 0 || r.Pods < 0:
		return errors.New("a count in it is negative")
	case len(r.Manifests) > maxManifests:
		return fmt.Errorf("it lists more than %d artifacts", maxManifests)
	}
	for _, m := range r.Manifests {
		if !digestForm.MatchString(m) {
			return errors.New("an artifact in it is not named by a digest")
		}
	}
	return nil
}

// Sign signs a receipt with the region's key. Beyond the first 256 manifests
// are left out.
func Sign(ctx context.Context, r Receipt, key ed25519.PrivateKey) ([]byte, error) {
	r.Format, r.At = ReceiptFormat, r.At.UTC().Truncate(time.Second)
	r.Manifests = r.Manifests[:min(len(r.Manifests), maxManifests)]
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("receipt of an erasure of %s: %w", r.Feed, err)
	}
	data, err := canonical.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("receipt of an erasure of %s: %w", r.Feed, err)
	}
	return envelope.Sign(ctx, ReceiptPayloadType, data, key)
}

// Verify checks a receipt against the region's pinned key. The caller compares
// region, feed and order with what it asked for.
func Verify(ctx context.Context, data []byte, key ed25519.PublicKey) (Receipt, error) {
	payload, err := envelope.Verify(ctx, ReceiptPayloadType, data, key)
	if err != nil {
		return Receipt{}, fmt.Errorf("receipt of an erasure: %w", err)
	}
	var r Receipt
	if err := canonical.UnmarshalStrict(payload, &r); err != nil {
		return Receipt{}, fmt.Errorf("receipt of an erasure: %w", err)
	}
	if err := r.check(); err != nil {
		return Receipt{}, fmt.Errorf("receipt of an erasure: %w", err)
	}
	return r, nil
}
