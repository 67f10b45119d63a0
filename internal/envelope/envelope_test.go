// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/envelope"
)

const payloadType = "application/test"

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey {
	p, _ := k.Public().(ed25519.PublicKey)
	return p
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
		data, err := envelope.Sign(t.Context(), payloadType, payload, key(1))
		if err != nil {
			t.Fatal(err)
		}
		got, err := envelope.Verify(t.Context(), payloadType, data, public(key(1)))
		if err != nil || !bytes.Equal(got, payload) {
			t.Fatalf("%q became %q, %v", payload, got, err)
		}
	})
}

func TestVerifyRefuses(t *testing.T) {
	data, err := envelope.Sign(t.Context(), payloadType, []byte("secret text"), key(1))
	if err != nil {
		t.Fatal(err)
	}
	edit := func(change func(map[string]any)) []byte {
		var env map[string]any
		if err := json.Unmarshal(data, &env); err != nil {
			t.Fatal(err)
		}
		change(env)
		out, err := json.Marshal(env)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	tests := []struct {
		name string
		data []byte
		key  ed25519.PublicKey
	}{
		{"another key", data, public(key(2))},
		{"no signature", edit(func(e map[string]any) { e["signatures"] = []any{} }), public(key(1))},
		{"another payload", edit(func(e map[string]any) { e["payload"] = "c2VjcmV0IHRleHQh" }), public(key(1))},
		{"another type", edit(func(e map[string]any) { e["payloadType"] = "application/other" }), public(key(1))},
		{"no JSON", []byte("{"), public(key(1))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := envelope.Verify(t.Context(), payloadType, tt.data, tt.key)
			if err == nil {
				t.Fatal("it was taken")
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "c2Vj") {
				t.Errorf("the error repeats the content: %v", err)
			}
		})
	}
	if _, err := envelope.Verify(t.Context(), payloadType, data, public(key(2))); !errors.Is(err, envelope.ErrSignature) {
		t.Errorf("error is %v, want ErrSignature", err)
	}
}
