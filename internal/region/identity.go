// SPDX-License-Identifier: Apache-2.0

package region

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/frontline-screening/frontline/internal/pki"
)

// Identity is the region's key, made in the region and never leaving it, with
// the self-signed certificate that presents it in TLS.
type Identity struct {
	Key     ed25519.PrivateKey
	CertPEM []byte
	KeyPEM  []byte
}

// Certificate is a source of the identity's certificate for TLS.
func (i Identity) Certificate() (pki.CertificateSource, error) {
	return pki.FromPEM(i.CertPEM, i.KeyPEM)
}

// Identity returns the region's identity and makes it at first use.
func (s *Store) Identity(region string, now time.Time) (Identity, error) {
	keyPEM, err := s.read(identityKeyFile)
	if err != nil {
		return Identity{}, err
	}
	if keyPEM == nil {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return Identity{}, fmt.Errorf("identity of region %s: %w", region, err)
		}
		if keyPEM, err = pki.KeyPEM(key); err != nil {
			return Identity{}, fmt.Errorf("identity of region %s: %w", region, err)
		}
		if err := s.write(identityKeyFile, keyPEM); err != nil {
			return Identity{}, err
		}
	}
	signer, err := pki.ParseKey(keyPEM)
	if err != nil {
		return Identity{}, fmt.Errorf("identity of region %s: %w", region, err)
	}
	key, ok := signer.(ed25519.PrivateKey)
	if !ok {
		return Identity{}, fmt.Errorf("identity of region %s: the key is not an ed25519 key; restore the state directory", region)
	}
	certPEM, err := s.read(identityCertFile)
	if err != nil {
		return Identity{}, err
	}
	if certPEM == nil || pki.NeedsRenewal(certPEM, now) {
		if certPEM, keyPEM, err = pki.SelfSigned(key, "region "+region, now); err != nil {
			return Identity{}, err
		}
		if err := s.write(identityCertFile, certPEM); err != nil {
			return Identity{}, err
		}
	}
	return Identity{Key: key, CertPEM: certPEM, KeyPEM: keyPEM}, nil
}

// CA returns the region's own certificate authority and makes it at first
// use. The hub never sees it.
func (s *Store) CA(region string, now time.Time) (*pki.CA, error) {
	certPEM, err := s.read(caCertFile)
	if err != nil {
		return nil, err
	}
	keyPEM, err := s.read(caKeyFile)
	if err != nil {
		return nil, err
	}
	switch {
	case certPEM != nil && keyPEM != nil:
		return pki.ParseCA(certPEM, keyPEM)
	case certPEM != nil:
		// The certificate is written last: with it, a key was there.
		return nil, errors.New("state directory: the authority's certificate has lost its key; restore the volume from its backup")
	}
	ca, err := pki.NewCA("Frontline region "+region, now)
	if err != nil {
		return nil, err
	}
	if keyPEM, err = ca.KeyPEM(); err != nil {
		return nil, err
	}
	if err := s.write(caKeyFile, keyPEM); err != nil {
		return nil, err
	}
	if err := s.write(caCertFile, ca.CertPEM()); err != nil {
		return nil, err
	}
	return ca, nil
}
