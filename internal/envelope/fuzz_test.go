// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"bytes"
	"testing"

	"github.com/frontline-screening/frontline/internal/envelope"
)

// FuzzVerify: bytes nobody signed carry nothing but what was signed.
func FuzzVerify(f *testing.F) {
	const kind = "application/test"
	payload := []byte("signed")
	good, err := envelope.Sign(f.Context(), kind, payload, key(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"payloadType":"application/test","payload":"c2lnbmVk","signatures":[{"keyid":"","sig":""}]}`))
	f.Add([]byte(`{"payloadType":"application/test","payload":null,"signatures":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := envelope.Verify(t.Context(), kind, data, public(key(1)))
		if err == nil && !bytes.Equal(got, payload) {
			t.Errorf("verified %q, which was not signed", got)
		}
		if _, err := envelope.Verify(t.Context(), kind, data, public(key(2))); err == nil {
			t.Error("verified by a key that signed nothing")
		}
	})
}
