// SPDX-License-Identifier: Apache-2.0

// Package snapshottest makes synthetic lists of any length, and later versions of
// them, for tests and benchmarks. Nobody on them exists. The same arguments give the
// same records.
package snapshottest

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// Record is the i-th record of the synthetic list in a revision: another revision is
// another person under the same id, the worst a publisher can do to a row. A row
// has about 170 bytes; wide ones have aliases and documents that make it about 300.
func Record(i, revision int, wide bool) watchlist.Record {
	rng := rand.New(rand.NewPCG(uint64(i), uint64(revision)))
	r := watchlist.Record{
		ID: fmt.Sprintf("syn-%07d", i), Type: watchlist.Person, Gender: []string{"M", "F"}[rng.IntN(2)],
		Nationalities: []string{countries[rng.IntN(len(countries))]},
		BirthDates:    []string{date(rng, 1935, 70)},
		BirthPlaces:   []watchlist.Place{{Text: word(rng, 2), Country: countries[rng.IntN(len(countries))]}},
		Programmes:    []string{fmt.Sprintf("SYNTHETIC-%d", i/997%30)},
		Issued:        date(rng, 2005, 25),
	}
	given, family := word(rng, 2), word(rng, 3)
	r.Names = append(r.Names, watchlist.Name{Full: given + " " + word(rng, 2) + " " + family, Given: given, Family: family})
	aliases, documents := rng.IntN(2), rng.IntN(2)
	if wide {
		aliases, documents = 2+rng.IntN(3), 1+rng.IntN(2)
	}
	for range aliases {
		quality := watchlist.Quality("")
		if rng.IntN(3) == 0 {
			quality = watchlist.Low
		}
		r.Names = append(r.Names, watchlist.Name{Full: word(rng, 2) + " " + word(rng, 3), Quality: quality, Kind: watchlist.Alias})
	}
	for range documents {
		r.Documents = append(r.Documents, watchlist.Document{
			Type: "passport", Number: fmt.Sprintf("%c%08d", 'A'+rng.IntN(26), rng.IntN(1e8)), Country: r.Nationalities[0],
		})
	}
	return r
}

var (
	syllables = strings.Fields("ka mo ri ta ves lin dor an sha bel ur qui tor mi zen fal go hus ira jen lop mar nov os pry rud sel tav ul vor wen yx zad eth bro cli dra fen gri")
	countries = strings.Fields("AL AT BA BE BG CH CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LT LU LV MD ME MK MT NL NO PL PT RO RS SE SI SK TR UA XK")
)

func word(rng *rand.Rand, length int) string {
	var b strings.Builder
	for range length + rng.IntN(2) {
		b.WriteString(syllables[rng.IntN(len(syllables))])
	}
	s := b.String()
	return strings.ToUpper(s[:1]) + s[1:]
}

func date(rng *rand.Rand, from, years int) string {
	return fmt.Sprintf("%d-%02d-%02d", from+rng.IntN(years), 1+rng.IntN(12), 1+rng.IntN(28))
}

// List yields the first n records of the list.
func List(n int, wide bool) iter.Seq[watchlist.Record] {
	return func(yield func(watchlist.Record) bool) {
		for i := range n {
			if !yield(Record(i, 0, wide)) {
				return
			}
		}
	}
}

// Spread is where the changed records of a later version are.
type Spread int

// The spreads of a change.
const (
	// Scattered: anywhere.
	Scattered Spread = iota
	// Neighbours: ids that follow each other, as when a publisher revises a programme.
	Neighbours
	// OneShard: records that stand next to each other in the file.
	OneShard
)

// Later yields a later version of the first n records with the share of them changed,
// in parts of one: of the changes, 60 % modify a record (half of them every
// field of it), 25 % add one and 15 % remove one.
func Later(n int, wide bool, share float64, spread Spread) iter.Seq[watchlist.Record] {
	rng := rand.New(rand.NewPCG(3, uint64(n)))
	chosen := make(map[int]bool)
	want := int(float64(n) * share)
	for i := n / 3; len(chosen) < want; i++ {
		switch spread {
		case Scattered:
			chosen[rng.IntN(n)] = true
		case Neighbours:
			chosen[i%n] = true
		case OneShard:
			// The finest shards in turn, until enough records are in them.
			for j := range n {
				if at := snapshot.ShardOf(id(j), snapshot.MaxShards); at < int(share*snapshot.MaxShards*1.1)+1 && len(chosen) < want {
					chosen[j] = true
				}
			}
		}
	}
	return func(yield func(watchlist.Record) bool) {
		rng := rand.New(rand.NewPCG(4, uint64(n)))
		for i := range n {
			r := Record(i, 0, wide)
			if !chosen[i] {
				if !yield(r) {
					return
				}
				continue
			}
			added := false
			switch p := rng.IntN(100); {
			case p < 15:
				continue
			case p < 40:
				added = true
			case p < 70:
				r = Record(i, 1, wide)
			case p < 85:
				r.Programmes = append(r.Programmes, "SYNTHETIC-31")
			default:
				r.Names = append(r.Names, watchlist.Name{Full: word(rng, 2) + " " + word(rng, 3), Kind: watchlist.Alias})
			}
			if !yield(r) {
				return
			}
			if added {
				extra := Record(n+i, 2, wide)
				if spread == OneShard {
					extra.ID = near(i)
				}
				if !yield(extra) {
					return
				}
			}
		}
	}
}

func id(i int) string { return fmt.Sprintf("syn-%07d", i) }

// near is a new id in the shard of the i-th record, as MinShards has them.
func near(i int) string {
	for k := 0; ; k++ {
		if s := fmt.Sprintf("%s-%d", id(i), k); snapshot.ShardOf(s, snapshot.MinShards) == snapshot.ShardOf(id(i), snapshot.MinShards) {
			return s
		}
	}
}

// Build makes a snapshot file of the records in a folder of the test's and opens it.
func Build(t testing.TB, records iter.Seq[watchlist.Record]) *snapshot.Snapshot {
	t.Helper()
	dir := t.TempDir()
	b, err := snapshot.NewBuilder(snapshot.Meta{Format: watchlist.FrontlineJSONL}, snapshot.BuilderOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	for r := range records {
		if err := b.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	built, err := b.Finish(filepath.Join(dir, "snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Open(built.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
