// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/internal/registry"
)

// guarded is a registry that wants a user's password, below a prefix, and does not
// delete; its blobs are elsewhere, where nobody may see the password.
func guarded(t *testing.T) (url string, transport http.RoundTripper) {
	t.Helper()
	own, err := registry.NewUnprotected(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the password reached another host")
		}
		own.ServeHTTP(w, r)
	}))
	t.Cleanup(store.Close)
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "hub" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		rest, below := strings.CutPrefix(r.URL.Path, "/v2/screening/")
		switch {
		case !below && r.URL.Path != "/v2/", r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		case r.Method == http.MethodGet && strings.Contains(rest, "/blobs/"):
			http.Redirect(w, r, store.URL+"/v2/screening/"+rest, http.StatusTemporaryRedirect)
			return
		}
		own.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	pool := front.Client().Transport.(*http.Transport).Clone()
	pool.TLSClientConfig.RootCAs.AddCert(store.Certificate())
	return front.URL + "/screening", pool
}

// TestExternal: another's registry is written and read with a credential, and says
// that it does not delete.
func TestExternal(t *testing.T) {
	url, transport := guarded(t)
	folder := t.TempDir()
	for name, text := range map[string]string{"username": "hub\n", "password": "secret\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	credential, err := ReadCredential(folder)
	if err != nil {
		t.Fatal(err)
	}
	reach, err := Authorized(url, transport, credential)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ConnectExternal(url, reach)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"timestamp.json": []byte("a"), "order.json": []byte("b")}
	if _, err := r.PushOrder(t.Context(), OrderRepository("north"), files); err != nil {
		t.Fatal(err)
	}
	got, manifest, err := r.FetchOrder(t.Context(), OrderRepository("north"), nil)
	if err != nil || string(got["order.json"]) != "b" {
		t.Fatalf("fetched %d files, %v", len(got), err)
	}
	if err := r.Delete(t.Context(), OrderRepository("north"), manifest); !errors.Is(err, ErrDeletionUnsupported) {
		t.Errorf("deleting: %v, want %v", err, ErrDeletionUnsupported)
	}
	wrong, err := Authorized(url, transport, Credential{Username: "hub", Password: "guessed"})
	if err != nil {
		t.Fatal(err)
	}
	if r, err = ConnectExternal(url, wrong); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.FetchOrder(t.Context(), OrderRepository("north"), nil); err == nil || strings.Contains(err.Error(), "guessed") {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestReadCredential(t *testing.T) {
	for _, files := range []map[string]string{{}, {"username": "hub"}, {"password": "secret"}, {"username": "hub", "password": " "}} {
		folder := t.TempDir()
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := ReadCredential(folder); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v", files, err)
		}
	}
	for _, url := range []string{"", "http://registry", "registry:5000"} {
		if _, err := Authorized(url, http.DefaultTransport, Credential{Token: "t"}); err == nil {
			t.Errorf("Authorized(%q) succeeded", url)
		}
	}
}
