// SPDX-License-Identifier: Apache-2.0

package region

import (
	"context"
	"crypto/x509"
	"fmt"
	"path/filepath"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
)

// proofsDir holds, for each feed, the order by which its copy came to be held.
const proofsDir = "proofs"

// prove returns what lets loaders verify the order that was verified last, nil
// before the first.
func (f *Follower) prove(ctx context.Context, opened *order.Order, parts map[string][]byte) (*dataset.Proof, error) {
	files, statement, err := f.Prove(ctx)
	if err != nil || files == nil {
		return nil, err
	}
	return &dataset.Proof{Files: files, Statement: statement, Feeds: parts[feedsPart(opened)]}, nil
}

// feedsPart is the digest of the part of an order that lists its feeds.
func feedsPart(o *order.Order) string {
	for _, p := range o.Parts {
		if p.Kind == order.PartFeeds {
			return p.Digest
		}
	}
	return ""
}

// proofs are those that a target needs: of the order in force, and of the order
// by which each copy is held that the order in force no longer names.
func (r *Region) proofs(v *Verified, copies Copies, target *dataset.Target) error {
	if v == nil || v.proof == nil {
		return nil
	}
	target.Proofs = append(target.Proofs, *v.proof)
	for _, f := range target.Set.Feeds {
		if f.State != dataset.Serve || copies.current(v.Feed(f.ID)) {
			continue
		}
		var older dataset.Proof
		if found, err := r.store.readJSON(copyProof(f.ID), &older); err != nil {
			return err
		} else if found {
			target.Proofs = append(target.Proofs, older)
		}
	}
	return nil
}

// keepProof notes the order by which a copy is held.
func (r *Region) keepProof(feed string) error {
	v := r.Verified()
	if v == nil || v.proof == nil || !feedIDForm.MatchString(feed) {
		return nil
	}
	return r.store.writeJSON(copyProof(feed), v.proof)
}

func copyProof(feed string) string { return filepath.Join(proofsDir, feed+".json") }

// Pin is what loaders of this region hold proofs against; false before it
// joined a hub.
func (r *Region) Pin() (dataset.Pin, bool, error) {
	joined := r.Joined()
	if joined == nil {
		return dataset.Pin{}, false, nil
	}
	identity, err := r.store.Identity(r.name, r.now())
	if err != nil {
		return dataset.Pin{}, false, err
	}
	key, err := x509.MarshalPKIXPublicKey(identity.Key.Public())
	if err != nil {
		return dataset.Pin{}, false, fmt.Errorf("the region's key: %w", err)
	}
	return dataset.Pin{
		Format: dataset.PinFormat, HubUID: joined.HubUID, Term: joined.Term, Region: joined.Region, Root: joined.Root, RegionKey: key,
	}, true, nil
}
