// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"bytes"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/frontline-screening/frontline/internal/pki"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func authority(t *testing.T, former ...*pki.CA) *pki.CA {
	t.Helper()
	ca, err := pki.NewCA("Frontline region north", start)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range former {
		ca.Succeed(f.BundlePEM())
	}
	return ca
}

// TestCertificateUnderAnotherAuthority: a certificate that pods hold stays until its
// time under a bundle that names its authority; one that the region's authorities
// did not issue goes at once, and so does an authority that is none of them.
func TestCertificateUnderAnotherAuthority(t *testing.T) {
	first := authority(t)
	stranger := authority(t)
	second := authority(t, first)
	other := authority(t)
	injected := bytes.Join([][]byte{first.CertPEM(), stranger.CertPEM()}, nil)
	for _, tt := range []struct {
		name string
		// held is what issued what pods have, beside the bundle found.
		held   *pki.CA
		bundle []byte
		// now is the region's authority.
		now         *pki.CA
		after       time.Duration
		keeps       bool
		wantWritten bool
	}{
		{name: "as it was", held: first, bundle: first.BundlePEM(), now: first, keeps: true},
		{name: "of the former authority", held: first, bundle: first.BundlePEM(), now: second, keeps: true, wantWritten: true},
		{name: "of the former authority, once all know", held: first, bundle: second.BundlePEM(), now: second, keeps: true},
		{name: "of the former authority, after two thirds", held: first, bundle: second.BundlePEM(), now: second, after: 61 * 24 * time.Hour, wantWritten: true},
		{name: "of another authority", held: first, bundle: first.BundlePEM(), now: other, wantWritten: true},
		{name: "an authority that somebody added", held: first, bundle: injected, now: first, keeps: true, wantWritten: true},
		{name: "a certificate that somebody put there", held: stranger, bundle: injected, now: first, wantWritten: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := fake.NewClientBuilder().Build()
			clock := start
			want := Certificate{
				Namespace: "region-north", Secret: "general-matcher-tls", Manager: ManagerAgent, Beside: map[string][]byte{"trust.json": []byte("{}")},
				Request: pki.LeafRequest{CommonName: "matcher", SPIFFE: pki.MatcherID("north", "general"), Server: true},
			}
			read := func() corev1.Secret {
				var secret corev1.Secret
				if err := c.Get(t.Context(), types.NamespacedName{Namespace: want.Namespace, Name: want.Secret}, &secret); err != nil {
					t.Fatal(err)
				}
				return secret
			}
			ensure := func(ca *pki.CA) time.Time {
				at, err := (&Issuer{Client: c, CA: ca, Now: func() time.Time { return clock }}).Ensure(t.Context(), want)
				if err != nil {
					t.Fatal(err)
				}
				return at
			}
			ensure(tt.held)
			before := read()
			before.Data[KeyCA] = tt.bundle
			if err := c.Update(t.Context(), &before, client.FieldOwner("somebody")); err != nil {
				t.Fatal(err)
			}
			before = read()
			clock = clock.Add(tt.after)
			at := ensure(tt.now)
			after := read()
			if kept := bytes.Equal(before.Data[corev1.TLSCertKey], after.Data[corev1.TLSCertKey]); kept != tt.keeps {
				t.Errorf("the certificate is kept: %v, want %v", kept, tt.keeps)
			}
			if written := before.ResourceVersion != after.ResourceVersion; written != tt.wantWritten {
				t.Errorf("the Secret was written: %v, want %v", written, tt.wantWritten)
			}
			if !bytes.Equal(after.Data[KeyCA], tt.now.BundlePEM()) {
				t.Error("the bundle is not the region's")
			}
			cert, err := pki.ParseCertificate(after.Data[corev1.TLSCertKey])
			if err != nil {
				t.Fatal(err)
			}
			if got := renewal(cert.NotBefore, cert.NotAfter); !at.Equal(got) || !at.After(clock) {
				t.Errorf("it is looked at again at %v, want %v", at, got)
			}
			ensure(tt.now)
			if again := read(); again.ResourceVersion != after.ResourceVersion {
				t.Error("a second look writes again")
			}
		})
	}
}
