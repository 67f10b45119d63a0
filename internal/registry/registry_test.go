// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/registry"
	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// installation is a registry over mutual TLS and the CA its clients come from.
type installation struct {
	t    *testing.T
	ca   *pki.CA
	base string
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	now := time.Now()
	ca, err := pki.NewCA("test", now)
	if err != nil {
		t.Fatal(err)
	}
	certPEM, keyPEM, err := ca.Issue(pki.LeafRequest{CommonName: "registry", IPs: []net.IP{net.IPv4(127, 0, 0, 1)}, Server: true}, now)
	if err != nil {
		t.Fatal(err)
	}
	source, err := pki.FromPEM(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	handler, err := registry.New(ctx, registry.Config{Root: t.TempDir(), Authorize: registry.BySPIFFE, Log: logr.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- registry.ServeListener(ctx, listener, pki.ServerConfig(source, ca.Pool(), true), handler, logr.Discard())
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ServeListener() = %v", err)
		}
	})
	return &installation{t: t, ca: ca, base: "https://" + listener.Addr().String()}
}

func (i *installation) client(ca *pki.CA, spiffe string) *http.Client {
	i.t.Helper()
	var source pki.CertificateSource
	if spiffe != "" {
		certPEM, keyPEM, err := ca.Issue(pki.LeafRequest{CommonName: "client", SPIFFE: spiffe, Client: true}, time.Now())
		if err != nil {
			i.t.Fatal(err)
		}
		if source, err = pki.FromPEM(certPEM, keyPEM); err != nil {
			i.t.Fatal(err)
		}
	}
	transport := &http.Transport{TLSClientConfig: pki.ClientConfig(source, i.ca.Pool(), "")}
	i.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestAuthorization(t *testing.T) {
	i := newInstallation(t)
	hub := i.client(i.ca, pki.HubID())
	r, err := artifact.Connect(i.base, hub)
	if err != nil {
		t.Fatal(err)
	}
	built, err := snapshot.Build(snapshot.Meta{Format: watchlist.FrontlineJSONL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	if err := os.WriteFile(path, built.Bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	_, recipient := seal.NewIdentity()
	if _, _, err := r.CutSnapshot(t.Context(), artifact.FeedRepository("north", "intl.un"), artifact.Cut{
		Snapshot: artifact.Snapshot{Path: path, Digest: built.Digest, Size: built.Size, Feed: "intl.un", Region: "north", Version: 1},
		Epoch:    1, Key: feedkey.New(), Recipients: []string{recipient}, Dir: dir,
	}); err != nil {
		t.Fatal(err)
	}
	north := "/v2/regions/north/feeds/intl.un"
	blob := "sha256:" + strings.Repeat("0", 64)
	ids := map[string]string{
		"hub": pki.HubID(), "agent": pki.AgentID("north"), "foreign agent": pki.AgentID("south"),
		"loader": pki.LoaderID("north", "pool-a"), "foreign loader": pki.LoaderID("south", "pool-a"),
		"matcher": pki.MatcherID("north", "pool-a"), "front": pki.FrontID("north", "gate"),
	}
	const ok, created, accepted, denied, missing = 200, 201, 202, 403, 404
	tests := []struct {
		method, path string
		want         map[string]int // denied when not named
	}{
		{"GET", "/v2/", map[string]int{"hub": ok, "agent": ok, "foreign agent": ok, "loader": ok, "foreign loader": ok}},
		{"GET", north + "/manifests/v1", map[string]int{"hub": ok, "agent": ok, "loader": ok}},
		{"HEAD", north + "/manifests/v1", map[string]int{"hub": ok, "agent": ok, "loader": ok}},
		{"GET", north + "/tags/list", map[string]int{"hub": ok, "agent": ok, "loader": ok}},
		{"GET", north + "/blobs/" + blob, map[string]int{"hub": missing, "agent": missing, "loader": missing}},
		{"GET", "/v2/regions/north/order/manifests/current", map[string]int{"hub": missing, "agent": missing, "loader": missing}},
		{"POST", north + "/blobs/uploads/", map[string]int{"hub": accepted, "agent": accepted}},
		{"POST", north + "/blobs/uploads/?mount=" + blob + "&from=regions/north/feeds/intl.ofac", map[string]int{"hub": accepted, "agent": accepted}},
		{"POST", north + "/blobs/uploads/?mount=" + blob + "&from=regions/south/feeds/intl.un", map[string]int{"hub": accepted}},
		{"POST", north + "/blobs/uploads/?mount=" + blob + "&from=regions/north/feeds/a&from=regions/south/feeds/a", nil},
		{"DELETE", north + "/blobs/" + blob, map[string]int{"hub": missing, "agent": missing}},
		{"PUT", "/v2/regions/south/order/manifests/current", map[string]int{"hub": 400, "foreign agent": 400}},
		{"GET", "/v2/regions/frontline.hub/feeds/intl.un/manifests/v1", map[string]int{"hub": missing}},
		{"POST", "/v2/regions/frontline.hub/feeds/intl.un/blobs/uploads/", map[string]int{"hub": accepted}},
		{"POST", north + "/blobs/uploads/?mount=" + blob + "&from=regions/frontline.hub/feeds/intl.un", map[string]int{"hub": accepted}},
		{"GET", "/v2/feeds/intl.un/manifests/v1", nil},
		{"GET", "/v2/feeds/intl.un/order/manifests/v1", nil},
		{"GET", "/v2/_catalog", nil},
		{"GET", "/v2/other/manifests/v1", nil},
		{"GET", "/v2/regions/north/feeds/a/regions/south/order/manifests/v1", nil},
		{"GET", "/v2/regions/north/../south/order/manifests/v1", nil},
		{"GET", "/v2/regions%2fnorth/order/manifests/current", nil},
		{"GET", "/v2/regions/south/feeds/..%2f..%2fnorth/manifests/v1", nil},
		{"GET", "/v2/regions/NORTH/order/manifests/current", nil},
		{"GET", "/debug/pprof/", nil},
		{"TRACE", "/v2/", nil},
	}
	for who, id := range ids {
		client := i.client(i.ca, id)
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, test := range tests {
			t.Run(fmt.Sprintf("%s %s %s", who, test.method, test.path), func(t *testing.T) {
				request, err := http.NewRequestWithContext(t.Context(), test.method, i.base+test.path, nil)
				if err != nil {
					t.Fatal(err)
				}
				// A registry gives an OCI manifest only to those who know them.
				request.Header.Set("Accept", ocispec.MediaTypeImageManifest)
				response, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				want, named := test.want[who]
				if !named {
					want = denied
				}
				if response.StatusCode != want {
					t.Fatalf("status %d, want %d", response.StatusCode, want)
				}
				if want != denied || test.method == "HEAD" {
					return
				}
				var body struct {
					Errors []struct{ Code, Message string }
				}
				if err := json.NewDecoder(response.Body).Decode(&body); err != nil || len(body.Errors) != 1 || body.Errors[0].Code != "DENIED" {
					t.Errorf("error body: %+v, %v", body, err)
				}
			})
		}
	}
	t.Run("form in the body", func(t *testing.T) {
		agent := i.client(i.ca, pki.AgentID("north"))
		response, err := agent.Post(i.base+north+"/blobs/uploads/", "application/x-www-form-urlencoded", strings.NewReader("mount="+blob+"&from=regions/south/order"))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != denied {
			t.Errorf("status %d", response.StatusCode)
		}
	})
	t.Run("no certificate and one of another authority", func(t *testing.T) {
		other, err := pki.NewCA("other", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, client := range []*http.Client{i.client(nil, ""), i.client(other, pki.HubID())} {
			if response, err := client.Get(i.base + "/v2/"); err == nil {
				response.Body.Close()
				t.Errorf("status %d, want a refused handshake", response.StatusCode)
			}
		}
	})
}

func TestNew(t *testing.T) {
	if _, err := registry.New(t.Context(), registry.Config{Root: t.TempDir()}); err == nil {
		t.Error("a registry without an authorizer was made")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.NewUnprotected(t.Context(), file); err == nil {
		t.Error("a registry over a file was made")
	}
}

func TestHealth(t *testing.T) {
	root := t.TempDir()
	for path, roots := range map[string]map[string]int{
		"/livez":  {root: 200, filepath.Join(root, "gone"): 200},
		"/readyz": {root: 200, filepath.Join(root, "gone"): 503},
	} {
		for root, want := range roots {
			recorder := httptest.NewRecorder()
			registry.Health(root).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
			if recorder.Code != want {
				body, _ := io.ReadAll(recorder.Body)
				t.Errorf("%s: status %d, want %d: %s", path, recorder.Code, want, body)
			}
		}
	}
}
