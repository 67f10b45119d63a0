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

// PoolSource returns the authorities to trust now.
type PoolSource func() (*x509.CertPool, error)

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

// ServerConfigFrom is ServerConfig with authorities that change: each handshake
// asks for those that its client's certificate must come from.
func ServerConfigFrom(cert CertificateSource, clientCAs PoolSource, require bool) *tls.Config {
	config := ServerConfig(cert, x509.NewCertPool(), require)
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		pool, err := clientCAs()
		if err != nil {
			return nil, err
		}
		now := config.Clone()
		now.ClientCAs = pool
		return now, nil
	}
	return config
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
	// The standard verification wants a DNS name.
	verifyBy(config, func() (*x509.CertPool, error) { return rootCAs, nil }, expected)
	return config
}

// ClientConfigFrom is ClientConfig with authorities that change: each handshake
// asks for those that the server's certificate must come from. A server that is
// dialled by an address and not by a name is refused, unless expected names it.
func ClientConfigFrom(cert CertificateSource, rootCAs PoolSource, expected string) *tls.Config {
	config := ClientConfig(cert, x509.NewCertPool(), expected)
	verifyBy(config, rootCAs, expected)
	return config
}

// verifyBy replaces the standard verification of servers; it is not left out:
// VerifyConnection runs in every handshake, resumed ones included.
func verifyBy(config *tls.Config, rootCAs PoolSource, expected string) {
	config.InsecureSkipVerify = true //nolint:gosec // see VerifyConnection
	config.VerifyConnection = func(state tls.ConnectionState) error {
		now := time.Now
		if config.Time != nil {
			now = config.Time
		}
		roots, err := rootCAs()
		if err != nil {
			return err
		}
		if strings.HasPrefix(expected, "spiffe://") {
			return verifyServer(state.PeerCertificates, roots, expected, now())
		}
		if state.ServerName == "" {
			return errors.New("the server is dialled by its address; dial it by the name in its certificate")
		}
		return verifyChain(state.PeerCertificates, roots, state.ServerName, now())
	}
}

// verifyServer accepts the chain of a server with the expected identity.
func verifyServer(chain []*x509.Certificate, roots *x509.CertPool, expected string, now time.Time) error {
	if err := verifyChain(chain, roots, "", now); err != nil {
		return err
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

// verifyChain accepts the chain of a server with the DNS name, if one is given.
func verifyChain(chain []*x509.Certificate, roots *x509.CertPool, name string, now time.Time) error {
	if len(chain) == 0 {
		return errors.New("the server sent no certificate")
	}
	options := x509.VerifyOptions{
		DNSName:       name,
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
	return nil
}
