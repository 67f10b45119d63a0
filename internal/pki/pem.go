// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// maxPEM bounds what is parsed: the PEM decoder is slow on hostile input.
const maxPEM = 64 << 10

const (
	blockCertificate = "CERTIFICATE"
	blockKey         = "PRIVATE KEY"
)

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: blockCertificate, Bytes: der})
}

// KeyPEM encodes a private key as PKCS #8 (RFC 5958).
func KeyPEM(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockKey, Bytes: der}), nil
}

// ParseKey reads a PKCS #8 private key, of at most 64 KiB of PEM.
func ParseKey(keyPEM []byte) (crypto.Signer, error) {
	block, err := decode(keyPEM, blockKey)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(block)
	if err != nil {
		return nil, errors.New("private key: the PEM block is no PKCS #8 key")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("private key: it cannot sign; use ECDSA or ed25519")
	}
	return signer, nil
}

// ParseCertificate reads the first certificate of at most 64 KiB of PEM.
func ParseCertificate(certPEM []byte) (*x509.Certificate, error) {
	block, err := decode(certPEM, blockCertificate)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(block)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return cert, nil
}

// ParsePool reads a bundle of authorities. A bundle without a certificate is
// an error, because an empty pool would refuse everyone without a word.
func ParsePool(bundlePEM []byte) (*x509.CertPool, error) {
	if len(bundlePEM) > maxPEM {
		return nil, fmt.Errorf("bundle of authorities: %d bytes, more than %d", len(bundlePEM), maxPEM)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(bundlePEM) {
		return nil, errors.New("bundle of authorities: no certificate in it; expected PEM blocks of type CERTIFICATE")
	}
	return pool, nil
}

// certificates are those of a bundle that can be read, of at most 64 KiB of PEM.
func certificates(bundlePEM []byte) []*x509.Certificate {
	if len(bundlePEM) > maxPEM {
		return nil
	}
	var all []*x509.Certificate
	for block, rest := pem.Decode(bundlePEM); block != nil; block, rest = pem.Decode(rest) {
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == blockCertificate {
			all = append(all, cert)
		}
	}
	return all
}

func decode(data []byte, kind string) ([]byte, error) {
	if len(data) > maxPEM {
		return nil, fmt.Errorf("%d bytes, more than %d", len(data), maxPEM)
	}
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil, fmt.Errorf("no PEM block of type %s", kind)
		}
		if block.Type == kind {
			return block.Bytes, nil
		}
		data = rest
	}
}

// NeedsRenewal reports whether two thirds of a certificate's life have passed,
// or whether it cannot be read at all.
func NeedsRenewal(certPEM []byte, now time.Time) bool {
	cert, err := ParseCertificate(certPEM)
	if err != nil {
		return true
	}
	life := cert.NotAfter.Sub(cert.NotBefore)
	return now.After(cert.NotBefore.Add(life * 2 / 3))
}
