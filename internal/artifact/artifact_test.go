// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/registry"
)

// server is a real registry whose traffic a test can count and disturb.
type server struct {
	*Registry
	root string

	mu      sync.Mutex
	seen    []string // "METHOD path Range"
	disturb func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{root: t.TempDir()}
	handler, err := registry.NewUnprotected(t.Context(), s.root)
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")))
		disturb := s.disturb
		s.mu.Unlock()
		if disturb != nil {
			disturb(w, r, handler)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(ts.Close)
	s.Registry, err = Connect(ts.URL, ts.Client())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// requests returns and forgets those that contain all of the parts.
func (s *server) requests(parts ...string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
next:
	for _, line := range s.seen {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue next
			}
		}
		out = append(out, line)
	}
	s.seen = nil
	return out
}

func (s *server) disturbing(f func(http.ResponseWriter, *http.Request, http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disturb = f
}

var repo = FeedRepository("north", "intl.un-sc")

// TestCopyAgain: a second copy moves nothing, and what is deleted is gone.
func TestCopyAgain(t *testing.T) {
	hub, local := newServer(t), newServer(t)
	r := newTestRegion(t, hub, "north")
	pushed := r.publish(newList(9, 300).file(t, r.dir, nil), nil)
	desc, err := hub.Resolve(t.Context(), repo, ReleaseTag(1))
	if err != nil || desc.Digest.String() != pushed {
		t.Fatalf("Resolve() = %s, %v", desc.Digest, err)
	}
	for i, want := range []bool{false, true, true} {
		if has, err := local.HasSnapshot(t.Context(), repo, pushed); err != nil || has != want {
			t.Fatalf("HasSnapshot() after %d copies = %v, %v", i, has, err)
		}
		hub.requests()
		copied, err := CopySnapshot(t.Context(), hub.Registry, local.Registry, repo, pushed, CopyOptions{})
		if err != nil || copied.Digest.String() != pushed {
			t.Fatalf("CopySnapshot() = %s, %v", copied.Digest, err)
		}
		if moved := hub.requests("GET", "/blobs/"); want && len(moved) > 0 {
			t.Errorf("copy %d transferred %v", i+1, moved)
		}
	}
	l := r.loader()
	l.fetch(local.Registry)
	local.requests()
	l.fetch(local.Registry)
	if again := local.requests("GET", r.config.Groups[0].Layer); len(again) > 0 {
		t.Errorf("a content that is there was fetched again: %v", again)
	}
	for range 2 {
		if err := local.Delete(t.Context(), repo, pushed); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := local.Resolve(t.Context(), repo, pushed); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted snapshot: %v", err)
	}
	// An artifact whose layers anybody could read is none.
	plain := r.forge(pushed, repo, func(m *ocispec.Manifest, _ *Config) {
		m.Config = r.blob(repo, ocispec.MediaTypeEmptyJSON, []byte("{}"))
	})
	if _, err := CopySnapshot(t.Context(), hub.Registry, local.Registry, repo, plain, CopyOptions{}); !errors.Is(err, ErrMalformed) {
		t.Errorf("unsealed artifact: %v", err)
	}
}

// replaceBody answers as next does, with a changed body.
func replaceBody(w http.ResponseWriter, r *http.Request, next http.Handler, change func([]byte) []byte) {
	recorder := httptest.NewRecorder()
	next.ServeHTTP(recorder, r)
	maps.Copy(w.Header(), recorder.Header())
	body := change(recorder.Body.Bytes())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(body)
}

func TestOrderRoundTrip(t *testing.T) {
	hub := newServer(t)
	name := OrderRepository("north")
	files := map[string][]byte{
		"timestamp.json": []byte(`{"a":1}`), "1.root.json": []byte(`{}`),
		digest.FromString("part").String(): []byte("part"), "empty.json": {},
	}
	if _, _, err := hub.FetchOrder(t.Context(), name, nil); !errors.Is(err, ErrNotFound) {
		t.Fatalf("before the first order: %v", err)
	}
	first, err := hub.PushOrder(t.Context(), name, files)
	if err != nil {
		t.Fatal(err)
	}
	got, manifestDigest, err := hub.FetchOrder(t.Context(), name, nil)
	if err != nil || manifestDigest != first.Digest.String() {
		t.Fatalf("FetchOrder() = %s, %v", manifestDigest, err)
	}
	if diff := cmp.Diff(files, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	files["timestamp.json"] = []byte(`{"a":2}`)
	hub.requests()
	second, err := hub.PushOrder(t.Context(), name, files)
	if err != nil || second.Digest == first.Digest {
		t.Fatalf("second PushOrder() = %s, %v", second.Digest, err)
	}
	if uploads := hub.requests("PUT", "/blobs/"); len(uploads) != 1 {
		t.Errorf("one file changed, uploads: %v", uploads)
	}
	known := map[string][]byte{}
	for _, data := range got {
		known[digest.FromBytes(data).String()] = data
	}
	got, _, err = hub.FetchOrder(t.Context(), name, func(digest string) ([]byte, bool) { data, ok := known[digest]; return data, ok })
	if err != nil || string(got["timestamp.json"]) != `{"a":2}` {
		t.Fatalf("FetchOrder() = %s, %v", got["timestamp.json"], err)
	}
	if fetched := hub.requests("GET", "/blobs/"); len(fetched) != 1 {
		t.Errorf("one file is new, fetched: %v", fetched)
	}
}

// TestPushAfterSweep: a blob that the published order refers to was removed by
// a clean-up; the push meets "manifest blob unknown" and sends it again.
func TestPushAfterSweep(t *testing.T) {
	hub := newServer(t)
	name := OrderRepository("north")
	files := map[string][]byte{"a.json": []byte("one"), "b.json": []byte("two")}
	if _, err := hub.PushOrder(t.Context(), name, files); err != nil {
		t.Fatal(err)
	}
	layer := digest.FromString("one")
	link := filepath.Join(hub.root, "docker/registry/v2/repositories", name, "_layers/sha256", layer.Encoded())
	blob := filepath.Join(hub.root, "docker/registry/v2/blobs/sha256", layer.Encoded()[:2], layer.Encoded())
	for _, path := range []string{link, blob} {
		if _, err := os.Stat(path); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	files["b.json"] = []byte("three")
	if _, err := hub.PushOrder(t.Context(), name, files); err != nil {
		t.Fatal(err)
	}
	if got, _, err := hub.FetchOrder(t.Context(), name, nil); err != nil || string(got["a.json"]) != "one" {
		t.Errorf("FetchOrder() = %s, %v", got["a.json"], err)
	}
}

func TestOrderLimits(t *testing.T) {
	hub := newServer(t)
	name := OrderRepository("north")
	many := map[string][]byte{}
	for i := range MaxOrderFiles + 1 {
		many[fmt.Sprintf("%d.json", i)] = nil
	}
	tests := []struct {
		name  string
		files map[string][]byte
		want  error
	}{
		{"too many files", many, ErrTooLarge},
		{"too large a file", map[string][]byte{"a": make([]byte, MaxOrderFile+1)}, ErrTooLarge},
		{"too large in all", func() map[string][]byte {
			out, data := map[string][]byte{}, make([]byte, MaxOrderFile)
			for i := range 65 {
				out[strconv.Itoa(i)] = data
			}
			return out
		}(), ErrTooLarge},
		{"path", map[string][]byte{"../a": nil}, ErrMalformed},
		{"absolute path", map[string][]byte{"/a": nil}, ErrMalformed},
		{"no name", map[string][]byte{"": nil}, ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := hub.PushOrder(t.Context(), name, test.files); !errors.Is(err, test.want) {
				t.Errorf("PushOrder() = %v, want %v", err, test.want)
			}
		})
	}
	t.Run("manifests of a hostile registry", func(t *testing.T) {
		layer := func(title string, size int64) ocispec.Descriptor {
			return ocispec.Descriptor{MediaType: TypeOrderFile, Digest: digest.FromString("x"), Size: size, Annotations: map[string]string{ocispec.AnnotationTitle: title}}
		}
		for want, layers := range map[error][]ocispec.Descriptor{
			ErrTooLarge:  {layer("a", 1<<40)},
			ErrMalformed: {layer("a", 1), layer("a", 1)},
		} {
			data, err := json.Marshal(ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, ArtifactType: TypeOrder, Config: ocispec.DescriptorEmptyJSON, Layers: layers})
			if err != nil {
				t.Fatal(err)
			}
			hub.disturbing(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
				_, _ = w.Write(data)
			})
			if _, _, err := hub.FetchOrder(t.Context(), name, nil); !errors.Is(err, want) {
				t.Errorf("FetchOrder() = %v, want %v", err, want)
			}
		}
	})
}

func TestConnect(t *testing.T) {
	for _, base := range []string{"", "registry:5000", "ftp://registry", "https://"} {
		if _, err := Connect(base, http.DefaultClient); err == nil {
			t.Errorf("Connect(%q) succeeded", base)
		}
	}
	r, err := Connect("https://registry.example:5000/screening/", http.DefaultClient)
	if err != nil || r.Host() != "registry.example:5000" || r.prefix != "screening/" {
		t.Errorf("Connect() = %+v, %v", r, err)
	}
}

// TestErrorsKeepSecrets: a registry's answer may redirect to a signed URL.
func TestErrorsKeepSecrets(t *testing.T) {
	hub := newServer(t)
	hub.disturbing(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, "http://127.0.0.1:1/blob?signature=secret", http.StatusTemporaryRedirect)
	})
	_, err := hub.Resolve(t.Context(), repo, "v1")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error: %v", err)
	}
}
