// SPDX-License-Identifier: Apache-2.0

package httpserver

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"github.com/frontline-screening/frontline/internal/pki"
)

// Identity is a folder as a TLS Secret is mounted: tls.crt, tls.key, ca.crt.
type Identity struct {
	// Certificate is read again whenever its files change.
	Certificate pki.CertificateSource
	// CAs is the authority of the installation, read once.
	CAs *x509.CertPool
}

// LoadIdentity reads the folder; the error names the file at fault.
func LoadIdentity(dir string) (Identity, error) {
	reloader, err := pki.NewReloader(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		return Identity{}, err
	}
	path := filepath.Join(dir, "ca.crt")
	pem, err := os.ReadFile(path) //nolint:gosec // the folder is the operator's choice
	if err != nil {
		return Identity{}, fmt.Errorf("certificate authority: %w", err)
	}
	cas, err := pki.ParsePool(pem)
	if err != nil {
		return Identity{}, fmt.Errorf("certificate authority %s: %w", path, err)
	}
	return Identity{Certificate: reloader.Certificate, CAs: cas}, nil
}
