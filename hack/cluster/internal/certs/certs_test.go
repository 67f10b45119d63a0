// SPDX-License-Identifier: Apache-2.0

package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/hack/cluster/internal/certs"
)

func parse(t *testing.T, pair certs.Pair) *x509.Certificate {
	t.Helper()
	loaded, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Leaf
}

func TestAuthority(t *testing.T) {
	authority, err := certs.NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	if root := parse(t, authority.Pair); !root.IsCA {
		t.Error("the authority's certificate has no CA bit; the controller manager needs it")
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Cert)

	server, err := authority.Server("api", []string{"kubernetes.default.svc"}, []netip.Addr{netip.MustParseAddr("10.240.1.2")})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kubernetes.default.svc", "10.240.1.2"} {
		if _, err := parse(t, server).Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Errorf("serving certificate for %s: %v", name, err)
		}
	}
	client, err := authority.Client("system:node:north", "system:nodes")
	if err != nil {
		t.Fatal(err)
	}
	leaf := parse(t, client)
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: usages}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"system:nodes"}, leaf.Subject.Organization); diff != "" {
		t.Error(diff)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots}); err == nil {
		t.Error("a client certificate passes for a server's")
	}
}

func TestWriteKeepsTheKeyPrivate(t *testing.T) {
	authority, err := certs.NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := authority.Write(dir, "ca"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "ca.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v; want 0600", info.Mode(), err)
	}
}
