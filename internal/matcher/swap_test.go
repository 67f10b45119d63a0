// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/snapshot/snapshottest"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// edition is one content of the feeds of a swap test, as a file.
type edition struct{ path, digest, handling string }

// editions are lists that differ in some records, and in what a record says that every
// search of the test finds.
func editions(t testing.TB, count int) []edition {
	t.Helper()
	l := &list{rng: rand.New(rand.NewPCG(5, 5))}
	for range 300 {
		l.add()
	}
	out := make([]edition, count)
	for i := range out {
		for range 4 {
			l.edit()
		}
		e := &out[i]
		e.handling = fmt.Sprintf("edition %d", i)
		built, err := snapshot.Build(snapshot.Meta{Format: watchlist.FrontlineJSONL}, append([]watchlist.Record{
			{ID: "marker", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Anna Maria Eriksson"}}, Handling: &watchlist.Handling{Text: e.handling}},
			{ID: "blocked", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Anna Maria Eriksson"}}, Handling: &watchlist.Handling{Text: e.handling}},
		}, l.records...))
		if err != nil {
			t.Fatal(err)
		}
		e.digest, e.path = built.Digest, filepath.Join(t.TempDir(), "edition")
		if err := os.WriteFile(e.path, built.Bytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// feeds are the two feeds of a swap test at a version, mapped anew.
func (e edition) feeds(t testing.TB, version int64) []Feed {
	t.Helper()
	feeds := make([]Feed, 2)
	for i := range feeds {
		s, err := snapshot.Open(e.path)
		if err != nil {
			t.Fatal(err)
		}
		feeds[i] = Feed{ID: fmt.Sprintf("a.%d", i), Version: version, Digest: e.digest, Snapshot: s}
		if version%2 == 1 {
			key := feedkey.Key{7}.RecordKey()
			feeds[i].Blocks = &block.Overlay{Feed: feeds[i].ID, Version: version, Key: key, Records: []string{key.Hash("blocked")}}
		}
	}
	return feeds
}

// mixed says what in an answer is not of one and the same version; empty if nothing is.
func mixed(a *screen.Answer, all []edition) string {
	if a.Outcome != screen.Candidates || len(a.Searched) != 2 || len(a.Unavailable) != 0 {
		return fmt.Sprintf("outcome %s, %d feeds searched, %d not", a.Outcome, len(a.Searched), len(a.Unavailable))
	}
	version := a.Searched[0].Version
	e := all[version%int64(len(all))]
	for _, s := range a.Searched {
		if s.Version != version || s.Digest != e.digest {
			return fmt.Sprintf("feed %s is of version %d and content %.15s, want %d and %.15s", s.Feed, s.Version, s.Digest, version, e.digest)
		}
	}
	want := []string{"a.0/marker", "a.1/marker"}
	if version%2 == 0 {
		want = []string{"a.0/blocked", "a.0/marker", "a.1/blocked", "a.1/marker"}
	}
	var got []string
	for _, c := range a.Candidates {
		if c.Handling != e.handling {
			return fmt.Sprintf("version %d answers with a record of another", version)
		}
		got = append(got, c.Feed+"/"+c.Record)
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		return fmt.Sprintf("version %d answers with %v, want %v", version, got, want)
	}
	return ""
}

// A thousand swaps under searches at full speed: no search fails, and each answer is of
// one version in all its parts: feeds, contents, records and blocks.
func TestAThousandSwapsUnderLoad(t *testing.T) {
	all := editions(t, 7)
	e := New(Options{})
	if err := e.Update(all[0].feeds(t, 0)); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var answers, versions atomic.Int64
	var readers sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		readers.Go(func() {
			last := int64(-1)
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, err := e.Screen(context.Background(), named("Anna Maria Eriksson"), now)
				if err != nil {
					t.Error(err)
					return
				}
				if wrong := mixed(&a, all); wrong != "" {
					t.Error(wrong)
					return
				}
				answers.Add(1)
				switch version := a.Searched[0].Version; {
				case version < last:
					t.Errorf("version %d after %d", version, last)
					return
				case version > last:
					versions.Add(1)
					last = version
				}
			}
		})
	}
	for i := range int64(1000) {
		if err := e.Update(all[(i+1)%int64(len(all))].feeds(t, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	readers.Wait()
	if answers.Load() < 1000 || versions.Load() < 100 {
		t.Errorf("%d answers of %d versions were seen: the load was none", answers.Load(), versions.Load())
	}
	e.Close()
	if e.held.Load() != 0 {
		t.Errorf("%d sets are held after the engine was closed", e.held.Load())
	}
	t.Logf("%d answers, %d changes of version seen", answers.Load(), versions.Load())
}

// A set that is searched outlives its swap, and is closed with its last search.
func TestASetInUseStaysMapped(t *testing.T) {
	e := New(Options{})
	s := open(t, people)
	if err := e.Update([]Feed{{ID: "a.b", Digest: "sha256:1", Snapshot: s}}); err != nil {
		t.Fatal(err)
	}
	set := e.acquire()
	if err := e.Update([]Feed{{ID: "a.b", Digest: "sha256:2", Snapshot: open(t, people[:3])}}); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); e.held.Load() > 1 && time.Since(start) < 10*time.Second; { // the empty set before the first
		time.Sleep(time.Millisecond)
	}
	if s.Size() == 0 || e.held.Load() != 1 {
		t.Errorf("while a search uses it: %d bytes, %d sets held", s.Size(), e.held.Load())
	}
	set.release()
	<-set.done
	if s.Size() != 0 {
		t.Error("the snapshot is open after the last search")
	}
	e.Close()
}

// Going back to an older release is an ordinary set.
func TestRollbackIsAnOrdinarySet(t *testing.T) {
	all := editions(t, 3)
	e := New(Options{})
	defer e.Close()
	for _, version := range []int64{0, 1, 2, 1, 0} {
		if err := e.Update(all[version].feeds(t, version)); err != nil {
			t.Fatal(err)
		}
		a, err := e.Screen(t.Context(), named("Anna Maria Eriksson"), now)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := mixed(&a, all); wrong != "" || a.Searched[0].Version != version {
			t.Errorf("at version %d: %s", version, wrong)
		}
	}
}

// BenchmarkSwap swaps between two releases that differ by 1 % of 200,000 records while
// two readers search at full speed. stall is how long a reader waits for a set, search
// how long its search takes, quiet is a search while nothing is swapped.
func BenchmarkSwap(b *testing.B) {
	releases := []*snapshot.Snapshot{
		snapshottest.Build(b, snapshottest.List(benchRecords, false)),
		snapshottest.Build(b, snapshottest.Later(benchRecords, false, 0.01, snapshottest.Scattered)),
	}
	feed := func(i int) []Feed {
		return []Feed{{ID: "a.b", Version: int64(i), Digest: fmt.Sprintf("sha256:%d", i), Snapshot: reopen(b, releases[i%2])}}
	}
	e := New(Options{})
	defer e.Close()
	if err := e.Update(feed(0)); err != nil {
		b.Fatal(err)
	}
	name := snapshottest.Record(benchRecords/2, 0, false).Names[0].Full
	measure := func(during func()) (stalls, searches []time.Duration) {
		var mu sync.Mutex
		var readers sync.WaitGroup
		stop := make(chan struct{})
		for range 2 {
			readers.Go(func() {
				var waited, took []time.Duration
				for {
					select {
					case <-stop:
						mu.Lock()
						stalls, searches = append(stalls, waited...), append(searches, took...)
						mu.Unlock()
						return
					default:
					}
					start := time.Now()
					e.acquire().release()
					waited = append(waited, time.Since(start))
					start = time.Now()
					if _, err := e.Screen(context.Background(), named(name), now); err != nil {
						b.Error(err)
					}
					took = append(took, time.Since(start))
				}
			})
		}
		during()
		close(stop)
		readers.Wait()
		return stalls, searches
	}
	at := func(all []time.Duration, share float64) float64 {
		slices.Sort(all)
		return all[int(share*float64(len(all)-1))].Seconds() * 1e6
	}
	_, quiet := measure(func() { time.Sleep(2 * time.Second) })
	i := 0
	stalls, searches := measure(func() {
		for b.Loop() {
			i++
			if err := e.Update(feed(i)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(at(stalls, 0.99), "stall-p99-µs")
	b.ReportMetric(at(stalls, 1), "stall-max-µs")
	b.ReportMetric(at(quiet, 0.99), "quiet-p99-µs")
	b.ReportMetric(at(searches, 0.5), "search-p50-µs")
	b.ReportMetric(at(searches, 0.99), "search-p99-µs")
	b.ReportMetric(float64(e.renewal.built.Load()), "rebuilds")
}
