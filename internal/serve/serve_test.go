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

	"github.com/frontline-screening/frontline/internal/dataset"
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

			bad, err := b.dir.Install(tt.set(b))
			if err != nil {
				t.Fatal(err)
			}
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
