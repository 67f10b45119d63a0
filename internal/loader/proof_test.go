// SPDX-License-Identifier: Apache-2.0

package loader_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/loader"
	"github.com/frontline-screening/frontline/internal/order"
	agent "github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/trust"
)

// truth is a region whose agent tells the truth: what a lying one starts from.
type truth struct {
	t          *testing.T
	dir        string
	hub        *regiontest.Hub
	region     *agent.Region
	follower   *agent.Follower
	replicator *agent.Replicator
	own        *artifact.Registry
}

func newTruth(t *testing.T, name string) *truth {
	t.Helper()
	hub := regiontest.NewHub(t, regiontest.NewClock(), name, "AL")
	dir := t.TempDir()
	r := regiontest.NewRegion(t, hub, dir)
	r.SetTerms(&agent.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl", "AsylumReception"}})
	own, _ := regiontest.NewRegistry(t)
	follower, err := agent.NewFollower(r, hub, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	replicator, err := agent.NewReplicator(r, hub.Registry(), own, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	return &truth{t: t, dir: dir, hub: hub, region: r, follower: follower, replicator: replicator, own: own}
}

// feed publishes a release of feed A with rules of its own.
func (w *truth) feed(release int64) order.Feed {
	w.t.Helper()
	f := w.hub.PushFeed(w.t, feedA, release, "somebody", "AL")
	f.LegalBasis.ValidUntil = "2027-01-01T00:00:00Z"
	f.Freshness = order.Freshness{MarkSeconds: 600, StopSeconds: 3600}
	return f
}

// ordered publishes an order of feeds, pulls it and returns the pool's target;
// with held the feeds are copied first.
func (w *truth) ordered(held bool, feeds ...order.Feed) dataset.Target {
	w.t.Helper()
	spec := json.RawMessage(`{"feeds":[{"id":"` + feedA + `"}]}`)
	w.hub.Publish(w.t, order.Input{Feeds: feeds, Pools: []order.Workload{{Name: pool, UID: "p", Generation: 1, Spec: spec}}})
	if err := w.follower.Pull(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if held {
		if err := w.replicator.Sync(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	target, ok := w.region.Target(pool)
	if !ok {
		w.t.Fatal("the pool has no target")
	}
	return target
}

// verifier is of a pod of the region.
func (w *truth) verifier() *loader.Verifier {
	w.t.Helper()
	pin, ok, err := w.region.Pin()
	if err != nil || !ok {
		w.t.Fatal("no pin", err)
	}
	return verifierOf(w.t, pin)
}

func verifierOf(t *testing.T, pin dataset.Pin) *loader.Verifier {
	t.Helper()
	data, err := canonical.Marshal(pin)
	path := filepath.Join(t.TempDir(), "trust.json")
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return loader.NewVerifier(path, dataset.OpenDir(t.TempDir()))
}

// edited is a target of one feed with a change that shares nothing with it.
func edited(t dataset.Target, edit func(*dataset.Target, *dataset.Feed)) dataset.Target {
	t.Set.Feeds = slices.Clone(t.Set.Feeds)
	t.Proofs = slices.Clone(t.Proofs)
	t.Overlays = maps.Clone(t.Overlays)
	t.Clocks.SourceChecked = maps.Clone(t.Clocks.SourceChecked)
	edit(&t, &t.Set.Feeds[0])
	return t
}

// TestALyingAgent: what an agent says that its proofs do not, whoever made it
// say so, is refused with its reason.
func TestALyingAgent(t *testing.T) {
	w := newTruth(t, region)
	one := w.ordered(true, w.feed(1))
	second := w.feed(2)
	w.hub.Blocks(t, &second, 1, "t-7")
	blocked := w.ordered(true, second)
	second.Floor = 2
	w.hub.Blocks(t, &second, 2, "t-7", "t-8")
	target := w.ordered(true, second)
	elsewhere := newTruth(t, "south")
	south := elsewhere.ordered(true, elsewhere.feed(2))
	if err := w.verifier().Check(t.Context(), target); err != nil {
		t.Fatalf("the truth is refused: %v", err)
	}

	tests := []struct {
		name string
		edit func(*dataset.Target, *dataset.Feed)
		want trust.Reason
	}{
		{"no proof", func(t *dataset.Target, _ *dataset.Feed) { t.Proofs = nil }, loader.NoProof},
		{"another region's proof", func(t *dataset.Target, _ *dataset.Feed) { t.Proofs = south.Proofs }, trust.BadSignature},
		{"another region's files under this region's word", func(t *dataset.Target, _ *dataset.Feed) {
			t.Proofs[0].Files = south.Proofs[0].Files
		}, trust.WrongRegion},
		{"an older order's files under the newest statement", func(t *dataset.Target, _ *dataset.Feed) {
			t.Proofs[0].Files = one.Proofs[0].Files
		}, trust.Mixed},
		{"another order's part of feeds", func(t *dataset.Target, _ *dataset.Feed) { t.Proofs[0].Feeds = one.Proofs[0].Feeds }, trust.Malformed},
		{"a part of feeds that is damaged", func(t *dataset.Target, _ *dataset.Feed) { t.Proofs[0].Feeds = []byte("{") }, trust.Malformed},
		{"no part of feeds", func(t *dataset.Target, _ *dataset.Feed) { t.Proofs[0].Feeds = nil }, trust.Malformed},
		{"an older order first, the newest behind it", func(t *dataset.Target, _ *dataset.Feed) {
			t.Proofs = append(slices.Clone(one.Proofs), t.Proofs...)
		}, trust.Rollback},
		{"content that no order names", func(_ *dataset.Target, f *dataset.Feed) { f.Content = canonical.Digest(nil) }, loader.NotOrdered},
		{"a release that no order names", func(_ *dataset.Target, f *dataset.Feed) { f.Release = 9 }, loader.NotOrdered},
		{"a feed that no order lists", func(_ *dataset.Target, f *dataset.Feed) { f.ID = feedB }, loader.NotOrdered},
		{"content of another region", func(_ *dataset.Target, f *dataset.Feed) { *f = south.Set.Feeds[0] }, loader.TermsChanged},
		{"a release below the floor", func(t *dataset.Target, f *dataset.Feed) {
			t.Proofs = append(t.Proofs, one.Proofs...)
			*f = one.Set.Feeds[0]
		}, trust.BelowFloor},
		{"a lower floor", func(_ *dataset.Target, f *dataset.Feed) { f.Floor = 0 }, loader.TermsChanged},
		{"a later end of the legal basis", func(_ *dataset.Target, f *dataset.Feed) { f.ValidUntil = "2099-01-01T00:00:00Z" }, loader.TermsChanged},
		{"no limit of age", func(_ *dataset.Target, f *dataset.Feed) { f.StopSeconds = 0 }, loader.TermsChanged},
		{"a later mark", func(_ *dataset.Target, f *dataset.Feed) { f.MarkSeconds = 601 }, loader.TermsChanged},
		{"a purpose that the owner does not allow", func(_ *dataset.Target, f *dataset.Feed) {
			f.Purposes = []string{"BorderControl", "AsylumReception"}
		}, loader.TermsChanged},
		{"every purpose", func(_ *dataset.Target, f *dataset.Feed) { f.Purposes = nil }, loader.TermsChanged},
		{"another grade", func(_ *dataset.Target, f *dataset.Feed) { f.Grade = "x" }, loader.TermsChanged},
		{"another date of the list", func(_ *dataset.Target, f *dataset.Feed) { f.ListDate = "2030-01-01" }, loader.NotOrdered},
		{"another size", func(_ *dataset.Target, f *dataset.Feed) { f.Size++ }, loader.NotOrdered},
		{"no blocks", func(_ *dataset.Target, f *dataset.Feed) { f.Blocks = "" }, loader.BlocksChanged},
		{"blocks of an earlier version", func(t *dataset.Target, f *dataset.Feed) {
			f.Blocks, t.Overlays = blocked.Set.Feeds[0].Blocks, blocked.Overlays
		}, loader.BlocksChanged},
		{"earlier blocks beside the sealed ones that the order names", func(_ *dataset.Target, f *dataset.Feed) {
			f.Blocks = blocked.Set.Feeds[0].Blocks
		}, loader.BlocksChanged},
		{"other records sealed under the version that the order names", func(t *dataset.Target, f *dataset.Feed) {
			sealed, plain := w.resealed(t, "t-9")
			f.Blocks, t.Overlays[f.ID] = canonical.Digest(plain), sealed
		}, loader.BlocksChanged},
		{"other records in plain bytes beside the sealed ones", func(t *dataset.Target, f *dataset.Feed) {
			_, plain := w.resealed(t, "t-9")
			f.Blocks = canonical.Digest(plain)
			t.Overlays[f.Blocks] = plain
		}, loader.BlocksChanged},
		{"blocks without the key that opens them", func(t *dataset.Target, _ *dataset.Feed) { t.Keys = nil }, loader.BlocksChanged},
		{"blocks that did not come", func(t *dataset.Target, _ *dataset.Feed) { t.Overlays = nil }, loader.BlocksChanged},
		{"an issue time after the signature", func(t *dataset.Target, _ *dataset.Feed) {
			t.Clocks.OrderIssued = t.Clocks.OrderIssued.Add(time.Second)
		}, loader.ClockForged},
		{"a check of the source that was not signed", func(t *dataset.Target, _ *dataset.Feed) {
			t.Clocks.SourceChecked = map[string]time.Time{feedA: t.Clocks.OrderIssued}
		}, loader.ClockForged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := w.verifier()
			expectReason(t, v.Check(t.Context(), edited(target, tt.edit)), tt.want)
			if err := v.Check(t.Context(), target); err != nil {
				t.Errorf("after the lie the truth is refused: %v", err)
			}
		})
	}
}

// resealed is an overlay of the version ordered last with other records, sealed
// to the key that the agent has.
func (w *truth) resealed(target *dataset.Target, id string) (sealed, plain []byte) {
	w.t.Helper()
	keys := target.Keys[feedA]
	honest, err := seal.OpenBytes(w.region.Verified().Blobs[w.region.Verified().Feed(feedA).Blocks.Digest], block.MaxBytes, keys...)
	var overlay block.Overlay
	if err == nil {
		overlay, err = block.Decode(honest)
	}
	if err == nil {
		overlay.Records = []string{w.hub.RecordHash(feedA, id)}
		plain, err = block.Encode(overlay)
	}
	var recipient string
	if err == nil {
		recipient, err = seal.Recipient(keys[0])
	}
	if err == nil {
		sealed, err = seal.SealBytes(plain, recipient)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return sealed, plain
}

// TestBlocksWithoutKeys: a loader that begins again has no keys; what was proven
// before holds, and nothing else.
func TestBlocksWithoutKeys(t *testing.T) {
	w := newTruth(t, region)
	f := w.feed(1)
	w.hub.Blocks(t, &f, 1, "t-7")
	one := w.ordered(true, f)
	w.hub.Blocks(t, &f, 2, "t-8")
	two := w.ordered(true, f)
	v := w.verifier()
	without := func(target dataset.Target) dataset.Target {
		return edited(target, func(t *dataset.Target, _ *dataset.Feed) { t.Keys = nil })
	}
	expectReason(t, v.Check(t.Context(), without(one)), loader.BlocksChanged)
	if err := v.Check(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if err := v.Check(t.Context(), without(one)); err != nil {
		t.Errorf("blocks that were proven are refused without keys: %v", err)
	}
	expectReason(t, v.Check(t.Context(), without(two)), loader.BlocksChanged)
	expectReason(t, v.Check(t.Context(), edited(two, func(_ *dataset.Target, f *dataset.Feed) {
		f.Blocks = one.Set.Feeds[0].Blocks
	})), loader.BlocksChanged)
}

func expectReason(t *testing.T, err error, want trust.Reason) {
	t.Helper()
	refusal, ok := errors.AsType[*loader.UnprovenError](err)
	switch {
	case !ok || !errors.Is(err, loader.ErrUnproven):
		t.Fatalf("not refused as unproven: %v", err)
	case refusal.Reason != want:
		t.Fatalf("refused as %q, want %q: %v", refusal.Reason, want, err)
	}
}

// TestContentMayBeBehindTheOrder: while the region pulls what is ordered, it
// serves what an older order named; and what the loader took does not go back.
func TestContentMayBeBehindTheOrder(t *testing.T) {
	w := newTruth(t, region)
	v := w.verifier()
	check := func(what string, target dataset.Target, want trust.Reason) {
		t.Helper()
		err := v.Check(t.Context(), target)
		if want == "" {
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			return
		}
		expectReason(t, err, want)
	}
	first, second := w.feed(1), w.feed(2)
	one := w.ordered(true, first)
	pulling := w.ordered(false, second)
	if got := pulling.Set.Feeds[0].Release; got != 1 || len(pulling.Proofs) != 2 {
		t.Fatalf("while release 2 is pulled, the target has release %d and %d proofs", got, len(pulling.Proofs))
	}
	check("release 1 while release 2 is pulled", pulling, "")
	without := edited(pulling, func(t *dataset.Target, _ *dataset.Feed) { t.Proofs = t.Proofs[:1] })
	check("release 1 without the order that named it", without, loader.NotOrdered)
	check("the older order by itself", one, trust.Rollback)
	two := w.ordered(true, second)
	check("release 2", two, "")
	check("release 1 again under the same order", pulling, trust.Rollback)
	back := w.ordered(false, first)
	check("release 2 while the hub orders back to 1", back, "")
	if err := w.replicator.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	pinned, _ := w.region.Target(pool)
	if got := pinned.Set.Feeds[0].Release; got != 1 {
		t.Fatalf("after the order to go back the target has release %d", got)
	}
	check("release 1, to which the hub ordered back", pinned, "")
	// Another loader of the pod's memory goes on from the mark.
	check("nothing served", edited(one, func(t *dataset.Target, f *dataset.Feed) {
		t.Proofs, *f = nil, dataset.Feed{ID: feedA, State: dataset.Unavailable, Reason: "Loading"}
	}), "")
	check("the older order after nothing was served", one, trust.Rollback)
}

// TestFreshPodOfARegionCutOff: the proof holds long after the metadata expired,
// for the order that was verified then and for no other.
func TestFreshPodOfARegionCutOff(t *testing.T) {
	w := newTruth(t, region)
	target := w.ordered(true, w.feed(1))
	w.hub.Clock.Add(60 * time.Hour)
	if err := w.verifier().Check(t.Context(), target); err != nil {
		t.Errorf("a pod that starts 60 hours after the line was cut: %v", err)
	}
}

// TestCrashWhileAnOrderIsPutInForce: whenever the agent's process ends, what it
// tells pods when it begins again is proven.
func TestCrashWhileAnOrderIsPutInForce(t *testing.T) {
	w := newTruth(t, region)
	first := w.feed(1)
	w.ordered(true, first)
	crashed := t.TempDir()
	if err := os.CopyFS(crashed, os.DirFS(w.dir)); err != nil {
		t.Fatal(err)
	}
	first.Floor = 1
	w.ordered(true, first)
	// The order is kept, and nothing after it was written.
	for _, kept := range []string{"trust", "order/parts", "order/verified.json"} {
		if err := os.RemoveAll(filepath.Join(crashed, kept)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(w.dir, kept))
		if err == nil && info.IsDir() {
			err = os.CopyFS(filepath.Join(crashed, kept), os.DirFS(filepath.Join(w.dir, kept)))
		} else if err == nil {
			var data []byte
			if data, err = os.ReadFile(filepath.Join(w.dir, kept)); err == nil {
				err = os.WriteFile(filepath.Join(crashed, kept), data, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	verifier := w.verifier()
	again := regiontest.NewRegion(t, w.hub, crashed)
	again.SetTerms(w.region.Terms())
	target, ok := again.Target(pool)
	if !ok || target.Set.Feeds[0].State != dataset.Serve || target.Set.Feeds[0].Floor != 1 {
		t.Fatalf("after the crash the target is %+v", target.Set)
	}
	if err := verifier.Check(t.Context(), target); err != nil {
		t.Errorf("a pod refuses what the agent says after the crash: %v", err)
	}
}

// TestProofOfABundle: what travelled for 60 hours is proven to pods as it was
// signed, and looks no fresher.
func TestProofOfABundle(t *testing.T) {
	w := newTruth(t, region)
	w.ordered(true, w.feed(1))
	spec := json.RawMessage(`{"feeds":[{"id":"` + feedA + `"}]}`)
	w.hub.Publish(t, order.Input{Feeds: []order.Feed{w.feed(2)}, Pools: []order.Workload{{Name: pool, UID: "p", Generation: 1, Spec: spec}}})
	issued := w.hub.Clock.Now()
	data := w.hub.Bundle(t, 1, 7*24*time.Hour, nil)
	w.hub.Clock.Add(60 * time.Hour)
	if _, err := agent.NewImporter(w.follower, w.own, logr.Discard()).Import(t.Context(), bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if err := w.replicator.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	target, ok := w.region.Target(pool)
	if !ok || target.Set.Feeds[0].Release != 2 || !target.Clocks.OrderIssued.Equal(issued) {
		t.Fatalf("the target is %+v", target.Set)
	}
	if err := w.verifier().Check(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	fresher := edited(target, func(t *dataset.Target, _ *dataset.Feed) { t.Clocks.OrderIssued = w.hub.Clock.Now() })
	expectReason(t, w.verifier().Check(t.Context(), fresher), loader.ClockForged)
}

func TestKeysThatWereReplaced(t *testing.T) {
	w := newTruth(t, region)
	before := w.ordered(true, w.feed(1))
	v := w.verifier()
	w.hub.RotateKeys(t)
	w.hub.Sequence = 0 // a risen term counts anew
	after := w.ordered(true, w.feed(2))
	if err := v.Check(t.Context(), after); err != nil {
		t.Fatalf("an order under replaced keys: %v", err)
	}
	expectReason(t, v.Check(t.Context(), before), trust.Rollback)
}

func TestPinAndMemoryThatCannotBeRead(t *testing.T) {
	w := newTruth(t, region)
	target := w.ordered(true, w.feed(1))
	pin, _, err := w.region.Pin()
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*dataset.Pin){
		"another format": func(p *dataset.Pin) { p.Format = "x" },
		"no region key":  func(p *dataset.Pin) { p.RegionKey = nil },
	} {
		t.Run(name, func(t *testing.T) {
			bad := pin
			edit(&bad)
			if err := verifierOf(t, bad).Check(context.Background(), target); err == nil {
				t.Error("taken")
			}
		})
	}
	for name, edit := range map[string]func(*dataset.Pin){
		"another hub's root":   func(p *dataset.Pin) { p.Root = newTruth(t, region).hub.Root; p.HubUID = "other" },
		"a higher term":        func(p *dataset.Pin) { p.Term = 7 },
		"another hub's UID":    func(p *dataset.Pin) { p.HubUID = "other" },
		"another region's pin": func(p *dataset.Pin) { p.Region = "south" },
	} {
		t.Run(name, func(t *testing.T) {
			bad := pin
			edit(&bad)
			if err := verifierOf(t, bad).Check(context.Background(), target); !errors.Is(err, loader.ErrUnproven) && err == nil {
				t.Error("taken")
			}
		})
	}
	t.Run("damaged memory", func(t *testing.T) {
		dir := dataset.OpenDir(t.TempDir())
		if err := os.WriteFile(filepath.Join(dir.Root(), "mark.json"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		data, err := canonical.Marshal(pin)
		path := filepath.Join(t.TempDir(), "trust.json")
		if err == nil {
			err = os.WriteFile(path, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := loader.NewVerifier(path, dir).Check(t.Context(), target); err == nil {
			t.Error("a loader that lost its memory took a target")
		}
	})
}
