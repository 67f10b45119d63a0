// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const body = "the publisher's list, secret-body"

// everywhere is what a feed can allow at most.
var everywhere = []Range{Private, Loopback, LinkLocal}

func digestOf(data string) string {
	sum := sha256.Sum256([]byte(data))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// publisher answers each path in its own way.
func publisher(t *testing.T, elsewhere string) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/list", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Last-Modified", "Fri, 27 Feb 2026 00:00:00 GMT")
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, body)
	})
	mux.HandleFunc("/always304", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	mux.HandleFunc("/key", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "k" || r.Header.Get("Accept-Encoding") != "identity" {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprint(w, body)
	})
	for path, status := range map[string]int{"/404": 404, "/410": 410, "/401": 401, "/418": 418, "/429": 429, "/500": 500, "/206": 206, "/204": 204} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			if status != 204 {
				fmt.Fprint(w, body)
			}
		})
	}
	mux.HandleFunc("/same", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/list", http.StatusFound) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/across", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://elsewhere.example/list?secret-query", http.StatusFound)
	})
	mux.HandleFunc("/port", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, http.StatusFound) })
	mux.HandleFunc("/user", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://secret-user@"+r.Host+"/list", http.StatusFound)
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, body)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		chunk := bytes.Repeat([]byte("x"), 1<<16)
		for range 1 << 10 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/announced", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "1099511627776") })
	mux.HandleFunc("/truncated", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, body)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/chunks", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, body)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(make([]byte, 1<<20))
		_ = z.Close()
	})
	mux.HandleFunc("/garbage", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			fmt.Fprint(conn, "secret-body no HTTP at all\r\n\r\n")
			_ = conn.Close()
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestFetch(t *testing.T) {
	server := publisher(t, "")
	path := filepath.Join(t.TempDir(), "list")
	get := func(req Request) Result {
		t.Helper()
		req.Allow = everywhere
		result, err := Fetch(t.Context(), req, path)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	want := Result{ETag: `"v1"`, LastModified: "Fri, 27 Feb 2026 00:00:00 GMT", SHA256: digestOf(body), Bytes: int64(len(body)), Path: path}
	first := get(Request{URL: server.URL + "/list"})
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != body {
		t.Errorf("file: %q, %v", data, err)
	}
	again := get(Request{URL: server.URL + "/list", ETag: first.ETag, LastModified: first.LastModified})
	if diff := cmp.Diff(Result{NotModified: true, ETag: first.ETag, LastModified: first.LastModified}, again); diff != "" {
		t.Errorf("unchanged (-want +got):\n%s", diff)
	}
	if got := get(Request{URL: server.URL + "/same"}); got.SHA256 != want.SHA256 {
		t.Errorf("redirect on the host: %+v", got)
	}
	if got := get(Request{URL: server.URL + "/key", Headers: http.Header{"x-key": {"k"}}}); got.SHA256 != want.SHA256 {
		t.Errorf("with headers: %+v", got)
	}
	if got := get(Request{URL: server.URL + "/list", Line: Line{MaxBytes: int64(len(body))}}); got.Bytes != int64(len(body)) {
		t.Errorf("exactly at the limit: %+v", got)
	}
}

func TestFetchRefusals(t *testing.T) {
	other := publisher(t, "")
	server := publisher(t, other.URL+"/list")
	base := server.URL
	tests := []struct {
		name string
		req  Request
		want Reason
	}{
		{"not there", Request{URL: base + "/404"}, NotFound},
		{"gone", Request{URL: base + "/410"}, NotFound},
		{"not allowed", Request{URL: base + "/401"}, Unauthorized},
		{"too often", Request{URL: base + "/429"}, ServerError},
		{"fault", Request{URL: base + "/500"}, ServerError},
		{"partial content", Request{URL: base + "/206"}, Unexpected},
		{"no content", Request{URL: base + "/204"}, Unexpected},
		{"teapot", Request{URL: base + "/418"}, Unexpected},
		{"304 that was not asked for", Request{URL: base + "/always304"}, Unexpected},
		{"redirect across hosts", Request{URL: base + "/across"}, Redirected},
		{"redirect to another port", Request{URL: base + "/port"}, Redirected},
		{"redirect with a user", Request{URL: base + "/user"}, Redirected},
		{"redirects without end", Request{URL: base + "/loop"}, Redirected},
		{"stops in the body", Request{URL: base + "/slow?secret-query", Line: Line{Timeout: 50 * time.Millisecond}}, TimedOut},
		{"never answers", Request{URL: base + "/silent?secret-query", Line: Line{Timeout: 50 * time.Millisecond}}, TimedOut},
		{"more than the limit", Request{URL: base + "/huge", Line: Line{MaxBytes: 1 << 20}}, TooLarge},
		{"announces more than the limit", Request{URL: base + "/announced"}, TooLarge},
		{"truncated", Request{URL: base + "/truncated"}, Truncated},
		{"truncated chunks", Request{URL: base + "/chunks"}, Truncated},
		{"compressed bomb", Request{URL: base + "/bomb", Line: Line{MaxBytes: 1 << 16}}, Compressed},
		{"no HTTP", Request{URL: base + "/garbage?secret-query"}, Unreachable},
		{"nobody listens", Request{URL: "http://127.0.0.1:1/list?secret-query"}, Unreachable},
		{"link-local", Request{URL: "http://169.254.169.254/latest"}, Refused},
		{"metadata by IPv6", Request{URL: "http://[fd00:ec2::254]/latest"}, Refused},
		{"link-local as mapped IPv6", Request{URL: "http://[::ffff:169.254.169.254]/latest"}, Refused},
		{"unspecified", Request{URL: "http://0.0.0.0/latest"}, Refused},
		{"no scheme", Request{URL: "lists.example/un.xml"}, InvalidURL},
		{"file", Request{URL: "file:///etc/passwd"}, InvalidURL},
		{"no host", Request{URL: "https:///un.xml"}, InvalidURL},
		{"password", Request{URL: "https://secret-user:secret-password@lists.example/un.xml?secret-query"}, InvalidURL},
		{"no URL", Request{URL: "http://lists.example/\x7fsecret-query"}, InvalidURL},
		{"empty", Request{}, InvalidURL},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "list")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			test.req.Allow = everywhere
			_, err := Fetch(t.Context(), test.req, path)
			if ReasonOf(err) != test.want {
				t.Fatalf("reason %q, want %q: %v", ReasonOf(err), test.want, err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells too much: %v", err)
			}
			if !strings.Contains(err.Error(), "; ") {
				t.Errorf("the error does not say what to do: %v", err)
			}
			if data, err := os.ReadFile(path); err != nil || string(data) != "old" {
				t.Errorf("the old file is %q, %v", data, err)
			}
			if files, _ := os.ReadDir(dir); len(files) != 1 {
				t.Errorf("%d files left", len(files))
			}
		})
	}
}

func TestLoopbackIsRefusedUnlessAllowed(t *testing.T) {
	server := publisher(t, "")
	_, err := Fetch(t.Context(), Request{URL: server.URL + "/list"}, filepath.Join(t.TempDir(), "list"))
	if ReasonOf(err) != Refused {
		t.Errorf("loopback: %v", err)
	}
}

func TestTLSAuthority(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "list")
	if _, err := Fetch(t.Context(), Request{URL: server.URL, Line: Line{Allow: everywhere}}, path); ReasonOf(err) != Untrusted {
		t.Errorf("unknown authority: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	if _, err := Fetch(t.Context(), Request{URL: server.URL, Line: Line{Allow: everywhere, RootCAs: pool}}, path); err != nil {
		t.Error(err)
	}
}

func TestCancelled(t *testing.T) {
	server := publisher(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fetch(ctx, Request{URL: server.URL + "/list", Line: Line{Allow: everywhere}}, filepath.Join(t.TempDir(), "x")); err == nil {
		t.Error("a cancelled fetch succeeded")
	}
	if _, err := Fetch(t.Context(), Request{URL: server.URL + "/list", Line: Line{Allow: everywhere}}, filepath.Join(t.TempDir(), "gone", "x")); ReasonOf(err) != Storage {
		t.Errorf("no folder: %v", err)
	}
}
