// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/internal/depot"
)

// Secrets gives other packages what they need of the hub's key namespace.
type Secrets struct {
	Keys *keystore.Store
	// Adopt fails while the hub may have forgotten erasures and blocks of a feed,
	// because it was restored from a backup and has not looked at its registry as yet.
	Adopt func(context.Context, screeningv1.FeedID) error
}

// Keyring finds the keys of a feed.
func (s Secrets) Keyring(ctx context.Context, feed string) (depot.Keys, error) {
	known, err := s.Keys.Feed(ctx, screeningv1.FeedID(feed))
	if err != nil {
		return depot.Keys{}, err
	}
	current := known.Current()
	return depot.Keys{Key: known.Key, Epoch: current.Epoch, Recipient: current.Recipient, Identities: known.Identities()}, nil
}

// Erased finds what was erased from a feed.
func (s Secrets) Erased(ctx context.Context, feed string) (map[string]bool, error) {
	if err := s.Adopt(ctx, screeningv1.FeedID(feed)); err != nil {
		return nil, err
	}
	ledger, err := s.Keys.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	return ledger.Of(feed), nil
}

// Blocked finds the blocked records that the overlay has no room for.
func (s Secrets) Blocked(ctx context.Context, feed string) (map[string]bool, error) {
	if err := s.Adopt(ctx, screeningv1.FeedID(feed)); err != nil {
		return nil, err
	}
	known, err := s.Keys.Feed(ctx, screeningv1.FeedID(feed))
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, record := range known.Blocks.Overflow {
		out[record] = true
	}
	return out, nil
}

// Rotate begins a key epoch of the hub's own copies of a feed.
func (s Secrets) Rotate(ctx context.Context, feed string) error {
	_, err := s.Keys.Rotate(ctx, screeningv1.FeedID(feed))
	return err
}
