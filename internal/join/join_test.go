// SPDX-License-Identifier: Apache-2.0

package join_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/envelope"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/trust"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// root is the trust root of a region, signed by one holder.
func root(t testing.TB, region string) []byte {
	t.Helper()
	var keys [5]crypto.Signer
	for i := range keys {
		var err error
		if keys[i], err = keyring.New(); err != nil {
			t.Fatal(err)
		}
	}
	data, err := trust.NewRoot(trust.RootSpec{
		HubUID: "h", Term: 1, Region: region, Holders: []crypto.PublicKey{keys[0].Public()}, Expires: now.AddDate(1, 0, 0),
		Online: trust.Signers{Targets: keys[1], Snapshot: keys[2], Timestamp: keys[3], Bundle: keys[4]}.Public(),
	})
	if err == nil {
		data, err = trust.SignRoot(data, keys[0])
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func invitation() join.Invitation {
	return join.Invitation{
		Format: join.InvitationFormat, HubUID: "h", Term: 1, Region: "north", RegionUID: "r", Jurisdiction: "AL",
		Gateways: []string{"https://hub.example:8443"}, GatewayCA: "PEM", Root: []byte("{}"), Token: "t", Expires: now.Add(time.Hour),
	}
}

func TestReadInvitation(t *testing.T) {
	tests := []struct {
		name string
		edit func(*join.Invitation)
		want string
	}{
		{"as made", func(*join.Invitation) {}, ""},
		{"another format", func(i *join.Invitation) { i.Format = "x" }, "format"},
		{"no region", func(i *join.Invitation) { i.Region = "" }, "names no region"},
		{"no hub", func(i *join.Invitation) { i.HubUID = "" }, "names no region or no hub"},
		{"no gateway", func(i *join.Invitation) { i.Gateways = nil }, "missing"},
		{"no certificate", func(i *join.Invitation) { i.GatewayCA = "" }, "missing"},
		{"no root", func(i *join.Invitation) { i.Root = nil }, "missing"},
		{"no token", func(i *join.Invitation) { i.Token = "" }, "missing"},
		{"a root of another region", func(i *join.Invitation) { i.Root = root(t, "south") }, "WrongRegion"},
		{"a root of another hub", func(i *join.Invitation) { i.HubUID = "other" }, "Foreign"},
		{"a root nobody signed", func(i *join.Invitation) { i.Root = bytes.Replace(i.Root, []byte(`"sig":"`), []byte(`"sig":"00`), 1) }, "refused"},
		{"expired this instant", func(i *join.Invitation) { i.Expires = now }, "expired"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := invitation()
			in.Root = root(t, "north")
			tt.edit(&in)
			data, err := canonical.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			got, err := join.ReadInvitation(data, now)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error is %v, want one that contains %q", err, tt.want)
				}
				return
			}
			if diff := cmp.Diff(in, got); diff != "" || err != nil {
				t.Errorf("error %v, invitation (-want +got):\n%s", err, diff)
			}
		})
	}
	if _, err := join.ReadInvitation(bytes.Repeat([]byte("x"), join.MaxBytes+1), now); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("a large file: %v", err)
	}
}

func TestRequestProvesItsKey(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := join.NewRequest(t.Context(), invitation(), key)
	if err != nil {
		t.Fatal(err)
	}
	req, got, err := join.ReadRequest(t.Context(), data)
	if err != nil || req.Region != "north" || req.Token != "t" || !got.Equal(key.Public()) {
		t.Fatalf("request %+v, %v", req, err)
	}

	// Somebody else's key in a request that one's own key signed.
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := canonical.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := envelope.Sign(t.Context(), join.RequestPayloadType, payload, other)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := join.ReadRequest(t.Context(), forged); err == nil {
		t.Error("a request that names a key it is not signed by was taken")
	}
	for name, data := range map[string][]byte{"nothing": nil, "no envelope": []byte("{}"), "no JSON": []byte("x")} {
		if _, _, err := join.ReadRequest(t.Context(), data); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestTokens(t *testing.T) {
	a, err := join.NewToken()
	if err != nil {
		t.Fatal(err)
	}
	b, err := join.NewToken()
	if err != nil {
		t.Fatal(err)
	}
	if a == b || len(a) < 40 {
		t.Errorf("tokens are %d characters, equal: %v", len(a), a == b)
	}
	if !join.MatchToken(a, join.HashToken(a)) || join.MatchToken(b, join.HashToken(a)) || join.MatchToken("", "") {
		t.Error("a token matches what it should not, or does not match its own hash")
	}
}

func TestParsePublicKeyRefusesOtherKeys(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"ecdsa": base64.StdEncoding.EncodeToString(der), "not base64": "%", "not a key": "AAAA", "empty": "",
	} {
		if _, err := join.ParsePublicKey(text); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
