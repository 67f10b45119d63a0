// SPDX-License-Identifier: Apache-2.0

package watchlistfeed_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"aead.dev/minisign"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
)

// signing serves files by their path, and counts.
type signing struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string]string
	asked map[string]int
}

func newSigning(t *testing.T) *signing {
	t.Helper()
	p := &signing{files: map[string]string{}, asked: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked[r.URL.Path]++
		content, ok := p.files[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(content))
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *signing) put(path, content string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files[path] = content
}

func minisignKey(t *testing.T) (string, func(string) string) {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public.String(), func(content string) string { return string(minisign.Sign(private, []byte(content))) }
}

func cosignKey(t *testing.T) (string, func(string) string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), func(content string) string {
		sum := sha256.Sum256([]byte(content))
		signature, err := ecdsa.SignASN1(rand.Reader, private, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(signature)
	}
}

// newSignedBench is a feed whose publisher signs with minisign, and lists a
// key of cosign beside it.
func newSignedBench(t *testing.T) (b *bench, p *signing, mini, cosign func(string) string) {
	t.Helper()
	b = newBench(t, "")
	p = newSigning(t)
	miniKey, mini := minisignKey(t)
	cosignPEM, cosign := cosignKey(t)
	feed := hubtest.Feed(b.feed.Namespace, "signed", p.URL+"/list?day=1", "AL")
	feed.Spec.Verification = screeningv1.FeedVerification{
		Mode: screeningv1.VerificationKeys,
		Keys: []screeningv1.PublisherKey{
			{Type: screeningv1.KeyMinisign, PublicKey: miniKey},
			{Type: screeningv1.KeyCosign, SecretRef: &screeningv1.SecretReference{Name: "publisher"}},
		},
		Signature: &screeningv1.SignatureSource{Suffix: ".sig"},
	}
	hubtest.Create(t, env.Client, &corev1.Secret{ObjectMeta: objectMeta(b.feed.Namespace, "publisher"), Data: map[string][]byte{"cosign.pub": []byte(cosignPEM)}})
	hubtest.Create(t, env.Client, feed)
	b.feed = feed
	return b, p, mini, cosign
}

func verifiedIs(t *testing.T, feed *screeningv1.WatchlistFeed, status metav1.ConditionStatus, reason string) {
	t.Helper()
	c := conditions.Get(feed, screeningv1.ConditionVerified)
	if c == nil || c.Status != status || c.Reason != reason {
		t.Fatalf("Verified is %+v, want %s with %s", c, status, reason)
	}
}

func TestSignedFileIsTakenAndItsKeyRecorded(t *testing.T) {
	b, p, mini, cosign := newSignedBench(t)
	first := hubtest.List(1, 5)
	p.put("/list", first)
	p.put("/list.sig", mini(first))
	feed := b.call(t)
	verifiedIs(t, feed, metav1.ConditionTrue, screeningv1.ReasonSigned)
	if feed.Status.Release == nil || feed.Status.Release.Version != "v1" {
		t.Fatalf("release is %+v", feed.Status.Release)
	}
	release := hubtest.Get(t, env.Client, &screeningv1.WatchlistRelease{ObjectMeta: objectMeta(feed.Namespace, "signed-1")})
	v := release.Spec.Verification
	if v == nil || v.Mode != screeningv1.VerificationKeys || len(v.Signers) != 1 || v.Signers[0].Type != screeningv1.KeyMinisign || !strings.HasPrefix(string(v.Signers[0].KeyDigest), "sha256:") {
		t.Errorf("the release says of its signature %+v", v)
	}

	// The publisher goes over to the other key.
	second := hubtest.List(2, 5)
	p.put("/list", second)
	p.put("/list.sig", cosign(second))
	feed = b.later(t)
	verifiedIs(t, feed, metav1.ConditionTrue, screeningv1.ReasonSigned)
	release = hubtest.Get(t, env.Client, &screeningv1.WatchlistRelease{ObjectMeta: objectMeta(feed.Namespace, "signed-2")})
	if v := release.Spec.Verification; v == nil || len(v.Signers) != 1 || v.Signers[0].Type != screeningv1.KeyCosign {
		t.Errorf("the release says of its signature %+v", v)
	}
}

func TestUnprovenFileIsNeverParsed(t *testing.T) {
	good, bad := hubtest.List(1, 5), "no list at all, which a parser would refuse"
	_, stranger := minisignKey(t)
	tests := []struct {
		name    string
		prepare func(p *signing, mini func(string) string)
		reason  string
	}{
		{"no signature", func(*signing, func(string) string) {}, screeningv1.ReasonSignatureMissing},
		{"signature of the file before", func(p *signing, mini func(string) string) { p.put("/list.sig", mini(good)) }, screeningv1.ReasonSignatureInvalid},
		{"signature of a stranger", func(p *signing, _ func(string) string) { p.put("/list.sig", stranger(bad)) }, screeningv1.ReasonSignatureInvalid},
		{"a page instead", func(p *signing, _ func(string) string) { p.put("/list.sig", "<html></html>") }, screeningv1.ReasonSignatureInvalid},
		{"something large instead", func(p *signing, _ func(string) string) {
			p.put("/list.sig", string(bytes.Repeat([]byte("A"), 1<<20)))
		}, screeningv1.ReasonSignatureInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, p, mini, _ := newSignedBench(t)
			p.put("/list", good)
			p.put("/list.sig", mini(good))
			before := b.call(t)
			p.mu.Lock()
			delete(p.files, "/list.sig")
			p.mu.Unlock()
			p.put("/list", bad)
			tt.prepare(p, mini)
			feed := b.later(t)
			verifiedIs(t, feed, metav1.ConditionFalse, tt.reason)
			if c := conditions.Get(feed, screeningv1.ConditionVerified); !strings.Contains(c.Message, "v1 keeps serving") {
				t.Errorf("the message is %q", c.Message)
			}
			if c := conditions.Get(feed, screeningv1.ConditionBuilt); c.Reason != screeningv1.ReasonBuilt {
				t.Errorf("the file was parsed: %+v", c)
			}
			if feed.Status.Release.Version != "v1" || feed.Status.Source.Digest != before.Status.Source.Digest {
				t.Errorf("release %+v of %+v", feed.Status.Release, feed.Status.Source)
			}
			if c := conditions.Get(feed, screeningv1.ConditionReady); !strings.Contains(c.Message, tt.reason) {
				t.Errorf("Ready says %q", c.Message)
			}

			// The publisher mends it.
			next := hubtest.List(1, 6)
			p.put("/list", next)
			p.put("/list.sig", mini(next))
			feed = b.later(t)
			verifiedIs(t, feed, metav1.ConditionTrue, screeningv1.ReasonSigned)
			if feed.Status.Release.Version != "v2" {
				t.Errorf("release is %+v", feed.Status.Release)
			}
		})
	}
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	b, p, mini, _ := newSignedBench(t)
	p.put("/list", hubtest.List(1, 5))
	p.put("/list.sig", mini(hubtest.List(1, 5)))
	secret := hubtest.Get(t, env.Client, &corev1.Secret{ObjectMeta: objectMeta(b.feed.Namespace, "publisher")})
	secret.Data["cosign.pub"] = []byte("no key")
	if err := env.Client.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	verifiedIs(t, b.call(t), metav1.ConditionFalse, screeningv1.ReasonKeyUnusable)
	if p.asked["/list"] != 0 {
		t.Error("the publisher was asked although nothing can be verified")
	}
	delete(secret.Data, "cosign.pub")
	if err := env.Client.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	feed := b.later(t)
	if c := conditions.Get(feed, screeningv1.ConditionFetched); c == nil || c.Reason != screeningv1.ReasonSecretNotFound {
		t.Errorf("Fetched is %+v", c)
	}
	if feed.Status.Release != nil {
		t.Errorf("release is %+v", feed.Status.Release)
	}
}

func TestUnsignedFeedSaysWhy(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	feed := b.call(t)
	verifiedIs(t, feed, metav1.ConditionTrue, screeningv1.ReasonUnsigned)
	if c := conditions.Get(feed, screeningv1.ConditionVerified); !strings.Contains(c.Message, "synthetic") {
		t.Errorf("the message is %q", c.Message)
	}
	release := hubtest.Get(t, env.Client, &screeningv1.WatchlistRelease{ObjectMeta: objectMeta(feed.Namespace, "test-1")})
	if v := release.Spec.Verification; v == nil || v.Mode != screeningv1.VerificationUnsigned {
		t.Errorf("the release says %+v", v)
	}
}

func TestAddressesNeedTheFeedAndTheHub(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	b.AllowPrivate = false
	feed := b.call(t)
	if c := conditions.Get(feed, screeningv1.ConditionFetched); c == nil || c.Reason != screeningv1.ReasonAddressRefused {
		t.Errorf("without the hub's flag Fetched is %+v", c)
	}
	b.AllowPrivate = true
	feed.Spec.Source.HTTP.Addresses = []screeningv1.AddressRange{screeningv1.AddressPrivate, screeningv1.AddressLinkLocal}
	if err := env.Client.Update(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	if c := conditions.Get(b.later(t), screeningv1.ConditionFetched); c == nil || c.Reason != screeningv1.ReasonAddressRefused {
		t.Errorf("without the feed's word Fetched is %+v", c)
	}
}
