// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

var now = time.Date(2031, 6, 1, 12, 0, 0, 0, time.UTC)

// people are synthetic; their names are made of common words of several languages.
var people = []watchlist.Record{
	{
		ID: "t-1", Type: watchlist.Person, BirthDates: []string{"1971-02-03"}, Nationalities: []string{"AL"}, Gender: "F",
		Names: []watchlist.Name{
			{Full: "Liridona Testovari Kamberaj"},
			{Full: "Лиридона Тестовари", Kind: watchlist.Original},
			{Full: "Zogza", Quality: watchlist.Low, Kind: watchlist.Alias},
		},
		Documents: []watchlist.Document{{Type: "passport", Number: "T1234567", Country: "AL"}, {Number: "Sample passport number AB 7654321"}},
	},
	{ID: "t-2", Type: watchlist.Person, Nature: "AtRisk", BirthDates: []string{"1980~"}, Names: []watchlist.Name{{Given: "Abdulsample", Family: "Al-Probani"}}, Handling: &watchlist.Handling{Text: "call the desk"}},
	{ID: "t-3", Type: watchlist.Entity, Names: []watchlist.Name{{Full: "Sample Exemplar Trading Co., Ltd."}}},
	{ID: "t-4", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Expired Personaxa"}}, Expires: "2031-01-01T00:00:00Z"},
	{ID: "t-5", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Anna Maria Eriksson"}}, BirthDates: []string{"1974-08-12"}},
}

func open(t testing.TB, records []watchlist.Record) *snapshot.Snapshot {
	t.Helper()
	b, err := snapshot.Build(snapshot.Meta{Format: watchlist.FrontlineJSONL}, records)
	if err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.FromBytes(b.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func engineOf(t testing.TB, o Options, feeds ...Feed) *Engine {
	t.Helper()
	set, err := NewSet(feeds)
	if err != nil {
		t.Fatal(err)
	}
	e := New(o)
	e.Swap(set)
	return e
}

func named(full string) screen.Request {
	return screen.Request{Subject: screen.Subject{Names: []screen.Name{{Full: full}}}}
}

func ids(all []screen.Candidate) string {
	var out []string
	for _, c := range all {
		out = append(out, c.Record)
	}
	return strings.Join(out, " ")
}

func TestScreenFinds(t *testing.T) {
	e := engineOf(t, Options{}, Feed{ID: "a.b", Version: 3, Digest: "sha256:x", Snapshot: open(t, people)})
	with := func(full string, change func(*screen.Subject)) screen.Request {
		r := named(full)
		change(&r.Subject)
		return r
	}
	number := func(n, c string) screen.Request {
		return screen.Request{Subject: screen.Subject{Documents: []screen.Document{{Number: n, Country: c}}}}
	}
	const full = "Liridona Testovari Kamberaj"
	for _, tc := range []struct {
		name              string
		req               screen.Request
		candidates, leads string
	}{
		{"same", named(full), "t-1", ""},
		{"case and marks", named("LÌRIDÓNA testovari KAMBÉRAJ"), "t-1", ""},
		{"own script", named("лиридона ТЕСТОВАРИ"), "t-1", ""},
		{"another order", named("Kamberaj Liridona Testovari"), "t-1", ""},
		{"letter left out", named("Liridona Testovri Kamberaj"), "t-1", ""},
		{"letter added", named("Liridona Testovarri Kamberaj"), "t-1", ""},
		{"letter changed", named("Liridona Tastovari Kamberaj"), "t-1", ""},
		{"letters exchanged", named("Liridona Tesotvari Kamberaj"), "t-1", ""},
		{"a name missing", named("Liridona Kamberaj"), "t-1", ""},
		{"a name more", named("Liridona Testovari Besa Kamberaj"), "t-1", ""},
		{"an initial", named("L. Testovari Kamberaj"), "t-1", ""},
		{"given and family", screen.Request{Subject: screen.Subject{Names: []screen.Name{{Given: "Liridona Testovari", Family: "Kamberaj"}}}}, "t-1", ""},
		{"joined", named("Abdulsample Alprobani"), "t-2", ""},
		{"split", named("Abdul Sample Al Probani"), "t-2", ""},
		{"particle missing", named("Abdulsample Probani"), "t-2", ""},
		{"company without its form", named("Sample Exemplar Trading"), "t-3", ""},
		{"family name alone", named("Kamberaj"), "", ""},
		{"one of three", named("Liridona Other Person"), "", ""},
		{"nobody", named("Somebody Quitedifferent"), "", ""},
		{"expired record", named("Expired Personaxa"), "", ""},
		{"weak alias alone", named("Zogza"), "", "t-1"},
		{"weak alias with birth date", with("Zogza", func(s *screen.Subject) { s.BirthDates = []string{"1971-02-03"} }), "t-1", ""},
		// Dates on papers and lists are wrong more often than three rare words coincide.
		{"birth date contradicts a long name", with(full, func(s *screen.Subject) { s.BirthDates = []string{"1999-09-09"} }), "t-1", ""},
		{"birth date contradicts a short name", with("Zogza", func(s *screen.Subject) { s.BirthDates = []string{"1999-09-09"} }), "", ""},
		{"birth date contradicts a misspelt name", with("Liridna Tastovari", func(s *screen.Subject) { s.BirthDates = []string{"1999-09-09"} }), "", ""},
		{"the same misspelt name alone", named("Liridna Tastovari"), "t-1", ""},
		{"birth date and gender contradict", with("Liridona Kamberaj", func(s *screen.Subject) { s.BirthDates, s.Gender = []string{"1999-09-09"}, "M" }), "", ""},
		{"one of two birth dates agrees", with(full, func(s *screen.Subject) { s.BirthDates = []string{"1999-09-09", "1971"} }), "t-1", ""},
		{"about the year", with("Abdulsample Al Probani", func(s *screen.Subject) { s.BirthDates = []string{"1981-07-01"} }), "t-2", ""},
		{"other nationality alone", with(full, func(s *screen.Subject) { s.Nationalities = []string{"FRA"} }), "t-1", ""},
		{"passport", number("T1234567", "ALB"), "t-1", ""},
		{"passport with blanks", number("t 123-4567", ""), "t-1", ""},
		{"number among words", number("AB7654321", ""), "t-1", ""},
		{"passport of another issuer", number("T1234567", "FR"), "", "t-1"},
		{"another number", number("T1234568", "AL"), "", ""},
		{"another number, with the birth date", screen.Request{Subject: screen.Subject{
			BirthDates: []string{"1971-02-03"}, Gender: "F", Documents: []screen.Document{{Number: "T1234568", Country: "AL"}},
		}}, "", ""},
		{"passport of another issuer, with the birth date", screen.Request{Subject: screen.Subject{
			BirthDates: []string{"1971-02-03"}, Gender: "F", Documents: []screen.Document{{Number: "T1234567", Country: "FR"}},
		}}, "", "t-1"},
		{"letter read for a digit", number("T12345G7", "AL"), "", ""}, // G is not among them
		{"digit read for a letter", number("TI234567", "AL"), "t-1", ""},
		{"two characters misread", number("TIZ34567", "AL"), "", ""},
		{"misread, of another issuer", number("TI234567", "FR"), "", "t-1"},
		{"misread, with another name", screen.Request{Subject: screen.Subject{
			Names: []screen.Name{{Full: "Somebody Quitedifferent"}}, Documents: []screen.Document{{Number: "TI234567", Country: "AL"}},
		}}, "", "t-1"},
		{"misread, with the name", screen.Request{Subject: screen.Subject{
			Names: []screen.Name{{Full: full}}, Documents: []screen.Document{{Number: "TI234567", Country: "AL"}},
		}}, "t-1", ""},
		{"zone", screen.Request{Subject: screen.Subject{MRZ: "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"}}, "t-5", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, err := e.Screen(t.Context(), tc.req, now)
			if err != nil {
				t.Fatal(err)
			}
			if ids(a.Candidates) != tc.candidates || ids(a.Leads) != tc.leads {
				t.Errorf("candidates %q, leads %q; want %q, %q", ids(a.Candidates), ids(a.Leads), tc.candidates, tc.leads)
			}
			want := screen.NoCandidate
			if tc.candidates != "" {
				want = screen.Candidates
			}
			if a.Outcome != want || len(a.ID) != 32 || a.Mode != screen.ModeOnline {
				t.Errorf("outcome %s, id %q, mode %s", a.Outcome, a.ID, a.Mode)
			}
			for _, c := range append(a.Candidates, a.Leads...) {
				if c.Score <= 0 || c.Score > 1 || len(c.Evidence) == 0 || c.Feed != "a.b" {
					t.Errorf("candidate %+v", c)
				}
			}
		})
	}
}

// The second line gets what the first gets, and more: from the score of its own threshold
// on, on each profile.
func TestLines(t *testing.T) {
	list := append(synthetic(300), people...)
	rng := rand.New(rand.NewPCG(11, 2))
	names := make([]string, 300)
	for i := range names {
		names[i] = misspelt(rng, spoilt(rng, list[i].Names[0].Full))
	}
	for _, tc := range []struct {
		profile       screen.Profile
		first, second float64
	}{
		{screen.ProfileHighRecall, 0.35, 0.1}, {screen.ProfileBalanced, 0.5, 0.2}, {screen.ProfileHighPrecision, 0.75, 0.35},
	} {
		t.Run(string(tc.profile), func(t *testing.T) {
			e := engineOf(t, Options{Profile: tc.profile}, Feed{ID: "a.b", Snapshot: open(t, list)})
			more := 0
			for _, name := range names {
				found := map[screen.Line]map[string]float64{}
				for _, line := range []screen.Line{"", screen.LineFirst, screen.LineSecond} {
					req := named(name)
					req.Line, req.Limit = line, screen.MaxLimit
					a, err := e.Screen(t.Context(), req, now)
					if err != nil || a.Omitted > 0 {
						t.Fatalf("%d omitted, %v", a.Omitted, err)
					}
					found[line] = map[string]float64{}
					for _, c := range a.Candidates {
						found[line][c.Record] = c.Score
						least := tc.first
						if line == screen.LineSecond {
							least = tc.second
						}
						if c.Score < least {
							t.Errorf("line %q: a candidate of %.4f, below %.2f", line, c.Score, least)
						}
					}
				}
				if d := cmp.Diff(found[""], found[screen.LineFirst]); d != "" {
					t.Errorf("no line and the first: %s", d)
				}
				for record, score := range found[screen.LineSecond] {
					if first, ok := found[screen.LineFirst][record]; ok != (score >= tc.first) || ok && first != score {
						t.Errorf("record %s has %.4f in the second line, %.4f (%v) in the first", record, score, first, ok)
					}
				}
				more += len(found[screen.LineSecond]) - len(found[screen.LineFirst])
			}
			if more < 10 {
				t.Errorf("the second line got %d candidates more; the queries are too easy", more)
			}
		})
	}
}

func TestScreenKeepsNatureAndHandling(t *testing.T) {
	e := engineOf(t, Options{}, Feed{ID: "a.b", Nature: screen.NatureMissing, Snapshot: open(t, people)})
	a, err := e.Screen(t.Context(), named("Abdulsample Al-Probani"), now)
	if err != nil || len(a.Candidates) != 1 || a.Candidates[0].Nature != screen.NatureAtRisk || a.Candidates[0].Handling != "call the desk" {
		t.Errorf("%+v, %v", a.Candidates, err)
	}
	a, err = e.Screen(t.Context(), named("Anna Maria Eriksson"), now)
	if err != nil || len(a.Candidates) != 1 || a.Candidates[0].Nature != screen.NatureMissing {
		t.Errorf("%+v, %v", a.Candidates, err)
	}
}

func TestFeedStates(t *testing.T) {
	hour := time.Hour
	finger := screen.Request{Subject: screen.Subject{Fingerprints: []screen.Fingerprint{{Format: "iso-19794-2", Template: []byte{1}}}}}
	both := named("Nobody Atall")
	both.Subject.Fingerprints = finger.Subject.Fingerprints
	modality := screen.Unavailable{Feed: "a.b", Reason: screen.ReasonModality, Modality: screen.ModalityFingerprint}
	for _, tc := range []struct {
		name    string
		feed    Feed
		clocks  *Clocks
		req     screen.Request
		outcome screen.Outcome
		missed  []screen.Unavailable
		mode    screen.Mode
	}{
		{name: "fresh", feed: Feed{Mark: hour, Stop: 2 * hour, OrderIssued: now}, outcome: screen.NoCandidate},
		{name: "marked", feed: Feed{Mark: hour, Stop: 3 * hour, OrderIssued: now.Add(-2 * hour)}, outcome: screen.NoCandidate, mode: screen.ModeMarked},
		{name: "stale", feed: Feed{Stop: hour, OrderIssued: now.Add(-2 * hour)}, outcome: screen.OutcomeUnavailable, missed: []screen.Unavailable{{Feed: "a.b", Reason: screen.ReasonStale}}},
		{name: "clocks moved on", feed: Feed{Stop: hour, OrderIssued: now.Add(-2 * hour)}, clocks: &Clocks{OrderIssued: now}, outcome: screen.NoCandidate},
		{name: "legal basis ended", feed: Feed{ValidUntil: now}, outcome: screen.OutcomeUnavailable, missed: []screen.Unavailable{{Feed: "a.b", Reason: screen.ReasonLegalBasis}}},
		{name: "other purpose", feed: Feed{Purposes: []screen.Purpose{screen.PurposeCarrierCheck}}, outcome: screen.OutcomeUnavailable, missed: []screen.Unavailable{{Feed: "a.b", Reason: screen.ReasonPurpose}}},
		{name: "locked", feed: Feed{Unavailable: screen.ReasonLocked}, outcome: screen.OutcomeUnavailable, missed: []screen.Unavailable{{Feed: "a.b", Reason: screen.ReasonLocked}}},
		{name: "fingerprints alone", req: finger, outcome: screen.Incomplete, missed: []screen.Unavailable{modality}},
		{name: "fingerprints beside a name", req: both, outcome: screen.Incomplete, missed: []screen.Unavailable{modality}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.feed.ID = "a.b"
			if tc.feed.Unavailable == "" {
				tc.feed.Snapshot = open(t, people)
			}
			e := engineOf(t, Options{}, tc.feed)
			if tc.clocks != nil {
				e.SetClocks(*tc.clocks)
			}
			req := tc.req
			if len(req.Subject.Names)+len(req.Subject.Fingerprints) == 0 {
				req = named("Nobody Atall")
			}
			req.Purpose = screen.PurposeBorderControl
			a, err := e.Screen(t.Context(), req, now)
			if err != nil {
				t.Fatal(err)
			}
			if tc.missed == nil {
				tc.missed = []screen.Unavailable{}
			}
			if tc.mode == "" {
				tc.mode = screen.ModeOnline
			}
			if d := cmp.Diff(tc.missed, a.Unavailable); a.Outcome != tc.outcome || a.Mode != tc.mode || d != "" {
				t.Errorf("outcome %s, mode %s, missed %s", a.Outcome, a.Mode, d)
			}
		})
	}
}

// A record past its own end is no candidate, by the pool's clock or by the hub's last
// word, whichever is later: offline, and with a clock that was put back, too. The day of
// issue bounds nothing.
func TestRecordsExpire(t *testing.T) {
	end := now.Add(time.Hour)
	e := engineOf(t, Options{}, Feed{ID: "a.b", ValidUntil: now.Add(48 * time.Hour), Snapshot: open(t, []watchlist.Record{
		{ID: "t-1", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Anna Maria Eriksson"}}, Expires: end.Format(time.RFC3339)},
		{ID: "t-2", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Anna Maria Eriksson"}}, Issued: "2035-01-01"},
		{ID: "t-3", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Anna Maria Eriksson"}}, Expires: end.In(time.FixedZone("", 5*3600)).Format(time.RFC3339)},
	})})
	for _, tc := range []struct {
		name   string
		at     time.Time
		clocks Clocks
		want   string
	}{
		{"before its end", end.Add(-time.Second), Clocks{}, "t-1 t-2 t-3"},
		{"at its end", end, Clocks{}, "t-2"},
		{"after it", end.Add(time.Hour), Clocks{OrderIssued: now}, "t-2"},
		{"after it, offline", end.Add(time.Hour), Clocks{OrderIssued: now, Offline: true}, "t-2"},
		{"a clock a day behind the order", end.Add(-24 * time.Hour), Clocks{OrderIssued: end}, "t-2"},
		{"a clock behind an order before the end", end.Add(-24 * time.Hour), Clocks{OrderIssued: end.Add(-time.Minute), Offline: true}, "t-1 t-2 t-3"},
		{"a clock behind the legal basis", now, Clocks{OrderIssued: now.Add(48 * time.Hour)}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e.SetClocks(tc.clocks)
			a, err := e.Screen(t.Context(), named("Anna Maria Eriksson"), tc.at)
			if err != nil || ids(a.Candidates) != tc.want {
				t.Errorf("candidates %q, %v; want %q", ids(a.Candidates), err, tc.want)
			}
			if got := e.Serving(tc.at); len(got.Searched) != len(a.Searched) {
				t.Errorf("the status says %d feeds are searched, the answer %d", len(got.Searched), len(a.Searched))
			}
		})
	}
}

func TestLesserGradesAreLeads(t *testing.T) {
	e := engineOf(t, Options{Bench: true}, Feed{ID: "a.osint", Grade: screen.GradeOSINT, Snapshot: open(t, people)})
	a, err := e.Screen(t.Context(), named("Anna Maria Eriksson"), now)
	if err != nil || a.Outcome != screen.NoCandidate || ids(a.Leads) != "t-5" || a.Mode != screen.ModeBench {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestScreenRefuses(t *testing.T) {
	e := engineOf(t, Options{})
	for _, req := range []screen.Request{{}, named("?!"), {Subject: screen.Subject{MRZ: "P<UTO"}}} {
		if _, err := e.Screen(t.Context(), req, now); !errors.Is(err, ErrRequest) {
			t.Errorf("got %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Screen(ctx, named("A B"), now); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNewSetRefuses(t *testing.T) {
	for name, feeds := range map[string][]Feed{
		"no id":       {{Snapshot: open(t, people)}},
		"twice":       {{ID: "a", Snapshot: open(t, people)}, {ID: "a", Snapshot: open(t, people)}},
		"no snapshot": {{ID: "a"}},
	} {
		if _, err := NewSet(feeds); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Searches run while sets are swapped; a closed snapshot must never be read, and
// content that stays must not be closed.
func TestSwapUnderSearches(t *testing.T) {
	shared := open(t, people)
	e := engineOf(t, Options{}, Feed{ID: "a.stays", Digest: "sha256:1", Snapshot: shared}, Feed{ID: "a.moves", Version: 0, Snapshot: open(t, people[:2])})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, err := e.Screen(context.Background(), named("Anna Maria Eriksson"), now)
				if err != nil || a.Outcome != screen.Candidates || len(a.Searched) != 2 {
					t.Errorf("%+v, %v", a, err)
					return
				}
			}
		})
	}
	for i := range 50 {
		set, err := e.NextSet([]Feed{{ID: "a.stays", Digest: "sha256:1"}, {ID: "a.moves", Version: int64(i), Snapshot: open(t, people[:2])}})
		if err != nil {
			t.Fatal(err)
		}
		e.Swap(set)
	}
	if shared.Records() != len(people) || shared.Size() == 0 {
		t.Error("content that stays was closed")
	}
	close(stop)
	wg.Wait()
	e.Close()
	if shared.Size() != 0 {
		t.Error("content is not closed with its last set")
	}
	if a, err := e.Screen(t.Context(), named("Anna Maria Eriksson"), now); err != nil || a.Outcome != screen.OutcomeUnavailable {
		t.Errorf("after Close: %+v, %v", a, err)
	}
}

// synthetic makes n people of made-up words, some of them common.
func synthetic(n int) []watchlist.Record {
	rng := rand.New(rand.NewPCG(7, 7))
	syllables := []string{"ba", "ko", "ri", "ta", "ne", "su", "la", "mi", "do", "ve", "zu", "sha"}
	common := []string{"commona", "usualko", "frequentri", "oftenta", "manyfoldne", "everysu", "plainla", "dailymi"}
	word := func() string {
		if rng.IntN(4) == 0 {
			return common[rng.IntN(len(common))]
		}
		var b strings.Builder
		for range 2 + rng.IntN(3) {
			b.WriteString(syllables[rng.IntN(len(syllables))])
		}
		return b.String()
	}
	out := make([]watchlist.Record, n)
	for i := range out {
		out[i] = watchlist.Record{ID: strconv.Itoa(i), Type: watchlist.Person, BirthDates: []string{strconv.Itoa(1940 + i%60)}}
		for range 1 + rng.IntN(3) {
			out[i].Names = append(out[i].Names, watchlist.Name{Full: word() + " " + word() + " " + word()})
		}
	}
	return out
}

func TestEveryNameFindsItsRecord(t *testing.T) {
	list := synthetic(2000)
	e := engineOf(t, Options{}, Feed{ID: "a.b", Snapshot: open(t, list)})
	for i := range list {
		for _, n := range list[i].Names {
			req := named(n.Full)
			req.Limit = screen.MaxLimit
			a, err := e.Screen(t.Context(), req, now)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, c := range a.Candidates {
				found = found || c.Record == list[i].ID
			}
			if !found {
				t.Fatalf("record %d is not among %d candidates", i, len(a.Candidates))
			}
		}
	}
}

func TestSearchAllocatesLittle(t *testing.T) {
	list := synthetic(5000)
	e := engineOf(t, Options{}, Feed{ID: "a.b", Snapshot: open(t, list)})
	req := named("Commona Usualko Quitedifferent")
	got := testing.AllocsPerRun(100, func() {
		if _, err := e.Screen(context.Background(), req, now); err != nil {
			t.Fatal(err)
		}
	})
	if got > 100 {
		t.Errorf("%.0f allocations for one search", got)
	}
}

func BenchmarkScreen(b *testing.B) {
	list := synthetic(10_000)
	e := engineOf(b, Options{}, Feed{ID: "a.b", Snapshot: open(b, list)})
	for _, bc := range []struct{ name, query string }{
		{"listed", list[77].Names[0].Full}, {"absent", "Peter Quitedifferent"}, {"common", "Commona Usualko"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			req := named(bc.query)
			for b.Loop() {
				if _, err := e.Screen(context.Background(), req, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkIndex(b *testing.B) {
	list := synthetic(10_000)
	s := open(b, list)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := build("", newMapping(s), hurry); err != nil {
			b.Fatal(err)
		}
	}
}

// TestASearchEndsWithItsContext: a query of common words over a large list takes
// long; when its time is over there is an error, never an answer, and what the search
// used is clean for the next one.
func TestASearchEndsWithItsContext(t *testing.T) {
	c, err := build("", newMapping(open(t, people)), hurry)
	if err != nil {
		t.Fatal(err)
	}
	x := c.index
	req := named("Anna Maria Eriksson")
	q, err := newQuery(&req, now)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s := new(scratch)
	pl := x.newPlan(s, q.names[0])
	if err := x.parts[0].gather(ended, s, pl, pl.matches[0], x.parts[0].rangeOf(0, 1), func([]gathered) { t.Error("a name is compared after the end") }); !errors.Is(err, context.Canceled) {
		t.Errorf("gather says %v, want %v", err, context.Canceled)
	}
	if len(s.touched) != 0 || s.sums != [blockNames]sum{} {
		t.Error("the scratch is not clean")
	}
	if err := x.find(ended, q, searchable, everything, func(*part, uint32, *hit) { t.Error("a record is found after the end") }); !errors.Is(err, context.Canceled) {
		t.Errorf("find says %v, want %v", err, context.Canceled)
	}
}
