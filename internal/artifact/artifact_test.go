// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"bytes"
	"context"
	"crypto/rand"
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
	"time"

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

func newSnapshot(t *testing.T, size int) Snapshot {
	t.Helper()
	data := make([]byte, size)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "snapshot")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return Snapshot{
		Path: path, Digest: digest.FromBytes(data).String(), Size: int64(size),
		Feed: "intl.un-sc", Region: "north", Version: 12, Records: 7,
		ListDate: time.Date(2026, 2, 27, 0, 0, 0, 0, time.UTC),
	}
}

var repo = FeedRepository("north", "intl.un-sc")

func push(t *testing.T, r *Registry, repo string, s Snapshot) string {
	t.Helper()
	desc, err := r.PushSnapshot(t.Context(), repo, s)
	if err != nil {
		t.Fatal(err)
	}
	return desc.Digest.String()
}

func TestSnapshotRoundTrip(t *testing.T) {
	hub, region := newServer(t), newServer(t)
	s := newSnapshot(t, 3<<20)
	pushed := push(t, hub.Registry, repo, s)
	if again := push(t, hub.Registry, repo, s); again != pushed {
		t.Errorf("the same snapshot has digests %s and %s", pushed, again)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(s.Path), ".push-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	desc, err := hub.Resolve(t.Context(), repo, ReleaseTag(12))
	if err != nil || desc.Digest.String() != pushed {
		t.Fatalf("Resolve() = %s, %v", desc.Digest, err)
	}
	if has, err := region.HasSnapshot(t.Context(), repo, pushed); err != nil || has {
		t.Fatalf("HasSnapshot() before the copy = %v, %v", has, err)
	}
	copied, err := CopySnapshot(t.Context(), hub.Registry, region.Registry, repo, pushed, CopyOptions{})
	if err != nil || copied.Digest.String() != pushed {
		t.Fatalf("CopySnapshot() = %s, %v", copied.Digest, err)
	}
	if has, err := region.HasSnapshot(t.Context(), repo, pushed); err != nil || !has {
		t.Fatalf("HasSnapshot() after the copy = %v, %v", has, err)
	}
	hub.requests()
	if _, err := CopySnapshot(t.Context(), hub.Registry, region.Registry, repo, pushed, CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if again := hub.requests("GET", "/blobs/"); len(again) > 0 {
		t.Errorf("the second copy transferred %v", again)
	}
	dir := t.TempDir()
	got, err := region.FetchSnapshot(t.Context(), repo, pushed, FetchOptions{Dir: dir, Content: s.Digest})
	if err != nil {
		t.Fatal(err)
	}
	want := s
	want.Path = filepath.Join(dir, FileName(s.Digest))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
	if data, err := os.ReadFile(got.Path); err != nil || digest.FromBytes(data).String() != s.Digest {
		t.Errorf("content of %d bytes, %v", len(data), err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%d files instead of the content alone", len(files))
	}
	if err := region.Delete(t.Context(), repo, pushed); err != nil {
		t.Fatal(err)
	}
	if err := region.Delete(t.Context(), repo, pushed); err != nil {
		t.Errorf("second Delete: %v", err)
	}
	if _, err := region.Resolve(t.Context(), repo, pushed); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted snapshot: %v", err)
	}
}

func TestPushMountsFromAnotherRegion(t *testing.T) {
	hub := newServer(t)
	s := newSnapshot(t, 1<<20)
	push(t, hub.Registry, repo, s)
	hub.requests()
	s.Region, s.MountFrom = "south", []string{FeedRepository("east", "intl.un-sc"), repo}
	digest := push(t, hub.Registry, FeedRepository("south", "intl.un-sc"), s)
	// The empty configuration is the only blob that is uploaded.
	if uploads := hub.requests("PUT", "/blobs/uploads/"); len(uploads) != 1 {
		t.Errorf("uploads: %v", uploads)
	}
	if has, err := hub.HasSnapshot(t.Context(), FeedRepository("south", "intl.un-sc"), digest); err != nil || !has {
		t.Errorf("HasSnapshot() = %v, %v", has, err)
	}
}

// TestFetchResumes breaks the line in the middle of the layer: within one
// call the rest alone is asked for, and a later call goes on from the file.
func TestFetchResumes(t *testing.T) {
	hub := newServer(t)
	s := newSnapshot(t, 4<<20)
	pushed := push(t, hub.Registry, repo, s)
	const piece = 1 << 20
	cut := func(times int) func(http.ResponseWriter, *http.Request, http.Handler) {
		var mu sync.Mutex
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			mu.Lock()
			defer mu.Unlock()
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") && times > 0 {
				times--
				w = &cutter{ResponseWriter: w, left: piece}
			}
			next.ServeHTTP(w, r)
		}
	}
	t.Run("in one call", func(t *testing.T) {
		hub.disturbing(cut(3))
		hub.requests()
		if _, err := hub.FetchSnapshot(t.Context(), repo, pushed, FetchOptions{Dir: t.TempDir()}); err != nil {
			t.Fatal(err)
		}
		got := hub.requests("GET", "/blobs/")
		if len(got) != 4 || strings.Contains(got[0], "bytes=") || !strings.Contains(got[3], "bytes=") {
			t.Errorf("requests: %v", got)
		}
	})
	t.Run("in a later call", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		dir := t.TempDir()
		hub.disturbing(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
				w = &cutter{ResponseWriter: w, left: piece, then: cancel}
			}
			next.ServeHTTP(w, r)
		})
		_, err := hub.FetchSnapshot(ctx, repo, pushed, FetchOptions{Dir: dir})
		if err == nil {
			t.Fatal("the cut was not noticed")
		}
		parts, _ := filepath.Glob(filepath.Join(dir, "*.part"))
		if len(parts) != 1 {
			t.Fatalf("kept: %v", parts)
		}
		info, err := os.Stat(parts[0])
		if err != nil {
			t.Fatal(err)
		}
		hub.disturbing(nil)
		hub.requests()
		if _, err := hub.FetchSnapshot(t.Context(), repo, pushed, FetchOptions{Dir: dir}); err != nil {
			t.Fatal(err)
		}
		if info.Size() > 0 {
			if got := hub.requests(fmt.Sprintf("bytes=%d-", info.Size())); len(got) != 1 {
				t.Errorf("did not continue at %d", info.Size())
			}
		}
	})
	t.Run("from a damaged beginning", func(t *testing.T) {
		dir := t.TempDir()
		hub.disturbing(nil)
		_, layer, err := hub.plainSnapshot(t.Context(), repo, pushed, 0)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, FileName(layer.Digest.String())+".zst"+partSuffix)
		if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 1000), 0o600); err != nil {
			t.Fatal(err)
		}
		hub.requests()
		if _, err := hub.FetchSnapshot(t.Context(), repo, pushed, FetchOptions{Dir: dir}); err != nil {
			t.Fatalf("damaged beginning: %v", err)
		}
		got := hub.requests("GET", "/blobs/")
		if len(got) != 2 || !strings.Contains(got[0], "bytes=1000-") || strings.Contains(got[1], "bytes=") {
			t.Errorf("requests: %v, want the rest and then the whole", got)
		}
	})
}

// cutter ends a response in its middle.
type cutter struct {
	http.ResponseWriter
	left int
	then func()
}

func (c *cutter) Write(data []byte) (int, error) {
	if len(data) > c.left {
		_, _ = c.ResponseWriter.Write(data[:c.left])
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		if c.then != nil {
			c.then()
		}
		panic(http.ErrAbortHandler)
	}
	c.left -= len(data)
	return c.ResponseWriter.Write(data)
}

func TestFetchRefusals(t *testing.T) {
	hub := newServer(t)
	s := newSnapshot(t, 1<<20)
	pushed := push(t, hub.Registry, repo, s)
	_, layer, err := hub.plainSnapshot(t.Context(), repo, pushed, 0)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(part string, change func([]byte) []byte) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, part) {
				next.ServeHTTP(w, r)
				return
			}
			replaceBody(w, r, next, change)
		}
	}
	tests := []struct {
		name    string
		digest  string
		options FetchOptions
		disturb func(http.ResponseWriter, *http.Request, http.Handler)
		want    error
	}{
		{name: "tampered manifest", digest: pushed, disturb: replace("/manifests/", flip), want: ErrDigest},
		{name: "tampered layer", digest: pushed, disturb: replace("/blobs/", flip), want: ErrDigest},
		{name: "another content than ordered", digest: pushed, options: FetchOptions{Content: digest.FromString("x").String()}, want: ErrDigest},
		{name: "over the limit", digest: pushed, options: FetchOptions{MaxSize: 1000}, want: ErrTooLarge},
		{name: "not there", digest: digest.FromString("x").String(), want: ErrNotFound},
		{name: "no digest", digest: "v12", want: ErrMalformed},
		{name: "layer not there", digest: pushed, disturb: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.Contains(r.URL.Path, layer.Digest.String()) {
				http.NotFound(w, r)
				return
			}
			next.ServeHTTP(w, r)
		}, want: ErrNotFound},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hub.disturbing(test.disturb)
			defer hub.disturbing(nil)
			test.options.Dir = t.TempDir()
			_, err := hub.FetchSnapshot(t.Context(), repo, test.digest, test.options)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			for _, part := range []string{repo, hub.Host(), ";"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
			if files, _ := os.ReadDir(test.options.Dir); len(files) > 0 {
				t.Errorf("left behind: %v", files)
			}
		})
	}
	t.Run("content is not what the manifest says", func(t *testing.T) {
		lying := s
		lying.Digest = digest.FromString("x").String()
		if _, err := hub.PushSnapshot(t.Context(), repo, lying); !errors.Is(err, ErrDigest) {
			t.Errorf("PushSnapshot() = %v", err)
		}
		repository, err := hub.repository(repo)
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range []func(*Snapshot){func(s *Snapshot) { s.Digest = lying.Digest }, func(s *Snapshot) { s.Size-- }, func(s *Snapshot) { s.Size++ }} {
			forged := s
			change(&forged)
			desc, err := pushManifest(t.Context(), repository, forged.manifest(layer), "forged")
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			_, err = hub.FetchSnapshot(t.Context(), repo, desc.Digest.String(), FetchOptions{Dir: dir})
			if files, _ := os.ReadDir(dir); err == nil || len(files) > 0 {
				t.Errorf("forged size %d, digest %s: %v, files %v", forged.Size, forged.Digest, err, files)
			}
		}
	})
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
	for _, address := range []string{"", "https://registry", "user@registry/x", "/x"} {
		if _, err := ConnectExternal(address, nil, Credential{}); err == nil {
			t.Errorf("ConnectExternal(%q) succeeded", address)
		}
	}
	r, err := ConnectExternal("registry.example:5000/screening", nil, Credential{Username: "u", Password: "p"})
	if err != nil || r.Host() != "registry.example:5000" || r.prefix != "screening/" {
		t.Errorf("ConnectExternal() = %+v, %v", r, err)
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
