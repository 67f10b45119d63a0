// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// two publishes two releases for a region whose loader holds the first.
func two(t *testing.T, hub *server, change func(*Cut)) (*testRegion, *loader) {
	t.Helper()
	r := newTestRegion(t, hub, "north")
	people := newList(5, 600)
	r.publish(people.file(t, r.dir, nil), nil)
	l := r.loader()
	l.fetch(hub.Registry)
	people.edit(3)
	r.publish(people.file(t, r.dir, nil), change)
	return r, l
}

// away answers as if a blob were not there.
func away(digest string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, digest) {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}
}

func TestFallBack(t *testing.T) {
	beside := func(c *Cut) { c.Rebase = true }
	// wrong is a sound delta that makes another content.
	wrong := func(r *testRegion) {
		r.manifest = r.forge(r.manifest, r.repo(), func(m *ocispec.Manifest, c *Config) {
			other := newTestRegion(r.t, r.hub, "east")
			people := newList(5, 600)
			before := people.file(r.t, other.dir, nil)
			people.edit(9)
			path, _, ok := patchFile(r.t, other.dir, before, people.file(r.t, other.dir, nil))
			if !ok {
				r.t.Fatal("no delta")
			}
			plain, err := os.ReadFile(path)
			if err != nil {
				r.t.Fatal(err)
			}
			desc := r.blob(r.repo(), TypeDelta, r.seal(plain, r.recipient))
			m.Layers[len(m.Layers)-1], c.Deltas[len(c.Deltas)-1].Layer = desc, desc.Digest.String()
		})
	}
	tests := []struct {
		name    string
		cut     func(*Cut)
		disturb func(*testRegion, *loader)
		want    Transfer // Groups, Patches, Fallbacks
		err     error
	}{
		{name: "nothing wrong", disturb: func(*testRegion, *loader) {}, want: Transfer{Patches: 1}},
		{name: "delta makes another content", cut: beside, disturb: func(r *testRegion, _ *loader) { wrong(r) },
			want: Transfer{Groups: 1, Fallbacks: 1}},
		{name: "delta is not there", cut: beside, want: Transfer{Groups: 1, Fallbacks: 1},
			disturb: func(r *testRegion, _ *loader) { r.hub.disturbing(away(r.config.Deltas[0].Layer)) }},
		{name: "delta is altered on the way", cut: beside, want: Transfer{Groups: 1, Fallbacks: 1},
			disturb: func(r *testRegion, _ *loader) { r.hub.disturbing(change(r.config.Deltas[0].Layer, flip)) }},
		{name: "the file at hand is damaged", want: Transfer{Groups: 1, Patches: 1, Fallbacks: 1},
			disturb: func(r *testRegion, l *loader) {
				for _, path := range l.have {
					data, err := os.ReadFile(path)
					if err != nil {
						r.t.Fatal(err)
					}
					if err := os.WriteFile(path, flip(data), 0o600); err != nil {
						r.t.Fatal(err)
					}
				}
			}},
		{name: "the file at hand is gone", want: Transfer{Groups: 1, Patches: 1, Fallbacks: 1},
			disturb: func(r *testRegion, l *loader) {
				for _, path := range l.have {
					if err := os.Remove(path); err != nil {
						r.t.Fatal(err)
					}
				}
			}},
		{name: "no other way", disturb: func(r *testRegion, _ *loader) { wrong(r) }, want: Transfer{Fallbacks: 1}, err: ErrDelta},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, l := two(t, newServer(t), test.cut)
			test.disturb(r, l)
			got, err := r.hub.FetchSnapshot(t.Context(), r.repo(), r.manifest, l.options())
			if !errors.Is(err, test.err) {
				t.Fatalf("got %v, want %v", err, test.err)
			}
			if l.last.Groups != test.want.Groups || l.last.Patches != test.want.Patches || l.last.Fallbacks != test.want.Fallbacks {
				t.Errorf("transfer %+v, want %+v", l.last, test.want)
			}
			if (l.last.Cause != nil) != (test.want.Fallbacks > 0) {
				t.Errorf("cause %v", l.last.Cause)
			}
			if err == nil {
				l.same(got)
			} else if _, err := os.Stat(filepath.Join(l.dir, FileName(l.built.Digest))); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a content was made: %v", err)
			}
		})
	}
}

// TestBaseResumes ends a fetch behind the second of four groups. The next call
// asks for the other two alone, and a wrong beginning is made again.
func TestBaseResumes(t *testing.T) {
	hub := newServer(t)
	r := newTestRegion(t, hub, "north")
	r.publish(newList(6, 20_000).file(t, r.dir, nil), nil)
	if len(r.config.Groups) != 4 {
		t.Fatalf("%d groups", len(r.config.Groups))
	}
	stopped := func(t *testing.T) (*loader, FetchOptions) {
		t.Helper()
		l := r.loader()
		o := l.options()
		o.Spool = t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		hub.disturbing(func(w http.ResponseWriter, request *http.Request, next http.Handler) {
			if strings.Contains(request.URL.Path, r.config.Groups[2].Layer) {
				cancel()
			}
			next.ServeHTTP(w, request)
		})
		_, err := hub.FetchSnapshot(ctx, r.repo(), r.manifest, o)
		hub.disturbing(nil)
		if err == nil {
			t.Fatal("the end was not noticed")
		}
		return l, o
	}
	groups := func() (asked int) {
		for _, line := range hub.requests("GET", "/blobs/") {
			for _, group := range r.config.Groups {
				if strings.Contains(line, group.Layer) {
					asked++
				}
			}
		}
		return asked
	}
	t.Run("goes on", func(t *testing.T) {
		l, o := stopped(t)
		hub.requests()
		got, err := hub.FetchSnapshot(t.Context(), r.repo(), r.manifest, o)
		if err != nil {
			t.Fatal(err)
		}
		if asked := groups(); asked != 2 {
			t.Errorf("%d groups asked for", asked)
		}
		l.same(got)
	})
	t.Run("from a damaged beginning", func(t *testing.T) {
		l, o := stopped(t)
		path := filepath.Join(l.dir, FileName(l.built.Digest)+growingSuffix)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, flip(data), 0o600); err != nil {
			t.Fatal(err)
		}
		hub.requests()
		got, err := hub.FetchSnapshot(t.Context(), r.repo(), r.manifest, o)
		if err != nil {
			t.Fatal(err)
		}
		if asked := groups(); asked != 2+4 {
			t.Errorf("%d groups asked for", asked)
		}
		l.same(got)
	})
}

// TestSpoolHoldsCiphertext looks at every file of the spool at every request,
// and at how much plain content there is beside the file at hand.
func TestSpoolHoldsCiphertext(t *testing.T) {
	hub := newServer(t)
	r, l := two(t, hub, nil)
	fresh := r.loader()
	for _, l := range []*loader{l, fresh} {
		o := l.options()
		o.Spool = t.TempDir()
		looked := 0
		hub.disturbing(func(w http.ResponseWriter, request *http.Request, next http.Handler) {
			files, err := os.ReadDir(o.Spool)
			if err != nil {
				t.Error(err)
			}
			for _, file := range files {
				data, err := os.ReadFile(filepath.Join(o.Spool, file.Name()))
				if err != nil || bytes.Contains(data, []byte("Testina")) {
					t.Errorf("%s: %d bytes with a name in it, %v", file.Name(), len(data), err)
				}
				looked++
			}
			next.ServeHTTP(w, request)
		})
		got, err := hub.FetchSnapshot(t.Context(), r.repo(), r.manifest, o)
		hub.disturbing(nil)
		if err != nil || looked == 0 {
			t.Fatalf("%d files seen, %v", looked, err)
		}
		l.same(got)
		if files, _ := os.ReadDir(o.Spool); len(files) > 0 {
			t.Errorf("left in the spool: %v", files)
		}
	}
}

// TestCopyOrder: the smallest comes first, and only layers are held
// to the share of the line.
func TestCopyOrder(t *testing.T) {
	hub, local := newServer(t), newServer(t)
	r, _ := two(t, hub, func(c *Cut) { c.Rebase = true })
	hub.requests()
	limited := 0
	_, err := CopySnapshot(t.Context(), hub.Registry, local.Registry, r.repo(), r.manifest, CopyOptions{
		Limit: func(ctx context.Context) context.Context { limited++; return ctx },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{r.config.Deltas[0].Layer, r.configOf(r.manifest), r.config.Groups[0].Layer}
	got := hub.requests("GET", "/blobs/")
	if len(got) != len(want) {
		t.Fatalf("requests: %v", got)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("request %d is %s, want %s", i, got[i], want[i])
		}
	}
	if limited != 2 {
		t.Errorf("%d blobs held to the share of the line, want the 2 layers", limited)
	}
}

// TestCopyKeepsWhatTheDestinationRefused: a layer that came over the line is not
// fetched again because the registry it goes to could not take it.
func TestCopyKeepsWhatTheDestinationRefused(t *testing.T) {
	hub, local := newServer(t), newServer(t)
	r, _ := two(t, hub, func(c *Cut) { c.Rebase = true })
	o := CopyOptions{Spool: t.TempDir()}
	local.disturbing(func(w http.ResponseWriter, request *http.Request, next http.Handler) {
		if request.Method == http.MethodPost {
			w.WriteHeader(http.StatusInsufficientStorage)
			return
		}
		next.ServeHTTP(w, request)
	})
	hub.requests()
	if _, err := CopySnapshot(t.Context(), hub.Registry, local.Registry, r.repo(), r.manifest, o); !errors.Is(err, ErrSpace) {
		t.Fatalf("CopySnapshot() = %v", err)
	}
	smallest := r.config.Deltas[0].Layer
	if got := hub.requests("GET", smallest); len(got) != 1 {
		t.Fatalf("requests %v, want the smallest layer once", got)
	}
	local.disturbing(nil)
	if _, err := CopySnapshot(t.Context(), hub.Registry, local.Registry, r.repo(), r.manifest, o); err != nil {
		t.Fatal(err)
	}
	if got := hub.requests("GET", smallest); len(got) > 0 {
		t.Errorf("fetched again: %v", got)
	}
	if files, _ := os.ReadDir(o.Spool); len(files) > 0 {
		t.Errorf("left in the spool: %v", files)
	}
}

func TestCopyRefusesAlteredBlobs(t *testing.T) {
	hub := newServer(t)
	r, _ := two(t, hub, nil)
	for name, digest := range map[string]string{
		"configuration": r.configOf(r.manifest), "delta": r.config.Deltas[0].Layer, "group": r.config.Groups[0].Layer, "manifest": r.manifest,
	} {
		t.Run(name, func(t *testing.T) {
			local := newServer(t)
			hub.disturbing(change(digest, flip))
			defer hub.disturbing(nil)
			_, err := CopySnapshot(t.Context(), hub.Registry, local.Registry, r.repo(), r.manifest, CopyOptions{Spool: t.TempDir()})
			if !errors.Is(err, ErrDigest) {
				t.Errorf("CopySnapshot() = %v", err)
			}
			if has, err := local.HasSnapshot(t.Context(), r.repo(), r.manifest); err != nil || has {
				t.Errorf("HasSnapshot() = %v, %v", has, err)
			}
		})
	}
}

// TestCutAgain: what is out already is not sealed again, and a base asked for
// twice is one.
func TestCutAgain(t *testing.T) {
	hub := newServer(t)
	r, _ := two(t, hub, nil)
	for _, rebase := range []bool{false, true} {
		c := r.cutOf(r.built)
		c.Version, c.Rebase = r.release, rebase
		before := r.manifest
		r.cut(c)
		if (r.manifest != before) != rebase {
			t.Errorf("rebase %v: manifest %s after %s", rebase, r.manifest, before)
		}
	}
	c := r.cutOf(r.built)
	c.Version, c.Rebase = r.release, true
	before := r.manifest
	hub.requests()
	r.cut(c)
	if uploads := hub.requests("PUT", "/blobs/uploads/"); r.manifest != before || len(uploads) > 0 {
		t.Errorf("manifest %s after %s, uploads %v", r.manifest, before, uploads)
	}
}

// TestCutAfterSweep: a layer that was to be kept has gone from the registry.
func TestCutAfterSweep(t *testing.T) {
	hub := newServer(t)
	r := newTestRegion(t, hub, "north")
	people := newList(8, 600)
	r.publish(people.file(t, r.dir, nil), nil)
	r.sweep(r.config.Groups[0].Layer)
	people.edit(3)
	r.publish(people.file(t, r.dir, nil), nil)
	if r.config.Base.Release != 2 {
		t.Errorf("base of v%d", r.config.Base.Release)
	}
	r.loader().fetch(hub.Registry)
}

// sweep removes a blob from the registry's disk.
func (r *testRegion) sweep(layer string) {
	r.t.Helper()
	_, encoded, _ := strings.Cut(layer, ":")
	root := filepath.Join(r.hub.root, "docker/registry/v2")
	for _, path := range []string{
		filepath.Join(root, "repositories", r.repo(), "_layers/sha256", encoded), filepath.Join(root, "blobs/sha256", encoded[:2], encoded),
	} {
		if _, err := os.Stat(path); err != nil {
			r.t.Fatal(err)
		}
		if err := os.RemoveAll(path); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestCopyAfterSweep: a blob went between its push and the manifest's; all that
// is missing then is sent again.
func TestCopyAfterSweep(t *testing.T) {
	hub, local := newServer(t), newServer(t)
	r, _ := two(t, hub, nil)
	swept := false
	local.disturbing(func(w http.ResponseWriter, request *http.Request, next http.Handler) {
		if request.Method == http.MethodPut && strings.Contains(request.URL.Path, "/manifests/") && !swept {
			swept = true
			(&testRegion{t: t, hub: local, name: r.name}).sweep(r.config.Deltas[0].Layer)
		}
		next.ServeHTTP(w, request)
	})
	if _, err := CopySnapshot(t.Context(), hub.Registry, local.Registry, r.repo(), r.manifest, CopyOptions{}); err != nil || !swept {
		t.Fatal(err, swept)
	}
	if has, err := local.HasSnapshot(t.Context(), r.repo(), r.manifest); err != nil || !has {
		t.Errorf("HasSnapshot() = %v, %v", has, err)
	}
	missing, total, err := Missing(t.Context(), hub.Registry, local.Registry, r.repo(), r.manifest)
	if err != nil || missing != 0 || total <= 0 {
		t.Errorf("Missing() = %d of %d, %v", missing, total, err)
	}
}

func ExampleReleaseTag() {
	fmt.Println(FeedRepository("north", "intl.un-sc") + ":" + ReleaseTag(12))
	// Output: regions/north/feeds/intl.un-sc:v12
}
