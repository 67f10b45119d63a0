// SPDX-License-Identifier: Apache-2.0

package join_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/envelope"
	"github.com/frontline-screening/frontline/internal/join"
)

// FuzzReadInvitation: what is taken names hub, region and a root that pins them.
func FuzzReadInvitation(f *testing.F) {
	inv := invitation()
	inv.Root = root(f, "north")
	data, err := canonical.Marshal(inv)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(bytes.ReplaceAll(data, []byte(`":"`), []byte(`":null,"x":"`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := join.ReadInvitation(data, now)
		if err == nil && (got.Region == "" || got.HubUID == "" || got.Token == "" || len(got.Gateways) == 0 || !now.Before(got.Expires)) {
			t.Errorf("an invitation that lacks something was taken")
		}
	})
}

// FuzzReadRequest signs any payload with one key: what is taken names that key.
func FuzzReadRequest(f *testing.F) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	signed, err := join.NewRequest(f.Context(), invitation(), key)
	if err != nil {
		f.Fatal(err)
	}
	payload, err := envelope.Payload(join.RequestPayloadType, signed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Add(bytes.Replace(payload, []byte(`"publicKey":"`), []byte(`"publicKey":"A`), 1))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if _, _, err := join.ReadRequest(t.Context(), payload); err == nil {
			t.Error("a request without an envelope was taken")
		}
		data, err := envelope.Sign(t.Context(), join.RequestPayloadType, payload, key)
		if err != nil {
			return
		}
		if _, got, err := join.ReadRequest(t.Context(), data); err == nil && !got.Equal(key.Public()) {
			t.Error("a request was taken for one of another key")
		}
	})
}
