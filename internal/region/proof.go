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

// proofFile is the order in force as loaders verify it for themselves;
// proofsDir holds, for each feed, the order by which its copy came to be held.
const (
	proofFile = "order/proof.json"
	proofsDir = "proofs"
)

// prove keeps what lets loaders verify the order in force.
func (f *Follower) prove(ctx context.Context, opened *order.Order, parts map[string][]byte) error {
	files, statement, err := f.Prove(ctx)
	if err != nil || files == nil {
		return err
	}
	proof := &dataset.Proof{Files: files, Statement: statement}
	for _, p := range opened.Parts {
		if p.Kind == order.PartFeeds {
			proof.Feeds = parts[p.Digest]
		}
	}
	if err := f.region.store.writeJSON(proofFile, proof); err != nil {
		return err
	}
	f.region.set(func() bool { f.region.proof = proof; return false }) // the order itself is the news
	return nil
}

// proofs are those that a target needs: of the order in force, and of the order
// by which each copy is held that the order in force no longer names.
func (r *Region) proofs(v *Verified, copies Copies, target *dataset.Target) error {
	r.mu.RLock()
	newest := r.proof
	r.mu.RUnlock()
	if newest == nil {
		return nil
	}
	target.Proofs = append(target.Proofs, *newest)
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
	r.mu.RLock()
	newest := r.proof
	r.mu.RUnlock()
	if newest == nil || !feedIDForm.MatchString(feed) {
		return nil
	}
	return r.store.writeJSON(copyProof(feed), newest)
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
