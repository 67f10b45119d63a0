// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	specs "github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/inventory"
	"github.com/frontline-screening/frontline/internal/registry"
)

const repo = "regions/north/feeds/intl.un"

// place is a region's registry and what the hub would send it again.
type place struct {
	*testing.T
	root, url string
	client    *artifact.Registry
	releases  map[string]release
	wants     []inventory.Want
	fetched   []string
}

type release struct {
	tag      string
	manifest []byte
	blobs    [][]byte
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{T: t, root: t.TempDir(), releases: map[string]release{}}
	handler, err := registry.NewUnprotected(t.Context(), p.root)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	p.url = server.URL
	if p.client, err = artifact.Connect(server.URL, server.Client()); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) send(method, path, kind string, body []byte) *http.Response {
	p.Helper()
	if strings.HasPrefix(path, "/") {
		path = p.url + path
	}
	request, err := http.NewRequestWithContext(p.Context(), method, path, bytes.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode >= 300 {
		p.Fatalf("%s %s: %s", method, path, response.Status)
	}
	return response
}

func (p *place) push(r release) {
	p.Helper()
	for _, blob := range r.blobs {
		location := p.send("POST", "/v2/"+repo+"/blobs/uploads/", "", nil).Header.Get("Location")
		p.send("PUT", location+"&digest="+digest.FromBytes(blob).String(), "application/octet-stream", blob)
	}
	p.send("PUT", "/v2/"+repo+"/manifests/"+r.tag, ocispec.MediaTypeImageManifest, r.manifest)
}

// publish pushes a release of two layers.
func (p *place) publish(tag string) string {
	p.Helper()
	r := release{tag: tag, blobs: [][]byte{[]byte("config " + tag), []byte("base"), []byte("delta " + tag)}}
	m := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, ArtifactType: artifact.TypeSnapshot}
	for i, blob := range r.blobs {
		d := ocispec.Descriptor{MediaType: "a/b", Digest: digest.FromBytes(blob), Size: int64(len(blob))}
		if i == 0 {
			m.Config = d
		} else {
			m.Layers = append(m.Layers, d)
		}
	}
	var err error
	if r.manifest, err = json.Marshal(m); err != nil {
		p.Fatal(err)
	}
	p.push(r)
	d := digest.FromBytes(r.manifest).String()
	p.releases[d] = r
	return d
}

func (p *place) auditor() *inventory.Auditor {
	return &inventory.Auditor{
		Registry: p.client, Wants: func() []inventory.Want { return p.wants }, Log: logr.Discard(),
		Fetch: func(_ context.Context, _, manifest string) error {
			p.fetched = append(p.fetched, manifest)
			p.push(p.releases[manifest])
			return nil
		},
	}
}

func (p *place) want(manifests ...string) {
	p.wants = []inventory.Want{{Feed: "intl.un", Repository: repo, Manifests: manifests}}
}

// data is the file of a blob.
func (p *place) data(content string) string {
	hex := digest.FromString(content).Encoded()
	return filepath.Join(p.root, "docker/registry/v2/blobs/sha256", hex[:2], hex, "data")
}

func once(t *testing.T, a *inventory.Auditor) inventory.Outcome {
	t.Helper()
	o, err := a.Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAuditMends(t *testing.T) {
	p := newPlace(t)
	v1, v2 := p.publish("v1"), p.publish("v2")
	p.want(v1, v2)
	a := p.auditor()
	if diff := cmp.Diff(inventory.Outcome{Manifests: 2, Blobs: 6, Read: 42}, once(t, a)); diff != "" {
		t.Fatal(diff)
	}
	tests := []struct {
		name  string
		harm  func() error
		wants inventory.Outcome
	}{
		{"bytes of a delta", func() error { return os.WriteFile(p.data("delta v1"), []byte("delta xx"), 0o600) }, inventory.Outcome{Damaged: 1, Mended: 1}},
		{"delta cut short", func() error { return os.Truncate(p.data("delta v1"), 3) }, inventory.Outcome{Damaged: 1, Mended: 1}},
		{"delta lost", func() error { return os.Remove(p.data("delta v1")) }, inventory.Outcome{Missing: 1, Mended: 1}},
		{"base of both lost", func() error { return os.Remove(p.data("base")) }, inventory.Outcome{Missing: 2, Mended: 2}},
		{"manifest emptied", func() error { return os.Truncate(p.data(string(p.releases[v2].manifest)), 0) }, inventory.Outcome{Damaged: 1, Mended: 1}},
		{"everything lost", func() error { return os.RemoveAll(filepath.Join(p.root, "docker")) }, inventory.Outcome{Missing: 2, Mended: 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.harm(); err != nil {
				t.Fatal(err)
			}
			o := once(t, a)
			got := inventory.Outcome{Missing: o.Missing, Damaged: o.Damaged, Mended: o.Mended, Left: o.Left}
			if diff := cmp.Diff(test.wants, got); diff != "" {
				t.Error(diff)
			}
			if o := once(t, a); o.Missing+o.Damaged > 0 || o.Blobs != 6 {
				t.Errorf("after mending: %+v", o)
			}
		})
	}
}

func TestAuditRemovesUnknownTheSecondTime(t *testing.T) {
	p := newPlace(t)
	v1, v2, v3 := p.publish("v1"), p.publish("v2"), p.publish("v3")
	p.want(v1)
	a := p.auditor()
	if o := once(t, a); o.Unknown != 2 || o.Removed != 0 {
		t.Errorf("first audit: %+v", o)
	}
	p.wants[0].Known = []string{v3} // it was being pulled
	if o := once(t, a); o.Removed != 1 {
		t.Errorf("second audit: %+v", o)
	}
	if left, err := p.client.Gone(t.Context(), repo, []string{v1, v2, v3}); err != nil || !cmp.Equal(left, []string{v1, v3}) {
		t.Errorf("left %v, %v", left, err)
	}
	a.Shared, p.wants[0].Known = true, nil
	for range 3 {
		if o := once(t, a); o.Unknown != 0 || o.Removed != 0 {
			t.Errorf("in the hub's own registry: %+v", o)
		}
	}
}

func TestAuditDoesNotBringBackWhatIsErased(t *testing.T) {
	p := newPlace(t)
	v1 := p.publish("v1")
	p.want(v1)
	if err := p.client.Delete(t.Context(), repo, v1); err != nil {
		t.Fatal(err)
	}
	a := p.auditor()
	asked := 0
	a.Wants = func() []inventory.Want {
		if asked++; asked > 1 {
			return nil // erased between looking and acting
		}
		return p.wants
	}
	if o := once(t, a); o.Mended != 0 || len(p.fetched) > 0 {
		t.Errorf("%+v, fetched %v", o, p.fetched)
	}
}

func TestAuditReportsWhatItCannotMend(t *testing.T) {
	p := newPlace(t)
	v1 := p.publish("v1")
	p.want(v1)
	if err := os.Remove(p.data("base")); err != nil {
		t.Fatal(err)
	}
	a := p.auditor()
	for name, fetch := range map[string]func(context.Context, string, string) error{
		"no hub":           nil,
		"hub out of reach": func(context.Context, string, string) error { return errors.New("no line") },
		"fetched nothing":  func(context.Context, string, string) error { return nil },
	} {
		a.Fetch = fetch
		if o := once(t, a); o.Mended != 0 || len(o.Left) != 1 || !strings.Contains(o.Left[0], "1 parts missing") {
			t.Errorf("%s: %+v", name, o)
		}
	}
	dead, err := artifact.Connect("http://127.0.0.1:1", &http.Client{})
	if err != nil {
		t.Fatal(err)
	}
	a.Registry = dead
	if o, err := a.Once(t.Context()); err == nil || o.Missing > 0 {
		t.Errorf("a registry that cannot be asked counts as empty: %+v, %v", o, err)
	}
}

func TestScrubGoesRound(t *testing.T) {
	p := newPlace(t)
	p.want(p.publish("v1"), p.publish("v2"))
	a := p.auditor()
	a.ScrubBytes = 5 // one blob at a time
	if err := os.WriteFile(p.data("delta v2"), []byte("delta xx"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for range 6 {
		o := once(t, a)
		damaged += o.Damaged
		if o.Read == 0 || o.Read > 9 {
			t.Errorf("read %d bytes, want one or two blobs", o.Read)
		}
	}
	if damaged != 1 {
		t.Errorf("found %d damaged blobs in one round, want 1", damaged)
	}
	a.ScrubBytes = -1
	if o := once(t, a); o.Read != 0 {
		t.Errorf("read %d bytes with scrubbing off", o.Read)
	}
}

func TestPause(t *testing.T) {
	for range 100 {
		if got := inventory.Pause(time.Hour); got < 54*time.Minute || got > 66*time.Minute {
			t.Fatalf("Pause(1h) = %s", got)
		}
	}
}
