// SPDX-License-Identifier: Apache-2.0

package httpserver_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/httpserver"
	"github.com/frontline-screening/frontline/internal/pki"
)

// mount fills a folder as kubelet does: a new file under the old name.
func mount(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path+".new", data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnAuthorityIsFollowedWithoutARestart: a region that lost its authority goes on
// with another. A matcher that runs, and a front that runs, first have the old
// one, then both, and never refuse each other.
func TestAnAuthorityIsFollowedWithoutARestart(t *testing.T) {
	authority := func() *pki.CA {
		ca, err := pki.NewCA("Frontline region north", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return ca
	}
	pod := func(dir string, ca *pki.CA, request pki.LeafRequest) {
		certPEM, keyPEM, err := ca.Issue(request, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		mount(t, dir, map[string][]byte{"tls.crt": certPEM, "tls.key": keyPEM})
	}
	load := func(dir string) httpserver.Identity {
		identity, err := httpserver.LoadIdentity(dir)
		if err != nil {
			t.Fatal(err)
		}
		return identity
	}
	matcher := pki.LeafRequest{CommonName: "a matcher", SPIFFE: pki.MatcherID("north", "general"), Server: true}
	front := pki.LeafRequest{CommonName: "a front", SPIFFE: pki.FrontID("north", "hani"), Client: true}
	former, here, there := authority(), t.TempDir(), t.TempDir()
	mount(t, here, map[string][]byte{"ca.crt": former.BundlePEM()})
	mount(t, there, map[string][]byte{"ca.crt": former.BundlePEM()})
	pod(here, former, matcher)
	pod(there, former, front)

	serving, asking := load(here), load(there)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = pki.ServerConfigFrom(serving.Certificate, serving.CAs, true)
	server.StartTLS()
	t.Cleanup(server.Close)
	ask := func() error {
		// Each request is a handshake of its own.
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig:   pki.ClientConfigFrom(asking.Certificate, asking.CAs, matcher.SPIFFE),
			DisableKeepAlives: true,
		}}
		response, err := client.Get(server.URL)
		if err != nil {
			return err
		}
		return response.Body.Close()
	}
	next := authority()
	next.Succeed(former.BundlePEM())
	stranger := authority()
	for _, step := range []struct {
		name string
		do   func()
		good bool
	}{
		{"at first", func() {}, true},
		{"the matcher learns of the next authority", func() { mount(t, here, map[string][]byte{"ca.crt": next.BundlePEM()}) }, true},
		{"the front does", func() { mount(t, there, map[string][]byte{"ca.crt": next.BundlePEM()}) }, true},
		{"the matcher's certificate is of the next one", func() { pod(here, next, matcher) }, true},
		{"the front's too", func() { pod(there, next, front) }, true},
		{"a bundle that cannot be read", func() { mount(t, here, map[string][]byte{"ca.crt": []byte("half")}) }, true},
		{"a stranger at the front's place", func() { pod(there, stranger, front) }, false},
		{"a stranger at the matcher's place", func() { pod(there, next, front); pod(here, stranger, matcher) }, false},
	} {
		step.do()
		if err := ask(); (err == nil) != step.good {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	if _, err := httpserver.LoadIdentity(t.TempDir()); err == nil {
		t.Error("a folder without files is an identity")
	}
}
