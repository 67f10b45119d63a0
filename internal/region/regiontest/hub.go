// SPDX-License-Identifier: Apache-2.0

// Package regiontest gives tests of a region a hub that signs real orders into
// a real registry, and that can be made to vanish or to lie.
package regiontest

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/link"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/registry"
	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/trust"
)

// ErrAway is the answer of a hub that cannot be reached.
var ErrAway = errors.New("the hub cannot be reached")

// Clock is a clock that tests move.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock starts at a fixed time.
func NewClock() *Clock { return &Clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Hub signs orders for one region.
type Hub struct {
	UID    string
	Region order.Region
	Root   []byte
	Clock  *Clock

	holder   crypto.Signer
	keys     trust.Signers
	roots    trust.Roots
	sizes    map[string]int64
	feeds    map[string]*published
	blobs    map[string][]byte
	store    *region.Store // of the region that joined last
	reader   string        // the hub's own recipient
	registry *artifact.Registry
	files    trust.Files
	// Sequence of the order published last.
	Sequence int64

	mu      sync.Mutex
	away    bool
	reports [][]byte
}

var _ link.Hub = (*Hub)(nil)

// NewHub returns a hub of its own with an empty registry.
func NewHub(t testing.TB, clock *Clock, name, jurisdiction string) *Hub {
	t.Helper()
	h := &Hub{
		UID: "hub-" + t.Name(), Clock: clock, sizes: map[string]int64{}, feeds: map[string]*published{}, blobs: map[string][]byte{},
		Region: order.Region{
			Name: name, UID: "uid-of-" + name, Jurisdiction: jurisdiction, Profile: "Standard", Link: "Remote", HeartbeatSeconds: 30,
		},
	}
	_, h.reader = seal.NewIdentity()
	h.holder, h.keys = newKey(t), newKeys(t)
	h.sign(t, nil, 1)
	h.Root = h.roots[0]
	h.registry, _ = NewRegistry(t)
	return h
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := keyring.New()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newKeys(t testing.TB) trust.Signers {
	t.Helper()
	return trust.Signers{Targets: newKey(t), Snapshot: newKey(t), Timestamp: newKey(t), Bundle: newKey(t)}
}

// sign adds a root that the holder signs.
func (h *Hub) sign(t testing.TB, previous []byte, term int64) {
	t.Helper()
	spec := trust.RootSpec{
		HubUID: h.UID, Term: term, Region: h.Region.Name, Holders: []crypto.PublicKey{h.holder.Public()},
		Online: h.keys.Public(), Expires: h.Clock.Now().AddDate(10, 0, 0),
	}
	root, err := trust.NewRoot(spec)
	if previous != nil {
		root, err = trust.NextRoot(previous, spec)
	}
	if err == nil {
		root, err = trust.SignRoot(root, h.holder)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.roots = append(h.roots, root)
}

// RotateKeys replaces the region's online keys by a new root, as after a theft.
// Sequences go on under the new term.
func (h *Hub) RotateKeys(t testing.TB) {
	t.Helper()
	h.keys = newKeys(t)
	h.sign(t, h.roots.Newest(), h.Term()+1)
}

// Term is the term that the hub's newest root says.
func (h *Hub) Term() int64 { return int64(len(h.roots)) }

// NewRegistry returns a client of an empty registry and its URL.
func NewRegistry(t testing.TB) (client *artifact.Registry, url string) {
	t.Helper()
	handler, err := registry.NewUnprotected(context.WithoutCancel(t.Context()), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	if client, err = artifact.Connect(server.URL, server.Client()); err != nil {
		t.Fatal(err)
	}
	return client, server.URL
}

// Joined is what a region keeps that joined this hub.
func (h *Hub) Joined() region.Joined {
	return region.Joined{
		HubUID: h.UID, Term: 1, Region: h.Region.Name, RegionUID: h.Region.UID, Jurisdiction: h.Region.Jurisdiction,
		Gateways: []string{"https://gateway.invalid:8443"}, Root: h.Root, Incarnation: 1,
	}
}

// Publish compiles, signs and publishes an order of in under the next sequence.
func (h *Hub) Publish(t testing.TB, in order.Input) {
	t.Helper()
	h.Sequence++
	h.Push(t, h.Sign(t, in, h.Sequence))
}

// Sign compiles and signs an order and returns its files, without publishing.
func (h *Hub) Sign(t testing.TB, in order.Input, sequence int64) map[string][]byte {
	t.Helper()
	in.HubUID, in.Term = h.UID, h.Term()
	if in.Blobs == nil {
		in.Blobs = h.blobs
	}
	if in.Region.Name == "" {
		in.Region = h.Region
	}
	body, err := order.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	index, err := body.At(sequence)
	if err != nil {
		t.Fatal(err)
	}
	return h.SignIndex(t, index, body.Parts, sequence, in.Feeds...)
}

// SignIndex signs any index, with the artifacts of feeds as targets: what a
// hub that was taken over could do.
func (h *Hub) SignIndex(t testing.TB, index []byte, parts map[string][]byte, sequence int64, feeds ...order.Feed) map[string][]byte {
	t.Helper()
	now := h.Clock.Now()
	var artifacts []trust.Artifact
	for _, feed := range feeds {
		if feed.Artifact != "" {
			artifacts = append(artifacts, trust.Artifact{Feed: feed.ID, Digest: feed.Artifact, Size: max(h.sizes[feed.Artifact], 1)})
		}
	}
	files, err := trust.Sign(h.keys, h.roots, h.files, trust.SignInput{
		Region: h.Region.Name, Index: index, Artifacts: artifacts, Sequence: sequence, Issued: now,
		TimestampExpires: now.Add(15 * time.Minute), Expires: now.AddDate(1, 0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.files = files
	all := maps.Clone(map[string][]byte(files))
	for digest, data := range parts {
		all[artifact.FileName(digest)] = data
	}
	return all
}

// Push makes files the published order, whatever they are.
func (h *Hub) Push(t testing.TB, files map[string][]byte) {
	t.Helper()
	if _, err := h.registry.PushOrder(t.Context(), artifact.OrderRepository(h.Region.Name), files); err != nil {
		t.Fatal(err)
	}
}

// SetAway makes the hub unreachable, or reachable again.
func (h *Hub) SetAway(away bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.away = away
}

func (h *Hub) reach() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.away {
		return ErrAway
	}
	return nil
}

// Reports returns the envelopes received.
func (h *Hub) Reports() [][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([][]byte(nil), h.reports...)
}

// Join implements link.Hub.
func (h *Hub) Join(ctx context.Context, request []byte) (join.Acceptance, error) {
	if err := h.reach(); err != nil {
		return join.Acceptance{}, err
	}
	req, _, err := join.ReadRequest(ctx, request)
	return join.Acceptance{Format: join.AcceptanceFormat, Region: req.Region, Incarnation: 1}, err
}

// WaitOrder implements link.Hub.
func (h *Hub) WaitOrder(_ context.Context, after int64) (int64, bool, error) {
	return h.Sequence, h.Sequence > after, h.reach()
}

// Report implements link.Hub.
func (h *Hub) Report(_ context.Context, envelope []byte) error {
	if err := h.reach(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reports = append(h.reports, envelope)
	return nil
}

// Registry implements link.Hub. Of a hub that is away, it answers nothing.
func (h *Hub) Registry() *artifact.Registry {
	if h.reach() == nil {
		return h.registry
	}
	dead, err := artifact.Connect("http://127.0.0.1:1", http.DefaultClient)
	if err != nil {
		return nil
	}
	return dead
}

// NewRegion returns a region with a state directory of its own that joined
// the hub, which from then on seals to this region's keys.
func NewRegion(t testing.TB, h *Hub, dir string) *region.Region {
	t.Helper()
	store, err := region.OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	h.store = store
	r, err := region.New(h.Region.Name, store, h.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	if r.Joined() == nil {
		if err := r.SetJoined(h.Joined()); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// Tamper replaces text in the parts of a compiled order and makes the index
// name them: what a hub could do that was taken over.
func Tamper(t testing.TB, body order.Body, sequence int64, old, replacement string) (index []byte, parts map[string][]byte) {
	t.Helper()
	index, err := body.At(sequence)
	if err != nil {
		t.Fatal(err)
	}
	parts = map[string][]byte{}
	for digest, data := range body.Parts {
		changed := bytes.ReplaceAll(data, []byte(old), []byte(replacement))
		parts[canonical.Digest(changed)] = changed
		index = bytes.ReplaceAll(index, []byte(digest), []byte(canonical.Digest(changed)))
	}
	return index, parts
}
