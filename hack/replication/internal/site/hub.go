// SPDX-License-Identifier: Apache-2.0

package site

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"sync"
	"time"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/report"
	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/trust"
)

// Names of the one region, pool and feed of a measurement.
const (
	Region       = "north"
	Jurisdiction = "AL"
	Pool         = "general"
	Feed         = "intl.synthetic"
)

// Key is the feed's key, the same in each run so that lists are, too.
var Key = feedkey.Key{1, 2, 3, 4, 5, 6, 7, 8}

// Hub does what the hub's controllers do for one feed and one region, without
// an API server: it stores and cuts releases, signs orders and publishes them.
type Hub struct {
	registry *artifact.Registry
	depot    *depot.Depot
	keys     depot.Keys
	orders   gateway.Notifier

	signers trust.Signers
	root    []byte
	files   trust.Files

	mu       sync.Mutex // one publication at a time
	sequence int64
	feed     order.Feed
	size     int64 // of the artifact's manifest
	blobs    map[string][]byte
	releases map[int64]depot.Release
	heavy    bool
	blocks   int64

	pin    string
	member ed25519.PublicKey

	reports struct {
		sync.Mutex
		last report.Report
		news chan struct{}
	}
	// Steps is how long each step of the publications took.
	Steps Steps
}

// Steps are durations by the name of the step.
type Steps map[string][]time.Duration

func (s Steps) took(name string, start time.Time) { s[name] = append(s[name], time.Since(start)) }

func newHub(registry *artifact.Registry, dir string) (*Hub, error) {
	h := &Hub{registry: registry, blobs: map[string][]byte{}, releases: map[int64]depot.Release{}, Steps: Steps{}}
	h.reports.news = make(chan struct{})
	identity, recipient := seal.NewIdentity()
	h.keys = depot.Keys{Key: Key, Epoch: 1, Recipient: recipient, Identities: []string{identity}}
	var err error
	h.depot, err = depot.New(registry, func(context.Context, string) (depot.Keys, error) { return h.keys, nil }, filepath.Join(dir, "depot"))
	if err != nil {
		return nil, err
	}
	var keys [5]crypto.Signer
	for i := range keys {
		if keys[i], err = keyring.New(); err != nil {
			return nil, err
		}
	}
	h.signers = trust.Signers{Targets: keys[0], Snapshot: keys[1], Timestamp: keys[2], Bundle: keys[3]}
	h.root, err = trust.NewRoot(trust.RootSpec{
		HubUID: hubUID, Term: 1, Region: Region, Holders: []crypto.PublicKey{keys[4].Public()},
		Online: h.signers.Public(), Expires: time.Now().AddDate(10, 0, 0),
	})
	if err == nil {
		h.root, err = trust.SignRoot(h.root, keys[4])
	}
	h.feed = order.Feed{
		ID: Feed, UID: "uid-of-" + Feed, State: order.Serve, Retain: 3, Grade: "Authoritative", Nature: "Wanted",
		Purposes: []string{purpose}, Jurisdictions: []string{Jurisdiction}, ListDate: "2026-02-27T00:00:00Z",
	}
	return h, err
}

const hubUID = "hub-of-the-bench"

// Region implements gateway.Identities.
func (h *Hub) Region(_ context.Context, pin string) (string, bool, error) {
	return Region, pin == h.pin, nil
}

// Join implements gateway.Joiner: the region has joined before the line is up.
func (h *Hub) Join(context.Context, []byte) (join.Acceptance, error) {
	return join.Acceptance{}, errors.New("the region of a measurement has joined already")
}

// Report implements gateway.Reports.
func (h *Hub) Report(ctx context.Context, _ string, envelope []byte) error {
	said, _, err := report.Verify(ctx, envelope, h.member)
	if err != nil {
		return err
	}
	h.reports.Lock()
	defer h.reports.Unlock()
	h.reports.last = said
	close(h.reports.news)
	h.reports.news = make(chan struct{})
	return nil
}

// said waits until the region's last report on the feed satisfies the condition.
func (h *Hub) said(ctx context.Context, what string, condition func(report.Feed) bool) (report.Feed, error) {
	for {
		h.reports.Lock()
		last, news := h.reports.last, h.reports.news
		h.reports.Unlock()
		for _, f := range last.Feeds {
			if f.ID == Feed && condition(f) {
				return f, nil
			}
		}
		select {
		case <-news:
		case <-ctx.Done():
			return report.Feed{}, fmt.Errorf("the region does not report that %s: %w", what, ctx.Err())
		}
	}
}

// Release is the number of the release ordered last.
func (h *Hub) Release() int64 { return h.feed.Release }

// Artifact is the manifest ordered last.
func (h *Hub) Artifact() string { return h.feed.Artifact }

// Publish stores a list as the next release, cuts it for the region, and orders
// it. The file becomes the hub's.
func (h *Hub) Publish(ctx context.Context, list snapshot.Built) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	start := time.Now()
	number := h.feed.Release + 1
	desc, err := h.depot.Store(ctx, artifact.Snapshot{
		Path: list.Path, Digest: list.Digest, Size: list.Size, Feed: Feed, Version: number, Records: int64(list.Records),
	}, h.releases[number-1])
	if err != nil {
		return err
	}
	h.Steps.took("store the hub's copy", start)
	h.releases[number] = depot.Release{Feed: Feed, Number: number, Content: list.Digest, Artifact: desc.Digest.String()}
	return h.supply(ctx, number, max(h.feed.Epoch, 1), false)
}

// Recut orders the release that stands as a full copy: the hub does so when the
// chain of deltas has become long and the region has what was ordered.
func (h *Hub) Recut(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.supply(ctx, h.feed.Release, h.feed.Epoch, true)
}

// Rotate orders the release that stands under the region's next key.
func (h *Hub) Rotate(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.supply(ctx, h.feed.Release, h.feed.Epoch+1, false)
}

// Heavy says that a full copy is due.
func (h *Hub) Heavy() bool { return h.heavy }

func (h *Hub) supply(ctx context.Context, number, epoch int64, rebase bool) error {
	recipient, err := h.recipient(ctx, epoch)
	if err != nil {
		return err
	}
	start := time.Now()
	cut, err := h.depot.Cut(ctx, depot.Request{
		Region: Region, Jurisdiction: Jurisdiction, Release: h.releases[number], Epoch: epoch, Recipient: recipient,
		Previous: h.feed.Artifact, Rebase: rebase,
		Releases: func(n int64) (depot.Release, bool) { r, ok := h.releases[n]; return r, ok },
	})
	if err != nil {
		return err
	}
	manifest, err := h.registry.Resolve(ctx, artifact.FeedRepository(Region, Feed), artifact.ReleaseTag(number))
	if err != nil {
		return err
	}
	h.Steps.took("cut for the region", start)
	h.heavy, h.size = cut.Heavy, manifest.Size
	h.feed.Release, h.feed.Content, h.feed.Artifact = number, cut.Content, cut.Manifest
	h.feed.Size, h.feed.Records, h.feed.Epoch, h.feed.KeyFloor = cut.Size, cut.Records, epoch, epoch
	return h.order(ctx)
}

// recipient is what the region announced for the epoch; it may have to make it first.
func (h *Hub) recipient(ctx context.Context, epoch int64) (string, error) {
	of := func(f report.Feed) string {
		if f.Keys != nil {
			for _, k := range []report.Key{f.Keys.Current, f.Keys.Next} {
				if k.Epoch == epoch {
					return k.Recipient
				}
			}
		}
		return ""
	}
	f, err := h.said(ctx, fmt.Sprintf("it has a key of epoch %d", epoch), func(f report.Feed) bool { return of(f) != "" })
	return of(f), err
}

// Block orders an overlay that blocks the records and no others.
func (h *Hub) Block(ctx context.Context, ids ...string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.blocks++
	overlay := block.Overlay{Feed: Feed, Version: h.blocks, Key: Key.RecordKey()}
	for _, id := range ids {
		overlay.Records = append(overlay.Records, Key.RecordHash(id))
	}
	plain, err := block.Encode(overlay)
	if err != nil {
		return err
	}
	recipient, err := h.recipient(ctx, h.feed.Epoch)
	if err != nil {
		return err
	}
	sealed, err := seal.SealBytes(plain, recipient)
	if err != nil {
		return err
	}
	h.feed.Blocks = &order.Blob{Version: h.blocks, Digest: canonical.Digest(sealed), Size: int64(len(sealed))}
	h.blobs = map[string][]byte{h.feed.Blocks.Digest: sealed}
	return h.order(ctx)
}

// Order publishes an order with what stands; at first, one without a release.
func (h *Hub) Order(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.order(ctx)
}

// order compiles, signs and publishes, and rings.
func (h *Hub) order(ctx context.Context) error {
	start := time.Now()
	h.sequence++
	spec, err := json.Marshal(map[string]any{"feeds": []map[string]string{{"id": Feed}}})
	if err != nil {
		return err
	}
	body, err := order.Compile(order.Input{
		HubUID: hubUID, Term: 1, Blobs: h.blobs,
		Region: order.Region{Name: Region, UID: regionUID, Jurisdiction: Jurisdiction, Profile: "Standard", Link: "Remote", HeartbeatSeconds: 30},
		Feeds:  []order.Feed{h.feed},
		Pools:  []order.Workload{{Name: Pool, UID: "uid-of-pool", Generation: 1, Spec: spec}},
	})
	if err != nil {
		return err
	}
	index, err := body.At(h.sequence)
	if err != nil {
		return err
	}
	var artifacts []trust.Artifact
	if h.feed.Artifact != "" {
		artifacts = append(artifacts, trust.Artifact{Feed: Feed, Digest: h.feed.Artifact, Size: h.size})
	}
	now := time.Now()
	h.files, err = trust.Sign(h.signers, trust.Roots{h.root}, h.files, trust.SignInput{
		Region: Region, Index: index, Artifacts: artifacts, Sequence: h.sequence, Issued: now,
		TimestampExpires: now.Add(24 * time.Hour), Expires: now.AddDate(1, 0, 0),
	})
	if err != nil {
		return err
	}
	all := maps.Clone(map[string][]byte(h.files))
	for digest, data := range body.Parts {
		all[artifact.FileName(digest)] = data
	}
	h.Steps.took("compile and sign the order", start)
	start = time.Now()
	if _, err := h.registry.PushOrder(ctx, artifact.OrderRepository(Region), all); err != nil {
		return err
	}
	h.Steps.took("push the order", start)
	h.orders.Publish(Region, h.sequence)
	return nil
}

const regionUID = "uid-of-" + Region

// admit makes the hub know the region's key.
func (h *Hub) admit(key ed25519.PrivateKey) {
	h.pin = pki.KeyPin(key.Public())
	h.member = ed25519.PublicKey(key[ed25519.SeedSize:])
}
