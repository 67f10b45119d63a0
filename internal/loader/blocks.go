// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"errors"
	"fmt"

	"github.com/google/renameio/v2"

	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/seal"
)

// openBlocks opens the overlay that a target carries for a feed and returns it
// with its plain bytes, which have the digest that the set names.
func openBlocks(target dataset.Target, f dataset.Feed) (block.Overlay, []byte, error) {
	plain, err := seal.OpenBytes(target.Overlays[f.ID], block.MaxBytes, target.Keys[f.ID]...)
	if err != nil {
		return block.Overlay{}, nil, fmt.Errorf("blocks of feed %s: %w", f.ID, err)
	}
	overlay, err := block.Decode(plain)
	if err != nil {
		return overlay, nil, fmt.Errorf("blocks of feed %s: %w", f.ID, err)
	}
	if overlay.Feed != f.ID {
		return overlay, nil, fmt.Errorf("blocks of feed %s: they are of feed %s", f.ID, overlay.Feed)
	}
	if got := canonical.Digest(plain); got != f.Blocks {
		return overlay, nil, fmt.Errorf("blocks of feed %s: the set names %s, what came with the target is %s", f.ID, f.Blocks, got)
	}
	return overlay, plain, nil
}

// checkBlocks holds the overlay of blocked records against the order, which
// names the sealed bytes. before is what was taken of the feed last: what was
// proven then needs no keys now, so that a loader that begins again serves what
// it has without its agent.
func checkBlocks(ordered order.Feed, f dataset.Feed, target dataset.Target, before taken) error {
	switch {
	case ordered.Blocks == nil && f.Blocks != "":
		return errors.New("records are left out that no order blocks")
	case ordered.Blocks == nil:
		return nil
	case f.Blocks == "":
		return errors.New("the records that the order blocks are not left out")
	}
	if before.UID == ordered.UID && before.Sealed == ordered.Blocks.Digest && before.Blocks == f.Blocks {
		return nil
	}
	if got := canonical.Digest(target.Overlays[f.ID]); got != ordered.Blocks.Digest {
		return fmt.Errorf("the order names blocks %s, what came with the target is %s", ordered.Blocks.Digest, got)
	}
	overlay, _, err := openBlocks(target, f)
	if err != nil {
		return err
	}
	if overlay.Version != ordered.Blocks.Version {
		return fmt.Errorf("its blocks are version %d, the order names version %d", overlay.Version, ordered.Blocks.Version)
	}
	return nil
}

// lacksBlocks reports whether an overlay that the target names is not on disk.
func lacksBlocks(target dataset.Target, has func(digest string) bool) bool {
	for _, f := range target.Set.Feeds {
		if f.State == dataset.Serve && f.Blocks != "" && !has(f.Blocks) {
			return true
		}
	}
	return false
}

// writeOverlays puts the overlays of blocked records where the engine reads
// them. They come with the target, so that a block waits for no transfer.
func (l *Loader) writeOverlays(target dataset.Target) error {
	for _, f := range target.Set.Feeds {
		if f.State != dataset.Serve || f.Blocks == "" || l.o.Dir.HasBlob(f.Blocks) {
			continue
		}
		_, plain, err := openBlocks(target, f)
		if err != nil {
			return fmt.Errorf("%w; the old set goes on serving", err)
		}
		if err := renameio.WriteFile(l.o.Dir.BlobPath(f.Blocks), plain, 0o644); err != nil {
			return fmt.Errorf("dataset directory: write an overlay: %w", err)
		}
	}
	return nil
}
