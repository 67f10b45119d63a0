// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/serve"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// bench is a keeper over a directory that a test fills.
type bench struct {
	t      *testing.T
	dir    dataset.Dir
	ack    string
	engine *matcher.Engine
	keeper *serve.Keeper
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: dataset.OpenDir(t.TempDir()), ack: t.TempDir(), engine: matcher.New(matcher.Options{})}
	if err := b.dir.Prepare(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.engine.Close)
	b.keeper = serve.New(b.engine, serve.Options{Region: "north", Pool: "general", Dir: b.dir, Ack: b.ack, Poll: 20 * time.Millisecond})
	b.write(dataset.Clocks{OrderIssued: time.Now(), Connected: true})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := b.keeper.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return b
}

func (b *bench) write(c dataset.Clocks) {
	b.t.Helper()
	if err := b.dir.WriteClocks(c); err != nil {
		b.t.Fatal(err)
	}
}

// feed puts a list of one person on disk.
func (b *bench) feed(id string, release int64) dataset.Feed {
	b.t.Helper()
	built, err := snapshot.Build(snapshot.Meta{Format: watchlist.FrontlineJSONL}, []watchlist.Record{{
		ID: id, Type: watchlist.Person, Names: []watchlist.Name{{Full: "Orlind Testaku"}}, Issued: time.Unix(release*86400, 0).UTC().Format(time.DateOnly),
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(b.dir.BlobPath(built.Digest), built.Bytes, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return dataset.Feed{ID: id, State: dataset.Serve, Release: release, Content: built.Digest, Size: built.Size}
}

func (b *bench) install(feeds ...dataset.Feed) string {
	b.t.Helper()
	digest, err := b.dir.Install(dataset.Set{Region: "north", Pool: "general", Feeds: feeds})
	if err != nil {
		b.t.Fatal(err)
	}
	return digest
}

// force installs a set, whether its blobs are there or not.
func (b *bench) force(set dataset.Set) string {
	b.t.Helper()
	for _, f := range set.Feeds {
		if f.Blocks != "" && !b.dir.HasBlob(f.Blocks) {
			path := b.dir.BlobPath(f.Blocks)
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				b.t.Fatal(err)
			}
			defer func() { _ = os.Remove(path) }()
		}
	}
	digest, err := b.dir.Install(set)
	if err != nil {
		b.t.Fatal(err)
	}
	return digest
}

func (b *bench) blob(data []byte) string {
	b.t.Helper()
	digest := canonical.Digest(data)
	if err := os.WriteFile(b.dir.BlobPath(digest), data, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return digest
}

// blocked is the feed with an overlay of the records' ids.
func (b *bench) blocked(f dataset.Feed, version int64, ids ...string) dataset.Feed {
	b.t.Helper()
	o := block.Overlay{Feed: f.ID, Version: version, Key: feedkey.Key{1}.RecordKey()}
	for _, id := range ids {
		o.Records = append(o.Records, o.Key.Hash(id))
	}
	data, err := block.Encode(o)
	if err != nil {
		b.t.Fatal(err)
	}
	f.Blocks = b.blob(data)
	return f
}

// found are the records that answer to the name on the bench's lists.
func (b *bench) found(at time.Time) []string {
	b.t.Helper()
	a, err := b.engine.Screen(b.t.Context(), screen.Request{Subject: screen.Subject{Names: []screen.Name{{Full: "Orlind Testaku"}}}}, at)
	if err != nil {
		b.t.Fatal(err)
	}
	ids := []string{}
	for _, c := range a.Candidates {
		ids = append(ids, c.Record)
	}
	return ids
}

func (b *bench) awaitAck(what string, condition func(dataset.Ack) bool) dataset.Ack {
	b.t.Helper()
	var ack dataset.Ack
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var err error
		if ack, err = dataset.ReadAck(b.ack); err == nil && condition(ack) {
			return ack
		}
		if time.Now().After(end) {
			b.t.Fatalf("never acknowledged: %s; the last is %+v (%v)", what, ack, err)
		}
	}
}

func TestReadyIsAboutLoading(t *testing.T) {
	b := newBench(t)
	if err := b.keeper.Ready(); err == nil || !strings.Contains(err.Error(), "no set") {
		t.Errorf("before the first set: %v", err)
	}
	loading := dataset.Feed{ID: "intl.b", State: dataset.Unavailable, Reason: string(screen.ReasonLoading)}
	region := dataset.Feed{ID: "intl.c", State: dataset.Unavailable, Reason: string(screen.ReasonRegion)}
	first := b.install(b.feed("intl.a", 1), loading, region)
	b.awaitAck("the first set", func(a dataset.Ack) bool { return a.Set == first })
	if err := b.keeper.Ready(); err == nil || !strings.Contains(err.Error(), "intl.b") {
		t.Errorf("with a feed loading: %v, want its name", err)
	}
	second := b.install(b.feed("intl.a", 1), b.feed("intl.b", 4), region)
	ack := b.awaitAck("the second set", func(a dataset.Ack) bool { return a.Set == second })
	if err := b.keeper.Ready(); err != nil {
		t.Errorf("with every feed loaded or not allowed here: %v", err)
	}
	if diff := cmp.Diff(map[string]int64{"intl.a": 1, "intl.b": 4}, ack.Feeds); diff != "" {
		t.Errorf("acknowledged releases differ (-want +got):\n%s", diff)
	}
}

func TestRefusedSetLeavesTheOld(t *testing.T) {
	tests := []struct {
		name string
		set  func(b *bench) dataset.Set
		want string
	}{
		{"a blob whose bytes changed", func(b *bench) dataset.Set {
			f := b.feed("intl.a", 2)
			path := b.dir.BlobPath(f.Content)
			data, err := os.ReadFile(path)
			if err != nil {
				b.t.Fatal(err)
			}
			data[len(data)-1] ^= 1
			if err := os.WriteFile(path, data, 0o600); err != nil {
				b.t.Fatal(err)
			}
			return dataset.Set{Region: "north", Pool: "general", Feeds: []dataset.Feed{f}}
		}, "not the content ordered"},
		{"a set of another pool", func(*bench) dataset.Set { return dataset.Set{Region: "north", Pool: "other"} }, "for pool other"},
		{"a set of another region", func(*bench) dataset.Set { return dataset.Set{Region: "south", Pool: "general"} }, "region south"},
		{"a legal basis that cannot be read", func(b *bench) dataset.Set {
			f := b.feed("intl.a", 2)
			f.ValidUntil = "soon"
			return dataset.Set{Region: "north", Pool: "general", Feeds: []dataset.Feed{f}}
		}, "end of the legal basis"},
		{"an overlay that is not there", func(b *bench) dataset.Set {
			f := b.feed("intl.a", 2)
			f.Blocks = canonical.Digest([]byte("absent"))
			return dataset.Set{Region: "north", Pool: "general", Feeds: []dataset.Feed{f}}
		}, "overlay"},
		{"an overlay whose bytes changed", func(b *bench) dataset.Set {
			f := b.blocked(b.feed("intl.a", 2), 1, "intl.a")
			if err := os.WriteFile(b.dir.BlobPath(f.Blocks), []byte("{}"), 0o600); err != nil {
				b.t.Fatal(err)
			}
			return dataset.Set{Region: "north", Pool: "general", Feeds: []dataset.Feed{f}}
		}, "fetch it again"},
		{"an overlay that is none", func(b *bench) dataset.Set {
			f := b.feed("intl.a", 2)
			f.Blocks = b.blob([]byte(`{"format":"frontline.blocks/v1"}`))
			return dataset.Set{Region: "north", Pool: "general", Feeds: []dataset.Feed{f}}
		}, "overlay"},
		{"an overlay that is too large", func(b *bench) dataset.Set {
			f := b.feed("intl.a", 2)
			f.Blocks = b.blob(make([]byte, block.MaxBytes+2))
			return dataset.Set{Region: "north", Pool: "general", Feeds: []dataset.Feed{f}}
		}, "overlay"},
		{"an overlay of another feed", func(b *bench) dataset.Set {
			f := b.feed("intl.a", 2)
			f.Blocks = b.blocked(dataset.Feed{ID: "intl.b"}, 1, "intl.a").Blocks
			return dataset.Set{Region: "north", Pool: "general", Feeds: []dataset.Feed{f}}
		}, "another feed"},
		{"a state of another version", func(*bench) dataset.Set {
			return dataset.Set{Region: "north", Pool: "general", Feeds: []dataset.Feed{{ID: "intl.a", State: "Relay"}}}
		}, "differ in version"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			good := b.feed("intl.a", 1)
			first := b.install(good)
			b.awaitAck("the first set", func(a dataset.Ack) bool { return a.Set == first })

			bad := b.force(tt.set(b))
			ack := b.awaitAck("the refusal", func(a dataset.Ack) bool { return a.Refused == bad })
			if ack.Set != first || ack.Feeds["intl.a"] != 1 || !strings.Contains(ack.Error, tt.want) {
				t.Errorf("acknowledged %+v, want the first set in use and an error that contains %q", ack, tt.want)
			}
			serving := b.engine.Serving(time.Now())
			if len(serving.Searched) != 1 || serving.Searched[0].Version != 1 {
				t.Errorf("searched is %v, want release 1", serving.Searched)
			}
			b.install(good)
			b.awaitAck("the refusal is taken back", func(a dataset.Ack) bool { return a.Set == first && a.Refused == "" && a.Error == "" })
		})
	}
}

// A block is live with the swap, needs no new content, is told in the acknowledgement,
// and is lifted by the next set.
func TestBlocksAreLiveWithTheSwap(t *testing.T) {
	b := newBench(t)
	one, two := b.feed("intl.a", 1), b.feed("intl.b", 1)
	for i, step := range []struct {
		name    string
		feeds   []dataset.Feed
		want    []string
		release int64
	}{
		{"none blocked", []dataset.Feed{one, two}, []string{"intl.a", "intl.b"}, 1},
		{"one blocked", []dataset.Feed{b.blocked(one, 1, "intl.a"), two}, []string{"intl.b"}, 1},
		{"an id of another feed", []dataset.Feed{b.blocked(one, 2, "intl.b"), two}, []string{"intl.a", "intl.b"}, 1},
		{"both blocked", []dataset.Feed{b.blocked(one, 3, "intl.a", "intl.z"), b.blocked(two, 1, "intl.b")}, []string{}, 1},
		{"a later release", []dataset.Feed{b.blocked(b.feed("intl.a", 2), 3, "intl.a"), two}, []string{"intl.b"}, 2},
		{"an empty overlay", []dataset.Feed{b.blocked(one, 4), two}, []string{"intl.a", "intl.b"}, 1},
	} {
		digest := b.install(step.feeds...)
		ack := b.awaitAck(step.name, func(a dataset.Ack) bool { return a.Set == digest })
		if diff := cmp.Diff(step.want, b.found(time.Now())); diff != "" {
			t.Errorf("%d, %s: found differs (-want +got):\n%s", i, step.name, diff)
		}
		overlays := map[string]string{}
		for _, f := range step.feeds {
			if f.Blocks != "" {
				overlays[f.ID] = f.Blocks
			}
		}
		if len(overlays)+len(ack.Blocks) > 0 && !cmp.Equal(overlays, ack.Blocks) || ack.Feeds["intl.a"] != step.release {
			t.Errorf("%d, %s: acknowledged %+v, want the overlays %v", i, step.name, ack, overlays)
		}
	}
}

// The old set goes on with its old overlay when a new one cannot be read.
func TestARefusedOverlayBringsNobodyBack(t *testing.T) {
	b := newBench(t)
	first := b.install(b.blocked(b.feed("intl.a", 1), 1, "intl.a"))
	b.awaitAck("the block", func(a dataset.Ack) bool { return a.Set == first })
	f := b.feed("intl.a", 2)
	f.Blocks = b.blob([]byte("damaged"))
	bad := b.install(f)
	ack := b.awaitAck("the refusal", func(a dataset.Ack) bool { return a.Refused == bad })
	if ack.Set != first || len(ack.Blocks) != 1 || len(b.found(time.Now())) != 0 {
		t.Errorf("acknowledged %+v and found %v, want the first overlay in effect", ack, b.found(time.Now()))
	}
}

func TestAckOfAnEarlierProcessIsTakenBack(t *testing.T) {
	dir, ack := dataset.OpenDir(t.TempDir()), t.TempDir()
	if err := dir.Prepare(); err != nil {
		t.Fatal(err)
	}
	if err := dataset.WriteAck(ack, dataset.Ack{Set: "sha256:aa", Feeds: map[string]int64{"intl.a": 1}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	engine := matcher.New(matcher.Options{})
	if err := serve.New(engine, serve.Options{Dir: dir, Ack: ack}).Run(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := dataset.ReadAck(ack)
	if err != nil || got.Set != "" || len(got.Feeds) != 0 {
		t.Errorf("an engine that serves nothing acknowledges %+v (%v)", got, err)
	}
}

func TestFeedsStopByTheirTimes(t *testing.T) {
	b := newBench(t)
	now := time.Now()
	basis, aged := b.feed("intl.a", 1), b.feed("intl.b", 1)
	basis.ValidUntil = now.Add(time.Hour).UTC().Format(time.RFC3339)
	aged.MarkSeconds, aged.StopSeconds = 1800, 10800
	digest := b.install(basis, aged)
	b.awaitAck("the set", func(a dataset.Ack) bool { return a.Set == digest })
	tests := []struct {
		name        string
		after       time.Duration
		mode        screen.Mode
		unavailable []screen.Unavailable
	}{
		{"now", 0, screen.ModeOnline, nil},
		{"past the mark limit", 45 * time.Minute, screen.ModeMarked, nil},
		{"past the legal basis", 2 * time.Hour, screen.ModeMarked, []screen.Unavailable{{Feed: "intl.a", Reason: screen.ReasonLegalBasis}}},
		{"past the stop limit", 4 * time.Hour, screen.ModeOnline, []screen.Unavailable{
			{Feed: "intl.a", Reason: screen.ReasonLegalBasis}, {Feed: "intl.b", Reason: screen.ReasonStale},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := b.engine.Screen(t.Context(), screen.Request{Subject: screen.Subject{Names: []screen.Name{{Full: "Orlind Testaku"}}}}, now.Add(tt.after))
			if err != nil {
				t.Fatal(err)
			}
			serving := b.engine.Serving(now.Add(tt.after))
			if a.Mode != tt.mode || serving.Mode != tt.mode {
				t.Errorf("mode of the answer is %s, of the status %s, want %s", a.Mode, serving.Mode, tt.mode)
			}
			for what, got := range map[string][]screen.Unavailable{"answer": a.Unavailable, "status": serving.Unavailable} {
				if len(got) != len(tt.unavailable) || len(got) > 0 && !cmp.Equal(got, tt.unavailable) {
					t.Errorf("%s: unavailable is %v, want %v", what, got, tt.unavailable)
				}
			}
		})
	}
}
