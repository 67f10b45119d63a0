// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/bundle"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/report"
	"github.com/frontline-screening/frontline/internal/trust"
)

const week = 7 * 24 * time.Hour

// island is a region that has joined and has no line.
type island struct {
	*testing.T
	clock    *regiontest.Clock
	hub      *regiontest.Hub
	dir      string
	region   *region.Region
	follower *region.Follower
	copies   *region.Replicator
	registry *artifact.Registry
	importer *region.Importer
}

func newIsland(t *testing.T) *island {
	t.Helper()
	i := &island{T: t, clock: regiontest.NewClock(), dir: t.TempDir()}
	i.hub = regiontest.NewHub(t, i.clock, "north", "AL")
	i.registry, _ = regiontest.NewRegistry(t)
	i.restart()
	return i
}

func (i *island) restart() {
	i.Helper()
	i.region = regiontest.NewRegion(i.T, i.hub, i.dir)
	i.region.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	i.hub.SetAway(true)
	i.follower = newFollower(i.T, i.region, i.hub)
	var err error
	if i.copies, err = region.NewReplicator(i.region, i.hub.Registry(), i.registry, logr.Discard()); err != nil {
		i.Fatal(err)
	}
	i.importer = region.NewImporter(i.follower, i.registry, logr.Discard())
}

// publish publishes an order of one feed.
func (i *island) publish(release int64, change func(*order.Feed)) order.Feed {
	i.Helper()
	f := i.hub.PushFeed(i.T, "intl.un-sc", release, "Testina Sample", "AL")
	if change != nil {
		change(&f)
	}
	i.hub.Publish(i.T, order.Input{Feeds: []order.Feed{f}})
	return f
}

func (i *island) load(data []byte) (region.Imported, error) {
	i.Helper()
	return i.importer.Import(i.Context(), bytes.NewReader(data))
}

func (i *island) mustLoad(data []byte) region.Imported {
	i.Helper()
	done, err := i.load(data)
	if err == nil {
		err = i.copies.Sync(i.Context())
	}
	if err != nil {
		i.Fatal(err)
	}
	return done
}

// refuses expects a bundle to be refused, and nothing to change by it.
func (i *island) refuses(what string, data []byte, want string) {
	i.Helper()
	before, held := i.region.Verified(), i.region.Copies()
	_, err := i.load(data)
	if err == nil {
		i.Fatalf("%s: imported", what)
	}
	if got := region.ImportReason(err); got != want {
		i.Errorf("%s: refused as %q, want %q: %v", what, got, want, err)
	}
	if i.region.Verified() != before || !maps.EqualFunc(held, i.region.Copies(), func(a, b region.Copy) bool { return a.Artifact == b.Artifact }) {
		i.Errorf("%s: what is in force changed", what)
	}
}

// TestJourneyOfABundle: an order that travels for 60 hours serves, and is 60
// hours old when it does.
func TestJourneyOfABundle(t *testing.T) {
	i := newIsland(t)
	f := i.hub.PushFeed(t, "intl.un-sc", 1, "Testina Sample", "AL")
	f.Freshness = order.Freshness{MarkSeconds: 24 * 3600, StopSeconds: 72 * 3600}
	g := i.hub.PushFeed(t, "intl.other", 1, "Testina Sample", "AL")
	g.Freshness = order.Freshness{StopSeconds: 48 * 3600}
	i.hub.Publish(t, order.Input{Feeds: []order.Feed{f, g}, Pools: []order.Workload{pool("general", "intl.un-sc", "intl.other")}})
	issued := i.clock.Now()
	i.clock.Add(time.Minute)
	data := i.hub.Bundle(t, 7, week, nil)
	i.clock.Add(60 * time.Hour)

	done := i.mustLoad(data)
	if done.Number != 7 || done.Sequence != 1 || !done.Changed || !done.Issued.Equal(issued) || len(done.Feeds) != 2 || done.Feeds[1].Bytes < 1000 {
		t.Errorf("imported %+v", done)
	}
	if v := i.region.Verified(); !v.Clocks.Issued.Equal(issued) {
		t.Errorf("the order counts from %s, it was issued at %s", v.Clocks.Issued, issued)
	}
	if held := i.region.Copies()["intl.un-sc"]; held.Artifact != f.Artifact || held.Release != 1 {
		t.Errorf("held: %+v", held)
	}
	if v := i.region.Judge("intl.un-sc"); !v.Search {
		t.Errorf("60 hours are below its limit of 72: %+v", v)
	}
	if v := i.region.Judge("intl.other"); v.Search || v.Cause != region.CauseStale {
		t.Errorf("60 hours are beyond its limit of 48: %+v", v)
	}
	target, known := i.region.Target("general")
	if !known || !target.Clocks.OrderIssued.Equal(issued) {
		t.Errorf("loaders are told %+v", target.Clocks)
	}
	// What came in a file opens with the region's own keys.
	keys, err := i.region.Store().EpochKeys(f.ID)
	if err != nil {
		t.Fatal(err)
	}
	var identities []string
	for _, k := range keys {
		identities = append(identities, k.Identity)
	}
	snapshot, err := i.registry.FetchSnapshot(t.Context(), artifact.FeedRepository("north", f.ID), f.Artifact,
		artifact.FetchOptions{Dir: t.TempDir(), Content: f.Content, MaxSize: 1 << 30, Identities: identities})
	if err != nil || snapshot.Digest != f.Content {
		t.Errorf("fetched %s: %v", snapshot.Digest, err)
	}
	// A pod that starts verifies the order by itself, at the time of its import.
	proof, statement, err := i.follower.Prove(t.Context())
	if err != nil || len(proof) == 0 || len(statement) == 0 {
		t.Errorf("nothing proves the order to loaders: %v", err)
	}
	// The age goes on.
	i.clock.Add(13 * time.Hour)
	if v := i.region.Judge("intl.un-sc"); v.Cause != region.CauseStale {
		t.Errorf("after 73 hours: %+v", v)
	}
}

func TestBundleIsImportedOnce(t *testing.T) {
	i := newIsland(t)
	i.publish(1, nil)
	data := i.hub.Bundle(t, 7, week, nil)
	i.mustLoad(data)
	i.refuses("the same again", data, string(trust.Replayed))
	i.refuses("a lower number", i.hub.Bundle(t, 6, week, nil), string(trust.Replayed))
	i.restart()
	i.refuses("the same after a restart", data, string(trust.Replayed))

	older := i.hub.Bundle(t, 20, week, nil)
	i.publish(2, nil)
	newest := i.hub.Bundle(t, 19, week, nil)
	i.mustLoad(newest)
	i.refuses("an older order under a higher number", older, string(trust.Rollback))
	if v := i.region.Verified(); v.Sequence != 2 || i.region.Copies()["intl.un-sc"].Release != 2 {
		t.Errorf("order %d is in force", v.Sequence)
	}
}

func TestLineAndBundleAreOneHistory(t *testing.T) {
	i := newIsland(t)
	i.publish(1, nil)
	i.mustLoad(i.hub.Bundle(t, 7, week, nil))

	// The line goes on from what a bundle brought.
	i.hub.SetAway(false)
	i.publish(2, nil)
	mustPull(t, i.follower)
	if v := i.region.Verified(); v.Sequence != 2 {
		t.Fatalf("order %d is in force after the line came back", v.Sequence)
	}
	// What the line brought is not undone by a bundle that was under way.
	i.publish(3, nil)
	late := i.hub.Bundle(t, 8, week, nil)
	i.publish(4, nil)
	mustPull(t, i.follower)
	i.refuses("overtaken by the line", late, string(trust.Rollback))

	// No statement freshens what comes by the line.
	b, err := bundle.NewReader(bytes.NewReader(i.hub.Bundle(t, 9, week, nil)))
	if err != nil {
		t.Fatal(err)
	}
	b.Order[trust.BundleFile] = b.Statement
	i.hub.Push(t, b.Order)
	fresh := regiontest.NewRegion(t, i.hub, t.TempDir())
	i.clock.Add(60 * time.Hour)
	if err := newFollower(t, fresh, i.hub).Pull(t.Context()); trust.ReasonOf(err) != trust.Expired || fresh.Verified() != nil {
		t.Errorf("the line took an expired order with a bundle's statement: %v", err)
	}
}

func TestBundlesThatAreRefused(t *testing.T) {
	i := newIsland(t)
	i.publish(5, func(f *order.Feed) { f.Floor = 5 })
	i.mustLoad(i.hub.Bundle(t, 1, week, nil))

	south := regiontest.NewHub(t, i.clock, "south", "GR")
	regiontest.NewRegion(t, south, t.TempDir())
	south.Publish(t, order.Input{})
	i.refuses("another region's", south.Bundle(t, 9, week, nil), string(trust.WrongRegion))

	i.publish(6, func(f *order.Feed) { f.Floor = 4 })
	i.refuses("below the floor", i.hub.Bundle(t, 9, week, nil), string(trust.BelowFloor))

	i.publish(7, func(f *order.Feed) { f.Floor = 5 })
	data := i.hub.Bundle(t, 10, week, nil)
	i.clock.Add(week)
	i.refuses("expired", data, string(trust.Expired))
	i.clock.Add(-time.Second)
	i.mustLoad(data)
}

// TestTamperedBundles: whatever byte of a bundle's content changes, nothing of
// it is in force, and the bundle itself is good afterwards.
func TestTamperedBundles(t *testing.T) {
	i := newIsland(t)
	i.publish(1, nil)
	data := i.hub.Bundle(t, 7, week, nil)
	kinds := map[string]bool{}
	for _, e := range entries(t, data) {
		changed := bytes.Clone(data)
		changed[e.at+e.size/2] ^= 1
		_, err := i.load(changed)
		if region.ImportReason(err) == "" {
			t.Errorf("entry %s changed: %v", e.name, err)
		}
		kinds[region.ImportReason(err)] = true
		changed = bytes.Clone(data)
		changed[e.at-512+3] ^= 1
		if _, err := i.load(changed); region.ImportReason(err) == "" {
			t.Errorf("header of %s changed: %v", e.name, err)
		}
		for _, cut := range []int64{e.at - 512, e.at - 1, e.at, e.at + e.size/2} {
			if _, err := i.load(data[:cut]); region.ImportReason(err) != region.RefusedTruncated {
				t.Errorf("cut at %d, in %s: %v", cut, e.name, err)
			}
		}
		if i.region.Verified() != nil || len(i.region.Copies()) > 0 {
			t.Fatalf("entry %s changed, and an order is in force", e.name)
		}
	}
	if !kinds[region.RefusedDigest] {
		t.Errorf("refused as %v", kinds)
	}
	for _, cut := range []int{512, 1024} {
		i.refuses("cut before its end", data[:len(data)-cut], region.RefusedTruncated)
	}
	i.refuses("with something behind it", append(bytes.Clone(data), 0), region.RefusedFormat)
	i.mustLoad(data)
}

// TestImportGoesOn: what arrived before an import broke off is not copied again.
func TestImportGoesOn(t *testing.T) {
	i := newIsland(t)
	f := i.publish(1, nil)
	data := i.hub.Bundle(t, 7, week, nil)
	all := entries(t, data)
	last := all[len(all)-1]
	broken := io.MultiReader(bytes.NewReader(data[:last.at+1]), iotest.ErrReader(errors.New("the stick was pulled")))
	if _, err := i.importer.Import(t.Context(), broken); err == nil || region.ImportReason(err) != "" {
		t.Fatalf("broken off: %v", err)
	}
	if i.region.Verified() != nil {
		t.Fatal("an order is in force without its content")
	}
	done := i.mustLoad(data)
	if done.Feeds[0].Bytes != last.size {
		t.Errorf("%d bytes were copied again, %d were missing", done.Feeds[0].Bytes, last.size)
	}
	if held := i.region.Copies()["intl.un-sc"]; held.Artifact != f.Artifact {
		t.Errorf("held: %+v", held)
	}
}

func TestBundleSinceReport(t *testing.T) {
	i := newIsland(t)
	i.publish(1, nil)
	i.mustLoad(i.hub.Bundle(t, 1, week, nil))
	i.publish(2, nil)
	complete := i.hub.Bundle(t, 3, week, nil)
	short := i.hub.Bundle(t, 2, week, map[string][]int64{"intl.un-sc": {1}, "gone.feed": {9}})
	if len(short) >= len(complete) {
		t.Errorf("the difference has %d bytes, all of it %d", len(short), len(complete))
	}
	summary, err := bundle.Describe(bytes.NewReader(short))
	if err != nil || summary.Feeds[0].Absent == 0 || summary.Region != "north" || summary.Number != 2 {
		t.Errorf("described as %+v: %v", summary, err)
	}
	i.mustLoad(short)
	if held := i.region.Copies()["intl.un-sc"]; held.Release != 2 {
		t.Errorf("held: %+v", held)
	}

	// A region that lost what it had reported needs a complete one.
	i.publish(3, nil)
	short = i.hub.Bundle(t, 4, week, map[string][]int64{"intl.un-sc": {1, 2}})
	complete = i.hub.Bundle(t, 5, week, nil)
	i.registry, _ = regiontest.NewRegistry(t)
	i.restart()
	i.refuses("a difference to what is lost", short, region.RefusedContent)
	i.mustLoad(complete)
}

func TestBundleBringsNothingForbidden(t *testing.T) {
	i := newIsland(t)
	f := i.publish(1, nil)
	i.region.SetTerms(nil)
	done := i.mustLoad(i.hub.Bundle(t, 1, week, nil))
	if len(done.Feeds) != 0 || i.region.Verified() == nil {
		t.Errorf("imported %+v", done)
	}
	if has, err := i.registry.HasSnapshot(t.Context(), artifact.FeedRepository("north", f.ID), f.Artifact); has || err != nil {
		t.Errorf("a list that the terms refuse was copied: %v", err)
	}
	i.region.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	i.mustLoad(i.hub.Bundle(t, 2, week, nil))
	if len(i.region.Copies()) != 1 {
		t.Fatal("a list that the terms accept was not copied")
	}
	// An order to erase travels like any other.
	i.publish(2, func(f *order.Feed) { f.State = order.Erase })
	i.mustLoad(i.hub.Bundle(t, 3, week, nil))
	if has, err := i.registry.HasSnapshot(t.Context(), artifact.FeedRepository("north", f.ID), f.Artifact); has || err != nil {
		t.Errorf("an erased list is still held: %v", err)
	}
}

// TestBundleOfAHubThatForgotAnErasure: a hub that was restored from a backup and
// has signed on brings nothing back that was erased, nor takes a floor away.
func TestBundleOfAHubThatForgotAnErasure(t *testing.T) {
	i := newIsland(t)
	i.publish(3, func(f *order.Feed) { f.Floor = 3 })
	i.mustLoad(i.hub.Bundle(t, 1, time.Hour, nil))
	i.publish(2, nil)
	i.refuses("no floor", i.hub.Bundle(t, 2, time.Hour, nil), string(trust.BelowFloor))
	// A feed that the hub no longer has needs none.
	i.hub.Publish(t, order.Input{})
	i.mustLoad(i.hub.Bundle(t, 3, time.Hour, nil))
}

func TestImportWaitsForTheTerms(t *testing.T) {
	i := newIsland(t)
	i.publish(1, nil)
	fresh := regiontest.NewRegion(t, i.hub, i.dir) // nothing read yet
	importer := region.NewImporter(newFollower(t, fresh, i.hub), i.registry, logr.Discard())
	data := i.hub.Bundle(t, 1, week, nil)
	if _, err := importer.Import(t.Context(), bytes.NewReader(data)); err == nil || fresh.Verified() != nil {
		t.Errorf("imported before it is known what may be held: %v", err)
	}
	// Nothing was used up by it.
	i.mustLoad(data)
}

func TestFileAPI(t *testing.T) {
	i := newIsland(t)
	i.publish(1, nil)
	var files region.Files
	server := httptest.NewServer(region.FileAPI(func() region.Files { return files }))
	defer server.Close()
	post := func(path string, body io.Reader) (int, string) {
		t.Helper()
		response, err := http.Post(server.URL+path, "application/x-tar", body) //nolint:noctx // the test's own server
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		data, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(data)
	}
	data := i.hub.Bundle(t, 7, week, nil)
	if status, body := post("/v1/bundles", bytes.NewReader(data)); status != http.StatusServiceUnavailable || !strings.Contains(body, "region join") {
		t.Errorf("before joining: %d %s", status, body)
	}
	reporter := region.NewReporter(i.region, i.hub, func(context.Context) (region.Objects, error) { return region.Objects{}, nil }, "v1", logr.Discard())
	files = region.Files{Import: i.importer.Import, Report: reporter.Make}
	if status, body := post("/v1/bundles", bytes.NewReader(data)); status != http.StatusOK || !strings.Contains(body, `"number":7`) {
		t.Errorf("imported: %d %s", status, body)
	}
	if status, body := post("/v1/bundles", bytes.NewReader(data)); status != http.StatusUnprocessableEntity || !strings.Contains(body, `"reason":"Replayed"`) {
		t.Errorf("replayed: %d %s", status, body)
	}
	identity, err := i.region.Store().Identity("north", i.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	var numbers []int64
	for range 2 {
		status, body := post("/v1/report", nil)
		r, _, err := report.Verify(t.Context(), []byte(body), identity.Key.Public().(ed25519.PublicKey))
		if status != http.StatusOK || err != nil || r.Observed == nil || r.Observed.Sequence != 1 || r.Feeds[0].Keys == nil {
			t.Fatalf("report: %d, %v: %+v", status, err, r)
		}
		numbers = append(numbers, r.Number)
	}
	if numbers[1] <= numbers[0] {
		t.Errorf("reports are numbered %v", numbers)
	}
}

// entry is where a file stands in an archive.
type entry struct {
	name     string
	at, size int64
}

func entries(t *testing.T, data []byte) []entry {
	t.Helper()
	in := bytes.NewReader(data)
	archive := tar.NewReader(in)
	var out []entry
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, entry{h.Name, int64(len(data) - in.Len()), h.Size})
	}
}
