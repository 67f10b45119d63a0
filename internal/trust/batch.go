// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/frontline-screening/frontline/internal/canonical"
)

// BatchFormat names the form of a Batch.
const BatchFormat = "frontline.roots/v1"

// maxBatch bounds a batch file in bytes: some ten thousand regions.
const maxBatch = 64 << 20

// Batch is the one file of a ceremony: the next root.json of every region that
// waits for one. Each holder signs it once; the file gathers their signatures.
type Batch struct {
	Format  string    `json:"format"`
	HubUID  string    `json:"hubUID"`
	Created time.Time `json:"created"`
	// Roots are sorted by region.
	Roots []BatchRoot `json:"roots"`
}

// BatchRoot is one root.json to sign.
type BatchRoot struct {
	Region string `json:"region"`
	// Previous is the signed root.json before; empty for a new region.
	Previous []byte `json:"previous,omitempty"`
	// Root is the next one, with the signatures gathered so far.
	Root []byte `json:"root"`
}

// ReadBatch decodes a batch and checks that it is what a hub would make: each
// root follows its previous one. Signatures are not looked at.
func ReadBatch(data []byte) (Batch, error) {
	var b Batch
	if len(data) > maxBatch {
		return b, fmt.Errorf("batch of roots: it has %d bytes, at most %d are read", len(data), maxBatch)
	}
	if err := canonical.UnmarshalStrict(data, &b); err != nil {
		return b, fmt.Errorf("batch of roots: %w", err)
	}
	if b.Format != BatchFormat {
		return b, fmt.Errorf("batch of roots: format %q is not %q", b.Format, BatchFormat)
	}
	if len(b.Roots) == 0 {
		return b, errors.New("batch of roots: it is empty; no region waits")
	}
	for i, r := range b.Roots {
		if i > 0 && b.Roots[i-1].Region >= r.Region {
			return b, fmt.Errorf("batch of roots: region %q is out of order or named twice", r.Region)
		}
		if _, err := r.Change(b.HubUID); err != nil {
			return b, fmt.Errorf("batch of roots: region %q: %w", r.Region, err)
		}
	}
	return b, nil
}

// Change is what one root.json of a batch would change, read from the bytes
// that are signed.
type Change struct {
	// Before is nil for a new region.
	Before *RootInfo
	After  RootInfo
	// Missing is how many signatures of holders lack, of the root before and
	// of this one; one signature may count for both.
	Missing int
}

// Change describes the root and refuses one that does not follow the previous
// one in version, hub, region and term.
func (r BatchRoot) Change(hubUID string) (Change, error) {
	next, err := readRoot(r.Root)
	if err != nil {
		return Change{}, err
	}
	after, err := describe(next)
	if err != nil {
		return Change{}, err
	}
	change := Change{After: after}
	var version, term int64
	if len(r.Previous) > 0 {
		previous, err := readRoot(r.Previous)
		if err != nil {
			return Change{}, err
		}
		before, err := describe(previous)
		if err != nil {
			return Change{}, err
		}
		change.Before, version, term = &before, before.Version, before.Term
		if before.HubUID != after.HubUID || before.Region != after.Region {
			return Change{}, refuse(Foreign, rootFile(after.Version), "the one before it is of another hub or region")
		}
		if change.Missing, err = missing(previous, next); err != nil {
			return Change{}, err
		}
	}
	switch {
	case after.HubUID != hubUID:
		return Change{}, refuse(Foreign, rootFile(after.Version), "it is of hub %s, the batch of hub %s", after.HubUID, hubUID)
	case after.Region != r.Region:
		return Change{}, refuse(WrongRegion, rootFile(after.Version), "it is of region %s", after.Region)
	case after.Version != version+1 || after.Term < term:
		return Change{}, refuse(Rollback, rootFile(after.Version), "it follows version %d of term %d with term %d", version, term, after.Term)
	}
	own, err := missing(next, next)
	if err != nil {
		return Change{}, err
	}
	change.Missing = max(change.Missing, own)
	return change, nil
}

func missing(by, root *metadata.Metadata[metadata.RootType]) (int, error) {
	count, err := signatures(by, root)
	return max(by.Signed.Roles[metadata.ROOT].Threshold-count, 0), err
}

// Asks reports whether a signature of the key counts for the root.
func (c Change) Asks(key crypto.PublicKey) bool {
	return c.After.Holder(key) || (c.Before != nil && c.Before.Holder(key))
}

// Sign adds a holder's signature to each root that asks for it, and returns
// how many do. A key that nothing asks for is an error.
func (b *Batch) Sign(holder crypto.Signer) (int, error) {
	signed := 0
	for i, r := range b.Roots {
		change, err := r.Change(b.HubUID)
		if err != nil {
			return signed, fmt.Errorf("region %s: %w", r.Region, err)
		}
		if !change.Asks(holder.Public()) {
			continue
		}
		if b.Roots[i].Root, err = SignRoot(r.Root, holder); err != nil {
			return signed, fmt.Errorf("region %s: %w", r.Region, err)
		}
		signed++
	}
	if signed == 0 {
		return 0, errors.New("no root of the batch names this key among its holders; use the key whose public half the hub was given")
	}
	return signed, nil
}

// Merge adds the signatures of another holder's copy of the same batch.
func (b *Batch) Merge(other Batch) error {
	if b.HubUID != other.HubUID || len(b.Roots) != len(other.Roots) {
		return errors.New("the files are not copies of one batch")
	}
	for i := range b.Roots {
		mine, err := readRoot(b.Roots[i].Root)
		if err != nil {
			return err
		}
		theirs, err := readRoot(other.Roots[i].Root)
		if err != nil {
			return err
		}
		same, err := sameSigned(mine, theirs)
		if err != nil {
			return err
		}
		if !same || b.Roots[i].Region != other.Roots[i].Region || !bytes.Equal(b.Roots[i].Previous, other.Roots[i].Previous) {
			return fmt.Errorf("region %s: the files are not copies of one batch", b.Roots[i].Region)
		}
		for _, s := range theirs.Signatures {
			if !slices.ContainsFunc(mine.Signatures, func(m metadata.Signature) bool { return m.KeyID == s.KeyID }) {
				mine.Signatures = append(mine.Signatures, s)
			}
		}
		if b.Roots[i].Root, err = mine.ToBytes(false); err != nil {
			return fmt.Errorf("region %s: %w", b.Roots[i].Region, err)
		}
	}
	return nil
}

func sameSigned(a, b *metadata.Metadata[metadata.RootType]) (bool, error) {
	first, err := canonical.Marshal(a.Signed)
	if err != nil {
		return false, err
	}
	second, err := canonical.Marshal(b.Signed)
	return bytes.Equal(first, second), err
}

// Complete verifies that every root has the signatures it needs.
func (b Batch) Complete() error {
	for _, r := range b.Roots {
		change, err := r.Change(b.HubUID)
		if err == nil && change.Missing > 0 {
			err = fmt.Errorf("%d signatures of holders are missing; pass the file to the next holder: frontline trust sign FILE", change.Missing)
		}
		if err == nil {
			_, err = CheckRoot(nilIfEmpty(r.Previous), r.Root)
		}
		if err != nil {
			return fmt.Errorf("region %s: %w", r.Region, err)
		}
	}
	return nil
}

func nilIfEmpty(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	return data
}
