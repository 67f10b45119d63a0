// SPDX-License-Identifier: Apache-2.0

package keystore

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/erasure"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/seal"
)

// LedgerSecret holds the ledger of erasures and the key it travels under.
const LedgerSecret = "frontline-erasures"

const (
	ledgerFile   = "ledger.age"
	identityFile = "identity"
)

// Ledger is the ledger of erasures with the bytes by which orders carry it.
type Ledger struct {
	erasure.Ledger
	// Sealed is the ledger sealed to the hub, Blob what an order says of it;
	// nil while nothing was ever erased. They change with the ledger alone.
	Sealed []byte
	Blob   *order.Blob
	// identity opens what orders carry.
	identity string
}

// Open reads a ledger that an order carried, sealed by this hub.
func (l Ledger) Open(sealed []byte) (erasure.Ledger, error) {
	plain, err := seal.OpenBytes(sealed, erasure.MaxLedger, l.identity)
	if err != nil {
		return erasure.Ledger{}, fmt.Errorf("ledger of erasures: %w", err)
	}
	return erasure.DecodeLedger(plain)
}

// Recipient is the hub's own key for what orders carry for it to find again. It
// never changes, so that a hub restored from any backup opens it.
func (l Ledger) Recipient() (string, error) { return seal.Recipient(l.identity) }

// OpenBytes opens what was sealed to Recipient.
func (l Ledger) OpenBytes(sealed []byte, limit int64) ([]byte, error) {
	return seal.OpenBytes(sealed, limit, l.identity)
}

// Ledger returns the ledger of erasures, which it makes if there is none.
func (s *Store) Ledger(ctx context.Context) (Ledger, error) {
	secret, err := s.ensure(ctx, LedgerSecret, func() (map[string][]byte, error) {
		identity, _ := seal.NewIdentity()
		return map[string][]byte{identityFile: []byte(identity)}, nil
	}, nil)
	if err != nil {
		return Ledger{}, err
	}
	return readLedger(secret)
}

// Extend replaces the ledger by what edit makes of it, and returns it. An edit
// that changes nothing writes nothing.
func (s *Store) Extend(ctx context.Context, edit func(erasure.Ledger) (erasure.Ledger, error)) (Ledger, error) {
	before, err := s.Ledger(ctx)
	if err != nil {
		return Ledger{}, err
	}
	if next, err := edit(before.Ledger); err != nil || next.Version() == before.Version() {
		return before, err
	}
	var out Ledger
	err = s.update(ctx, LedgerSecret, func(secret *corev1.Secret) error {
		current, err := readLedger(secret)
		if err != nil {
			return err
		}
		next, err := edit(current.Ledger)
		if err != nil {
			return err
		}
		plain, err := next.Encode()
		if err != nil {
			return err
		}
		recipient, err := seal.Recipient(current.identity)
		if err != nil {
			return err
		}
		// Sealed once a version: orders that carry it again stay as they are.
		if secret.Data[ledgerFile], err = seal.SealBytes(plain, recipient); err != nil {
			return err
		}
		out, err = readLedger(secret)
		return err
	})
	return out, err
}

func readLedger(secret *corev1.Secret) (Ledger, error) {
	out := Ledger{identity: string(secret.Data[identityFile]), Sealed: secret.Data[ledgerFile]}
	if len(out.Sealed) == 0 {
		return out, nil
	}
	var err error
	if out.Ledger, err = out.Open(out.Sealed); err != nil {
		return Ledger{}, fmt.Errorf("secret %s/%s: %w; restore it from the backup of the hub's keys", secret.Namespace, secret.Name, err)
	}
	out.Blob = &order.Blob{Version: out.Version(), Digest: canonical.Digest(out.Sealed), Size: int64(len(out.Sealed))}
	return out, nil
}
