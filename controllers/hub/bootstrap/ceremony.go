// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/trust"
)

// ErrNothingWaits says that no region needs a root signed.
var ErrNothingWaits = errors.New("no region waits for a root to be signed")

// Collect makes the batch of the roots that are to be signed: those of regions
// that have none, that are to get other holders or other keys, and with renew
// those of all regions. A hub that still has a root key of its own signs with
// it where the root before asks for it.
func (t *Trust) Collect(ctx context.Context, regions []string, renew bool, lifetime time.Duration) (trust.Batch, error) {
	hub, err := t.Hub(ctx)
	if err != nil {
		return trust.Batch{}, err
	}
	batch := trust.Batch{Format: trust.BatchFormat, HubUID: hub.UID, Created: t.now().UTC().Truncate(time.Second)}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(regions))) {
		region, err := t.Region(ctx, name)
		if err != nil {
			return trust.Batch{}, err
		}
		state, err := region.State(hub)
		if err != nil {
			return trust.Batch{}, err
		}
		if state == RootSigned && !renew || state == KeysLost {
			continue
		}
		entry, err := t.plan(hub, region, lifetime)
		if err != nil {
			return trust.Batch{}, err
		}
		batch.Roots = append(batch.Roots, entry)
	}
	if len(batch.Roots) == 0 {
		return trust.Batch{}, ErrNothingWaits
	}
	return batch, nil
}

// RootState is how a region's root stands.
type RootState string

const (
	// RootSigned: the newest root is what it should be.
	RootSigned RootState = "Signed"
	// RootPending: there is none.
	RootPending RootState = "Pending"
	// RootChanging: the next is to name other keys or other holders.
	RootChanging RootState = "Changing"
	// KeysLost: the newest root names keys that the hub does not have. It was
	// restored from a backup; keys that a root withdrew are not used again.
	KeysLost RootState = "KeysLost"
)

// State says how the region's root stands.
func (r *RegionTrust) State(hub *HubTrust) (RootState, error) {
	if len(r.Roots) == 0 {
		return RootPending, nil
	}
	info, err := trust.DescribeRoot(r.Roots.Newest())
	switch {
	case err != nil:
		return "", fmt.Errorf("region %s: %w", r.Name, err)
	case r.Next != nil:
		return RootChanging, nil
	case !info.Uses(r.Keys.Public()):
		return KeysLost, nil
	case !info.Lists(hub.Keys(), hub.Threshold):
		return RootChanging, nil
	}
	return RootSigned, nil
}

// plan is the region's next root, with the signature of the hub's own key if
// it has one that counts. New keys begin a new term: what the old ones signed,
// or a thief with them, counts no more, whatever its number.
func (t *Trust) plan(hub *HubTrust, region *RegionTrust, lifetime time.Duration) (trust.BatchRoot, error) {
	spec := trust.RootSpec{
		HubUID: hub.UID, Term: firstTerm, Region: region.Name,
		Holders: hub.Keys(), Threshold: hub.Threshold,
		Online: region.Keys.Public(), Expires: t.now().Add(lifetime),
	}
	if region.Next != nil {
		spec.Online = region.Next.Public()
	}
	entry := trust.BatchRoot{Region: region.Name, Previous: region.Roots.Newest()}
	var err error
	if entry.Previous == nil {
		entry.Root, err = trust.NewRoot(spec)
	} else {
		var before trust.RootInfo
		if before, err = trust.DescribeRoot(entry.Previous); err == nil {
			spec.Term = before.Term
			if !before.Uses(spec.Online) {
				spec.Term++
			}
			entry.Root, err = trust.NextRoot(entry.Previous, spec)
		}
	}
	if err != nil {
		return entry, fmt.Errorf("region %s: %w", region.Name, err)
	}
	if hub.RootKey == nil {
		return entry, nil
	}
	change, err := entry.Change(hub.UID)
	if err == nil && change.Asks(hub.RootKey.Public()) {
		entry.Root, err = trust.SignRoot(entry.Root, hub.RootKey)
	}
	if err != nil {
		return entry, fmt.Errorf("region %s: %w", region.Name, err)
	}
	return entry, nil
}

// Import takes the signed roots of a batch. Nothing is taken unless all of it
// is complete; what was taken before is passed over, so that an interrupted
// import is repeated. regions are all there are: the hub's own root key is
// deleted once none of them needs it.
func (t *Trust) Import(ctx context.Context, batch trust.Batch, regions []string) error {
	hub, err := t.Hub(ctx)
	if err != nil {
		return err
	}
	if batch.HubUID != hub.UID {
		return fmt.Errorf("the batch is of hub %s, this is hub %s", batch.HubUID, hub.UID)
	}
	if err := batch.Complete(); err != nil {
		return err
	}
	for _, entry := range batch.Roots {
		region, err := t.Region(ctx, entry.Region)
		if err != nil {
			return err
		}
		if bytes.Equal(region.Roots.Newest(), entry.Root) {
			continue
		}
		if !bytes.Equal(region.Roots.Newest(), entry.Previous) {
			return fmt.Errorf("region %s: its root changed since the batch was collected; collect again: frontline trust root add", entry.Region)
		}
		info, err := trust.DescribeRoot(entry.Root)
		if err != nil {
			return err
		}
		if !info.Uses(region.Keys.Public()) && (region.Next == nil || !info.Uses(region.Next.Public())) {
			return fmt.Errorf("region %s: the root names keys that the hub does not have; collect again: frontline trust root add", entry.Region)
		}
		if err := t.store(ctx, region, entry.Root); err != nil {
			return err
		}
	}
	return t.retire(ctx, regions)
}

// RotateKeys makes new online keys for a region. They are used once a root
// names them; until then the old ones sign.
func (t *Trust) RotateKeys(ctx context.Context, name string) error {
	region, err := t.Region(ctx, name)
	if err != nil {
		return err
	}
	if len(region.Roots) == 0 {
		return fmt.Errorf("region %s has no signed root as yet, so nobody trusts its keys; run: frontline trust root add", name)
	}
	if region.Next != nil {
		return nil // made before, and not signed as yet
	}
	if err := newKeys(region.secret.Data, next); err != nil {
		return err
	}
	return t.secrets.update(ctx, region.secret)
}
