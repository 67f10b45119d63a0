// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/trust"
)

// ErrUnproven is wrapped when a target does not follow from a verified order.
var ErrUnproven = errors.New("Unproven")

// Reasons why a target does not follow from its proofs, beside those for which
// package trust refuses an order.
const (
	// NoProof: the agent sent none.
	NoProof trust.Reason = "NoProof"
	// NotOrdered: no order that was proven names the content, or the newest
	// does not let the feed be searched here.
	NotOrdered trust.Reason = "NotOrdered"
	// TermsChanged: the rules of the feed are not those that the order sets.
	TermsChanged trust.Reason = "TermsChanged"
	// BlocksChanged: the overlay of blocked records is not the one ordered.
	BlocksChanged trust.Reason = "BlocksChanged"
	// ClockForged: the target says that the order is newer than its signature.
	ClockForged trust.Reason = "ClockForged"
)

// UnprovenError is a target that was not taken. What is mapped goes on serving.
type UnprovenError struct {
	Reason trust.Reason
	Err    error
}

// Error implements error.
func (e *UnprovenError) Error() string {
	return fmt.Sprintf("%s (%s): %s; what is loaded goes on serving, look at the region's agent", ErrUnproven, e.Reason, e.Err)
}

// Unwrap returns ErrUnproven and the cause.
func (e *UnprovenError) Unwrap() []error { return []error{ErrUnproven, e.Err} }

func unproven(reason trust.Reason, format string, args ...any) error {
	return &UnprovenError{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// refused gives a refusal of package trust, or a file that cannot be read, the
// form of this package's.
func refused(err error) error {
	return &UnprovenError{Reason: cmp.Or(trust.ReasonOf(err), trust.Malformed), Err: err}
}

// Verifier holds targets against the root that the pod's Secret pins: what an
// agent was made to say is not mapped without the hub's signature.
type Verifier struct {
	// pin is the file with the dataset.Pin, read each time: the Secret may be
	// renewed while the pod runs.
	pin string
	// mark is the file with the newest order and releases taken.
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
	region order.Region
	feeds  map[string]order.Feed
}

// Check refuses, as an *UnprovenError, a target that does not follow from
// orders signed for this region, and one that goes back behind what was taken
// before. A pin or a memory that cannot be read is another error.
func (v *Verifier) Check(ctx context.Context, target dataset.Target) error {
	if len(target.Proofs) == 0 {
		return unprovenIfServing(target)
	}
	pin, key, err := readPin(v.pin)
	if err != nil {
		return err
	}
	orders, err := proveAll(ctx, pin, key, target.Proofs)
	if err != nil {
		return err
	}
	if err := checkClocks(orders[0], target.Clocks); err != nil {
		return err
	}
	seen, err := v.load()
	if err != nil {
		return err
	}
	// Releases are looked at one by one: they may be behind the order while the
	// region pulls.
	if err := seen.Check(orders[0].Verified, nil); err != nil {
		return refused(err)
	}
	next := seen.raise(orders[0])
	for _, f := range target.Set.Feeds {
		if f.State != dataset.Serve {
			continue
		}
		by, err := covered(orders, f, target, seen.Taken[f.ID])
		if err != nil {
			return err
		}
		if err := seen.forward(orders[0], by, f); err != nil {
			return err
		}
		next.Taken[f.ID] = takes(orders[0].feeds[f.ID], f)
	}
	return v.save(seen, next)
}

// unprovenIfServing lets a target pass that serves nothing: before the first
// order there is nothing to prove.
func unprovenIfServing(target dataset.Target) error {
	for _, f := range target.Set.Feeds {
		if f.State == dataset.Serve {
			return unproven(NoProof, "feed %s v%d comes without the order that it follows from", f.ID, f.Release)
		}
	}
	return nil
}

// proveAll verifies proofs. The first must be of the newest order: an agent
// that shows a newer one beside it cannot act by the older.
func proveAll(ctx context.Context, pin dataset.Pin, key ed25519.PublicKey, proofs []dataset.Proof) ([]proven, error) {
	var orders []proven
	for _, p := range proofs {
		one, err := prove(ctx, pin, key, p)
		if err != nil {
			return nil, refused(err)
		}
		if len(orders) > 0 && later(one.Verified, orders[0].Verified) {
			return nil, unproven(trust.Rollback, "the target goes by order %d of term %d and proves order %d of term %d beside it",
				orders[0].Sequence, orders[0].Term, one.Sequence, one.Term)
		}
		orders = append(orders, one)
	}
	return orders, nil
}

func later(a, b trust.Verified) bool {
	return cmp.Or(cmp.Compare(a.Term, b.Term), cmp.Compare(a.Sequence, b.Sequence)) > 0
}

func prove(ctx context.Context, pin dataset.Pin, key ed25519.PublicKey, p dataset.Proof) (proven, error) {
	verified, err := trust.Proof{
		Root: pin.Root, Identity: trust.Identity{HubUID: pin.HubUID, Term: pin.Term, Region: pin.Region},
		RegionKey: key, Files: p.Files, Statement: p.Statement,
	}.Verify(ctx)
	if err != nil {
		return proven{}, err
	}
	index, feeds, err := order.OpenFeeds(verified.Index, p.Feeds)
	if err != nil {
		return proven{}, err
	}
	out := proven{Verified: verified, region: index.Region, feeds: map[string]order.Feed{}}
	for _, f := range feeds {
		out.feeds[f.ID] = f
	}
	return out, nil
}

// checkClocks refuses times that make data look fresher than the hub signed.
func checkClocks(newest proven, clocks dataset.Clocks) error {
	if clocks.OrderIssued.After(newest.Issued) {
		return unproven(ClockForged, "order %d was signed at %s, the target says %s", newest.Sequence, newest.Issued.UTC(), clocks.OrderIssued.UTC())
	}
	for feed, at := range clocks.SourceChecked {
		if at.After(newest.SourceChecked[feed]) {
			return unproven(ClockForged, "feed %s: the target says that its source was checked at %s, which order %d does not", feed, at.UTC(), newest.Sequence)
		}
	}
	return nil
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
