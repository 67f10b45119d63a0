// SPDX-License-Identifier: Apache-2.0

package publisher_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"

	"github.com/frontline-screening/frontline/internal/publisher"
)

var file = []byte("<LIST><NAME>Ana Shembull</NAME></LIST>\n")

const mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// signer is a publisher's key of cosign with both halves.
type signer struct {
	key  *publisher.Key
	sign func(message []byte) []byte
}

func parse(t testing.TB, kind publisher.Type, data []byte) *publisher.Key {
	t.Helper()
	key, err := publisher.ParseKey(kind, data)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pkix(t testing.TB, public crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func newECDSA(t testing.TB) signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{parse(t, publisher.Cosign, pkix(t, private.Public())), func(message []byte) []byte {
		sum := sha256.Sum256(message)
		signature, err := ecdsa.SignASN1(rand.Reader, private, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}}
}

func newEd25519(t testing.TB, hashed bool) signer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{parse(t, publisher.Cosign, pkix(t, public)), func(message []byte) []byte {
		if !hashed {
			return ed25519.Sign(private, message)
		}
		sum := sha512.Sum512(message)
		signature, err := private.Sign(nil, sum[:], crypto.SHA512)
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}}
}

// bundle is what cosign sign-blob --bundle writes with a key and no log.
func (s signer) bundle(t testing.TB, message []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	return marshal(t, map[string]any{
		"mediaType":            mediaType,
		"verificationMaterial": map[string]any{"publicKey": map[string]any{"hint": "unverified hint"}},
		"messageSignature": map[string]any{
			"messageDigest": map[string]any{"algorithm": "SHA2_256", "digest": sum[:]},
			"signature":     s.sign(message),
		},
	})
}

// statement is what cosign 3 attaches to an artifact.
func (s signer) statement(t testing.TB, predicate, digest string) []byte {
	t.Helper()
	payload := marshal(t, map[string]any{
		"_type":         "https://in-toto.io/Statement/v1",
		"subject":       []any{map[string]any{"digest": map[string]any{"sha256": strings.TrimPrefix(digest, "sha256:")}}},
		"predicateType": predicate, "predicate": map[string]any{},
	})
	const payloadType = "application/vnd.in-toto+json"
	pae := fmt.Sprintf("DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
	return marshal(t, map[string]any{
		"mediaType":            mediaType,
		"verificationMaterial": map[string]any{"publicKey": map[string]any{"hint": ""}},
		"dsseEnvelope": map[string]any{
			"payload": payload, "payloadType": payloadType,
			"signatures": []any{map[string]any{"sig": s.sign([]byte(pae))}},
		},
	})
}

func marshal(t testing.TB, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func b64(raw []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(raw) + "\n") }

func newMinisign(t testing.TB) (minisign.PrivateKey, *publisher.Key) {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := public.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	return private, parse(t, publisher.Minisign, text)
}

func hashed(private minisign.PrivateKey, message []byte, comment string) []byte {
	r := minisign.NewReader(bytes.NewReader(message))
	_, _ = bytes.NewBuffer(nil).ReadFrom(r)
	return r.SignWithComments(private, comment, "untrusted")
}

func TestEachFormIsVerified(t *testing.T) {
	ec, pure, ph := newECDSA(t), newEd25519(t, false), newEd25519(t, true)
	mini, miniKey := newMinisign(t)
	keys := []*publisher.Key{newECDSA(t).key, ec.key, pure.key, ph.key, miniKey}
	tests := []struct {
		name      string
		signature []byte
		key       *publisher.Key
		form      string
		comment   string
	}{
		{"bundle by ECDSA", ec.bundle(t, file), ec.key, publisher.FormBundle, ""},
		{"bundle by Ed25519", pure.bundle(t, file), pure.key, publisher.FormBundle, ""},
		{"bundle by Ed25519ph", ph.bundle(t, file), ph.key, publisher.FormBundle, ""},
		{"cosign by ECDSA", b64(ec.sign(file)), ec.key, publisher.FormCosign, ""},
		{"cosign by Ed25519", b64(pure.sign(file)), pure.key, publisher.FormCosign, ""},
		{"cosign by Ed25519ph", b64(ph.sign(file)), ph.key, publisher.FormCosign, ""},
		{"minisign, pre-hashed", hashed(mini, file, "timestamp:1\tfile:list.xml\thashed"), miniKey, publisher.FormMinisign, "timestamp:1\tfile:list.xml\thashed"},
		{"minisign, legacy", minisign.SignWithComments(mini, file, "of 2026-02-27", "x"), miniKey, publisher.FormMinisign, "of 2026-02-27"},
		{"minisign with other ends of lines", bytes.ReplaceAll(hashed(mini, file, "c"), []byte("\n"), []byte("\r\n")), miniKey, publisher.FormMinisign, "c"},
	}
	path := filepath.Join(t.TempDir(), "list.xml")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			proof, err := publisher.VerifyFile(path, "list.xml", tt.signature, keys)
			want := publisher.Proof{Key: tt.key.Fingerprint(), Form: tt.form, Comment: tt.comment}
			if err != nil || proof != want {
				t.Errorf("got %+v, %v, want %+v", proof, err, want)
			}
			for i := range file {
				changed := bytes.Clone(file)
				changed[i] ^= 1
				if _, err := publisher.Verify(changed, "", tt.signature, keys); publisher.ReasonOf(err) != publisher.Mismatch {
					t.Fatalf("byte %d changed: %v", i, err)
				}
			}
			if _, err := publisher.Verify(nil, "", tt.signature, keys); publisher.ReasonOf(err) != publisher.Mismatch {
				t.Errorf("empty file: %v", err)
			}
		})
	}
}

func TestEmptyFileCanBeSigned(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []signer{newECDSA(t), newEd25519(t, false), newEd25519(t, true)} {
		if _, err := publisher.VerifyFile(path, "", s.bundle(t, nil), []*publisher.Key{s.key}); err != nil {
			t.Error(err)
		}
	}
	if _, err := publisher.VerifyFile(path+"-gone", "", []byte("x"), nil); publisher.ReasonOf(err) != publisher.Unreadable {
		t.Errorf("no file: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	ec, other := newECDSA(t), newECDSA(t)
	mini, miniKey := newMinisign(t)
	strange, _ := newMinisign(t)
	keys := []*publisher.Key{ec.key, miniKey}
	good := hashed(mini, file, "timestamp:1\tfile:sdn.csv")
	certificate := bytes.Replace(ec.bundle(t, file), []byte(`"publicKey":{"hint":"unverified hint"}`), []byte(`"certificate":{"rawBytes":"AAAA"}`), 1)
	wrongDigest := bytes.Replace(ec.bundle(t, file), []byte(`"digest":"`), []byte(`"digest":"AAAA`), 1)
	tests := []struct {
		name, file string
		signature  []byte
		keys       []*publisher.Key
		want       publisher.Reason
	}{
		{"nothing", "", nil, keys, publisher.Malformed},
		{"blanks", "", []byte(" \n"), keys, publisher.Malformed},
		{"an error page", "", []byte("<html>not found</html>"), keys, publisher.Malformed},
		{"no text", "", []byte{0xff, 0xfe, 0x80}, keys, publisher.Malformed},
		{"too large", "", bytes.Repeat([]byte("A"), publisher.MaxSignature+1), keys, publisher.Malformed},
		{"long base64", "", b64(make([]byte, 1000)), keys, publisher.Malformed},
		{"no JSON of a bundle", "", []byte(`{"a":1}`), keys, publisher.Malformed},
		{"deep JSON", "", []byte(strings.Repeat(`{"a":`, 20000)), keys, publisher.Malformed},
		{"version 0.4", "", bytes.Replace(ec.bundle(t, file), []byte("v0.3"), []byte("v0.4"), 1), keys, publisher.Malformed},
		{"by a certificate", "", certificate, keys, publisher.Unsupported},
		{"a statement for a file", "", ec.statement(t, "https://sigstore.dev/cosign/sign/v1", "sha256:00"), keys, publisher.Unsupported},
		{"digest that is not the file's", "", wrongDigest, keys, publisher.Mismatch},
		{"bundle by another key", "", other.bundle(t, file), keys, publisher.Mismatch},
		{"cosign by another key", "", b64(other.sign(file)), keys, publisher.Mismatch},
		{"no keys", "", ec.bundle(t, file), nil, publisher.OtherKey},
		{"bundle where minisign is listed", "", ec.bundle(t, file), keys[1:], publisher.OtherKey},
		{"minisign where cosign is listed", "", good, keys[:1], publisher.OtherKey},
		{"minisign by another key", "", hashed(strange, file, "c"), keys, publisher.OtherKey},
		{"trusted comment changed", "", bytes.Replace(good, []byte("timestamp:1"), []byte("timestamp:2"), 1), keys, publisher.Mismatch},
		{"signature of another file", "alt.csv", good, keys, publisher.Mismatch},
		{"minisign cut", "", good[:len(good)/2], keys, publisher.Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			proof, err := publisher.Verify(file, tt.file, tt.signature, tt.keys)
			if publisher.ReasonOf(err) != tt.want || proof != (publisher.Proof{}) {
				t.Errorf("got %+v, %q: %v, want %q", proof, publisher.ReasonOf(err), err, tt.want)
			}
		})
	}
	// A legacy signature made over the hash is no signature of the file.
	confused := bytes.Clone(hashed(mini, file, "c"))
	raw, err := base64.StdEncoding.DecodeString(strings.Split(string(confused), "\n")[1])
	if err != nil {
		t.Fatal(err)
	}
	copy(raw, "Ed")
	lines := strings.Split(string(confused), "\n")
	lines[1] = base64.StdEncoding.EncodeToString(raw)
	if _, err := publisher.Verify(file, "", []byte(strings.Join(lines, "\n")), keys); publisher.ReasonOf(err) != publisher.Mismatch {
		t.Errorf("a pre-hashed signature said to be legacy: %v", err)
	}
}

func TestImageSignatures(t *testing.T) {
	ec, pure, ph, other := newECDSA(t), newEd25519(t, false), newEd25519(t, true), newECDSA(t)
	keys := []*publisher.Key{ec.key, pure.key, ph.key}
	sum := sha256.Sum256([]byte("manifest"))
	digest := "sha256:" + hex.EncodeToString(sum[:])
	const sign = "https://sigstore.dev/cosign/sign/v1"
	simple := func(s signer, digest, kind string) publisher.ImageSignature {
		payload := marshal(t, map[string]any{"critical": map[string]any{
			"identity": map[string]any{"docker-reference": "registry.example/lists"},
			"image":    map[string]any{"docker-manifest-digest": digest}, "type": kind,
		}, "optional": nil})
		return publisher.ImageSignature{Payload: payload, Signature: b64(s.sign(payload))}
	}
	bundled := func(data []byte) publisher.ImageSignature { return publisher.ImageSignature{Bundle: data} }
	tests := []struct {
		name       string
		signatures []publisher.ImageSignature
		want       publisher.Reason
		key        *publisher.Key
	}{
		{"cosign 3, ECDSA", []publisher.ImageSignature{bundled(ec.statement(t, sign, digest))}, "", ec.key},
		{"cosign 3, Ed25519", []publisher.ImageSignature{bundled(pure.statement(t, sign, digest))}, "", pure.key},
		{"cosign 3, Ed25519ph", []publisher.ImageSignature{bundled(ph.statement(t, sign, digest))}, "", ph.key},
		{"cosign 2", []publisher.ImageSignature{simple(pure, digest, "cosign container image signature")}, "", pure.key},
		{"after one of somebody else", []publisher.ImageSignature{bundled(other.statement(t, sign, digest)), bundled(ec.statement(t, sign, digest))}, "", ec.key},
		{"none", nil, publisher.Malformed, nil},
		{"somebody else's", []publisher.ImageSignature{bundled(other.statement(t, sign, digest))}, publisher.Mismatch, nil},
		{"of another artifact", []publisher.ImageSignature{bundled(ec.statement(t, sign, "sha256:"+strings.Repeat("0", 64)))}, publisher.Mismatch, nil},
		{"another statement", []publisher.ImageSignature{bundled(ec.statement(t, "https://slsa.dev/provenance/v1", digest))}, publisher.Unsupported, nil},
		{"of a file", []publisher.ImageSignature{bundled(ec.bundle(t, []byte("manifest")))}, publisher.Unsupported, nil},
		{"cosign 2 of another artifact", []publisher.ImageSignature{simple(ec, "sha256:00", "cosign container image signature")}, publisher.Mismatch, nil},
		{"cosign 2 of another type", []publisher.ImageSignature{simple(ec, digest, "atomic container signature")}, publisher.Mismatch, nil},
		{"cosign 2 without JSON", []publisher.ImageSignature{{Payload: file, Signature: b64(ec.sign(file))}}, publisher.Malformed, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			proof, err := publisher.VerifyImage(digest, tt.signatures, keys)
			if publisher.ReasonOf(err) != tt.want || (err != nil) != (tt.want != "") {
				t.Fatalf("got %+v, %q: %v, want %q", proof, publisher.ReasonOf(err), err, tt.want)
			}
			if tt.key != nil && (proof.Key != tt.key.Fingerprint() || proof.Form != publisher.FormCosignImage) {
				t.Errorf("got %+v", proof)
			}
		})
	}
}

func TestParseKey(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := pkix(t, public)
	mini, _, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		kind publisher.Type
		data []byte
		ok   bool
	}{
		{"Ed25519", publisher.Cosign, good, true},
		{"minisign without comment", publisher.Minisign, []byte(mini.String()), true},
		{"minisign with comment", publisher.Minisign, []byte("untrusted comment: x\r\n" + mini.String() + "\r\n"), true},
		{"P-384", publisher.Cosign, pkix(t, p384.Public()), false},
		{"RSA", publisher.Cosign, pkix(t, private.Public()), false},
		{"two keys", publisher.Cosign, append(bytes.Clone(good), good...), false},
		{"a private key's label", publisher.Cosign, bytes.ReplaceAll(good, []byte("PUBLIC"), []byte("PRIVATE")), false},
		{"no key within", publisher.Cosign, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}), false},
		{"no PEM", publisher.Cosign, []byte(mini.String()), false},
		{"PEM for minisign", publisher.Minisign, good, false},
		{"two of minisign", publisher.Minisign, []byte(mini.String() + "\n" + mini.String()), false},
		{"half of minisign", publisher.Minisign, []byte(mini.String()[:20]), false},
		{"empty", publisher.Minisign, nil, false},
		{"too long", publisher.Cosign, append(bytes.Clone(good), bytes.Repeat([]byte("\n"), 5000)...), false},
		{"no type", "GPG", good, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, err := publisher.ParseKey(tt.kind, tt.data)
			if (err == nil) != tt.ok {
				t.Fatalf("got %v", err)
			}
			if !tt.ok && publisher.ReasonOf(err) != publisher.UnusableKey {
				t.Errorf("reason %q", publisher.ReasonOf(err))
			}
			if tt.ok && (key.Type() != tt.kind || len(key.Fingerprint()) != len("sha256:")+64) {
				t.Errorf("key %s %s", key.Type(), key.Fingerprint())
			}
		})
	}
}
