// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"errors"
	"fmt"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/seal"
)

// carryBlocks gives each feed with content the overlay of its blocked records,
// sealed to the key that the content is sealed to. An overlay that stands is
// carried as it is: sealed anew it would have other bytes, and every pass would
// make a new order.
func (r *Reconciler) carryBlocks(ctx context.Context, s *scope, in *order.Input) error {
	for i := range in.Feeds {
		feed := &in.Feeds[i]
		feed.Blocks = nil
		if feed.State == order.Erase || feed.Epoch == 0 {
			continue
		}
		keys, err := r.Keys.Feed(ctx, screeningv1.FeedID(feed.ID))
		if err != nil {
			return err
		}
		if keys.Blocks.Version == 0 {
			continue
		}
		before := s.published.feed(feed.ID)
		fits := before != nil && before.Blocks != nil && before.UID == feed.UID && before.Epoch == feed.Epoch
		recipient := s.recipient(feed)
		switch {
		case fits && (before.Blocks.Version == keys.Blocks.Version || recipient == ""):
			// Without a report since the start nobody knows whom to seal to.
			carry(in, feed, before.Blocks, s.published.order.Blobs[before.Blocks.Digest])
		case recipient != "":
			sealed, err := r.sealBlocks(ctx, keys, feed.ID, recipient)
			if err != nil {
				return err
			}
			carry(in, feed, &order.Blob{Version: keys.Blocks.Version, Digest: canonical.Digest(sealed), Size: int64(len(sealed))}, sealed)
		}
	}
	return nil
}

func carry(in *order.Input, feed *order.Feed, blob *order.Blob, data []byte) {
	if in.Blobs == nil {
		in.Blobs = map[string][]byte{}
	}
	in.Blobs[blob.Digest], feed.Blocks = data, blob
}

// recipient is the region's key of the epoch that a feed is sealed to, by its
// last report; empty when that does not say.
func (s *scope) recipient(feed *order.Feed) string {
	said := s.received.Feed(feed.ID)
	if said == nil || said.Keys == nil || said.UID != feed.UID {
		return ""
	}
	switch feed.Epoch {
	case said.Keys.Current.Epoch:
		return said.Keys.Current.Recipient
	case said.Keys.Next.Epoch:
		return said.Keys.Next.Recipient
	}
	return ""
}

// sealBlocks seals an overlay to the region, and to the hub, which has to find
// its own blocks in an order after it was restored from a backup.
func (r *Reconciler) sealBlocks(ctx context.Context, keys keystore.Feed, feed, recipient string) ([]byte, error) {
	plain, err := keys.Overlay(feed)
	if err != nil {
		return nil, err
	}
	ledger, err := r.Keys.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	own, err := ledger.Recipient()
	if err != nil {
		return nil, err
	}
	sealed, err := seal.SealBytes(plain, recipient, own)
	if err != nil {
		return nil, fmt.Errorf("blocks of feed %s: %w", feed, err)
	}
	return sealed, nil
}

// adoptBlocks takes up what the order that stands blocks and this hub has
// forgotten.
func (r *Reconciler) adoptBlocks(ctx context.Context, published *order.Order) error {
	var errs []error
	for i := range published.Feeds {
		feed := &published.Feeds[i]
		if feed.Blocks == nil {
			continue
		}
		keys, err := r.Keys.Feed(ctx, screeningv1.FeedID(feed.ID))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if keys.Blocks.Version >= feed.Blocks.Version {
			continue
		}
		var records []string
		ledger, err := r.Keys.Ledger(ctx)
		if err != nil {
			return err
		}
		if plain, err := ledger.OpenBytes(published.Blobs[feed.Blocks.Digest], block.MaxBytes); err == nil {
			if overlay, err := block.Decode(plain); err == nil && overlay.Feed == feed.ID {
				records = append([]string{}, overlay.Records...)
			}
		}
		errs = append(errs, r.Keys.AdoptBlocks(ctx, screeningv1.FeedID(feed.ID), feed.Blocks.Version, records))
	}
	return errors.Join(errs...)
}
