// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/delta"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

const labFeed = "intl.un-sc"

var labDate = time.Date(2026, 2, 27, 0, 0, 0, 0, time.UTC)

// list is a list of invented people that a test edits.
type list struct {
	rng  *rand.Rand
	next int
	all  []watchlist.Record
}

func newList(seed uint64, n int) *list {
	l := &list{rng: rand.New(rand.NewPCG(seed, 7))}
	for range n {
		l.all = append(l.all, l.invent())
	}
	return l
}

// invent makes a record that hardly compresses, as templates do not.
func (l *list) invent() watchlist.Record {
	l.next++
	template := make([]byte, 400)
	for i := range template {
		template[i] = byte(l.rng.Uint32())
	}
	return watchlist.Record{
		ID: fmt.Sprintf("t-%d", l.next), Type: watchlist.Person, Nature: "Wanted",
		Names:        []watchlist.Name{{Full: fmt.Sprintf("Testina Sample %d", l.next)}},
		Fingerprints: []watchlist.Fingerprint{{Position: "right-index", Format: "f", Template: template}},
	}
}

// edit changes so many records: most are altered, some added, some removed.
func (l *list) edit(n int) {
	for range n {
		i := l.rng.IntN(len(l.all))
		switch l.rng.IntN(10) {
		case 0, 1:
			l.all = append(l.all, l.invent())
		case 2:
			l.all[i] = l.all[len(l.all)-1]
			l.all = l.all[:len(l.all)-1]
		default:
			l.all[i].Names = []watchlist.Name{{Full: fmt.Sprintf("Testina Changed %d", l.rng.Uint64())}}
		}
	}
}

// file writes the records that keep selects.
func (l *list) file(t testing.TB, dir string, keep func(watchlist.Record) bool) snapshot.Built {
	t.Helper()
	var kept []watchlist.Record
	for _, r := range l.all {
		if keep == nil || keep(r) {
			kept = append(kept, r)
		}
	}
	b, err := snapshot.Build(snapshot.Meta{Format: watchlist.UNXML, ListDate: labDate}, kept)
	if err != nil {
		t.Fatal(err)
	}
	b.Path = filepath.Join(dir, FileName(b.Digest))
	if err := os.WriteFile(b.Path, b.Bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

// wire counts the bytes of answers' bodies.
type wire struct {
	next  http.RoundTripper
	bytes atomic.Int64
}

func (w *wire) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := w.next.RoundTrip(request)
	if err == nil {
		response.Body = &countedBody{ReadCloser: response.Body, w: w}
	}
	return response, err
}

func (w *wire) take() int64 { return w.bytes.Swap(0) }

type countedBody struct {
	io.ReadCloser
	w *wire
}

func (b *countedBody) Read(data []byte) (int, error) {
	n, err := b.ReadCloser.Read(data)
	b.w.bytes.Add(int64(n))
	return n, err
}

// line returns a client of the same registry whose bytes are counted.
func (s *server) line(t testing.TB) (*Registry, *wire) {
	t.Helper()
	w := &wire{next: http.DefaultTransport}
	r, err := Connect("http://"+s.Host(), &http.Client{Transport: w})
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

// target is one region as the hub sees it, and its loader's folder.
type testRegion struct {
	t    testing.TB
	hub  *server
	name string
	key  feedkey.Key

	identity, recipient string
	hubs, reader        string // the hub's own identity and recipient
	epoch               int64

	dir      string // folder of the files that were cut
	built    snapshot.Built
	release  int64
	manifest string
	config   Config
	patch    int64 // bytes of the last delta; 0 when there was none
}

func newTestRegion(t testing.TB, hub *server, name string) *testRegion {
	r := &testRegion{t: t, hub: hub, name: name, key: feedkey.New(), epoch: 1, dir: t.TempDir()}
	r.identity, r.recipient = seal.NewIdentity()
	r.hubs, r.reader = seal.NewIdentity()
	return r
}

func (r *testRegion) repo() string { return FeedRepository(r.name, labFeed) }

// cutOf is the order to publish a file as the next release.
func (r *testRegion) cutOf(next snapshot.Built) Cut {
	r.t.Helper()
	r.patch = 0
	c := Cut{
		Snapshot: Snapshot{
			Path: next.Path, Digest: next.Digest, Size: next.Size, Records: int64(next.Records),
			Feed: labFeed, Region: r.name, Version: r.release + 1, ListDate: labDate,
		},
		Epoch: r.epoch, Key: r.key, Recipients: []string{r.recipient}, Readers: []string{r.reader}, Dir: r.dir,
		PreviousManifest: r.manifest,
	}
	if r.manifest == "" {
		return c
	}
	previous, err := r.hub.ReadConfig(r.t.Context(), r.repo(), r.manifest, []string{r.hubs})
	if err != nil {
		r.t.Fatal(err)
	}
	c.Previous = &previous
	if path, size, ok := patchFile(r.t, r.dir, r.built, next); ok {
		r.patch = size
		c.Patches = []Patch{{
			Path: path, FromRelease: r.release, From: r.built.Digest,
			ToRelease: r.release + 1, To: next.Digest, ToSize: next.Size,
		}}
	}
	return c
}

// publish cuts the next release and remembers it.
func (r *testRegion) publish(next snapshot.Built, change func(*Cut)) string {
	r.t.Helper()
	c := r.cutOf(next)
	if change != nil {
		change(&c)
	}
	r.cut(c)
	r.built, r.release = next, r.release+1
	return r.manifest
}

func (r *testRegion) cut(c Cut) {
	r.t.Helper()
	desc, config, err := r.hub.CutSnapshot(r.t.Context(), r.repo(), c)
	if err != nil {
		r.t.Fatal(err)
	}
	r.manifest, r.config = desc.Digest.String(), config
	if left, _ := filepath.Glob(filepath.Join(r.dir, ".cut-*")); len(left) > 0 {
		r.t.Errorf("left behind: %v", left)
	}
}

func patchFile(t testing.TB, dir string, before, after snapshot.Built) (path string, size int64, ok bool) {
	t.Helper()
	from, err := snapshot.Open(before.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := snapshot.Open(after.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	var buf bytes.Buffer
	err = delta.Cut(context.Background(), from, to, &buf)
	if errors.Is(err, delta.ErrNoDelta) {
		return "", 0, false
	}
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "delta-"+FileName(after.Digest))
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, int64(buf.Len()), true
}

// loader fetches into its own folder and keeps what it has.
type loader struct {
	*testRegion
	dir  string
	have map[string]string
	last Transfer
}

func (r *testRegion) loader() *loader {
	return &loader{testRegion: r, dir: r.t.TempDir(), have: map[string]string{}}
}

func (l *loader) options() FetchOptions {
	return FetchOptions{
		Dir: l.dir, Content: l.built.Digest, MaxSize: l.built.Size, Identities: []string{l.identity},
		Have:    func(content string) (string, bool) { path, ok := l.have[content]; return path, ok },
		Observe: func(x Transfer) { l.last = x },
	}
}

// fetch brings the region's release and compares it with the file it was cut from.
func (l *loader) fetch(from *Registry) {
	l.t.Helper()
	got, err := from.FetchSnapshot(l.t.Context(), l.repo(), l.manifest, l.options())
	if err != nil {
		l.t.Fatalf("%s v%d: %v", l.name, l.release, err)
	}
	l.same(got)
}

func (l *loader) same(got Snapshot) {
	l.t.Helper()
	want, err := os.ReadFile(l.built.Path)
	if err != nil {
		l.t.Fatal(err)
	}
	have, err := os.ReadFile(got.Path)
	if err != nil || !bytes.Equal(want, have) {
		l.t.Fatalf("%s v%d: %d bytes that are not the %d published, %v", l.name, l.release, len(have), len(want), err)
	}
	if got.Feed != labFeed || got.Region != l.name || got.Version != l.release || got.Epoch != l.epoch ||
		got.Digest != l.built.Digest || !got.ListDate.Equal(labDate) || got.Records != int64(l.built.Records) {
		l.t.Errorf("snapshot %+v", got)
	}
	l.have = map[string]string{got.Digest: got.Path}
	files, err := os.ReadDir(l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, file := range files {
		if path := filepath.Join(l.dir, file.Name()); path != got.Path {
			if filepath.Ext(path) != "" {
				l.t.Errorf("left behind: %s", file.Name())
			}
			_ = os.Remove(path) // the release before
		}
	}
}

// layersOf are the descriptors of an artifact's layers.
func (r *testRegion) layersOf(manifestDigest string) []ocispec.Descriptor {
	r.t.Helper()
	s, err := r.hub.sealedManifest(r.t.Context(), r.repo(), manifestDigest, MaxSnapshot)
	if err != nil {
		r.t.Fatal(err)
	}
	return s.m.Layers
}
