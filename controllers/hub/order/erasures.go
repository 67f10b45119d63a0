// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"fmt"

	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/internal/erasure"
	"github.com/frontline-screening/frontline/internal/order"
)

// adoptErasures takes up, once for each region, what the order that stands
// says was erased: a hub that was restored from a backup must not bring back
// what it erased since.
func (r *Reconciler) adoptErasures(ctx context.Context, published *order.Order) error {
	if published.Erasures == nil {
		return nil
	}
	ledger, err := r.Keys.Ledger(ctx)
	if err != nil {
		return err
	}
	if ledger.Blob != nil && ledger.Blob.Digest == published.Erasures.Digest {
		return nil
	}
	signed, err := ledger.Open(published.Blobs[published.Erasures.Digest])
	if err != nil {
		return fmt.Errorf("%w; restore Secret %s from the backup of the hub's keys", err, keystore.LedgerSecret)
	}
	_, err = r.Keys.Extend(ctx, func(own erasure.Ledger) (erasure.Ledger, error) { return own.Merge(signed), nil })
	return err
}

// carryErasures makes the ledger of erasures part of the order.
func (r *Reconciler) carryErasures(ctx context.Context, in *order.Input) error {
	ledger, err := r.Keys.Ledger(ctx)
	if err != nil || ledger.Blob == nil {
		return err
	}
	in.Erasures = ledger.Blob
	if in.Blobs == nil {
		in.Blobs = map[string][]byte{}
	}
	in.Blobs[ledger.Blob.Digest] = ledger.Sealed
	return nil
}
