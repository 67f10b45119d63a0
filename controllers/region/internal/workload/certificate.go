// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontline-screening/frontline/internal/pki"
)

// KeyCA is the key of a TLS Secret under which the certificates of the authority
// and of those before it stand.
const KeyCA = "ca.crt"

// Issuer keeps Secrets with certificates of the region's authority.
type Issuer struct {
	// Client reads and writes Secrets by name, without a cache.
	Client client.Client
	CA     *pki.CA
	Now    func() time.Time
}

// Certificate wishes for a Secret with a certificate.
type Certificate struct {
	Namespace, Secret string
	Labels            map[string]string
	// Manager is the field manager of the controller that asks.
	Manager string
	Request pki.LeafRequest
	// Beside is what else stands in the Secret, by key.
	Beside map[string][]byte
}

// Ensure makes the Secret hold a certificate that serves the request: of this
// authority or of one before it, for these names, with more than a third of its
// life ahead. It writes nothing when it does, and returns the time at which to
// look again. A certificate of a former authority stays until then: by that time
// everybody knows the new one.
func (i *Issuer) Ensure(ctx context.Context, want Certificate) (time.Time, error) {
	now := i.Now()
	var secret corev1.Secret
	err := i.Client.Get(ctx, types.NamespacedName{Namespace: want.Namespace, Name: want.Secret}, &secret)
	switch {
	case err == nil:
		if at, ok := i.good(secret.Data, want.Request, now); ok {
			if !holds(secret.Data, want.Beside) || !bytes.Equal(secret.Data[KeyCA], i.CA.BundlePEM()) {
				return at, i.write(ctx, want, secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
			}
			return at, nil
		}
	case !apierrors.IsNotFound(err):
		return time.Time{}, fmt.Errorf("certificate Secret %s: %w", want.Secret, err)
	}
	certPEM, keyPEM, err := i.CA.Issue(want.Request, now)
	if err != nil {
		return time.Time{}, err
	}
	if err := i.write(ctx, want, certPEM, keyPEM); err != nil {
		return time.Time{}, err
	}
	cert, err := pki.ParseCertificate(certPEM)
	if err != nil {
		return time.Time{}, err
	}
	return renewal(cert.NotBefore, cert.NotAfter), nil
}

func (i *Issuer) write(ctx context.Context, want Certificate, certPEM, keyPEM []byte) error {
	data := map[string][]byte{corev1.TLSCertKey: certPEM, corev1.TLSPrivateKeyKey: keyPEM, KeyCA: i.CA.BundlePEM()}
	maps.Copy(data, want.Beside)
	desired := corev1ac.Secret(want.Secret, want.Namespace).
		WithLabels(want.Labels).
		WithType(corev1.SecretTypeTLS).
		WithData(data)
	if err := i.Client.Apply(ctx, desired, client.FieldOwner(want.Manager), client.ForceOwnership); err != nil {
		return fmt.Errorf("certificate Secret %s: %w", want.Secret, err)
	}
	return nil
}

// holds reports whether data has the entries.
func holds(data, entries map[string][]byte) bool {
	for key, value := range entries {
		if !bytes.Equal(data[key], value) {
			return false
		}
	}
	return true
}

// good reports whether the Secret serves the request, and until when.
func (i *Issuer) good(data map[string][]byte, want pki.LeafRequest, now time.Time) (time.Time, bool) {
	if pki.NeedsRenewal(data[corev1.TLSCertKey], now) {
		return time.Time{}, false
	}
	cert, err := pki.ParseCertificate(data[corev1.TLSCertKey])
	if err != nil || !i.CA.Issued(cert) {
		return time.Time{}, false
	}
	key, err := pki.ParseKey(data[corev1.TLSPrivateKeyKey])
	if err != nil || pki.KeyPin(key.Public()) != pki.CertificatePin(cert) {
		return time.Time{}, false
	}
	if want.SPIFFE != "" && (len(cert.URIs) != 1 || cert.URIs[0].String() != want.SPIFFE) {
		return time.Time{}, false
	}
	for _, name := range want.DNSNames {
		if !slices.Contains(cert.DNSNames, name) {
			return time.Time{}, false
		}
	}
	if len(cert.DNSNames) != len(want.DNSNames) {
		return time.Time{}, false
	}
	return renewal(cert.NotBefore, cert.NotAfter), true
}

func renewal(from, to time.Time) time.Time { return from.Add(to.Sub(from) * 2 / 3) }
