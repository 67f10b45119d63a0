// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/tls"
	"crypto/x509"
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

// PoolReloader is a source of authorities over one file, as Reloader is one of a
// certificate: it is read again when it changed.
type PoolReloader struct {
	file string

	mu    sync.Mutex
	pool  *x509.CertPool
	state os.FileInfo
}

// NewPoolReloader reads the bundle once, so that a wrong path is known at start.
func NewPoolReloader(file string) (*PoolReloader, error) {
	r := &PoolReloader{file: file}
	if _, err := r.Pool(); err != nil {
		return nil, err
	}
	return r, nil
}

// Pool returns the authorities as they are on disk; while they cannot be read,
// the last good ones. It is a PoolSource.
func (r *PoolReloader) Pool() (*x509.CertPool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.reload()
	if r.pool == nil {
		return nil, fmt.Errorf("certificate authority %s: %w", r.file, err)
	}
	return r.pool, nil
}

func (r *PoolReloader) reload() error {
	state, err := os.Stat(r.file)
	if err != nil {
		return err
	}
	if r.pool != nil && unchanged(state, r.state) {
		return nil
	}
	bundle, err := os.ReadFile(r.file)
	if err != nil {
		return err
	}
	pool, err := ParsePool(bundle)
	if err != nil {
		return err
	}
	r.pool, r.state = pool, state
	return nil
}

func unchanged(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
