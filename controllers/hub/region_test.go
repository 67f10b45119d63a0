// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"testing"

	signed "github.com/frontline-screening/frontline/internal/order"
	wire "github.com/frontline-screening/frontline/internal/report"
	"github.com/frontline-screening/frontline/internal/seal"
)

// feedKeys are the keys that the region made for one feed, from epoch 1 on.
type feedKeys struct {
	current                int64
	identities, recipients []string
}

func (k *feedKeys) key(epoch int64) wire.Key {
	for int64(len(k.identities)) < epoch {
		identity, recipient := seal.NewIdentity()
		k.identities, k.recipients = append(k.identities, identity), append(k.recipients, recipient)
	}
	return wire.Key{Epoch: epoch, Recipient: k.recipients[epoch-1]}
}

func (k *feedKeys) announced() *wire.Keys {
	return &wire.Keys{Current: k.key(k.current), Next: k.key(k.current + 1)}
}

// keysOf are the region's keys once it has what the order lists.
func (b *bench) keysOf(f signed.Feed) *feedKeys {
	if b.keys == nil {
		b.keys = map[string]*feedKeys{}
	}
	if b.keys[f.ID] == nil {
		b.keys[f.ID] = &feedKeys{}
	}
	known := b.keys[f.ID]
	known.current = max(known.current, f.Epoch, 1)
	return known
}

// announce reports that the region holds nothing, and the keys that the hub is
// to seal to.
func (b *bench) announce(t *testing.T) {
	t.Helper()
	err := b.report(t, func(r *wire.Report) {
		for i := range r.Feeds {
			f := &r.Feeds[i]
			f.Held, f.Content, f.Served, f.Servers = 0, "", 0, 0
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
