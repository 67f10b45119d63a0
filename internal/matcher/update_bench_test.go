// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/snapshot/snapshottest"
	communities "github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

// benchRecords is the length of the list that figures are given for.
const benchRecords = 200_000

// reopen is the snapshot again, as a file of its own would be.
func reopen(b *testing.B, s *snapshot.Snapshot) *snapshot.Snapshot {
	b.Helper()
	again, err := snapshot.FromBytes(s.Raw())
	if err != nil {
		b.Fatal(err)
	}
	return again
}

// BenchmarkUpdate is the time from a snapshot on disk to an index that may be swapped
// in: proof of the digest, comparison, index of what changed, weights, probes.
func BenchmarkUpdate(b *testing.B) {
	first := snapshottest.Build(b, snapshottest.List(benchRecords, false))
	before, err := build("sha256:1", newMapping(first), hurry)
	if err != nil {
		b.Fatal(err)
	}
	for _, share := range []float64{0.001, 0.01, 0.05} {
		later := snapshottest.Build(b, snapshottest.Later(benchRecords, false, share, snapshottest.Scattered))
		digest := later.Digest()
		b.Run(fmt.Sprintf("changed=%g%%", share*100), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := reopen(b, later)
				if err := s.Verify(digest); err != nil {
					b.Fatal(err)
				}
				c, err := before.update(digest, newMapping(s))
				if err != nil {
					b.Fatal(err)
				}
				if err := c.probe(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBuild is an index of the whole list, and what it holds for each byte of the snapshot.
func BenchmarkBuild(b *testing.B) {
	for _, wide := range []bool{false, true} {
		s := snapshottest.Build(b, snapshottest.List(benchRecords, wide))
		b.Run(fmt.Sprintf("wide=%v", wide), func(b *testing.B) {
			b.ReportAllocs()
			var c *content
			before := heap()
			for b.Loop() {
				var err error
				if c, err = build("sha256:1", newMapping(reopen(b, s)), hurry); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(heap()-before)/float64(s.Size()), "heap-B/snapshot-B")
			if err := c.probe(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkSearchParts is a search over an index with as many segments as there may be,
// and over one built whole.
func BenchmarkSearchParts(b *testing.B) {
	list := synthetic(20_000)
	e := engineOf(b, Options{}, Feed{ID: "a.b", Digest: "sha256:0", Snapshot: open(b, list)})
	e.renewal.stop()
	run := func(name string) {
		b.Run(name, func(b *testing.B) {
			req := named(list[77].Names[0].Full)
			for b.Loop() {
				if _, err := e.Screen(context.Background(), req, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("whole")
	for i := range maxParts - 1 {
		list[i*100].BirthDates = []string{"1999"}
		if err := e.Update([]Feed{{ID: "a.b", Digest: fmt.Sprintf("sha256:%d", i+1), Snapshot: open(b, list)}}); err != nil {
			b.Fatal(err)
		}
	}
	run(fmt.Sprintf("segments=%d", len(e.set.Load().feeds[0].content.index.parts)))
}

// BenchmarkSearchPeople is one search on a list of 20,000 synthetic people whose names
// are spread as those of large lists are: for somebody listed, by the name as it is,
// misspelt, and with what a passport says, and for somebody who is not.
func BenchmarkSearchPeople(b *testing.B) {
	people := communities.ListPeople(7, 20_000)
	listed := slices.Collect(people.All())
	e := engineOf(b, Options{}, Feed{ID: "a.b", Digest: "sha256:0", Snapshot: open(b, listed)})
	defer e.Close()
	name := func(i int) string { return listed[i*31%len(listed)].Names[0].Text() }
	for _, bc := range []struct {
		name string
		ask  func(i int) screen.Subject
	}{
		{"listed", func(i int) screen.Subject { return full(name(i)) }},
		{"misspelt", func(i int) screen.Subject {
			return full(misspelt(rand.New(rand.NewPCG(uint64(i), 1)), name(i))) //nolint:gosec // not negative
		}},
		{"stranger", func(i int) screen.Subject { return full(people.Stranger(i).Names[0].Text()) }},
		{"stranger with a passport", func(i int) screen.Subject {
			r := people.Stranger(i)
			s := full(r.Names[0].Text())
			s.BirthDates, s.Nationalities, s.Gender = r.BirthDates, r.Nationalities, r.Gender
			s.Documents = []screen.Document{{Number: "T1234567", Country: "AL"}}
			return s
		}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			subjects := make([]screen.Subject, 500)
			for i := range subjects {
				subjects[i] = bc.ask(i)
			}
			b.ReportAllocs()
			candidates, i := 0, 0
			for b.Loop() {
				a, err := e.Screen(context.Background(), screen.Request{Subject: subjects[i%len(subjects)]}, now)
				if err != nil {
					b.Fatal(err)
				}
				candidates += len(a.Candidates)
				i++
			}
			b.ReportMetric(float64(candidates)/float64(i), "candidates")
		})
	}
}
