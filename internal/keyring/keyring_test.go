// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func ecdsaKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pkcs8(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockPrivate, Bytes: der})
}

// service keeps keys the way a key management service does.
type service struct {
	keys map[string]crypto.Signer
	// public answers for another key than the one that signs.
	public crypto.PublicKey
}

var errUnknown = errors.New("no such key")

func (s *service) PublicKey(_ context.Context, key string) (crypto.PublicKey, error) {
	if s.public != nil {
		return s.public, nil
	}
	if k, ok := s.keys[key]; ok {
		return k.Public(), nil
	}
	return nil, errUnknown
}

func (s *service) Sign(ctx context.Context, key string, data []byte, hash crypto.Hash) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.keys[key].Sign(rand.Reader, data, hash)
}

func TestKeysOfEachKindSign(t *testing.T) {
	edwards, err := New()
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("what is signed")
	for name, key := range map[string]crypto.Signer{"ed25519": edwards, "ECDSA P-256": ecdsaKey(t, elliptic.P256())} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key.pem")
			data, err := Encode(key)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			fromFile, err := ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			fromBytes, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			fromKMS, err := FromKMS(t.Context(), &service{keys: map[string]crypto.Signer{"root": key}}, "root")
			if err != nil {
				t.Fatal(err)
			}
			for where, signer := range map[string]crypto.Signer{"file": fromFile, "bytes": fromBytes, "service": fromKMS} {
				signature, err := Sign(signer, message)
				if err != nil {
					t.Fatalf("%s: %v", where, err)
				}
				if !Verify(key.Public(), message, signature) {
					t.Errorf("%s: the signature does not verify", where)
				}
				if Verify(key.Public(), append(message, '.'), signature) {
					t.Errorf("%s: the signature verifies for another message", where)
				}
			}
			public, err := EncodePublic(key.Public())
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := ParsePublic(public)
			if err != nil || !Equal(parsed, key.Public()) || Equal(parsed, ecdsaKey(t, elliptic.P256()).Public()) {
				t.Errorf("public key after a round trip: %v", err)
			}
			a, _ := Fingerprint(parsed)
			if b, _ := Fingerprint(key.Public()); a != b || len(a) != 64 {
				t.Errorf("fingerprints %q and %q", a, b)
			}
			if _, err := Encode(fromKMS); err == nil {
				t.Error("a key of a service was written down")
			}
		})
	}
}

func TestKeysRefused(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edwards, err := New()
	if err != nil {
		t.Fatal(err)
	}
	public, err := EncodePublic(edwards.Public())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"RSA", pkcs8(t, rsaKey), ErrKind.Error()},
		{"P-384", pkcs8(t, ecdsaKey(t, elliptic.P384())), ErrKind.Error()},
		{"a public key", public, "no PEM block"},
		{"no PEM", []byte("key"), "no PEM block"},
		{"no PKCS #8", pem.EncodeToMemory(&pem.Block{Type: blockPrivate, Bytes: []byte("x")}), "no PKCS #8 key"},
		{"too large", bytes.Repeat([]byte("-"), maxPEM+1), "at most"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Parse(test.data); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
	t.Run("a file that others may read", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(file, pkcs8(t, edwards), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, 0o640); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(file); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("error is %v", err)
		}
	})
}

func TestServiceRefused(t *testing.T) {
	one, _ := New()
	other, _ := New()
	keys := map[string]crypto.Signer{"root": one}
	if _, err := FromKMS(t.Context(), &service{keys: keys}, "leaf"); !errors.Is(err, errUnknown) {
		t.Errorf("an unknown key: %v", err)
	}
	replaced, err := FromKMS(t.Context(), &service{keys: keys, public: other.Public()}, "root")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Sign(replaced, []byte("m")); err == nil || !strings.Contains(err.Error(), "does not verify") {
		t.Errorf("a key that was replaced: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	signer, err := FromKMS(ctx, &service{keys: keys}, "root")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := Sign(signer, []byte("m")); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v", err)
	}
	if _, err := signer.Sign(rand.Reader, make([]byte, 32), crypto.SHA256); err == nil {
		t.Error("an ed25519 key signed a digest")
	}
	if Verify(ed25519.PublicKey("short"), []byte("m"), []byte("s")) {
		t.Error("a short key verified")
	}
}

func FuzzParse(f *testing.F) {
	key, err := New()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pkcs8(f, key))
	f.Add(pkcs8(f, ecdsaKey(f, elliptic.P256())))
	f.Fuzz(func(t *testing.T, data []byte) {
		if key, err := Parse(data); err == nil && Check(key.Public()) != nil {
			t.Error("a key of a kind not used was taken")
		}
		if key, err := ParsePublic(data); err == nil && Check(key) != nil {
			t.Error("a public key of a kind not used was taken")
		}
	})
}
