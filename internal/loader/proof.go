// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/trust"
)

// ErrUnproven is wrapped when a target does not follow from a verified order.
var ErrUnproven = errors.New("Unproven") //nolint:staticcheck // the text begins with the reason, as conditions spell it

// Verifier holds targets against the root that the pod's Secret pins: what an
// agent was made to say is not mapped without the hub's signature.
type Verifier struct {
	// pin is the file with the dataset.Pin, read each time: the Secret may be
	// renewed while the pod runs.
	pin string
	// mark is the file with the newest order mapped.
	mark string
}

// NewVerifier returns a verifier with the pin in a file, and its memory in the
// dataset directory, where it outlives a restart of the loader.
func NewVerifier(pin string, dir dataset.Dir) *Verifier {
	return &Verifier{pin: pin, mark: filepath.Join(dir.Root(), "mark.json")}
}

// proven is one verified order.
type proven struct {
	trust.Verified
	feeds map[string]order.Feed
}

// Check refuses a target that does not follow from orders signed for this
// region, and one that goes back behind what was mapped before.
func (v *Verifier) Check(ctx context.Context, target dataset.Target) error {
	if len(target.Proofs) == 0 {
		return v.unprovenIfServing(target)
	}
	pin, key, err := readPin(v.pin)
	if err != nil {
		return err
	}
	var orders []proven
	for _, p := range target.Proofs {
		one, err := prove(ctx, pin, key, p)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUnproven, err)
		}
		orders = append(orders, one)
	}
	releases := map[string]int64{}
	for _, f := range target.Set.Feeds {
		if f.State != dataset.Serve {
			continue
		}
		if err := covered(orders, f); err != nil {
			return fmt.Errorf("%w: feed %s v%d: %w", ErrUnproven, f.ID, f.Release, err)
		}
		releases[f.ID] = f.Release
	}
	mark, err := v.load()
	if err != nil {
		return err
	}
	// Releases may fall behind those of the order while the region pulls; what
	// counts against going back is the order itself.
	if err := mark.Check(orders[0].Verified, nil); err != nil {
		return fmt.Errorf("%w: %w", ErrUnproven, err)
	}
	next := mark.Raise(orders[0].Verified, nil)
	if next.Sequence == mark.Sequence && next.Term == mark.Term {
		return nil
	}
	return v.save(next)
}

// unprovenIfServing lets a target pass that serves nothing: before the first
// order there is nothing to prove.
func (v *Verifier) unprovenIfServing(target dataset.Target) error {
	for _, f := range target.Set.Feeds {
		if f.State == dataset.Serve {
			return fmt.Errorf("%w: feed %s v%d: the agent sent no proof", ErrUnproven, f.ID, f.Release)
		}
	}
	return nil
}

func prove(ctx context.Context, pin dataset.Pin, key ed25519.PublicKey, p dataset.Proof) (proven, error) {
	verified, err := trust.Proof{
		Root: pin.Root, Identity: trust.Identity{HubUID: pin.HubUID, Term: pin.Term, Region: pin.Region},
		RegionKey: key, Files: p.Files, Statement: p.Statement,
	}.Verify(ctx)
	if err != nil {
		return proven{}, err
	}
	_, feeds, err := order.OpenFeeds(verified.Index, p.Feeds)
	if err != nil {
		return proven{}, err
	}
	out := proven{Verified: verified, feeds: map[string]order.Feed{}}
	for _, f := range feeds {
		out.feeds[f.ID] = f
	}
	return out, nil
}

// covered reports whether a feed of the set is as the newest order allows and
// as some order named it.
func covered(orders []proven, f dataset.Feed) error {
	newest, listed := orders[0].feeds[f.ID]
	switch {
	case !listed || newest.State != order.Serve:
		return fmt.Errorf("order %d does not let it be searched", orders[0].Sequence)
	case f.Release < newest.Floor:
		return fmt.Errorf("order %d has the floor v%d", orders[0].Sequence, newest.Floor)
	}
	for _, o := range orders {
		if one := o.feeds[f.ID]; one.UID == newest.UID && one.Release == f.Release && one.Content == f.Content {
			return nil
		}
	}
	return errors.New("no order that was proven names this content")
}

func readPin(path string) (dataset.Pin, ed25519.PublicKey, error) {
	var pin dataset.Pin
	data, err := os.ReadFile(path) //nolint:gosec // of the pod's own Secret
	if err == nil {
		err = json.Unmarshal(data, &pin)
	}
	if err != nil || pin.Format != dataset.PinFormat {
		return pin, nil, fmt.Errorf("pin %s: it cannot be read; the agent writes it into the pool's Secret", path)
	}
	parsed, err := x509.ParsePKIXPublicKey(pin.RegionKey)
	key, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return pin, nil, fmt.Errorf("pin %s: its region key is no Ed25519 key", path)
	}
	return pin, key, nil
}

func (v *Verifier) load() (trust.HighWater, error) {
	var mark trust.HighWater
	data, err := os.ReadFile(v.mark)
	if errors.Is(err, fs.ErrNotExist) {
		return mark, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &mark)
	}
	if err != nil {
		return mark, fmt.Errorf("memory of the newest order: %w; delete the pod", err)
	}
	return mark, nil
}

func (v *Verifier) save(mark trust.HighWater) error {
	data, err := canonical.Marshal(mark)
	if err == nil {
		err = renameio.WriteFile(v.mark, data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("memory of the newest order: %w", err)
	}
	return nil
}
