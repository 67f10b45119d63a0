// SPDX-License-Identifier: Apache-2.0

package depot_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/registry"
	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

const feed = "intl.test"

// bench is a hub's depot and two regions with keys.
type bench struct {
	registry   *artifact.Registry
	depot      *depot.Depot
	keys       depot.Keys
	releases   map[int64]depot.Release
	identities map[string]string
	recipients map[string]string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	handler, err := registry.NewUnprotected(context.WithoutCancel(t.Context()), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	b := &bench{releases: map[int64]depot.Release{}, identities: map[string]string{}, recipients: map[string]string{}}
	if b.registry, err = artifact.Connect(server.URL, server.Client()); err != nil {
		t.Fatal(err)
	}
	identity, recipient := seal.NewIdentity()
	b.keys = depot.Keys{Key: feedkey.New(), Epoch: 1, Recipient: recipient, Identities: []string{identity}}
	for _, region := range []string{"north", "south"} {
		b.identities[region], b.recipients[region] = seal.NewIdentity()
	}
	b.depot, err = depot.New(b.registry, func(context.Context, string) (depot.Keys, error) { return b.keys, nil }, filepath.Join(t.TempDir(), "depot"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// store keeps a release of the people numbered first to last; every tenth may be held in AL alone.
func (b *bench) store(t *testing.T, number int64, first, last int) {
	t.Helper()
	builder, err := snapshot.NewBuilder(snapshot.Meta{Format: watchlist.FrontlineJSONL}, snapshot.BuilderOptions{Dir: t.TempDir(), Salt: b.keys.Key.Salt()})
	if err != nil {
		t.Fatal(err)
	}
	defer builder.Close()
	for n := first; n <= last; n++ {
		r := watchlist.Record{ID: fmt.Sprintf("T.%05d", n), Type: watchlist.Person, Names: []watchlist.Name{{Full: fmt.Sprintf("Synthetic Person %d", n)}}}
		if n%10 == 0 {
			r.Handling = &watchlist.Handling{Allow: []string{"AL"}}
		}
		if err := builder.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	built, err := builder.Finish(filepath.Join(t.TempDir(), "built"))
	if err != nil {
		t.Fatal(err)
	}
	desc, err := b.depot.Store(t.Context(), artifact.Snapshot{
		Path: built.Path, Digest: built.Digest, Size: built.Size, Feed: feed, Version: number, Records: int64(built.Records),
	}, b.releases[number-1])
	if err != nil {
		t.Fatal(err)
	}
	b.releases[number] = depot.Release{Feed: feed, Number: number, Content: built.Digest, Artifact: desc.Digest.String()}
}

func (b *bench) request(region, jurisdiction string, number int64, previous string) depot.Request {
	return depot.Request{
		Region: region, Jurisdiction: jurisdiction, Release: b.releases[number], ListDate: time.Time{}, Epoch: 1, Recipient: b.recipients[region],
		Previous: previous, Releases: func(n int64) (depot.Release, bool) { r, ok := b.releases[n]; return r, ok },
	}
}

// records are the ids that a region finds in its artifact.
func (b *bench) records(t *testing.T, region, manifest string) map[string]bool {
	t.Helper()
	got, err := b.registry.FetchSnapshot(t.Context(), artifact.FeedRepository(region, feed), manifest,
		artifact.FetchOptions{Dir: t.TempDir(), Identities: []string{b.identities[region]}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Open(got.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ids := map[string]bool{}
	for r, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		if r.Handling != nil && len(r.Handling.Allow) > 0 {
			t.Errorf("record %s tells the region whom else it is shared with", r.ID)
		}
		ids[r.ID] = true
	}
	return ids
}

// A region is given what may be held there, and the bytes of two regions have
// nothing in common.
func TestVariantsOfJurisdictions(t *testing.T) {
	b := newBench(t)
	b.store(t, 1, 1, 1000)
	north, err := b.depot.Cut(t.Context(), b.request("north", "AL", 1, ""))
	if err != nil {
		t.Fatal(err)
	}
	south, err := b.depot.Cut(t.Context(), b.request("south", "ME", 1, ""))
	if err != nil {
		t.Fatal(err)
	}
	if north.Excluded != 0 || south.Excluded != 100 || south.Records != 900 {
		t.Errorf("left out: %d in AL, %d in ME of %d held there", north.Excluded, south.Excluded, south.Records)
	}
	if ids := b.records(t, "south", south.Manifest); len(ids) != 900 || ids["T.00010"] || !ids["T.00011"] {
		t.Errorf("ME holds %d records, T.00010 among them: %v", len(ids), ids["T.00010"])
	}
	if ids := b.records(t, "north", north.Manifest); len(ids) != 1000 {
		t.Errorf("AL holds %d records", len(ids))
	}
	blobs := map[string]string{}
	for region, manifest := range map[string]string{"north": north.Manifest, "south": south.Manifest} {
		list, err := b.registry.Blobs(t.Context(), artifact.FeedRepository(region, feed), manifest)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			if other, known := blobs[d]; known && other != region {
				t.Errorf("blob %s is in both regions", d)
			}
			blobs[d] = region
		}
	}
	if _, err := b.registry.FetchSnapshot(t.Context(), artifact.FeedRepository("north", feed), north.Manifest,
		artifact.FetchOptions{Dir: t.TempDir(), Identities: append([]string{b.identities["south"]}, b.keys.Identities...)}); err == nil {
		t.Error("another region's key, or the hub's, opens the region's copy")
	}
}

// An update is a delta on what the region has; a rebase is a full copy again.
func TestUpdates(t *testing.T) {
	b := newBench(t)
	b.store(t, 1, 1, 20000)
	first, err := b.depot.Cut(t.Context(), b.request("north", "AL", 1, ""))
	if err != nil {
		t.Fatal(err)
	}
	b.store(t, 2, 50, 20050)
	second, err := b.depot.Cut(t.Context(), b.request("north", "AL", 2, first.Manifest))
	if err != nil {
		t.Fatal(err)
	}
	repository := artifact.FeedRepository("north", feed)
	weight, err := b.registry.Weigh(t.Context(), repository, second.Manifest)
	if err != nil || weight.Deltas == 0 || weight.Deltas*10 > weight.Base {
		t.Errorf("the update weighs %+v, %v; want a delta far below a full copy", weight, err)
	}
	if ids := b.records(t, "north", second.Manifest); len(ids) != 20001 || ids["T.00049"] || !ids["T.20050"] {
		t.Errorf("after the update there are %d records", len(ids))
	}
	request := b.request("north", "AL", 2, second.Manifest)
	request.Rebase = true
	full, err := b.depot.Cut(t.Context(), request)
	if err != nil || full.Content != second.Content || full.Manifest == second.Manifest {
		t.Fatalf("a full copy of the same release: %+v, %v", full, err)
	}
	if weight, err := b.registry.Weigh(t.Context(), repository, full.Manifest); err != nil || weight.Deltas*20 > weight.Base {
		t.Errorf("the full copy weighs %+v, %v", weight, err)
	}
	// A region whose artifact was of a release that is gone gets a full copy.
	delete(b.releases, 1)
	if _, err := b.depot.Cut(t.Context(), b.request("north", "AL", 2, first.Manifest)); err != nil {
		t.Errorf("without the release before: %v", err)
	}
}

// The hub's own copies are deltas on each other, and whole again without the
// files that were at hand when they were made.
func TestOwnCopiesGoOn(t *testing.T) {
	b := newBench(t)
	for n := int64(1); n <= 20; n++ {
		b.store(t, n, int(n), 5000+int(n))
	}
	var deltas, bases int
	for n := int64(1); n <= 20; n++ {
		b.depot.Forget(feed)
		path, err := b.depot.Whole(t.Context(), b.releases[n])
		if err != nil {
			t.Fatal(err)
		}
		s, err := snapshot.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if s.Digest() != b.releases[n].Content || s.Records() != 5001 {
			t.Errorf("v%d is %s with %d records", n, s.Digest(), s.Records())
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		weight, err := b.registry.Weigh(t.Context(), depot.Repository(feed), b.releases[n].Artifact)
		if err != nil {
			t.Fatal(err)
		}
		if weight.Deltas > 0 {
			deltas++
		} else {
			bases++
		}
	}
	if deltas < 10 || bases < 2 {
		t.Errorf("%d copies are deltas and %d are bases; want most to be deltas, and a base now and then", deltas, bases)
	}
}

// What was cut is found again, and only for what it is.
func TestFind(t *testing.T) {
	b := newBench(t)
	b.store(t, 1, 1, 1000)
	if _, found, err := b.depot.Find(t.Context(), b.request("north", "AL", 1, "")); found || err != nil {
		t.Fatalf("before anything was cut: found %v, %v", found, err)
	}
	first, err := b.depot.Cut(t.Context(), b.request("north", "AL", 1, ""))
	if err != nil {
		t.Fatal(err)
	}
	b.store(t, 2, 2, 1001)
	second, err := b.depot.Cut(t.Context(), b.request("north", "AL", 2, first.Manifest))
	if err != nil {
		t.Fatal(err)
	}
	// Going back: the artifact that the region retains, not a new one.
	got, found, err := b.depot.Find(t.Context(), b.request("north", "AL", 1, second.Manifest))
	if err != nil || !found || got.Manifest != first.Manifest || got.Content != first.Content {
		t.Errorf("going back finds %+v, %v, %v; want %+v", got, found, err, first)
	}
	for name, edit := range map[string]func(*depot.Request){
		"another key":          func(r *depot.Request) { r.Epoch = 2 },
		"another jurisdiction": func(r *depot.Request) { r.Jurisdiction = "ME" },
		"a full copy is asked": func(r *depot.Request) { r.Rebase = true },
		"another region":       func(r *depot.Request) { r.Region = "south" },
	} {
		r := b.request("north", "AL", 1, second.Manifest)
		edit(&r)
		if _, found, err := b.depot.Find(t.Context(), r); found || err != nil {
			t.Errorf("%s: found %v, %v", name, found, err)
		}
	}
}

// Regions that want the same at once share the work and get what they should.
func TestCutAtOnce(t *testing.T) {
	b := newBench(t)
	b.store(t, 1, 1, 2000)
	b.depot.Forget(feed) // so that the hub's own copy is fetched
	var group sync.WaitGroup
	for region := range b.identities {
		for range 4 {
			group.Go(func() {
				got, err := b.depot.Cut(t.Context(), b.request(region, "AL", 1, ""))
				if err != nil || got.Records != 2000 {
					t.Errorf("%s: %d records, %v", region, got.Records, err)
				}
			})
		}
	}
	group.Wait()
}
