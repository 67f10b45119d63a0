// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var epoch = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func newCA(t *testing.T) *CA {
	t.Helper()
	ca, err := NewCA("north", epoch)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func issue(t *testing.T, ca *CA, req LeafRequest, now time.Time) (certPEM, keyPEM []byte) {
	t.Helper()
	if req.CommonName == "" {
		req.CommonName = "leaf"
	}
	certPEM, keyPEM, err := ca.Issue(req, now)
	if err != nil {
		t.Fatal(err)
	}
	return certPEM, keyPEM
}

func TestIDs(t *testing.T) {
	tests := []struct {
		uri  string
		want ID
		bad  bool
	}{
		{uri: HubID(), want: ID{Role: RoleHub}},
		{uri: AgentID("north"), want: ID{Role: RoleAgent, Region: "north"}},
		{uri: LoaderID("north", "pool-a"), want: ID{RoleLoader, "north", "pool-a"}},
		{uri: MatcherID("north", "pool-a"), want: ID{RoleMatcher, "north", "pool-a"}},
		{uri: FrontID("north", "gate.1"), want: ID{RoleFront, "north", "gate.1"}},
		{uri: "", bad: true},
		{uri: "spiffe://frontline", bad: true},
		{uri: "spiffe://frontline/", bad: true},
		{uri: "spiffe://other/hub", bad: true},
		{uri: "spiffe://frontline.example/hub", bad: true},
		{uri: "https://frontline/hub", bad: true},
		{uri: "spiffe://frontline/hub/north", bad: true},
		{uri: "spiffe://frontline/agent", bad: true},
		{uri: "spiffe://frontline/agent/", bad: true},
		{uri: "spiffe://frontline/agent/north/", bad: true},
		{uri: "spiffe://frontline/agent/..", bad: true},
		{uri: "spiffe://frontline/agent/North", bad: true},
		{uri: "spiffe://frontline/agent/north?x=1", bad: true},
		{uri: "spiffe://frontline/agent/%6eorth", bad: true},
		{uri: "spiffe://frontline/admin", bad: true},
	}
	for _, test := range tests {
		t.Run(test.uri, func(t *testing.T) {
			got, err := ParseID(test.uri)
			if (err != nil) != test.bad {
				t.Fatalf("ParseID() error = %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !test.bad && got.String() != test.uri {
				t.Errorf("String() = %q", got)
			}
		})
	}
}

func TestCARoundTrip(t *testing.T) {
	ca := newCA(t)
	keyPEM, err := ca.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseCA(ca.CertPEM(), keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	certPEM, _ := issue(t, again, LeafRequest{SPIFFE: AgentID("north"), Client: true, Lifetime: 100 * 365 * 24 * time.Hour}, epoch)
	cert, err := ParseCertificate(certPEM)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: ca.Pool(), CurrentTime: epoch, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Error(err)
	}
	if cert.NotAfter.After(ca.Certificate().NotAfter) {
		t.Error("the leaf outlives its authority")
	}
	other, _ := newCA(t).KeyPEM()
	for name, pair := range map[string][2][]byte{
		"another key": {ca.CertPEM(), other}, "no certificate": {nil, keyPEM}, "no key": {ca.CertPEM(), ca.CertPEM()},
		"leaf": {certPEM, keyPEM}, "huge": {make([]byte, maxPEM+1), keyPEM},
	} {
		if _, err := ParseCA(pair[0], pair[1]); err == nil {
			t.Errorf("%s: parsed", name)
		}
	}
	for name, req := range map[string]LeafRequest{
		"no use": {CommonName: "x"}, "no name": {Client: true}, "foreign id": {CommonName: "x", Client: true, SPIFFE: "spiffe://other/x"},
	} {
		if _, _, err := ca.Issue(req, epoch); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
	if _, _, err := ca.Issue(LeafRequest{CommonName: "x", Client: true}, epoch.Add(CALifetime)); err == nil {
		t.Error("an authority that has ended issued a certificate")
	}
}

func TestNeedsRenewal(t *testing.T) {
	certPEM, _ := issue(t, newCA(t), LeafRequest{Server: true, Lifetime: 29 * time.Hour}, epoch) // 30 h with the hour before
	for _, test := range []struct {
		name string
		pem  []byte
		at   time.Time
		want bool
	}{
		{"new", certPEM, epoch, false},
		{"before two thirds", certPEM, epoch.Add(19*time.Hour - time.Second), false},
		{"after two thirds", certPEM, epoch.Add(19*time.Hour + time.Second), true},
		{"unreadable", []byte("x"), epoch, true},
		{"none", nil, epoch, true},
	} {
		if got := NeedsRenewal(test.pem, test.at); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestSelfSignedPin(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	certPEM, keyPEM, err := SelfSigned(private, "north", epoch)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ParseCertificate(certPEM)
	if err != nil {
		t.Fatal(err)
	}
	if pin := KeyPin(public); pin != CertificatePin(cert) || !strings.HasPrefix(pin, "sha256:") || len(pin) != 71 {
		t.Errorf("pins %q and %q", KeyPin(public), CertificatePin(cert))
	}
	if key, err := ParseKey(keyPEM); err != nil || !private.Equal(key) {
		t.Errorf("ParseKey() = %v", err)
	}
	if KeyPin("no key") != "" {
		t.Error("something that is no key has a pin")
	}
	if _, _, err := SelfSigned(private[:3], "north", epoch); err == nil {
		t.Error("a short key was wrapped")
	}
}

// handshake connects both ends and returns the error either met.
func handshake(t *testing.T, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	type outcome struct {
		state tls.ConnectionState
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			done <- outcome{err: err}
			return
		}
		defer conn.Close()
		secure := tls.Server(conn, server)
		err = secure.HandshakeContext(t.Context())
		done <- outcome{secure.ConnectionState(), err}
	}()
	conn, err := (&tls.Dialer{Config: client}).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err == nil {
		_, err = io.ReadAll(conn) // TLS 1.3 tells the client of a refusal after its own handshake
		_ = conn.Close()
	}
	got := <-done
	if got.err != nil {
		return got.state, got.err
	}
	return got.state, err
}

func TestTLS(t *testing.T) {
	ca, other := newCA(t), newCA(t)
	source := func(ca *CA, req LeafRequest) CertificateSource {
		s, err := FromPEM(issue(t, ca, req, epoch))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	server := source(ca, LeafRequest{SPIFFE: MatcherID("north", "a"), DNSNames: []string{"a.north"}, Server: true, Client: true})
	client := source(ca, LeafRequest{SPIFFE: FrontID("north", "gate"), Client: true})
	tests := []struct {
		name     string
		server   CertificateSource
		require  bool
		anyone   bool // the server has no client authorities
		client   CertificateSource
		roots    *CA
		expected string
		after    time.Duration
		bad      bool
	}{
		{name: "mutual by identity", server: server, require: true, client: client, expected: MatcherID("north", "a")},
		{name: "mutual by name", server: server, require: true, client: client, expected: "a.north"},
		{name: "another identity", server: server, require: true, client: client, expected: MatcherID("north", "b"), bad: true},
		{name: "another name", server: server, require: true, client: client, expected: "b.north", bad: true},
		{name: "server of another authority", server: server, require: true, client: client, roots: other, expected: MatcherID("north", "a"), bad: true},
		{name: "client of another authority", server: server, require: true, client: source(other, LeafRequest{SPIFFE: FrontID("north", "gate"), Client: true}), expected: MatcherID("north", "a"), bad: true},
		{name: "client with a server's certificate", server: server, require: true, client: source(ca, LeafRequest{Server: true}), expected: "a.north", bad: true},
		{name: "server with a client's certificate", server: source(ca, LeafRequest{SPIFFE: MatcherID("north", "a"), Client: true}), client: client, expected: MatcherID("north", "a"), bad: true},
		{name: "no client certificate", server: server, require: true, expected: MatcherID("north", "a"), bad: true},
		{name: "no client certificate needed", server: server, expected: MatcherID("north", "a")},
		{name: "given certificate is judged all the same", server: server, client: source(other, LeafRequest{Client: true}), expected: "a.north", bad: true},
		{name: "any certificate for pins", server: server, anyone: true, client: source(other, LeafRequest{Client: true}), expected: "a.north"},
		{name: "any certificate required", server: server, anyone: true, require: true, expected: "a.north", bad: true},
		{name: "expired by identity", server: server, client: client, expected: MatcherID("north", "a"), after: LeafLifetime + time.Hour, bad: true},
		{name: "expired by name", server: server, client: client, expected: "a.north", after: LeafLifetime + time.Hour, bad: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			roots, clientCAs := ca.Pool(), ca.Pool()
			if test.roots != nil {
				roots = test.roots.Pool()
			}
			if test.anyone {
				clientCAs = nil
			}
			now := func() time.Time { return epoch.Add(test.after) }
			serverConfig := ServerConfig(test.server, clientCAs, test.require)
			clientConfig := ClientConfig(test.client, roots, test.expected)
			serverConfig.Time, clientConfig.Time = now, now
			state, err := handshake(t, serverConfig, clientConfig)
			if (err != nil) != test.bad {
				t.Fatalf("handshake: %v", err)
			}
			if err != nil || test.client == nil || test.anyone {
				return
			}
			if id, err := PeerID(&state); err != nil || id.String() != FrontID("north", "gate") {
				t.Errorf("PeerID() = %s, %v", id, err)
			}
		})
	}
	if _, err := PeerID(nil); err == nil {
		t.Error("a connection without TLS has an identity")
	}
}

// TestSuccession: what an authority issued is trusted under the one after it, and
// nothing else is.
func TestSuccession(t *testing.T) {
	first, other := newCA(t), newCA(t)
	second := newCA(t)
	second.Succeed(first.BundlePEM())
	keyPEM, err := second.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	third := newCA(t)
	third.Succeed(second.BundlePEM())
	third.Succeed(second.BundlePEM()) // again
	third.Succeed([]byte("no certificate"))
	leaf, _ := issue(t, first, LeafRequest{Server: true}, epoch)
	third.Succeed(leaf) // no authority
	if n := bytes.Count(third.BundlePEM(), []byte("BEGIN")); n != 3 || !bytes.HasPrefix(third.BundlePEM(), third.CertPEM()) {
		t.Errorf("the bundle has %d certificates, want its own and then two more", n)
	}
	again, err := ParseCA(second.BundlePEM(), keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.BundlePEM(), second.BundlePEM()) {
		t.Error("read again, the authority knows others before it")
	}
	for _, tt := range []struct {
		name string
		from *CA
		want bool
	}{{"its own", third, true}, {"of the one before", second, true}, {"of the first", first, true}, {"of another", other, false}} {
		certPEM, _ := issue(t, tt.from, LeafRequest{SPIFFE: HubID(), Client: true}, epoch)
		cert, err := ParseCertificate(certPEM)
		if err != nil {
			t.Fatal(err)
		}
		if got := third.Issued(cert); got != tt.want {
			t.Errorf("%s: issued is %v, want %v", tt.name, got, tt.want)
		}
		_, err = cert.Verify(x509.VerifyOptions{Roots: third.Pool(), CurrentTime: epoch, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if (err == nil) != tt.want {
			t.Errorf("%s: in the pool it is judged %v", tt.name, err)
		}
	}
	// A former authority that ended vouches for nothing.
	certPEM, _ := issue(t, second, LeafRequest{Client: true, Lifetime: 2 * CALifetime}, epoch)
	cert, _ := ParseCertificate(certPEM)
	if _, err := cert.Verify(x509.VerifyOptions{Roots: third.Pool(), CurrentTime: epoch.Add(CALifetime + time.Hour), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err == nil {
		t.Error("it is trusted beyond its end")
	}
}

// TestAuthoritiesThatChange: both ends ask in each handshake whom they trust.
func TestAuthoritiesThatChange(t *testing.T) {
	first, second := newCA(t), newCA(t)
	trusted := first.Pool()
	pools := func() (*x509.CertPool, error) { return trusted, nil }
	pair := func(ca *CA, req LeafRequest) CertificateSource {
		source, err := FromPEM(issue(t, ca, req, epoch))
		if err != nil {
			t.Fatal(err)
		}
		return source
	}
	ask := func(ca *CA, expected, dialled string) error {
		t.Helper()
		server := ServerConfigFrom(pair(ca, LeafRequest{SPIFFE: MatcherID("north", "a"), DNSNames: []string{"a.north"}, Server: true}), pools, true)
		client := ClientConfigFrom(pair(ca, LeafRequest{SPIFFE: FrontID("north", "gate"), Client: true}), pools, expected)
		now := func() time.Time { return epoch }
		server.Time, client.Time = now, now
		if dialled != "" {
			client.ServerName = dialled
		}
		state, err := handshake(t, server, client)
		if err != nil {
			return err
		}
		_, err = PeerID(&state)
		return err
	}
	both := first.Pool()
	both.AddCert(second.Certificate())
	for _, tt := range []struct {
		name              string
		trusted           *x509.CertPool
		ca                *CA
		expected, dialled string
		good              bool
	}{
		{name: "by identity", trusted: first.Pool(), ca: first, expected: MatcherID("north", "a"), good: true},
		{name: "by the name dialled", trusted: first.Pool(), ca: first, dialled: "a.north", good: true},
		{name: "by the name expected", trusted: first.Pool(), ca: first, expected: "a.north", good: true},
		{name: "an authority that is not trusted", trusted: first.Pool(), ca: second, expected: MatcherID("north", "a")},
		{name: "the same by name", trusted: first.Pool(), ca: second, dialled: "a.north"},
		{name: "it is now", trusted: both, ca: second, expected: MatcherID("north", "a"), good: true},
		{name: "by name too", trusted: both, ca: second, dialled: "a.north", good: true},
		{name: "the former one still", trusted: both, ca: first, dialled: "a.north", good: true},
		{name: "another name", trusted: both, ca: first, dialled: "b.north"},
		{name: "another identity", trusted: both, ca: first, expected: MatcherID("north", "b")},
		{name: "an address", trusted: both, ca: first, dialled: "127.0.0.1"},
	} {
		trusted = tt.trusted
		if err := ask(tt.ca, tt.expected, tt.dialled); (err == nil) != tt.good {
			t.Errorf("%s: handshake: %v", tt.name, err)
		}
	}
	broken := func() (*x509.CertPool, error) { return nil, errors.New("no authority") }
	server := ServerConfigFrom(pair(first, LeafRequest{DNSNames: []string{"a.north"}, Server: true}), broken, true)
	client := ClientConfigFrom(pair(first, LeafRequest{Client: true}), broken, "a.north")
	server.Time = func() time.Time { return epoch }
	client.Time = server.Time
	if _, err := handshake(t, server, client); err == nil {
		t.Error("a handshake without authorities")
	}
}

func TestReloader(t *testing.T) {
	ca, dir := newCA(t), t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	if _, err := NewReloader(certFile, keyFile); err == nil {
		t.Fatal("made over files that are not there")
	}
	write := func(certPEM, keyPEM []byte) {
		t.Helper()
		for file, data := range map[string][]byte{certFile: certPEM, keyFile: keyPEM} {
			// As a Secret volume does: a new file under the old name.
			if err := os.WriteFile(file+".new", data, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(file+".new", file); err != nil {
				t.Fatal(err)
			}
		}
	}
	name := func(r *Reloader) string {
		t.Helper()
		cert, err := r.Certificate()
		if err != nil {
			t.Fatal(err)
		}
		return cert.Leaf.Subject.CommonName
	}
	firstCert, firstKey := issue(t, ca, LeafRequest{CommonName: "first", Server: true}, epoch)
	secondCert, secondKey := issue(t, ca, LeafRequest{CommonName: "second", Server: true}, epoch)
	write(firstCert, firstKey)
	r, err := NewReloader(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	if got := name(r); got != "first" {
		t.Errorf("at start: %s", got)
	}
	write(secondCert, firstKey)
	if got := name(r); got != "first" {
		t.Errorf("in the middle of the rotation: %s", got)
	}
	write(secondCert, secondKey)
	if got := name(r); got != "second" {
		t.Errorf("after the rotation: %s", got)
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	if got := name(r); got != "second" {
		t.Errorf("with the key gone: %s", got)
	}
}
