// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
)

// Reloader is a certificate source over two files. It looks at them in each
// handshake and reads them again when they changed, as a mounted Secret does
// when its certificate is renewed.
type Reloader struct {
	certFile, keyFile string

	mu        sync.Mutex
	cert      *tls.Certificate
	certState os.FileInfo
	keyState  os.FileInfo
}

// NewReloader reads the pair once, so that a wrong path is known at start.
func NewReloader(certFile, keyFile string) (*Reloader, error) {
	r := &Reloader{certFile: certFile, keyFile: keyFile}
	if _, err := r.Certificate(); err != nil {
		return nil, err
	}
	return r, nil
}

// Certificate returns the pair as it is on disk. While the files cannot be
// read or do not belong together (a volume in the middle of its rotation) it
// returns the last good pair. It is a CertificateSource.
func (r *Reloader) Certificate() (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.reload()
	if r.cert == nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", r.certFile, r.keyFile, err)
	}
	return r.cert, nil
}

func (r *Reloader) reload() error {
	certState, err := os.Stat(r.certFile)
	if err != nil {
		return err
	}
	keyState, err := os.Stat(r.keyFile)
	if err != nil {
		return err
	}
	if r.cert != nil && unchanged(certState, r.certState) && unchanged(keyState, r.keyState) {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(r.certFile, r.keyFile)
	if err != nil {
		return err
	}
	r.cert, r.certState, r.keyState = &cert, certState, keyState
	return nil
}

func unchanged(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
