// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/source"
)

// secretError says that a Secret which the feed names cannot be used.
type secretError struct{ text string }

func (e *secretError) Error() string { return e.text }

func unusable(namespace, name, format string, args ...any) error {
	return &secretError{fmt.Sprintf("Secret %s/%s ", namespace, name) + fmt.Sprintf(format, args...)}
}

// line says how the feed's publisher may be reached.
func (r *Reconciler) line(ctx context.Context, feed *screeningv1.WatchlistFeed, addresses []screeningv1.AddressRange, ca *screeningv1.SecretReference) (source.Line, error) {
	line := source.Line{Timeout: timeoutOf(feed), Allow: r.allow(addresses)}
	if feed.Spec.MaxSize != nil {
		line.MaxBytes = feed.Spec.MaxSize.Value()
	}
	if ca == nil {
		return line, nil
	}
	var err error
	line.RootCAs, err = r.authority(ctx, feed.Namespace, ca.Name)
	return line, err
}

// allow gives what the feed names, where the installation permits it.
func (r *Reconciler) allow(addresses []screeningv1.AddressRange) []source.Range {
	if !r.AllowPrivate {
		return nil
	}
	ranges := make([]source.Range, len(addresses))
	for i, address := range addresses {
		ranges[i] = source.Range(address)
	}
	return ranges
}

func (r *Reconciler) authority(ctx context.Context, namespace, name string) (*x509.CertPool, error) {
	secret, err := r.secret(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	bundle, ok := secret.Data["ca.crt"]
	if !ok {
		return nil, unusable(namespace, name, "has no key ca.crt; put the publisher's certificate authority there")
	}
	pool, err := pki.ParsePool(bundle)
	if err != nil {
		return nil, unusable(namespace, name, "key ca.crt: %v", err)
	}
	return pool, nil
}

// request is what a source by HTTP asks for. A Secret of a type of Kubernetes
// is used as that type says: basic-auth as an Authorization header, tls as the
// client's certificate; any other holds headers.
func (r *Reconciler) request(ctx context.Context, feed *screeningv1.WatchlistFeed) (source.Request, error) {
	spec := feed.Spec.Source.HTTP
	req := source.Request{URL: spec.URL}
	var err error
	if req.Line, err = r.line(ctx, feed, spec.Addresses, spec.CASecretRef); err != nil {
		return req, err
	}
	ref := spec.HeadersSecretRef
	if ref == nil {
		return req, nil
	}
	secret, err := r.secret(ctx, feed.Namespace, ref.Name)
	if err != nil {
		return req, err
	}
	req.Headers = http.Header{}
	switch secret.Type {
	case corev1.SecretTypeBasicAuth:
		pair := string(secret.Data[corev1.BasicAuthUsernameKey]) + ":" + string(secret.Data[corev1.BasicAuthPasswordKey])
		req.Headers.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	case corev1.SecretTypeTLS:
		certificate, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
		if err != nil {
			// The parser's error may quote the key.
			return req, unusable(feed.Namespace, ref.Name, "holds no certificate with its key; write it anew with kubectl create secret tls")
		}
		req.Certificates = []tls.Certificate{certificate}
	default:
		for name, value := range secret.Data {
			req.Headers.Set(name, strings.TrimSpace(string(value)))
		}
	}
	return req, nil
}

func (r *Reconciler) secret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := r.Reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, unusable(namespace, name, "does not exist; create it, or remove the reference")
	case apierrors.IsForbidden(err):
		return nil, unusable(namespace, name, "may not be read by the hub; allow get of this one Secret with a Role in its namespace")
	case err != nil:
		return nil, fmt.Errorf("read Secret %s/%s: %w", namespace, name, err)
	}
	return secret, nil
}
