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
	var identity Identity
	err := s.ensure(func(d Documents) (err error) {
		identity, err = d.identity(region, now)
		return err
	})
	return identity, err
}

func (d Documents) identity(region string, now time.Time) (Identity, error) {
	if d[documentIdentityKey] == nil {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return Identity{}, fmt.Errorf("identity of region %s: %w", region, err)
		}
		if d[documentIdentityKey], err = pki.KeyPEM(key); err != nil {
			return Identity{}, fmt.Errorf("identity of region %s: %w", region, err)
		}
	}
	signer, err := pki.ParseKey(d[documentIdentityKey])
	if err != nil {
		return Identity{}, fmt.Errorf("identity of region %s: %w", region, err)
	}
	key, ok := signer.(ed25519.PrivateKey)
	if !ok {
		return Identity{}, fmt.Errorf("identity of region %s: the key is not an ed25519 key; restore it from its backup", region)
	}
	if pki.NeedsRenewal(d[documentIdentity], now) {
		if d[documentIdentity], _, err = pki.SelfSigned(key, "region "+region, now); err != nil {
			return Identity{}, err
		}
	}
	return Identity{Key: key, CertPEM: d[documentIdentity], KeyPEM: d[documentIdentityKey]}, nil
}

// CA returns the region's own certificate authority and makes it at first
// use. The hub never sees it.
func (s *Store) CA(region string, now time.Time) (*pki.CA, error) { return s.CAAfter(nil, region, now) }

// CAAfter is CA where pods may still hold certificates of authorities before
// this one, as a region does that has lost its own. former are their
// certificates in PEM; they count where the authority is made, and never later.
func (s *Store) CAAfter(former []byte, region string, now time.Time) (*pki.CA, error) {
	var ca *pki.CA
	err := s.ensure(func(d Documents) (err error) {
		ca, err = d.authority(former, region, now)
		return err
	})
	return ca, err
}

func (d Documents) authority(former []byte, region string, now time.Time) (*pki.CA, error) {
	switch {
	case d[documentCA] != nil && d[documentCAKey] != nil:
		return pki.ParseCA(d[documentCA], d[documentCAKey])
	case d[documentCA] != nil:
		// The certificate is written last: with it, a key was there.
		return nil, errors.New("the region's authority: its certificate has lost its key; restore both from their backup")
	}
	ca, err := pki.NewCA("Frontline region "+region, now)
	if err != nil {
		return nil, err
	}
	ca.Succeed(former)
	if d[documentCAKey], err = ca.KeyPEM(); err != nil {
		return nil, err
	}
	d[documentCA] = ca.BundlePEM()
	return ca, nil
}
