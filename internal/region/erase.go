// SPDX-License-Identifier: Apache-2.0

package region

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/erasure"
	"github.com/frontline-screening/frontline/internal/order"
)

// receiptsDir holds the newest receipt of each feed.
const receiptsDir = "receipts"

// errServing says that an erasure waits for pods to move on.
var errServing = errors.New("pods still search what is to be erased")

// ending returns the feed if the order ends keys of it that still exist and
// what it wants instead is held; nil otherwise.
func (p *Replicator) ending(id string, copies Copies) *order.Feed {
	v := p.region.Verified()
	if v == nil {
		return nil
	}
	f := v.Feed(id)
	if f == nil || f.State != order.Serve || !copies.current(f) || copies[id].KeyFloor >= f.KeyFloor {
		return nil
	}
	return f
}

// destroyKeys carries out the key floor of an order: what was sealed to older
// keys is removed from pods and registry, and then the keys are destroyed. The
// order of these steps makes a receipt true: without the keys nothing could be
// made of what is left.
func (p *Replicator) destroyKeys(ctx context.Context, f *order.Feed, held Copy) error {
	if served := p.region.Served(f.ID); served.Pods > 0 && served.Release < f.Floor {
		return nil // the next acknowledgement wakes the replicator
	}
	next := held
	next.Retained, next.Leftovers = nil, nil
	next = next.succeeds(held, f)
	if err := p.region.setCopy(f.ID, &next); err != nil {
		return err
	}
	return p.finish(ctx, f, next, f.KeyFloor)
}

// eraseFeed removes every copy of a feed and all its keys.
func (p *Replicator) eraseFeed(ctx context.Context, id string) error {
	held := p.region.Copies()[id]
	if p.region.Served(id).Pods > 0 {
		// The target has named the feed as unavailable; each pod says so soon.
		return fmt.Errorf("feed %s: %w", id, errServing)
	}
	v := p.region.Verified()
	f := v.Feed(id)
	if f == nil { // withdrawn by a tombstone
		f = &order.Feed{ID: id, UID: held.UID, State: order.Erase}
	}
	held.Leftovers, held.Artifact, held.Retained = held.artifacts(), "", nil
	return p.finish(ctx, f, held, math.MaxInt64)
}

// finish deletes the artifacts that are left over of a feed, makes sure that
// the registry has nothing of them any more, destroys the keys below an epoch
// and signs a receipt. It can be repeated from any point.
func (p *Replicator) finish(ctx context.Context, f *order.Feed, held Copy, keysBelow int64) error {
	v, joined := p.region.Verified(), p.region.Joined()
	if joined == nil {
		return fmt.Errorf("erase feed %s: the region has joined no hub that a receipt could be for", f.ID)
	}
	repo := artifact.FeedRepository(p.region.name, f.ID)
	receipt := erasure.Receipt{
		Region: p.region.name, RegionUID: joined.RegionUID, Feed: f.ID, FeedUID: f.UID,
		Order: erasure.Order{Sequence: v.Sequence, Digest: v.IndexDigest}, Floor: f.Floor, Manifests: held.Leftovers,
		Pods: int64(p.region.Served(f.ID).Pods),
	}
	blobs, err := p.remove(ctx, repo, held)
	switch {
	case errors.Is(err, artifact.ErrDeletionUnsupported), errors.Is(err, artifact.ErrCollectUnsupported):
		receipt.DeletionUnsupported = true
	case err != nil:
		return fmt.Errorf("erase feed %s: %w", f.ID, err)
	}
	receipt.Blobs = blobs
	if receipt.KeysDestroyed, err = p.region.store.DestroyKeys(f.ID, keysBelow); err != nil {
		return err
	}
	receipt.KeyFloor = f.KeyFloor
	if err := p.sign(ctx, receipt); err != nil {
		return err
	}
	if held.Artifact == "" {
		err = p.region.setCopy(f.ID, nil)
	} else {
		held.Leftovers, held.KeyFloor = nil, f.KeyFloor
		err = p.region.setCopy(f.ID, &held)
	}
	if err == nil {
		p.log.Info("Erased", "region", p.region.name, "feed", f.ID, "floor", f.Floor, "keyFloor", f.KeyFloor,
			"artifacts", len(receipt.Manifests), "keys", len(receipt.KeysDestroyed))
	}
	return err
}

// remove deletes the artifacts left over and collects their blobs. It returns
// how many blobs the registry answers 404 for.
func (p *Replicator) remove(ctx context.Context, repo string, held Copy) (int64, error) {
	keep := map[string]bool{}
	for _, manifest := range append([]string{held.Artifact}, manifests(held.Retained)...) {
		if manifest == "" {
			continue
		}
		layers, err := p.to.Blobs(ctx, repo, manifest)
		if err != nil {
			return 0, err
		}
		for _, l := range layers {
			keep[l] = true
		}
	}
	known, err := p.region.store.doomed(repo)
	if err != nil {
		return 0, err
	}
	for _, manifest := range held.Leftovers {
		blobs, err := p.to.Blobs(ctx, repo, manifest)
		if err != nil && !errors.Is(err, artifact.ErrNotFound) {
			return 0, err
		}
		for _, b := range append(blobs, manifest) {
			if !keep[b] && !slices.Contains(known, b) {
				known = append(known, b)
			}
		}
	}
	// On disk before anything goes: after a crash the manifests that tell their
	// layers may be gone, and the layers not.
	if err := p.region.store.setDoomed(repo, known); err != nil {
		return 0, err
	}
	if !p.shared() {
		for _, manifest := range held.Leftovers {
			if err := p.to.Delete(ctx, repo, manifest); err != nil {
				return 0, err
			}
		}
		if err := p.to.CollectNow(ctx, repo, known); err != nil {
			return 0, err
		}
	}
	left, err := p.to.Gone(ctx, repo, known)
	if err != nil {
		return 0, err
	}
	if len(left) > 0 {
		return 0, fmt.Errorf("the registry still answers for %d of %d digests in %s; it is asked again", len(left), len(known), repo)
	}
	return int64(len(known)), p.region.store.setDoomed(repo, nil)
}

func manifests(list []Retained) []string {
	out := make([]string, 0, len(list))
	for _, r := range list {
		out = append(out, r.Artifact)
	}
	return out
}

func (p *Replicator) sign(ctx context.Context, receipt erasure.Receipt) error {
	identity, err := p.region.store.Identity(p.region.name, p.region.now())
	if err != nil {
		return err
	}
	receipt.At = p.region.now()
	signed, err := erasure.Sign(ctx, receipt, identity.Key)
	if err != nil {
		return err
	}
	return p.region.store.setReceipt(receipt.Feed, signed)
}

// Receipt returns the newest receipt of an erasure of the feed, or nil.
func (s *Store) Receipt(feed string) (json.RawMessage, error) {
	if !feedIDForm.MatchString(feed) {
		return nil, nil
	}
	return s.read(receiptFile(feed))
}

func (s *Store) setReceipt(feed string, data []byte) error {
	if !feedIDForm.MatchString(feed) {
		return fmt.Errorf("receipt of feed %q: the id is not one of a feed", feed)
	}
	return s.write(receiptFile(feed), data)
}

func receiptFile(feed string) string { return filepath.Join(receiptsDir, feed+".json") }

// doomed are the digests that an erasure under way has to make sure are gone.
func (s *Store) doomed(repo string) ([]string, error) {
	all := map[string][]string{}
	_, err := s.readJSON(doomedFile, &all)
	return all[repo], err
}

func (s *Store) setDoomed(repo string, digests []string) error {
	all := map[string][]string{}
	if _, err := s.readJSON(doomedFile, &all); err != nil {
		return err
	}
	if len(all[repo]) == 0 && len(digests) == 0 {
		return nil
	}
	all[repo] = digests
	if len(digests) == 0 {
		delete(all, repo)
	}
	return s.writeJSON(doomedFile, all)
}
