// SPDX-License-Identifier: Apache-2.0

package publisher_test

import (
	"bytes"
	"testing"

	"aead.dev/minisign"

	"github.com/frontline-screening/frontline/internal/publisher"
)

// FuzzVerify: nothing but what was signed is taken, and nothing panics.
func FuzzVerify(f *testing.F) {
	ec, pure := newECDSA(f), newEd25519(f, false)
	mini, miniKey := newMinisign(f)
	keys := []*publisher.Key{ec.key, pure.key, miniKey}
	for _, seed := range [][]byte{
		ec.bundle(f, file), pure.bundle(f, file), b64(ec.sign(file)), b64(pure.sign(file)),
		hashed(mini, file, "timestamp:1\tfile:list.xml"), minisign.Sign(mini, file),
		ec.statement(f, "https://sigstore.dev/cosign/sign/v1", "sha256:00"), {}, []byte("{}"), []byte("untrusted comment: \n\n\n"),
	} {
		f.Add(seed, file)
	}
	f.Fuzz(func(t *testing.T, signature, message []byte) {
		proof, err := publisher.Verify(message, "", signature, keys)
		if (err == nil) != (proof != publisher.Proof{}) {
			t.Fatalf("%+v, %v", proof, err)
		}
		if err == nil && !bytes.Equal(message, file) {
			t.Fatalf("a file that nobody signed is taken: %q", message)
		}
		if err != nil && publisher.ReasonOf(err) == "" {
			t.Fatalf("without a reason: %v", err)
		}
	})
}

// FuzzVerifyImage: no attached signature of strangers is taken, and nothing panics.
func FuzzVerifyImage(f *testing.F) {
	ec, other := newECDSA(f), newECDSA(f)
	digest := "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	f.Add(ec.statement(f, "https://sigstore.dev/cosign/sign/v1", digest), []byte("{}"), []byte("AAAA"))
	f.Add([]byte{}, []byte(`{"critical":{"image":{"docker-manifest-digest":"sha256:00"},"type":"cosign container image signature"}}`), b64(ec.sign(file)))
	f.Fuzz(func(t *testing.T, bundle, payload, signature []byte) {
		_, err := publisher.VerifyImage(digest, []publisher.ImageSignature{{Bundle: bundle, Payload: payload, Signature: signature}}, []*publisher.Key{other.key})
		if err == nil {
			t.Fatal("the signature of a key that is not listed is taken")
		}
	})
}

// FuzzParseKey: a key that is read has a fingerprint, and nothing panics.
func FuzzParseKey(f *testing.F) {
	public, _, err := minisign.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(public.String()))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range []publisher.Type{publisher.Cosign, publisher.Minisign} {
			key, err := publisher.ParseKey(kind, data)
			if err == nil && key.Fingerprint() == "" || err != nil && publisher.ReasonOf(err) != publisher.UnusableKey {
				t.Fatalf("%s: %v", kind, err)
			}
		}
	})
}
