// SPDX-License-Identifier: Apache-2.0

package region

import (
	"fmt"
	"slices"

	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/seal"
)

// unlock completes a target by what only the region's keys open: the keys of
// its feeds and the digests of the overlays of blocked records, which travel on
// to loaders as they are sealed: that is what an order proves. A feed whose
// overlay cannot be opened is not searched: nobody could tell whom it would
// wrongly name.
func (r *Region) unlock(v *Verified, target *dataset.Target) {
	for i := range target.Set.Feeds {
		f := &target.Set.Feeds[i]
		if f.State != dataset.Serve {
			continue
		}
		keys, overlay, err := r.opened(v, v.Feed(f.ID))
		if err != nil {
			*f = dataset.Feed{ID: f.ID, State: dataset.Unavailable, Reason: string(screen.ReasonLoading)}
			target.Sources = slices.DeleteFunc(target.Sources, func(s dataset.Source) bool { return s.Feed == f.ID })
			continue
		}
		if target.Keys == nil {
			target.Keys = map[string][]string{}
		}
		target.Keys[f.ID] = keys
		if overlay == nil {
			continue
		}
		f.Blocks = canonical.Digest(overlay)
		if target.Overlays == nil {
			target.Overlays = map[string][]byte{}
		}
		target.Overlays[f.ID] = v.Blobs[v.Feed(f.ID).Blocks.Digest]
	}
}

// opened returns the private keys of a feed, newest first, and the plain
// overlay of its blocked records, nil when none is ordered.
func (r *Region) opened(v *Verified, f *order.Feed) (keys []string, overlay []byte, err error) {
	if keys, err = r.identities(f.ID); err != nil || f.Blocks == nil || f.State != order.Serve {
		return keys, nil, err
	}
	overlay, err = openOverlay(v, f, keys)
	return keys, overlay, err
}

// identities are the private keys of a feed, newest first.
func (r *Region) identities(feed string) ([]string, error) {
	keys, err := r.store.EpochKeys(feed)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(keys))
	for _, k := range keys {
		out = append(out, k.Identity)
	}
	return out, nil
}

// openOverlay opens the overlay of a feed and checks that it is the one the
// order means.
func openOverlay(v *Verified, f *order.Feed, identities []string) ([]byte, error) {
	plain, err := seal.OpenBytes(v.Blobs[f.Blocks.Digest], block.MaxBytes, identities...)
	if err != nil {
		return nil, fmt.Errorf("blocks of feed %s: %w; the hub seals them anew once it knows the region's key", f.ID, err)
	}
	overlay, err := block.Decode(plain)
	if err != nil {
		return nil, fmt.Errorf("blocks of feed %s: %w", f.ID, err)
	}
	if overlay.Feed != f.ID || overlay.Version != f.Blocks.Version {
		return nil, fmt.Errorf("blocks of feed %s: they are version %d of feed %s, the order names version %d", f.ID, overlay.Version, overlay.Feed, f.Blocks.Version)
	}
	return plain, nil
}

// blocksLive is the version of the overlay that every pod searching the feed
// applies, or zero.
func (r *Region) blocksLive(v *Verified, f *order.Feed) int64 {
	_, overlay, err := r.opened(v, f)
	if err != nil || overlay == nil || !r.acks.blocks(f.ID, canonical.Digest(overlay)) {
		return 0
	}
	return f.Blocks.Version
}
