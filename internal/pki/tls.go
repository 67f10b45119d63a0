// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// CertificateSource returns the certificate to present now.
type CertificateSource func() (*tls.Certificate, error)

// Static is a source that always returns the same certificate.
func Static(cert tls.Certificate) CertificateSource {
	return func() (*tls.Certificate, error) { return &cert, nil }
}

// FromPEM is Static over PEM blocks.
func FromPEM(certPEM, keyPEM []byte) (CertificateSource, error) {
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("certificate and key: %w", err)
	}
	return Static(cert), nil
}

// ServerConfig returns the TLS 1.3 configuration of a server. With clientCAs a
// client's certificate must come from them; without, any certificate is taken
// and the caller compares its pin. When require is false, a client may also
// connect without one. Set Time on the result to judge certificates at another
// time than now.
func ServerConfig(cert CertificateSource, clientCAs *x509.CertPool, require bool) *tls.Config {
	auth := tls.RequestClientCert
	switch {
	case clientCAs != nil && require:
		auth = tls.RequireAndVerifyClientCert
	case clientCAs != nil:
		auth = tls.VerifyClientCertIfGiven
	case require:
		auth = tls.RequireAnyClientCert
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return cert() },
		ClientAuth:     auth,
		ClientCAs:      clientCAs,
		NextProtos:     []string{"h2", "http/1.1"},
	}
}

// ClientConfig returns the TLS 1.3 configuration of a client. cert is nil for
// a client without a certificate. expected names the server: a SPIFFE id
// ("spiffe://…") or a DNS name; when empty, the host dialled is the DNS name.
// Set Time on the result to judge certificates at another time than now.
func ClientConfig(cert CertificateSource, rootCAs *x509.CertPool, expected string) *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: rootCAs}
	if cert != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert() }
	}
	if !strings.HasPrefix(expected, "spiffe://") {
		config.ServerName = expected
		return config
	}
	// The standard verification wants a DNS name. It is replaced, not left
	// out: VerifyConnection runs in every handshake, resumed ones included.
	config.InsecureSkipVerify = true //nolint:gosec // see VerifyConnection
	config.VerifyConnection = func(state tls.ConnectionState) error {
		now := time.Now
		if config.Time != nil {
			now = config.Time
		}
		return verifyServer(state.PeerCertificates, rootCAs, expected, now())
	}
	return config
}

func verifyServer(chain []*x509.Certificate, roots *x509.CertPool, expected string, now time.Time) error {
	if len(chain) == 0 {
		return errors.New("the server sent no certificate")
	}
	options := x509.VerifyOptions{
		Roots:         roots,
		Intermediates: x509.NewCertPool(),
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, cert := range chain[1:] {
		options.Intermediates.AddCert(cert)
	}
	if _, err := chain[0].Verify(options); err != nil {
		return fmt.Errorf("server certificate %q: %w", chain[0].Subject.CommonName, err)
	}
	id, err := CertificateID(chain[0])
	if err != nil {
		return fmt.Errorf("server certificate: %w", err)
	}
	if id.String() != expected {
		return fmt.Errorf("the server is %s, expected %s", id, expected)
	}
	return nil
}
