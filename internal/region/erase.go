// SPDX-License-Identifier: Apache-2.0

package region

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/erasure"
	"github.com/frontline-screening/frontline/internal/order"
)

// receiptsDir holds the newest receipt of each feed.
const receiptsDir = "receipts"

// deletionPatience is how long a registry may still answer for what it said it
// deleted. After that it counts as one that cannot delete: the keys must not
// wait for it for ever.
const deletionPatience = 10 * time.Minute

// serving says that an erasure waits for pods to move on; their next
// acknowledgement wakes the replicator.
func serving(id string) error {
	return &laterError{after: time.Minute, wake: true, why: "feed " + id + ": pods still search what is to be erased"}
}

// ending returns the feed if the order ends keys of it that may still exist
// and what it wants instead is held; nil otherwise.
func (p *Replicator) ending(id string, copies Copies) *order.Feed {
	v := p.region.Verified()
	if v == nil {
		return nil
	}
	f := v.Feed(id)
	if f == nil || f.State == order.Erase || !copies.current(f) || copies[id].KeyFloor >= f.KeyFloor {
		return nil
	}
	return f
}

// destroyKeys carries out the key floor of an order: pods let go of what was
// sealed to older keys, the keys are destroyed, and it is removed from the
// registry. The receipt comes last.
func (p *Replicator) destroyKeys(ctx context.Context, f *order.Feed, held Copy) error {
	if served := p.region.Served(f.ID); served.Pods > 0 && served.Release < f.Floor {
		return serving(f.ID)
	}
	next := held.trimmed(f)
	if !reflect.DeepEqual(next, held) {
		if err := p.region.setCopy(f.ID, &next); err != nil {
			return err
		}
	}
	return p.finish(ctx, f, next, f.KeyFloor)
}

// eraseFeed removes every copy of a feed and all its keys.
func (p *Replicator) eraseFeed(ctx context.Context, id string) error {
	if p.region.Served(id).Pods > 0 {
		return serving(id) // the target has named the feed as unavailable
	}
	held := p.region.Copies()[id]
	f := p.region.Verified().Feed(id)
	if f == nil { // withdrawn by a tombstone
		f = &order.Feed{ID: id, UID: held.UID, State: order.Erase}
	}
	held.Leftovers, held.Artifact, held.Retained = held.artifacts(), "", nil
	return p.finish(ctx, f, held, math.MaxInt64)
}

// finish destroys the keys of a feed below an epoch, deletes the artifacts that
// are left over, makes sure that the registry has nothing of them any more, and
// signs a receipt. It can be repeated from any point: what it set out to
// do is on disk until the end.
func (p *Replicator) finish(ctx context.Context, f *order.Feed, held Copy, keysBelow int64) error {
	v, joined := p.region.Verified(), p.region.Joined()
	if joined == nil {
		return fmt.Errorf("erase feed %s: the region has joined no hub that a receipt could be for", f.ID)
	}
	target := fmt.Sprintf("%s below %d", v.IndexDigest, keysBelow)
	e, err := p.region.store.erasing(f.ID)
	if err != nil {
		return err
	}
	if e.Signed != target {
		if e.Signed != "" {
			e = erasing{} // of another, which was completed
		}
		if e, err = p.erase(ctx, f, held, keysBelow, e); err != nil {
			return err
		}
		e.Signed = target
		if err := p.region.store.setErasing(f.ID, e); err != nil {
			return err
		}
	}
	if held.Artifact == "" {
		err = p.region.setCopy(f.ID, nil)
	} else {
		held.Leftovers, held.KeyFloor = nil, f.KeyFloor
		err = p.region.setCopy(f.ID, &held)
	}
	if err != nil {
		return err
	}
	p.log.Info("Erased", "region", p.region.name, "feed", f.ID, "floor", f.Floor, "keyFloor", f.KeyFloor,
		"artifacts", len(e.Manifests), "keys", e.Keys)
	if p.Erased != nil {
		p.Erased()
	}
	return p.region.store.erased(f.ID)
}

// erase takes the steps of finish up to the signed receipt. e is what an
// attempt before set out to do.
func (p *Replicator) erase(ctx context.Context, f *order.Feed, held Copy, keysBelow int64, e erasing) (erasing, error) {
	if err := p.doom(ctx, f.ID, held, keysBelow, &e); err != nil {
		return e, fmt.Errorf("erase feed %s: %w", f.ID, err)
	}
	// The keys first: whatever fails after this, nothing of it can be read.
	if _, err := p.region.store.DestroyKeys(f.ID, keysBelow); err != nil {
		return e, err
	}
	unsupported, err := p.remove(ctx, f.ID, e)
	if err != nil {
		return e, fmt.Errorf("erase feed %s: %w", f.ID, err)
	}
	v := p.region.Verified()
	receipt := erasure.Receipt{
		Region: p.region.name, RegionUID: p.region.Joined().RegionUID, Feed: f.ID, FeedUID: f.UID,
		Order: erasure.Order{Sequence: v.Sequence, Digest: v.IndexDigest}, KeyFloor: f.KeyFloor,
		Manifests: e.Manifests, Blobs: int64(len(e.Blobs)), KeysDestroyed: e.Keys, Pods: int64(p.region.Served(f.ID).Pods),
		DeletionUnsupported: unsupported,
	}
	if f.State != order.Erase {
		receipt.Floor = max(f.Floor, 1) // zero says that nothing is left at all
	}
	if unsupported {
		receipt.Blobs = 0 // none was seen to be gone
	}
	return e, p.sign(ctx, receipt)
}

// doom finds all that an erasure has to remove and writes it down, before
// anything goes.
func (p *Replicator) doom(ctx context.Context, feed string, held Copy, keysBelow int64, e *erasing) error {
	repo := artifact.FeedRepository(p.region.name, feed)
	stays := map[string]bool{}
	for _, manifest := range append([]string{held.Artifact}, manifests(held.Retained)...) {
		if manifest == "" {
			continue
		}
		stays[manifest] = true
		layers, err := p.blobs(ctx, repo, manifest)
		if err != nil {
			return err
		}
		for _, l := range layers {
			stays[l] = true
		}
	}
	doomed, err := p.tagged(ctx, repo)
	if err != nil {
		return err
	}
	doomed = slices.DeleteFunc(union(doomed, held.Leftovers), func(m string) bool { return stays[m] })
	var blobs []string
	for _, manifest := range doomed {
		layers, err := p.blobs(ctx, repo, manifest)
		if errors.Is(err, artifact.ErrMalformed) || errors.Is(err, artifact.ErrDigest) {
			continue // it goes by itself; what it referred to is garbage then
		}
		if err != nil {
			return err
		}
		blobs = append(blobs, layers...)
	}
	keys, err := p.region.store.EpochKeys(feed)
	if err != nil {
		return err
	}
	var epochs []int64
	for _, k := range keys {
		if k.Epoch < keysBelow {
			epochs = append(epochs, k.Epoch)
		}
	}
	if e.Since.IsZero() {
		e.Since = p.region.now()
	}
	e.add(doomed, blobs, epochs, stays)
	return p.region.store.setErasing(feed, *e)
}

// blobs are what a manifest refers to; none when the registry no longer has it.
func (p *Replicator) blobs(ctx context.Context, repo, manifest string) ([]string, error) {
	layers, err := p.to.Blobs(ctx, repo, manifest)
	if errors.Is(err, artifact.ErrNotFound) {
		return nil, nil
	}
	return layers, err
}

// tagged are the manifests that stand in a repository, also those of a copy
// that was broken off before it was recorded. In one registry with the hub
// these are the hub's affair.
func (p *Replicator) tagged(ctx context.Context, repo string) ([]string, error) {
	if p.shared() {
		return nil, nil
	}
	tags, err := p.to.Tags(ctx, repo)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, tag := range tags {
		desc, err := p.to.Resolve(ctx, repo, tag)
		if errors.Is(err, artifact.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, desc.Digest.String())
	}
	return out, nil
}

// remove deletes what is doomed and makes sure that the registry answers 404
// for all of it. It reports whether the registry cannot delete. In one registry
// with the hub the hub deletes, and the region waits until it has.
func (p *Replicator) remove(ctx context.Context, feed string, e erasing) (unsupported bool, err error) {
	if err := os.RemoveAll(p.spoolOf(feed)); err != nil {
		return false, fmt.Errorf("state directory: %w", err)
	}
	repo := artifact.FeedRepository(p.region.name, feed)
	doomed := slices.Concat(e.Manifests, e.Blobs)
	if !p.shared() {
		for _, manifest := range e.Manifests {
			if err = p.to.Delete(ctx, repo, manifest); err != nil {
				break
			}
		}
		if err == nil {
			err = p.to.CollectNow(ctx, repo, doomed)
		}
		if errors.Is(err, artifact.ErrDeletionUnsupported) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	left, err := p.to.Gone(ctx, repo, doomed)
	switch {
	case err != nil || len(left) == 0:
		return false, err
	case !p.shared() && p.region.now().Sub(e.Since) >= deletionPatience:
		p.log.Info("The registry took deletions and still answers; it counts as one that cannot delete", "region", p.region.name, "feed", feed, "digests", len(left))
		return true, nil
	}
	return false, fmt.Errorf("the registry still answers for %d of %d digests in %s; it is asked again", len(left), len(doomed), repo)
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
