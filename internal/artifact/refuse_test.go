// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/frontline-screening/frontline/internal/seal"
)

// forge publishes the artifact with something changed, as somebody could who
// signs for a region and errs, or has lost the key to sign with.
func (r *testRegion) forge(manifestDigest, repo string, change func(m *ocispec.Manifest, c *Config)) string {
	r.t.Helper()
	s, err := r.hub.sealedManifest(r.t.Context(), r.repo(), manifestDigest, MaxSnapshot)
	if err != nil {
		r.t.Fatal(err)
	}
	c, err := r.hub.open(r.t.Context(), r.repo(), s, []string{r.hubs})
	if err != nil {
		r.t.Fatal(err)
	}
	m := s.m
	m.Layers, c.Groups = slices.Clone(m.Layers), slices.Clone(c.Groups)
	change(&m, &c)
	repository, err := r.hub.repository(repo)
	if err != nil {
		r.t.Fatal(err)
	}
	if m.Config.Digest == s.m.Config.Digest {
		plain, err := c.encode()
		if err != nil {
			r.t.Fatal(err)
		}
		m.Config = r.blob(repo, TypeSnapshotConfig, r.seal(plain, r.recipient, r.reader))
	}
	source, err := r.hub.repository(r.repo())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, layer := range append(slices.Clone(m.Layers), m.Config) {
		if err := pushBlob(r.t.Context(), repository, layer, func() (io.ReadCloser, error) {
			return source.Blobs().Fetch(r.t.Context(), layer)
		}); err != nil {
			r.t.Fatal(err)
		}
	}
	desc, err := pushManifest(r.t.Context(), repository, m, "forged")
	if err != nil {
		r.t.Fatal(err)
	}
	return desc.Digest.String()
}

func (r *testRegion) seal(plain []byte, recipients ...string) []byte {
	r.t.Helper()
	data, err := seal.SealBytes(plain, recipients...)
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}

func (r *testRegion) blob(repo, mediaType string, data []byte) ocispec.Descriptor {
	r.t.Helper()
	repository, err := r.hub.repository(repo)
	if err != nil {
		r.t.Fatal(err)
	}
	desc := content.NewDescriptorFromBytes(mediaType, data)
	if err := pushBlob(r.t.Context(), repository, desc, opener(data)); err != nil {
		r.t.Fatal(err)
	}
	return desc
}

// group seals plain bytes as a group of the base.
func (r *testRegion) group(plain []byte) ocispec.Descriptor {
	r.t.Helper()
	var buf bytes.Buffer
	if err := sealLayer(&buf, TypeGroup, bytes.NewReader(plain), []string{r.recipient}); err != nil {
		r.t.Fatal(err)
	}
	return r.blob(r.repo(), TypeGroup, buf.Bytes())
}

// change answers requests whose path has the part with something else.
func change(part string, with func([]byte) []byte) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, part) {
			next.ServeHTTP(w, r)
			return
		}
		replaceBody(w, r, next, with)
	}
}

func TestFetchSealedRefusals(t *testing.T) {
	hub := newServer(t)
	north, south := newTestRegion(t, hub, "north"), newTestRegion(t, hub, "south")
	people := newList(3, 300)
	first := north.publish(people.file(t, north.dir, nil), nil)
	firstLayers := north.layersOf(first)
	people.edit(200) // so much that there is no delta
	second := north.publish(people.file(t, north.dir, nil), func(c *Cut) { c.Rebase, c.Patches = true, nil })
	layer := north.layersOf(second)[0].Digest.String()
	sealedSize := north.layersOf(second)[0].Size
	plain, err := os.ReadFile(north.built.Path)
	if err != nil {
		t.Fatal(err)
	}
	swap := func(desc ocispec.Descriptor) func(*ocispec.Manifest, *Config) {
		return func(m *ocispec.Manifest, c *Config) {
			m.Layers[0], c.Groups[0].Layer = desc, desc.Digest.String()
		}
	}
	rename := func(name string) func(*ocispec.Manifest, *Config) {
		return func(m *ocispec.Manifest, c *Config) { m.Annotations[annotationRegion], c.Region = name, name }
	}
	other, _ := seal.NewIdentity()
	tests := []struct {
		name     string
		manifest string
		repo     string // north's when empty
		identity string // of the region when empty
		limit    int64
		content  string
		disturb  func(http.ResponseWriter, *http.Request, http.Handler)
		want     error
		not      error
		says     string
	}{
		{name: "manifest altered on the way", manifest: second, disturb: change("/manifests/", flip), want: ErrDigest},
		{name: "configuration altered on the way", manifest: second, disturb: change("/blobs/"+north.configOf(second), flip), want: ErrDigest},
		{name: "layer swapped for another of the registry", manifest: second, want: ErrDigest, not: ErrMalformed,
			disturb: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				r.URL.Path = strings.Replace(r.URL.Path, layer, firstLayers[0].Digest.String(), 1)
				next.ServeHTTP(w, r)
			}},
		{name: "layer cut short and signed for", want: ErrMalformed, says: "damaged",
			manifest: north.forge(second, north.repo(), func(m *ocispec.Manifest, c *Config) {
				data := north.read(m.Layers[0])
				swap(north.blob(north.repo(), TypeGroup, data[:len(data)-100]))(m, c)
			})},
		{name: "layers of another release", want: ErrLayers, says: "layers are not those",
			manifest: north.forge(second, north.repo(), func(m *ocispec.Manifest, _ *Config) { m.Layers[0] = firstLayers[0] })},
		{name: "configuration of another release", want: ErrLayers, says: "release 2",
			manifest: north.forge(first, north.repo(), func(m *ocispec.Manifest, _ *Config) { m.Annotations[annotationRelease] = "2" })},
		{name: "a layer too many", want: ErrLayers,
			manifest: north.forge(second, north.repo(), func(m *ocispec.Manifest, _ *Config) { m.Layers = append(m.Layers, firstLayers...) })},
		{name: "groups of another release, signed for", want: ErrMalformed,
			manifest: north.forge(second, north.repo(), swap(firstLayers[0]))},
		{name: "wrong bytes of the right length, signed for", want: ErrDigest,
			manifest: north.forge(second, north.repo(), swap(north.group(flip(bytes.Clone(plain)))))},
		{name: "a group that does not end", want: ErrTooLarge,
			manifest: north.forge(second, north.repo(), swap(north.group(append(bytes.Clone(plain), make([]byte, 64<<20)...))))},
		{name: "a group that is sealed and not compressed", want: ErrMalformed,
			manifest: north.forge(second, north.repo(), swap(north.blob(north.repo(), TypeGroup, north.seal([]byte("not a frame"), north.recipient))))},
		{name: "layer for another region's key", want: ErrKey, says: "group",
			manifest: north.forge(second, north.repo(), swap(north.blob(north.repo(), TypeGroup, north.seal(plain, south.recipient))))},
		{name: "another region's artifact in this repository", repo: south.repo(), want: ErrForeign, says: "for region north",
			manifest: north.forge(second, south.repo(), func(*ocispec.Manifest, *Config) {})},
		{name: "another region's artifact, renamed", repo: south.repo(), identity: south.identity, want: ErrKey, says: "region south",
			manifest: north.forge(second, south.repo(), rename("south"))},
		{name: "another region's content, sealed to this one", repo: south.repo(), identity: south.identity, want: ErrForeign,
			manifest: north.forge(second, south.repo(), func(m *ocispec.Manifest, c *Config) {
				data, err := c.encode()
				if err != nil {
					t.Fatal(err)
				}
				m.Annotations[annotationRegion] = "south"
				m.Config = north.blob(north.repo(), TypeSnapshotConfig, north.seal(data, south.recipient))
			})},
		{name: "no key of this epoch", manifest: second, identity: other, want: ErrKey, says: "epoch 1 of region north"},
		{name: "another content than ordered", manifest: second, content: id("x"), want: ErrDigest},
		{name: "over the limit", manifest: second, limit: 1000, want: ErrTooLarge},
		{name: "configuration over its limit", want: ErrTooLarge,
			manifest: north.forge(second, north.repo(), func(m *ocispec.Manifest, _ *Config) {
				m.Config = north.blob(north.repo(), TypeSnapshotConfig, north.seal(make([]byte, MaxConfig+1), north.recipient))
			})},
		{name: "layer not there", manifest: second, want: ErrNotFound, disturb: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.Contains(r.URL.Path, layer) {
				http.NotFound(w, r)
				return
			}
			next.ServeHTTP(w, r)
		}},
		{name: "artifact not there", manifest: id("x"), want: ErrNotFound},
		{name: "no digest", manifest: "v2", want: ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hub.disturbing(test.disturb)
			defer hub.disturbing(nil)
			o := FetchOptions{Dir: t.TempDir(), Identities: []string{north.identity}, MaxSize: test.limit, Content: test.content}
			if test.identity != "" {
				o.Identities = []string{test.identity}
			}
			repo := north.repo()
			if test.repo != "" {
				repo = test.repo
			}
			_, err := hub.FetchSnapshot(t.Context(), repo, test.manifest, o)
			if !errors.Is(err, test.want) || (test.not != nil && errors.Is(err, test.not)) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			for _, part := range []string{repo, hub.Host(), ";", test.says} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
			for _, secret := range []string{"AGE-SECRET-KEY", "Testina"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("error %q says %s", err, secret)
				}
			}
			files, err := os.ReadDir(o.Dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				if !strings.HasSuffix(file.Name(), growingSuffix) {
					t.Errorf("left behind: %s", file.Name())
				}
			}
		})
	}
	// A registry whose disk lost the end of a layer.
	t.Run("layer cut short on disk", func(t *testing.T) {
		encoded := digest.Digest(layer).Encoded()
		path := filepath.Join(hub.root, "docker/registry/v2/blobs/sha256", encoded[:2], encoded, "data")
		if err := os.Truncate(path, sealedSize/2); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		_, err := hub.FetchSnapshot(t.Context(), north.repo(), second, FetchOptions{Dir: dir, Identities: []string{north.identity}})
		if err == nil {
			t.Fatal("half a layer was taken")
		}
		if has, _ := filepath.Glob(filepath.Join(dir, FileName(north.built.Digest))); len(has) > 0 {
			t.Error("a content was made of it")
		}
		t.Log(err)
	})
}

func flip(data []byte) []byte { data[len(data)/2] ^= 1; return data }

func (r *testRegion) configOf(manifestDigest string) string {
	r.t.Helper()
	s, err := r.hub.sealedManifest(r.t.Context(), r.repo(), manifestDigest, MaxSnapshot)
	if err != nil {
		r.t.Fatal(err)
	}
	return s.m.Config.Digest.String()
}

func (r *testRegion) read(desc ocispec.Descriptor) []byte {
	r.t.Helper()
	repository, err := r.hub.repository(r.repo())
	if err != nil {
		r.t.Fatal(err)
	}
	data, err := r.hub.fetchSmall(r.t.Context(), repository, desc)
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}

func TestCutRefusals(t *testing.T) {
	hub := newServer(t)
	north := newTestRegion(t, hub, "north")
	built := newList(4, 20).file(t, north.dir, nil)
	tests := []struct {
		name   string
		change func(*Cut)
		want   error
		says   string
	}{
		{"no key announced", func(c *Cut) { c.Recipients = nil }, nil, "announced no key"},
		{"no epoch", func(c *Cut) { c.Epoch = 0 }, nil, "announced no key"},
		{"no recipient", func(c *Cut) { c.Recipients = []string{"north"} }, nil, "recipient"},
		{"another digest than the file's", func(c *Cut) { c.Digest = id("x") }, ErrDigest, ""},
		{"another size than the file's", func(c *Cut) { c.Size++ }, ErrDigest, ""},
		{"another region's repository", func(c *Cut) { c.Region = "south" }, ErrForeign, ""},
		{"no release", func(c *Cut) { c.Version = 0 }, ErrMalformed, ""},
		{"no such file", func(c *Cut) { c.Path += "x" }, os.ErrNotExist, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := north.cutOf(built)
			test.change(&c)
			_, _, err := hub.CutSnapshot(t.Context(), north.repo(), c)
			if err == nil || (test.want != nil && !errors.Is(err, test.want)) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("CutSnapshot() = %v", err)
			}
		})
	}
	if _, err := hub.Resolve(t.Context(), north.repo(), ReleaseTag(1)); !errors.Is(err, ErrNotFound) {
		t.Errorf("a refused release is out: %v", err)
	}
}
