// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"slices"
	"time"
)

// Lifetimes. Certificates start an hour in the past, because clocks of posts
// that were off for weeks are rarely right.
const (
	CALifetime       = 10 * 365 * 24 * time.Hour
	IdentityLifetime = 10 * 365 * 24 * time.Hour
	LeafLifetime     = 90 * 24 * time.Hour // when LeafRequest.Lifetime is zero
	backdate         = time.Hour
)

// CA is a certificate authority: an ECDSA P-256 key and its self-signed
// certificate. It knows the authorities that it succeeded: what they issued is
// trusted until it ends.
type CA struct {
	cert   *x509.Certificate
	key    crypto.Signer
	former []*x509.Certificate
}

// NewCA makes a new authority, valid for CALifetime from now.
func NewCA(commonName string, now time.Time) (*CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key of the authority %q: %w", commonName, err)
	}
	template, err := newTemplate(commonName, now, CALifetime)
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.MaxPathLenZero = true // issues leaves only
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("certificate of the authority %q: %w", commonName, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certificate of the authority %q: %w", commonName, err)
	}
	return &CA{cert: cert, key: key}, nil
}

// ParseCA reads an authority from the PEM blocks that BundlePEM, or CertPEM, and
// KeyPEM wrote.
func ParseCA(bundlePEM, keyPEM []byte) (*CA, error) {
	cert, err := ParseCertificate(bundlePEM)
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	key, err := ParseKey(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("authority %q: %w", cert.Subject.CommonName, err)
	}
	if !cert.IsCA {
		return nil, fmt.Errorf("authority %q: the certificate is no CA certificate", cert.Subject.CommonName)
	}
	if KeyPin(key.Public()) != CertificatePin(cert) {
		return nil, fmt.Errorf("authority %q: the key is not the certificate's; restore both from the same backup", cert.Subject.CommonName)
	}
	ca := &CA{cert: cert, key: key}
	ca.Succeed(bundlePEM)
	return ca, nil
}

// Succeed adds the authorities of a bundle to those before this one. What is no
// certificate of an authority is passed over.
func (ca *CA) Succeed(bundlePEM []byte) {
	for _, cert := range certificates(bundlePEM) {
		known := func(other *x509.Certificate) bool { return other.Equal(cert) }
		if cert.IsCA && !known(ca.cert) && !slices.ContainsFunc(ca.former, known) {
			ca.former = append(ca.former, cert)
		}
	}
}

// Issued reports whether a certificate is of this authority or of one that it
// succeeded.
func (ca *CA) Issued(cert *x509.Certificate) bool {
	return cert.CheckSignatureFrom(ca.cert) == nil ||
		slices.ContainsFunc(ca.former, func(former *x509.Certificate) bool { return cert.CheckSignatureFrom(former) == nil })
}

// Certificate returns the authority's certificate.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// CertPEM returns the authority's certificate as PEM.
func (ca *CA) CertPEM() []byte { return certificatePEM(ca.cert.Raw) }

// BundlePEM returns what certificates may come from: the authority's own
// certificate, and then those of the authorities before it.
func (ca *CA) BundlePEM() []byte {
	bundle := ca.CertPEM()
	for _, former := range ca.former {
		bundle = append(bundle, certificatePEM(former.Raw)...)
	}
	return bundle
}

// KeyPEM returns the authority's private key as PKCS #8 PEM.
func (ca *CA) KeyPEM() ([]byte, error) { return KeyPEM(ca.key) }

// Pool returns a certificate pool of BundlePEM.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	for _, former := range ca.former {
		pool.AddCert(former)
	}
	return pool
}

// LeafRequest says what a certificate is for.
type LeafRequest struct {
	CommonName string
	DNSNames   []string
	IPs        []net.IP
	// SPIFFE is the identity, as the ID builders write it; empty for none.
	SPIFFE string
	// Server and Client choose the extended key usages; at least one is set.
	Server, Client bool
	// Lifetime is LeafLifetime when zero; it never reaches beyond the authority.
	Lifetime time.Duration
}

// Issue makes a new ECDSA P-256 key and a certificate for it.
func (ca *CA) Issue(req LeafRequest, now time.Time) (certPEM, keyPEM []byte, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("certificate %q from the authority %q: %w", req.CommonName, ca.cert.Subject.CommonName, err)
		}
	}()
	if !req.Server && !req.Client {
		return nil, nil, errors.New("it is for neither a server nor a client; set at least one")
	}
	if req.Lifetime <= 0 {
		req.Lifetime = LeafLifetime
	}
	template, err := newTemplate(req.CommonName, now, req.Lifetime)
	if err != nil {
		return nil, nil, err
	}
	if !template.NotAfter.Before(ca.cert.NotAfter) {
		template.NotAfter = ca.cert.NotAfter
	}
	if !now.Before(template.NotAfter) {
		return nil, nil, fmt.Errorf("the authority ended on %s; make a new one", ca.cert.NotAfter.UTC().Format(time.RFC3339))
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.DNSNames, template.IPAddresses = req.DNSNames, req.IPs
	if req.SPIFFE != "" {
		id, err := ParseID(req.SPIFFE)
		if err != nil {
			return nil, nil, err
		}
		uri, err := url.Parse(id.String())
		if err != nil {
			return nil, nil, err
		}
		template.URIs = []*url.URL{uri}
	}
	if req.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if req.Client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key.Public(), ca.key)
	if err != nil {
		return nil, nil, err
	}
	keyPEM, err = KeyPEM(key)
	if err != nil {
		return nil, nil, err
	}
	return certificatePEM(der), keyPEM, nil
}

// SelfSigned wraps a region's ed25519 key in a client certificate, because TLS
// proves a key by a certificate. Nobody trusts it for its signature: the hub
// compares CertificatePin with what joining pinned.
func SelfSigned(key ed25519.PrivateKey, commonName string, now time.Time) (certPEM, keyPEM []byte, err error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, nil, fmt.Errorf("identity %q: the key has %d bytes instead of %d", commonName, len(key), ed25519.PrivateKeySize)
	}
	template, err := newTemplate(commonName, now, IdentityLifetime)
	if err != nil {
		return nil, nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("identity %q: %w", commonName, err)
	}
	keyPEM, err = KeyPEM(key)
	if err != nil {
		return nil, nil, fmt.Errorf("identity %q: %w", commonName, err)
	}
	return certificatePEM(der), keyPEM, nil
}

// KeyPin names a public key: "sha256:" and the hex digest of its DER
// SubjectPublicKeyInfo (RFC 7469 section 2.4, in hex). It is empty, and so
// equals no pin, for a key no certificate can carry.
func KeyPin(pub crypto.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return ""
	}
	return pin(der)
}

// CertificatePin is the KeyPin of a certificate's key.
func CertificatePin(cert *x509.Certificate) string { return pin(cert.RawSubjectPublicKeyInfo) }

func pin(spki []byte) string {
	sum := sha256.Sum256(spki)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func newTemplate(commonName string, now time.Time, lifetime time.Duration) (*x509.Certificate, error) {
	if commonName == "" {
		return nil, errors.New("the certificate has no common name; give it one, it is what people see")
	}
	// 128 random bits, positive (RFC 5280 section 4.1.2.2 allows 20 octets).
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: commonName, Organization: []string{"Frontline"}},
		NotBefore:    now.Add(-backdate).UTC(),
		NotAfter:     now.Add(lifetime).UTC(),
	}, nil
}
