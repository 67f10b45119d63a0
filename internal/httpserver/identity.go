// SPDX-License-Identifier: Apache-2.0

package httpserver

import (
	"path/filepath"

	"github.com/frontline-screening/frontline/internal/pki"
)

// Identity is a folder as a TLS Secret is mounted: tls.crt, tls.key, ca.crt.
type Identity struct {
	// Certificate is read again whenever its files change.
	Certificate pki.CertificateSource
	// CAs is the authority of the installation and those before it, read again
	// like the certificate.
	CAs pki.PoolSource
}

// LoadIdentity reads the folder; the error names the file at fault.
func LoadIdentity(dir string) (Identity, error) {
	reloader, err := pki.NewReloader(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		return Identity{}, err
	}
	cas, err := pki.NewPoolReloader(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return Identity{}, err
	}
	return Identity{Certificate: reloader.Certificate, CAs: cas.Pool}, nil
}
