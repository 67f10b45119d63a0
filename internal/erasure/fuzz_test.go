// SPDX-License-Identifier: Apache-2.0

package erasure_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/frontline-screening/frontline/internal/envelope"
	"github.com/frontline-screening/frontline/internal/erasure"
)

// FuzzVerify signs any receipt: one that is taken can be signed and taken again.
func FuzzVerify(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public := key.Public().(ed25519.PublicKey)
	signed, err := erasure.Sign(f.Context(), receipt(), key)
	if err != nil {
		f.Fatal(err)
	}
	payload, err := envelope.Payload(erasure.ReceiptPayloadType, signed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Add(bytes.ReplaceAll(payload, []byte(`":[`), []byte(`":[null,`)))
	f.Fuzz(func(t *testing.T, payload []byte) {
		data, err := envelope.Sign(t.Context(), erasure.ReceiptPayloadType, payload, key)
		if err != nil {
			return
		}
		r, err := erasure.Verify(t.Context(), data, public)
		if err != nil || r.At.UTC().Year() > 9999 {
			return
		}
		again, err := erasure.Sign(t.Context(), r, key)
		if err != nil {
			t.Fatalf("taken, but cannot be signed: %v", err)
		}
		if _, err := erasure.Verify(t.Context(), again, public); err != nil {
			t.Errorf("taken once, but not again: %v", err)
		}
	})
}
