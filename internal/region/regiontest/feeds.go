// SPDX-License-Identifier: Apache-2.0

package regiontest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/delta"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// published is what the hub keeps of a feed between two releases.
type published struct {
	key      feedkey.Key
	epoch    int64
	release  int64
	path     string
	content  string
	config   artifact.Config
	manifest string
	// lost is a recipient whose identity nobody has.
	lost string
}

// Release is what a hub publishes of a feed.
type Release struct {
	Feed   string
	Number int64
	// Text names one person of the list; Records is the list instead of it.
	Text    string
	Records []watchlist.Record
	// Epoch of the region's key to seal to; the one used last when 0.
	Epoch int64
	// Rebase asks for a new base.
	Rebase        bool
	Jurisdictions []string
}

// PushFeed publishes a small list, of which the text describes one person, as
// a release and returns what an order says of it.
func (h *Hub) PushFeed(t testing.TB, id string, release int64, text string, jurisdictions ...string) order.Feed {
	t.Helper()
	return h.PushRelease(t, Release{Feed: id, Number: release, Text: text, Jurisdictions: jurisdictions})
}

// PushRelease publishes a release as an artifact sealed to the region's key,
// with a delta from the release before, and returns what an order says of it.
// Before a region has joined, it is sealed to a key that nobody has.
func (h *Hub) PushRelease(t testing.TB, r Release) order.Feed {
	t.Helper()
	p := h.feeds[r.Feed]
	if p == nil {
		p = &published{key: feedkey.New(), epoch: 1}
		_, p.lost = seal.NewIdentity()
		h.feeds[r.Feed] = p
	}
	if r.Epoch > 0 && r.Epoch != p.epoch {
		p.epoch, p.manifest = r.Epoch, ""
	}
	if r.Records == nil {
		r.Records = People(40)
		r.Records[0].Names = []watchlist.Name{{Full: r.Text}}
	}
	dir := t.TempDir()
	built := build(t, dir, p.key, r.Records)
	cut := artifact.Cut{
		Snapshot: artifact.Snapshot{
			Path: built.Path, Digest: built.Digest, Size: built.Size, Feed: r.Feed, Region: h.Region.Name, Version: r.Number, Records: int64(built.Records),
		},
		Epoch: p.epoch, Key: p.key, Recipients: []string{h.recipient(t, r.Feed, p)}, Readers: []string{h.reader}, Rebase: r.Rebase, Dir: dir,
	}
	if p.manifest != "" {
		cut.Previous, cut.PreviousManifest = &p.config, p.manifest
		cut.Patches = patches(t, dir, p, cut.Snapshot)
	}
	desc, config, err := h.registry.CutSnapshot(t.Context(), artifact.FeedRepository(h.Region.Name, r.Feed), cut)
	if err != nil {
		t.Fatal(err)
	}
	p.release, p.path, p.content, p.config, p.manifest = r.Number, built.Path, built.Digest, config, desc.Digest.String()
	h.sizes[p.manifest] = desc.Size
	return order.Feed{
		ID: r.Feed, UID: "uid-of-" + r.Feed, State: order.Serve, Release: r.Number, Content: built.Digest, Artifact: p.manifest,
		Size: built.Size, Records: int64(built.Records), Epoch: p.epoch, KeyFloor: p.epoch, Retain: 3,
		Grade: "Authoritative", Nature: "Wanted", Purposes: []string{"BorderControl"},
		Jurisdictions: r.Jurisdictions, ListDate: "2026-02-27T00:00:00Z",
	}
}

// recipient is the region's for the epoch that the hub seals to.
func (h *Hub) recipient(t testing.TB, feed string, p *published) string {
	t.Helper()
	if h.store == nil {
		return p.lost
	}
	keys, err := h.store.FeedKeys(feed, p.epoch-1)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		epoch     int64
		recipient string
	}{{keys.Current.Epoch, keys.Current.Recipient}, {keys.Next.Epoch, keys.Next.Recipient}} {
		if k.epoch == p.epoch {
			return k.recipient
		}
	}
	return p.lost // the region has gone beyond the epoch
}

// Blocks makes the feed of an order carry an overlay that blocks the records
// with the ids, sealed to the epoch that the feed is ordered in.
func (h *Hub) Blocks(t testing.TB, f *order.Feed, version int64, ids ...string) {
	t.Helper()
	p := h.feeds[f.ID]
	overlay := block.Overlay{Feed: f.ID, Version: version, Key: p.key.RecordKey()}
	for _, id := range ids {
		overlay.Records = append(overlay.Records, p.key.RecordHash(id))
	}
	plain, err := block.Encode(overlay)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := seal.SealBytes(plain, h.recipient(t, f.ID, p))
	if err != nil {
		t.Fatal(err)
	}
	f.Blocks = &order.Blob{Version: version, Digest: canonical.Digest(sealed), Size: int64(len(sealed))}
	h.blobs[f.Blocks.Digest] = sealed
}

// RecordHash names a record of a feed as requests and overlays do.
func (h *Hub) RecordHash(feed, id string) string { return h.feeds[feed].key.RecordHash(id) }

// Remove deletes an artifact of a feed at the hub, with what it alone refers to.
func (h *Hub) Remove(t testing.TB, f order.Feed) {
	t.Helper()
	repo := artifact.FeedRepository(h.Region.Name, f.ID)
	blobs, err := h.registry.Blobs(t.Context(), repo, f.Artifact)
	if err == nil {
		err = h.registry.Delete(t.Context(), repo, f.Artifact)
	}
	if err == nil {
		err = h.registry.CollectNow(t.Context(), repo, append(blobs, f.Artifact))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// People are invented persons "t-1" to "t-n". Each has a template that hardly
// compresses, so that sizes are those of real lists.
func People(n int) []watchlist.Record {
	out := make([]watchlist.Record, n)
	for i := range out {
		out[i] = watchlist.Record{
			ID: fmt.Sprintf("t-%d", i+1), Type: watchlist.Person, Names: []watchlist.Name{{Full: fmt.Sprintf("Testina Sample %d", i+1)}},
			Fingerprints: []watchlist.Fingerprint{{Position: "right-index", Format: "f", Template: template(i, 0)}},
		}
	}
	return out
}

// Alter gives n of the people, spread over the list, other templates. Each
// round makes others.
func Alter(people []watchlist.Record, round, n int) {
	for k := range n {
		i := (round + k*len(people)/n) % len(people)
		people[i].Fingerprints = []watchlist.Fingerprint{{Position: "right-index", Format: "f", Template: template(i, round+1)}}
	}
}

// template is 320 bytes that look like chance and are always the same.
func template(person, round int) []byte {
	var out []byte
	for j := range 10 {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d/%d/%d", person, round, j))
		out = append(out, sum[:]...)
	}
	return out
}

func build(t testing.TB, dir string, key feedkey.Key, records []watchlist.Record) snapshot.Built {
	t.Helper()
	b, err := snapshot.NewBuilder(snapshot.Meta{Format: watchlist.FrontlineJSONL}, snapshot.BuilderOptions{Dir: dir, Salt: key.Salt()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for i := range records {
		if err := b.Add(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	built, err := b.Finish(filepath.Join(dir, "snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// patches is the delta from the release before, if there is one.
func patches(t testing.TB, dir string, p *published, next artifact.Snapshot) []artifact.Patch {
	t.Helper()
	before, err := snapshot.Open(p.path)
	if err != nil {
		return nil // of a test's folder that is gone
	}
	defer before.Close()
	after, err := snapshot.Open(next.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close()
	var patch bytes.Buffer
	err = delta.Cut(t.Context(), before, after, &patch)
	if errors.Is(err, delta.ErrNoDelta) {
		return nil
	}
	path := filepath.Join(dir, "delta")
	if err == nil {
		err = os.WriteFile(path, patch.Bytes(), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return []artifact.Patch{{Path: path, FromRelease: p.release, From: p.content, ToRelease: next.Version, To: next.Digest, ToSize: next.Size}}
}
