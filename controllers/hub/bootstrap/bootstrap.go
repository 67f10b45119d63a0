// SPDX-License-Identifier: Apache-2.0

// Package bootstrap makes the Secrets a hub starts from, once, and renews its
// certificates: its authority, the certificates of its registry and gateway,
// and the keys and roots that its orders are signed with. Several processes
// may start at once; whoever writes first is right.
package bootstrap

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/pki"
)

// Names of the Secrets: TrustSecret is in the key namespace, the others are in
// that of the installation.
const (
	CASecret       = "frontline-hub-ca"
	RegistrySecret = "frontline-registry-tls"
	GatewaySecret  = "frontline-gateway-tls"
	TrustSecret    = "frontline-trust"
)

// addressesAnnotation, on the gateway's Secret, lists what regions reach the
// gateway by.
const addressesAnnotation = screeningv1.GroupName + "/gateway-addresses"

// caKey is the key of the authority's certificate beside tls.crt and tls.key.
const caKey = "ca.crt"

const firstTerm = 1

// Keys are what a hub works with.
type Keys struct {
	CA *pki.CA
	// HubUID is the hub as its orders name it.
	HubUID string
	// Gateway presents the gateway's certificate, Client the hub's own.
	Gateway, Client pki.CertificateSource
}

// Options say where the Secrets are and what the certificates are for.
type Options struct {
	Namespace string
	// KeyNamespace holds what the hub signs with; Namespace if it is empty.
	KeyNamespace string
	// GatewayAddresses are those, as HOST:PORT, that regions reach the gateway
	// by. The gateway's Secret keeps them for invitations.
	GatewayAddresses []string
}

// Trust returns what the hub signs with. c must not read from a cache.
func (o Options) Trust(c client.Client, now func() time.Time) *Trust {
	return NewTrust(c, cmp.Or(o.KeyNamespace, o.Namespace), now)
}

// Ensure makes what is missing, renews what is due, and returns the keys. c
// must not read from a cache.
func Ensure(ctx context.Context, c client.Client, o Options, now time.Time) (Keys, error) {
	s := secrets{client: c, namespace: o.Namespace}
	ca, err := s.authority(ctx, now)
	if err != nil {
		return Keys{}, err
	}
	self, err := o.Trust(c, func() time.Time { return now }).Hub(ctx)
	if err != nil {
		return Keys{}, err
	}
	if _, err := s.certificate(ctx, ca, RegistrySecret, hosts(o.Namespace, "frontline-registry"), nil, now); err != nil {
		return Keys{}, err
	}
	names := hosts(o.Namespace, gatewayService)
	for _, address := range o.GatewayAddresses {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return Keys{}, fmt.Errorf("gateway address %q has not the form HOST:PORT", address)
		}
		names = append(names, host)
	}
	gateway, err := s.certificate(ctx, ca, GatewaySecret, names, map[string]string{addressesAnnotation: strings.Join(o.GatewayAddresses, ",")}, now)
	if err != nil {
		return Keys{}, err
	}
	keys := Keys{CA: ca, HubUID: self.UID}
	if keys.Gateway, err = pki.FromPEM(gateway.Data[corev1.TLSCertKey], gateway.Data[corev1.TLSPrivateKeyKey]); err != nil {
		return Keys{}, fmt.Errorf("secret %s/%s: %w; delete it, the hub makes a new one", o.Namespace, GatewaySecret, err)
	}
	certificate, key, err := ca.Issue(pki.LeafRequest{CommonName: "frontline hub", SPIFFE: pki.HubID(), Client: true}, now)
	if err != nil {
		return Keys{}, err
	}
	keys.Client, err = pki.FromPEM(certificate, key)
	return keys, err
}

type secrets struct {
	client    client.Client
	namespace string
}

// ensure returns the Secret, which it makes with what fill returns if there is none.
func (s secrets) ensure(ctx context.Context, name string, kind corev1.SecretType, fill func() (map[string][]byte, error)) (*corev1.Secret, error) {
	key := types.NamespacedName{Namespace: s.namespace, Name: name}
	secret := &corev1.Secret{}
	err := s.client.Get(ctx, key, secret)
	if err == nil {
		return secret, nil
	}
	if !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("read Secret %s: %w", key, err)
	}
	data, err := fill()
	if err != nil {
		return nil, fmt.Errorf("make Secret %s: %w", key, err)
	}
	secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}, Type: kind, Data: data}
	err = s.client.Create(ctx, secret)
	if apierrors.IsAlreadyExists(err) {
		secret = &corev1.Secret{}
		err = s.client.Get(ctx, key, secret)
	}
	if err != nil {
		return nil, fmt.Errorf("make Secret %s: %w", key, err)
	}
	return secret, nil
}

func (s secrets) authority(ctx context.Context, now time.Time) (*pki.CA, error) {
	secret, err := s.ensure(ctx, CASecret, corev1.SecretTypeTLS, func() (map[string][]byte, error) {
		ca, err := pki.NewCA("Frontline hub", now)
		if err != nil {
			return nil, err
		}
		key, err := ca.KeyPEM()
		return map[string][]byte{corev1.TLSCertKey: ca.CertPEM(), corev1.TLSPrivateKeyKey: key}, err
	})
	if err != nil {
		return nil, err
	}
	ca, err := pki.ParseCA(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, fmt.Errorf("secret %s/%s: %w; restore it from its backup, regions trust no other", s.namespace, CASecret, err)
	}
	return ca, nil
}

// update writes a Secret that was read, unless somebody else wrote it since.
func (s secrets) update(ctx context.Context, secret *corev1.Secret) error {
	if err := s.client.Update(ctx, secret); err != nil {
		return fmt.Errorf("write Secret %s/%s: %w", secret.Namespace, secret.Name, err)
	}
	return nil
}

// certificate returns a server's certificate, which it renews when it is due,
// lacks a name, or comes from another authority. The Secret gets the
// annotations beside those that others gave it.
func (s secrets) certificate(ctx context.Context, ca *pki.CA, name string, names []string, annotations map[string]string, now time.Time) (*corev1.Secret, error) {
	issue := func() (map[string][]byte, error) {
		request := pki.LeafRequest{CommonName: name, Server: true}
		for _, host := range names {
			if ip := net.ParseIP(host); ip != nil {
				request.IPs = append(request.IPs, ip)
			} else {
				request.DNSNames = append(request.DNSNames, host)
			}
		}
		certificate, key, err := ca.Issue(request, now)
		return map[string][]byte{corev1.TLSCertKey: certificate, corev1.TLSPrivateKeyKey: key, caKey: ca.CertPEM()}, err
	}
	secret, err := s.ensure(ctx, name, corev1.SecretTypeTLS, issue)
	if err != nil {
		return nil, err
	}
	annotated := annotate(secret, annotations)
	fresh := good(secret, ca, names, now)
	if fresh && !annotated {
		return secret, nil
	}
	if !fresh {
		if secret.Data, err = issue(); err != nil {
			return nil, err
		}
	}
	err = s.client.Update(ctx, secret)
	if apierrors.IsConflict(err) {
		err = s.client.Get(ctx, client.ObjectKeyFromObject(secret), secret)
	}
	if err != nil {
		return nil, fmt.Errorf("renew Secret %s/%s: %w", s.namespace, name, err)
	}
	return secret, nil
}

// annotate reports whether it changed anything.
func annotate(secret *corev1.Secret, annotations map[string]string) bool {
	changed := false
	for key, value := range annotations {
		if secret.Annotations[key] == value {
			continue
		}
		if secret.Annotations == nil {
			secret.Annotations = map[string]string{}
		}
		secret.Annotations[key], changed = value, true
	}
	return changed
}

// GatewayAddresses are those, as HOST:PORT, that the hub was last started with.
// secret is the gateway's.
func GatewayAddresses(secret *corev1.Secret) []string {
	list := secret.Annotations[addressesAnnotation]
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func good(secret *corev1.Secret, ca *pki.CA, names []string, now time.Time) bool {
	certificate, err := pki.ParseCertificate(secret.Data[corev1.TLSCertKey])
	if err != nil || pki.NeedsRenewal(secret.Data[corev1.TLSCertKey], now) || certificate.CheckSignatureFrom(ca.Certificate()) != nil {
		return false
	}
	return !slices.ContainsFunc(names, func(host string) bool { return certificate.VerifyHostname(host) != nil })
}

// gatewayService is the Service before the gateways of all processes of the hub.
const gatewayService = "frontline-gateway"

// GatewayHost is a name of the gateway that its certificate always covers.
func GatewayHost(namespace string) string { return gatewayService + "." + namespace + ".svc" }

// hosts are the names of a Service from inside the cluster.
func hosts(namespace, service string) []string {
	return []string{
		service, service + "." + namespace, service + "." + namespace + ".svc",
		service + "." + namespace + ".svc.cluster.local", "localhost", "127.0.0.1",
	}
}
