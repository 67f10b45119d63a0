// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// opinionOn is what a search makes of one record.
type opinionOn struct {
	verdict verdict
	score   float64
}

// opinionsOf are those of a search that looks for names of as many points at least.
func opinionsOf(t *rapid.T, s *search, x *index, least float64) map[place]opinionOn {
	out := map[place]opinionOn{}
	err := x.find(t.Context(), s.query, searchable, least, func(p *part, doc uint32, h *hit) {
		at := place{uint32(slices.Index(x.parts, p)), doc} //nolint:gosec // few
		e := entryAt(x, at)
		if c, v := s.judge(&e, h); v != dismissed {
			if s.hopeless(h) {
				t.Fatalf("a record that is judged %v is hopeless", v)
			}
			out[at] = opinionOn{v, c.Score}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// likely is a list of records with words of a small vocabulary, some of them misspelt,
// and what else evidence is made of.
func likely(rng *rand.Rand, n int) []watchlist.Record {
	l := &list{rng: rng}
	for range n {
		l.add()
		r := &l.records[len(l.records)-1]
		for i := range r.Names {
			if rng.IntN(3) == 0 {
				r.Names[i].Full = misspelt(rng, r.Names[i].Full)
			}
		}
		r.BirthDates = birthsOf(rng)
		if rng.IntN(2) == 0 {
			r.Nationalities, r.Gender = []string{[]string{"AL", "FR"}[rng.IntN(2)]}, []string{"F", "M", "X", ""}[rng.IntN(4)]
		}
		if rng.IntN(2) == 0 {
			p := placeOf(rng)
			r.BirthPlaces = []watchlist.Place{{Text: p.Text, Country: p.Country}}
		}
		if rng.IntN(8) == 0 {
			r.Type = watchlist.Entity
		}
	}
	return l.records
}

func placeOf(rng *rand.Rand) screen.Place {
	return screen.Place{Text: []string{"", "Testville", "Otherburg"}[rng.IntN(3)], Country: []string{"AL", "FR"}[rng.IntN(2)]}
}

func birthsOf(rng *rand.Rand) (out []string) {
	for range rng.IntN(3) {
		day := fmt.Sprintf("%d-%02d-%02d", 1960+rng.IntN(12), 1+rng.IntN(12), 1+rng.IntN(28))
		out = append(out, []string{day, day, day[:4], day[:7]}[rng.IntN(4)])
	}
	return out
}

// misspelt is a name with a letter of it another, gone or doubled.
func misspelt(rng *rand.Rand, name string) string {
	w := []rune(name)
	i := rng.IntN(len(w))
	switch rng.IntN(3) {
	case 0:
		w[i] = []rune("aeiou kst")[rng.IntN(9)]
	case 1:
		w = slices.Insert(w, i, w[i])
	case 2:
		w = slices.Delete(w, i, i+1)
	}
	if len(tokens(string(w))) == 0 {
		return name
	}
	return string(w)
}

// A search passes over names that cannot come to its threshold, and over nothing else:
// it judges records as one that looks at all it gathers, and as comparing the record
// with each of its names that is gathered.
func TestNothingIsPassedOverThatCounts(t *testing.T) {
	candidates, passed, tb := 0, 0, t
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		records := likely(rng, 60)
		e := engineOf(tb, Options{Profile: rapid.SampledFrom(screen.Profiles()).Draw(t, "profile")}, Feed{ID: "a.b", Digest: "sha256:1", Snapshot: open(tb, records[:50])})
		defer e.Close()
		if rapid.Bool().Draw(t, "parts") {
			if err := e.Update([]Feed{{ID: "a.b", Digest: "sha256:2", Snapshot: open(tb, records)}}); err != nil {
				t.Fatal(err)
			}
		}
		x := e.set.Load().feeds[0].content.index
		for range 20 {
			of := records[rng.IntN(len(records))]
			req := named(misspelt(rng, of.Names[0].Full))
			req.Line = screen.Lines()[rng.IntN(2)]
			req.Subject.BirthDates = [][]string{nil, of.BirthDates, birthsOf(rng)}[rng.IntN(3)]
			if rng.IntN(2) == 0 {
				req.Subject.Nationalities = []string{"AL"}
			}
			req.Subject.Gender = []string{"", "F", "M", "X"}[rng.IntN(4)]
			if rng.IntN(2) == 0 {
				req.Subject.BirthPlaces = []screen.Place{placeOf(rng)}
			}
			if rng.IntN(3) == 0 {
				req.Subject.Documents = []screen.Document{{Number: fmt.Sprintf("T%05d", rng.IntN(40)), Country: "AL"}}
			}
			q, err := newQuery(&req, now)
			if err != nil {
				t.Fatal(err)
			}
			if rng.IntN(3) == 0 {
				text, at := cutOff(rng, of.Names[0].Full)
				q.addText(text, at)
			}
			s := &search{engine: e, query: q, request: &req, now: now, limits: thresholdsOf(e.options.Profile)}
			got := opinionsOf(t, s, x, pointsOf(s.threshold()))
			want := opinionsOf(t, s, x, everything)
			candidates += len(want)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%+v: judged %v, with everything %v", req.Subject, got, want)
			}
			for i, p := range x.parts {
				for doc := range uint32(p.docs()) { //nolint:gosec // few
					at := place{uint32(i), doc} //nolint:gosec // few
					if p.dead.has(doc) {
						if _, found := want[at]; found {
							t.Fatalf("%+v finds a record that is no more", req.Subject)
						}
						continue
					}
					met, all := likenessTo(x, q, searchable, at)
					packed := entryAt(x, at)
					c, v := s.judge(&packed, &met)
					if is, found := want[at]; found != (v != dismissed) || found && is != (opinionOn{v, c.Score}) {
						t.Fatalf("%+v: record %s is judged %v by itself, %v in the search", req.Subject, packed.id, opinionOn{v, c.Score}, is)
					}
					if _, v := s.judge(&packed, &all); v != dismissed {
						if _, found := want[at]; !found {
							passed++
						}
					}
				}
			}
		}
	})
	if candidates < 500 {
		t.Errorf("%d candidates; the queries find too few", candidates)
	}
	// What gather's rules leave out although it would come to the threshold: names that
	// share less than half of the subject's weight, or common words alone.
	t.Logf("%d candidates, %d records that gathering leaves out", candidates, passed)
	if passed*50 > candidates {
		t.Errorf("gathering leaves out %d records that would be candidates, beside %d that are", passed, candidates)
	}
}

// most is never less than what comparing gives, whatever is asked for whatever.
func TestMostIsNeverLess(t *testing.T) {
	within, tb := 0, t
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		c, err := build("", newMapping(open(tb, likely(rng, 80))), hurry)
		if err != nil {
			t.Fatal(err)
		}
		s := new(scratch)
		for range 20 {
			text := misspelt(rng, randomRecord(rng, "asked").Names[0].Full)
			q := &query{}
			if rng.IntN(2) == 0 {
				q.addText(text)
			} else {
				var at int
				text, at = cutOff(rng, text)
				q.addText(text, at)
			}
			within += bounded(t.Context(), t, s, c.index, text, q.names[0])
		}
	})
	if within < 100 {
		t.Errorf("the bound was within a point %d times; it bounds nothing", within)
	}
}

// bounded compares a name with those that it gathers, and says how often what it came to was
// within a point of the most.
func bounded(ctx context.Context, t rapid.TB, s *scratch, x *index, text string, words []queryWord) (within int) {
	p := x.parts[0]
	pl := x.newPlan(s, words)
	s.table.fill(pl.matches[0])
	err := p.gather(ctx, s, pl, pl.matches[0], p.rangeOf(0, 1), func(names []gathered) {
		for _, g := range names {
			l := x.compare(s, p, pl, pl.matches[0], g.name)
			most := x.most(pl, g.makeup, g.got)
			if l.any() && l.points > most+1e-3 {
				t.Fatalf("%q for %q: %.3f points, at most %.3f", text, nameOf(p, g.name), l.points, most)
			}
			if most-l.points < 1 {
				within++
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return within
}

// The same of names that gathering looks at little of: letters and what is made of them.
func TestMostOfNamesOfLetters(t *testing.T) {
	for _, tc := range []struct{ asked, listed string }{
		{"co k m", "co marakoben"},
		{"o ar", "omari an"},
		{"mare bina tes tarbouk k o", "bina co"},
	} {
		list := synthetic(100)
		list[0].Names = []watchlist.Name{{Full: tc.listed}}
		for i := range 40 { // so that other words tell little
			list[1+i].Names = []watchlist.Name{{Full: "mare"}, {Full: "tes"}, {Full: "tarbouk"}}
		}
		c, err := build("", newMapping(open(t, list)), hurry)
		if err != nil {
			t.Fatal(err)
		}
		q := &query{}
		q.addText(tc.asked)
		bounded(t.Context(), t, new(scratch), c.index, tc.asked, q.names[0])
	}
}

func nameOf(p *part, name uint32) string {
	var out []string
	for _, w := range p.wordsOf(name) {
		out = append(out, p.words.text(w))
	}
	return strings.Join(out, " ")
}

// A name is like itself, whatever it is made of: lists whose names are not would be
// refused by their probes.
func TestEveryNameIsLikeItself(t *testing.T) {
	tb := t
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 4))
		records := likely(rng, 60)
		for i := range records {
			if rng.IntN(4) > 0 {
				continue
			}
			var words []string
			for range 1 + rng.IntN(30) {
				words = append(words, wordOf(1, 10).Draw(t, "word"))
				if rng.IntN(3) == 0 {
					words = append(words, articles[rng.IntN(len(articles))]+words[rng.IntN(len(words))], prefixes[rng.IntN(len(prefixes))], words[rng.IntN(len(words))])
				}
			}
			records[i].Names = []watchlist.Name{{Full: strings.Join(words, " ")}}
		}
		c, err := build("", newMapping(open(tb, records)), hurry)
		if err != nil {
			t.Fatal(err)
		}
		for i := range records {
			q := &query{}
			if q.addText(strongName(&records[i])); len(q.names) == 0 {
				continue
			}
			best := -1.0
			if err := c.index.find(t.Context(), q, searchable, everything, func(p *part, doc uint32, h *hit) {
				if entryAt(c.index, place{0, doc}).id == records[i].ID {
					best = h.good.share()
				}
			}); err != nil {
				t.Fatal(err)
			}
			if best < probeScore {
				t.Fatalf("%q is %.4f like itself", strongName(&records[i]), best)
			}
		}
	})
}
