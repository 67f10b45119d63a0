// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"crypto"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Published is an order as it stands in a registry.
type Published struct {
	Term, Sequence int64
	// Index is the order's index; IndexDigest its digest, "sha256:<hex>".
	Index       []byte
	IndexDigest string
	// Issued is when it was last signed.
	Issued        time.Time
	SourceChecked map[string]time.Time
	// Roots are the hub's own, and what holders signed after those and the hub
	// has lost.
	Roots Roots
	// BundleKey is the key that may sign bundles of this order, or nil.
	BundleKey crypto.PublicKey

	artifacts map[string]int64
}

// ArtifactSize returns the length of a manifest that is a target, in bytes.
func (p Published) ArtifactSize(feed, digest string) (int64, bool) {
	size, ok := p.artifacts[Artifact{Feed: feed, Digest: digest}.Path()]
	return size, ok
}

// Adopt verifies published files against the hub's own roots, whatever their
// expiry. A hub restored from a backup goes on from them: from the sequence,
// and from roots that were signed after the backup.
func Adopt(roots Roots, files Files) (Published, error) {
	p, chain, err := parsePublished(roots, files)
	if err != nil {
		return Published{}, err
	}
	return Published{
		Term: p.root.Term, Sequence: p.fields.Sequence, Index: slices.Clone(p.index), IndexDigest: p.fields.Digest,
		Issued: p.fields.Issued, SourceChecked: maps.Clone(p.fields.SourceChecked), Roots: chain, artifacts: p.artifacts,
		BundleKey: p.bundleKey(),
	}, nil
}

// parsePublished verifies files from the newest of roots that is among them,
// at the beginning of time, which is before every end. It returns the longer
// of the two chains of roots.
func parsePublished(roots Roots, files Files) (*published, Roots, error) {
	from := 0
	for i, data := range roots {
		if theirs, ok := files[rootFile(int64(i)+1)]; ok && !bytes.Equal(theirs, data) {
			return nil, nil, fmt.Errorf("published order: %w", refuse(Foreign, rootFile(int64(i)+1), "it is not this hub's"))
		} else if ok {
			from = i + 1
		}
	}
	if from == 0 {
		return nil, nil, fmt.Errorf("published order: %w", refuse(Foreign, "", "none of its roots is this hub's"))
	}
	p, err := verify(roots[:from], nil, files, Identity{}, exactly(time.Time{}))
	if err != nil {
		return nil, nil, fmt.Errorf("published order: %w", err)
	}
	chain := append(slices.Clone(roots[:from]), p.roots[1:]...)
	if len(roots) > len(chain) {
		chain = slices.Clone(roots)
	}
	return p, chain, nil
}

// bundleKey is the key that targets.json delegates bundles to, or nil.
func (p *published) bundleKey() crypto.PublicKey {
	d := p.delegator.Signed.Delegations
	if d == nil {
		return nil
	}
	key, err := d.Keys[d.Roles[0].KeyIDs[0]].ToPublicKey()
	if err != nil {
		return nil
	}
	return key
}

// timestampKeyOf is the key that a root names for timestamps.
func timestampKeyOf(root *metadata.Metadata[metadata.RootType]) crypto.PublicKey {
	key, err := root.Signed.Keys[root.Signed.Roles[metadata.TIMESTAMP].KeyIDs[0]].ToPublicKey()
	if err != nil {
		return nil
	}
	return key
}
