// SPDX-License-Identifier: Apache-2.0

package approval_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/frontline-screening/frontline/internal/approval"
)

var (
	now     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	digest  = "sha256:" + strings.Repeat("5f", 32)
	subject = approval.Subject{Kind: "WatchlistFeed", Namespace: "intl", Name: "un-sc", UID: "uid-1"}
)

func statement() approval.Statement {
	return approval.Statement{HubUID: "hub-1", Subject: subject, Action: approval.ReleaseStorm, Digest: digest}
}

func ed25519Key(seed byte) crypto.Signer {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
}

func p256Key(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func der(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func listed(t testing.TB, name string, key crypto.Signer) approval.Key {
	t.Helper()
	parsed, err := approval.ParseKey(name, base64.StdEncoding.EncodeToString(der(t, key)))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func sign(t testing.TB, s approval.Statement, key crypto.Signer) []byte {
	t.Helper()
	envelope, err := approval.Sign(s, key)
	if err != nil {
		t.Fatal(err)
	}
	return envelope
}

func TestSignAndVerify(t *testing.T) {
	one, two := ed25519Key(1), p256Key(t)
	keys := []approval.Key{listed(t, "one", one), listed(t, "two", two)}
	for _, tc := range []struct {
		name string
		key  crypto.Signer
	}{{"one", one}, {"two", two}} {
		t.Run(tc.name, func(t *testing.T) {
			until := now.Add(time.Hour + time.Millisecond)
			s := statement()
			s.Expires = &until
			got, err := approval.Verify(sign(t, s, tc.key), keys)
			if err != nil {
				t.Fatal(err)
			}
			want := statement()
			want.Format = approval.Format
			second := until.Truncate(time.Second)
			want.Expires = &second
			if diff := cmp.Diff(want, got.Statement); diff != "" {
				t.Errorf("statement (-want +got):\n%s", diff)
			}
			if len(got.Signers) != 1 || got.Signers[0].Name != tc.name {
				t.Errorf("signers are %v, want %s", got.Signers, tc.name)
			}
		})
	}
}

func TestOneEnvelopeOfTwoSigners(t *testing.T) {
	one, two := ed25519Key(1), ed25519Key(2)
	both := merge(t, sign(t, statement(), one), sign(t, statement(), two), sign(t, statement(), one))
	got, err := approval.Verify(both, []approval.Key{listed(t, "one", one), listed(t, "two", two), listed(t, "one-again", one)})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Signers) != 2 || got.Signers[0].Name != "one" || got.Signers[1].Name != "two" {
		t.Errorf("signers are %v, want one and two", got.Signers)
	}
}

// merge puts the signatures of envelopes of one payload into one.
func merge(t testing.TB, envelopes ...[]byte) []byte {
	t.Helper()
	var all dsse.Envelope
	for _, data := range envelopes {
		var env dsse.Envelope
		if err := json.Unmarshal(data, &env); err != nil {
			t.Fatal(err)
		}
		env.Signatures = append(all.Signatures, env.Signatures...)
		all = env
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestVerifyRefuses(t *testing.T) {
	key := ed25519Key(1)
	edit := func(change func(*dsse.Envelope)) []byte {
		var env dsse.Envelope
		if err := json.Unmarshal(sign(t, statement(), key), &env); err != nil {
			t.Fatal(err)
		}
		change(&env)
		data, err := json.Marshal(env)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	payload := func(text string) []byte {
		return edit(func(e *dsse.Envelope) { e.Payload = base64.StdEncoding.EncodeToString([]byte(text)) })
	}
	valid := edit(func(*dsse.Envelope) {})
	if _, err := approval.Verify(valid, nil); err != nil {
		t.Fatalf("an envelope that was not edited: %v", err)
	}
	var env dsse.Envelope
	if err := json.Unmarshal(valid, &env); err != nil {
		t.Fatal(err)
	}
	body, err := env.DecodeB64Payload()
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	tests := []struct {
		name     string
		envelope []byte
		want     string
	}{
		{"not JSON", []byte("yes"), "not a DSSE envelope"},
		{"too large", []byte(`{"payload":"` + strings.Repeat("A", approval.MaxBytes) + `"}`), "more than 8192 bytes"},
		{"another payload type", edit(func(e *dsse.Envelope) { e.PayloadType = "application/json" }), "payload type"},
		{"no signature", edit(func(e *dsse.Envelope) { e.Signatures = nil }), "no signature"},
		{"too many signatures", edit(func(e *dsse.Envelope) { e.Signatures = make([]dsse.Signature, 17) }), "more than 16"},
		{"payload not base64", edit(func(e *dsse.Envelope) { e.Payload = "!" }), "not base64"},
		{"field of no statement", payload(strings.Replace(text, `{"action"`, `{"act":1,"action"`, 1)), "other fields"},
		{"two documents", payload(text + "{}"), "other fields"},
		{"another spelling", payload(text + " "), "canonical"},
		{"a key twice", payload(strings.Replace(text, `"hubUID":"hub-1"`, `"hubUID":"hub-0","hubUID":"hub-1"`, 1)), "canonical"},
		{"another format", payload(strings.Replace(text, "approval/v1", "approval/v2", 1)), "format"},
		{"another action", payload(strings.Replace(text, "ReleaseStorm", "EverythingElse", 1)), "action"},
		{"digest cut", payload(strings.Replace(text, "5f5f", "5f", 1)), "digest"},
		{"no hub", payload(strings.Replace(text, "hub-1", "", 1)), "hubUID"},
		{"no subject", payload(strings.Replace(text, "uid-1", "", 1)), "subject.uid"},
		{"long name", payload(strings.Replace(text, "un-sc", strings.Repeat("u", 254), 1)), "subject.name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := approval.Verify(tt.envelope, nil)
			if !errors.Is(err, approval.ErrMalformed) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want ErrMalformed about %q", err, tt.want)
			}
		})
	}
}

// A payload that changed under its signature is nobody's.
func TestForgedPayloadHasNoSigner(t *testing.T) {
	key := ed25519Key(1)
	other := statement()
	other.Digest = "sha256:" + strings.Repeat("00", 32)
	var forged, genuine dsse.Envelope
	for data, into := range map[string]*dsse.Envelope{string(sign(t, other, ed25519Key(9))): &forged, string(sign(t, statement(), key)): &genuine} {
		if err := json.Unmarshal([]byte(data), into); err != nil {
			t.Fatal(err)
		}
	}
	forged.Signatures = genuine.Signatures
	data, err := json.Marshal(forged)
	if err != nil {
		t.Fatal(err)
	}
	got, err := approval.Verify(data, []approval.Key{listed(t, "one", key)})
	if err != nil || len(got.Signers) != 0 {
		t.Errorf("signers are %v, %v; want none", got.Signers, err)
	}
}

func TestJudge(t *testing.T) {
	one, two, stranger := ed25519Key(1), p256Key(t), ed25519Key(3)
	keys := []approval.Key{listed(t, "one", one), listed(t, "two", two), listed(t, "one-by-another-name", one)}
	with := func(change func(*approval.Statement)) approval.Statement {
		s := statement()
		change(&s)
		return s
	}
	past := now.Add(-time.Second)
	expired := with(func(s *approval.Statement) { s.Expires = &past })
	tests := []struct {
		name     string
		carriers []approval.Carrier
		want     map[string]approval.Reason
		signers  []string
	}{
		{"nobody", nil, map[string]approval.Reason{}, nil},
		{"two people", []approval.Carrier{
			{Name: "a", Created: now, Envelope: sign(t, statement(), one)},
			{Name: "b", Created: now, Envelope: sign(t, statement(), two)},
		}, map[string]approval.Reason{"a": approval.Valid, "b": approval.Valid}, []string{"one", "two"}},
		{"one person twice", []approval.Carrier{
			{Name: "late", Created: now, Envelope: sign(t, with(func(s *approval.Statement) { u := now.Add(time.Hour); s.Expires = &u }), one)},
			{Name: "zearly", Created: now.Add(-time.Minute), Envelope: sign(t, statement(), one)},
		}, map[string]approval.Reason{"zearly": approval.Valid, "late": approval.AlreadySigned}, []string{"one"}},
		{"both in one after one alone", []approval.Carrier{
			{Name: "a", Created: now, Envelope: sign(t, statement(), one)},
			{Name: "b", Created: now, Envelope: merge(t, sign(t, statement(), one), sign(t, statement(), two))},
		}, map[string]approval.Reason{"a": approval.Valid, "b": approval.Valid}, []string{"one", "two"}},
		{"an expired one does not take the place of the same person's next", []approval.Carrier{
			{Name: "a", Created: now.Add(-time.Hour), Envelope: sign(t, expired, one)},
			{Name: "b", Created: now, Envelope: sign(t, statement(), one)},
		}, map[string]approval.Reason{"a": approval.Expired, "b": approval.Valid}, []string{"one"}},
		{"those that do not count", []approval.Carrier{
			{Name: "garbage", Envelope: []byte("{}")},
			{Name: "stranger", Envelope: sign(t, statement(), stranger)},
			{Name: "other-hub", Envelope: sign(t, with(func(s *approval.Statement) { s.HubUID = "hub-2" }), one)},
			{Name: "re-created", Envelope: sign(t, with(func(s *approval.Statement) { s.Subject.UID = "uid-0" }), one)},
			{Name: "other-namespace", Envelope: sign(t, with(func(s *approval.Statement) { s.Subject.Namespace = "al" }), one)},
			{Name: "other-content", Envelope: sign(t, with(func(s *approval.Statement) { s.Digest = "sha256:" + strings.Repeat("00", 32) }), one)},
		}, map[string]approval.Reason{
			"garbage": approval.Malformed, "stranger": approval.SignerUnknown, "other-hub": approval.SubjectMismatch,
			"re-created": approval.SubjectMismatch, "other-namespace": approval.SubjectMismatch, "other-content": approval.NothingHeld,
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			verdicts := approval.Judge(approval.Question{
				HubUID: "hub-1", Subject: subject, Action: approval.ReleaseStorm, Digest: digest, Keys: keys, Now: now,
			}, tt.carriers)
			got := map[string]approval.Reason{}
			for _, v := range verdicts {
				got[v.Name] = v.Reason
				if !strings.Contains(v.Message, " ") {
					t.Errorf("%s has the message %q, want a sentence", v.Name, v.Message)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			var signers []string
			for _, signer := range approval.Signers(verdicts) {
				signers = append(signers, signer.Name)
			}
			if diff := cmp.Diff(tt.signers, signers); diff != "" {
				t.Errorf("signers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	one := ed25519Key(1)
	inPEM, err := approval.ParseKey("one", block("PUBLIC KEY", der(t, one)))
	if err != nil || inPEM.Digest() != listed(t, "one", one).Digest() {
		t.Errorf("PEM gives %s, %v; want the key that base64 gives", inPEM.Digest(), err)
	}
	for name, text := range map[string]string{
		"curve P-384":  base64.StdEncoding.EncodeToString(der(t, p384)),
		"words":        "no key at all",
		"certificate":  block("CERTIFICATE", der(t, one)),
		"two keys":     block("PUBLIC KEY", der(t, one)) + block("PUBLIC KEY", der(t, one)),
		"other base64": "AAAA",
	} {
		if _, err := approval.ParseKey("dpo", text); !errors.Is(err, approval.ErrKey) {
			t.Errorf("%s: got %v, want ErrKey", name, err)
		}
	}
}

func TestParsePrivateKey(t *testing.T) {
	two, ok := p256Key(t).(*ecdsa.PrivateKey)
	if !ok {
		t.Fatal("no ECDSA key")
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8 := func(key any) string {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	sec1, err := x509.MarshalECPrivateKey(two)
	if err != nil {
		t.Fatal(err)
	}
	older := string(pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6}})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}))
	for name, text := range map[string]string{"ed25519": pkcs8(ed25519Key(1)), "P-256": pkcs8(two), "P-256 as SEC 1": older} {
		key, err := approval.ParsePrivateKey([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := approval.Verify(sign(t, statement(), key), []approval.Key{listed(t, "me", key)}); err != nil || len(got.Signers) != 1 {
			t.Errorf("%s does not verify: %v, %v", name, got.Signers, err)
		}
	}
	for name, want := range map[string]string{
		pkcs8(p384): "P-256",
		string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{1}})): "encrypted",
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})):           "P-256",
		"": "no private key",
	} {
		if _, err := approval.ParsePrivateKey([]byte(name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error about %q", err, want)
		}
	}
}

// Whatever arrives, Verify ends with a statement or with ErrMalformed, and no
// key is taken for a signer of bytes it did not sign.
func FuzzVerify(f *testing.F) {
	key := ed25519Key(1)
	valid := sign(f, statement(), key)
	f.Add(valid)
	f.Add([]byte(`{"payloadType":"application/vnd.frontline.approval.v1+json","payload":"e30=","signatures":[{"sig":"AA=="}]}`))
	f.Add([]byte("{}"))
	keys := []approval.Key{listed(f, "one", key)}
	signed, err := approval.Read(valid)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := approval.Verify(data, keys)
		if err != nil {
			if !errors.Is(err, approval.ErrMalformed) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if err := got.Statement.Validate(); err != nil {
			t.Fatalf("a statement that is not valid: %v", err)
		}
		if len(got.Signers) > 0 {
			if diff := cmp.Diff(signed, got.Statement); diff != "" {
				t.Fatalf("the key is said to have signed what it did not:\n%s", diff)
			}
		}
	})
}
