// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// against asks about one record of feed a.b.
func against(record string, s screen.Subject) screen.VerifyRequest {
	return screen.VerifyRequest{
		Purpose: screen.PurposeBorderControl, Subject: s,
		Record: &screen.ListedRecord{Feed: "a.b", Record: record},
	}
}

func full(name string) screen.Subject {
	return screen.Subject{Names: []screen.Name{{Full: name}}}
}

func verified(t *testing.T, e *Engine, req screen.VerifyRequest) screen.VerifyAnswer {
	t.Helper()
	a, err := e.Verify(t.Context(), req, now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// told is an answer's evidence as FIELD=SCORE, so coarse that weights may move a little.
func told(a screen.VerifyAnswer) string {
	var out []string
	for _, e := range a.Evidence {
		out = append(out, fmt.Sprintf("%s=%.1f", e.Field, e.Score))
	}
	return strings.Join(out, " ")
}

func TestVerifyRecord(t *testing.T) {
	e := engineOf(t, Options{}, Feed{ID: "a.b", Version: 3, Digest: "sha256:x", Nature: screen.NatureMissing, Snapshot: open(t, append(people,
		watchlist.Record{ID: "t-6", Type: watchlist.Person, Nature: "Document", Documents: []watchlist.Document{{Number: "D7654321"}}},
		watchlist.Record{ID: "t-7", Type: watchlist.Person, Gender: "F", Names: []watchlist.Name{{Full: "Onlya Nametesta"}}},
		watchlist.Record{
			ID: "t-8", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Lorikaj Testalin Uka"}},
			Documents: []watchlist.Document{{Number: "V1111119", Country: "AL"}},
		},
	))})
	whole := full("Liridona Testovari Kamberaj")
	whole.BirthDates, whole.Nationalities, whole.Gender = []string{"1971-02-03"}, []string{"AL"}, "F"
	whole.Documents = []screen.Document{{Number: "T1234567", Country: "AL"}}
	other := full("Somebody Quitedifferent")
	other.BirthDates, other.Nationalities, other.Gender = []string{"1999-09-09"}, []string{"FR"}, "M"
	other.Documents = []screen.Document{{Number: "U7654399"}}
	number := screen.Subject{Documents: []screen.Document{{Number: "T1234567", Country: "AL"}}}
	for _, tc := range []struct {
		name, record string
		subject      screen.Subject
		evidence     string
		score        float64 // -1 for none
	}{
		{"all agrees", "t-1", whole, "name=1.0 birthDate=1.0 nationality=1.0 gender=1.0 document=1.0", 1},
		{"all contradicts", "t-1", other, "name=0.0 birthDate=0.0 nationality=0.3 gender=0.0 document=0.3", 0},
		{"absent is neutral", "t-7", full("Onlya Nametesta"), "name=1.0", 0.92}, // two words of a short list, and nothing else
		{"the record lacks most", "t-7", whole, "name=0.0 gender=1.0", 0},
		{"a document alone", "t-1", number, "document=1.0", 0.97},
		{"a document alone, of another issuer", "t-1", screen.Subject{Documents: []screen.Document{{Number: "T1234567", Country: "FR"}}}, "document=0.6", 0.27}, // a lead
		{"a record without a name", "t-6", screen.Subject{Names: whole.Names, Documents: []screen.Document{{Number: "D7654321"}}}, "document=1.0", 0.97},
		{"weak alias", "t-1", full("Zogza"), "name=1.0", 0.66},           // one word tells half as much as two
		{"family name alone", "t-1", full("Kamberaj"), "name=0.7", 0.01}, // a family name is not a name
		{"initials", "t-8", full("L T Uka"), "name=0.9", 0.45},
		{"initials, with another issuer's number", "t-8", screen.Subject{
			Names: []screen.Name{{Full: "L T Uka"}}, Documents: []screen.Document{{Number: "V1111119", Country: "FR"}},
		}, "name=0.9 document=0.6", 0.51},
		{"a name that no search finds, with another issuer's number", "t-8", screen.Subject{
			Names: []screen.Name{{Full: "Lorikaj Somebody Quitedifferent"}}, Documents: []screen.Document{{Number: "V1111119", Country: "FR"}},
		}, "name=0.3 document=0.6", 0.27},
		{"another number, beside what supports a name", "t-1", screen.Subject{
			BirthDates: []string{"1971-02-03"}, Documents: []screen.Document{{Number: "U7654399"}},
		}, "birthDate=1.0 document=0.3", 0.05},
		{"neither name nor number on both sides", "t-6", func() screen.Subject { s := whole; s.Documents = nil; s.Gender = "F"; return s }(), "", -1},
		{"what supports a score makes none", "t-7", screen.Subject{Documents: number.Documents, Gender: "F"}, "gender=1.0", -1},
		{"a company", "t-3", func() screen.Subject { s := full("Sample Exemplar Trading"); s.Gender = "F"; return s }(), "name=1.0 type=0.3", 0.91},
		{"zone", "t-5", screen.Subject{MRZ: "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"}, "name=1.0 birthDate=1.0", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := verified(t, e, against(tc.record, tc.subject))
			if told(a) != tc.evidence {
				t.Errorf("evidence %q, want %q", told(a), tc.evidence)
			}
			score := -1.0
			if a.Score != nil {
				score = *a.Score
			}
			if score < tc.score-0.05 || score > tc.score+0.05 {
				t.Errorf("score %.4f, want %.4f", score, tc.score)
			}
			found, err := e.Screen(t.Context(), screen.Request{Subject: tc.subject}, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range append(found.Candidates, found.Leads...) {
				if c.Record == tc.record && c.Score != score {
					t.Errorf("the comparison says %.4f, a search %.4f", score, c.Score)
				}
			}
			want := screen.Compared
			if tc.evidence == "" {
				want = screen.NotCompared
			}
			if a.Outcome != want || len(a.ID) != 32 || a.Mode != screen.ModeOnline || len(a.Searched) != 1 || a.Searched[0].Version != 3 {
				t.Errorf("%+v", a)
			}
		})
	}
	a := verified(t, e, against("t-2", full("Abdulsample Al-Probani")))
	if a.Nature != screen.NatureAtRisk || a.Handling != "call the desk" || a.Grade != screen.GradeAuthoritative {
		t.Errorf("nature %s, handling %q, grade %s", a.Nature, a.Handling, a.Grade)
	}
	if a := verified(t, e, against("t-1", full("Zogza"))); a.Nature != screen.NatureMissing || !strings.Contains(a.Evidence[0].Text, "weak") {
		t.Errorf("nature %s, %v", a.Nature, a.Evidence)
	}
}

// TestVerifyStates: what a search may not use a comparison may not either, and the
// answers about a record that is blocked, past its end or not there are the same.
func TestVerifyStates(t *testing.T) {
	key := feedkey.New().RecordKey()
	blocks := &block.Overlay{Feed: "a.b", Version: 1, Key: key, Records: []string{key.Hash("t-5")}}
	hour := time.Hour
	for _, tc := range []struct {
		name   string
		feed   Feed
		record string
		bound  []string
		reason screen.Reason // empty: compared
		mode   screen.Mode
	}{
		{name: "fresh", feed: Feed{Mark: hour, Stop: 2 * hour, OrderIssued: now}},
		{name: "marked", feed: Feed{Mark: hour, Stop: 3 * hour, OrderIssued: now.Add(-2 * hour)}, mode: screen.ModeMarked},
		{name: "stale", feed: Feed{Stop: hour, OrderIssued: now.Add(-2 * hour)}, reason: screen.ReasonStale},
		{name: "legal basis ended", feed: Feed{ValidUntil: now}, reason: screen.ReasonLegalBasis},
		{name: "other purpose", feed: Feed{Purposes: []screen.Purpose{screen.PurposeCarrierCheck}}, reason: screen.ReasonPurpose},
		{name: "locked", feed: Feed{Unavailable: screen.ReasonLocked}, reason: screen.ReasonLocked},
		{name: "absent record", record: "t-99", reason: screen.ReasonNoRecord},
		{name: "expired record", record: "t-4", reason: screen.ReasonNoRecord},
		{name: "blocked record", feed: Feed{Blocks: blocks}, reason: screen.ReasonNoRecord},
		{name: "a record beside the blocked one", feed: Feed{Blocks: blocks}, record: "t-1"},
		{name: "a feed of the asker's", bound: []string{"a.b"}},
		{name: "not a feed of the asker's", bound: []string{"a.c"}, reason: screen.ReasonNotProvisioned},
		{name: "absent feed", feed: Feed{ID: "a.c"}, reason: screen.ReasonNotProvisioned},
		{name: "absent feed of the asker's", feed: Feed{ID: "a.c"}, bound: []string{"a.b"}, reason: screen.ReasonLoading},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.feed.ID == "" {
				tc.feed.ID = "a.b"
			}
			if tc.feed.Unavailable == "" {
				tc.feed.Snapshot = open(t, people)
			}
			if tc.record == "" {
				tc.record = "t-5"
			}
			req := against(tc.record, full("Anna Maria Eriksson"))
			req.Feeds = tc.bound
			a := verified(t, engineOf(t, Options{}, tc.feed), req)
			missed := []screen.Unavailable{}
			if tc.reason != "" {
				missed = append(missed, screen.Unavailable{Feed: "a.b", Reason: tc.reason})
			}
			if tc.mode == "" {
				tc.mode = screen.ModeOnline
			}
			if d := cmp.Diff(missed, a.Unavailable); d != "" || a.Mode != tc.mode || (a.Outcome == screen.Compared) != (tc.reason == "") {
				t.Errorf("outcome %s, mode %s, missed %s", a.Outcome, a.Mode, d)
			}
			if a.Outcome == screen.NotCompared && (a.Score != nil || a.Nature != "" || a.Handling != "" || len(a.Evidence) > 0) {
				t.Errorf("an answer without a comparison tells of the record: %+v", a)
			}
		})
	}
	e := engineOf(t, Options{}, Feed{ID: "a.b", Version: 3, Digest: "sha256:x", Blocks: blocks, Snapshot: open(t, people)})
	answer := func(record string) screen.VerifyAnswer {
		a := verified(t, e, against(record, full("Anna Maria Eriksson")))
		a.ID = ""
		return a
	}
	for _, record := range []string{"t-4", "t-5"} {
		if d := cmp.Diff(answer("t-99"), answer(record)); d != "" {
			t.Errorf("the answer about %s differs from that about a record that never was: %s", record, d)
		}
	}
}

func TestVerifyNamesModalities(t *testing.T) {
	finger := screen.Subject{Fingerprints: []screen.Fingerprint{{Format: "iso-19794-2", Template: []byte{1}}}}
	both := full("Anna Maria Eriksson")
	both.Fingerprints = finger.Fingerprints
	e := engineOf(t, Options{}, Feed{ID: "a.b", Snapshot: open(t, people)})
	want := []screen.Unavailable{{Feed: "a.b", Reason: screen.ReasonModality, Modality: screen.ModalityFingerprint}}
	for outcome, subject := range map[screen.VerifyOutcome]screen.Subject{screen.NotCompared: finger, screen.Compared: both} {
		a := verified(t, e, against("t-5", subject))
		if d := cmp.Diff(want, a.Unavailable); a.Outcome != outcome || d != "" {
			t.Errorf("outcome %s, want %s; missed %s", a.Outcome, outcome, d)
		}
		if (len(a.Searched) == 1) != (outcome == screen.Compared) {
			t.Errorf("%s, and %d feeds are named as searched", outcome, len(a.Searched))
		}
	}
	papers := engineOf(t, Options{Modalities: []screen.Modality{screen.ModalityDocument}}, Feed{ID: "a.b", Snapshot: open(t, people)})
	if a := verified(t, papers, against("t-5", full("Anna Maria Eriksson"))); a.Outcome != screen.NotCompared || a.Score != nil {
		t.Errorf("a pool that offers documents alone compared names: %+v", a)
	}
}

func TestVerifyReference(t *testing.T) {
	e := engineOf(t, Options{})
	zone := "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
	mine := full("Anna Maria Eriksson")
	mine.BirthDates, mine.Gender, mine.Documents = []string{"1974-08-12"}, "F", []screen.Document{{Number: "L898902C3"}}
	misspelt := full("Anna Maria Erikson")
	misspelt.Nationalities = []string{"ALB"}
	born := full("Anna Maria Eriksson")
	born.BirthPlaces = []screen.Place{{Text: "Testvile", Country: "ALB"}}
	for _, tc := range []struct {
		name               string
		subject, reference screen.Subject
		evidence           string
		score              float64
	}{
		{"zone", mine, screen.Subject{MRZ: zone}, "name=1.0 birthDate=1.0 gender=1.0 document=1.0", 1},
		{"the other way round", screen.Subject{MRZ: zone}, mine, "name=1.0 birthDate=1.0 gender=1.0 document=1.0", 1},
		{"one letter", misspelt, screen.Subject{Names: mine.Names, Nationalities: []string{"AL"}}, "name=1.0 nationality=1.0", 0.86},
		{"a place of birth", born, screen.Subject{Names: mine.Names, BirthPlaces: []screen.Place{{Text: "Testville, Albania"}}}, "name=1.0 birthPlace=1.0", 0.97},
		{"all contradicts", full("Somebody Quitedifferent"), mine, "name=0.0", 0},
		{"nothing in common", full("Anna Maria Eriksson"), screen.Subject{Documents: mine.Documents}, "", -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := verified(t, e, screen.VerifyRequest{Subject: tc.subject, Reference: &tc.reference})
			score := -1.0
			if a.Score != nil {
				score = *a.Score
			}
			if told(a) != tc.evidence || score < tc.score-0.05 || score > tc.score+0.05 {
				t.Errorf("evidence %q, score %.4f; want %q, %.4f", told(a), score, tc.evidence, tc.score)
			}
			if len(a.Searched) != 0 || a.Nature != "" || a.Grade != "" || (a.Outcome == screen.Compared) != (tc.score >= 0) {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	e := engineOf(t, Options{})
	reference := full("Anna")
	for name, req := range map[string]screen.VerifyRequest{
		"neither":                {Subject: full("A")},
		"no letters":             against("t-1", full("?!")),
		"the subject's zone":     {Subject: screen.Subject{MRZ: "P<UTO"}, Reference: &reference},
		"the reference's zone":   {Subject: full("Anna"), Reference: &screen.Subject{MRZ: "P<UTO"}},
		"no reference of anyone": {Subject: full("Anna"), Reference: &screen.Subject{}},
	} {
		if _, err := e.Verify(t.Context(), req, now); !errors.Is(err, ErrRequest) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Verify(ctx, against("t-1", full("A B")), now); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestVerifyScoresAsASearch: whatever a search gives, as candidate or as lead, has the
// same score and no other evidence when it is compared by itself, on every profile and
// on an index of several parts.
func TestVerifyScoresAsASearch(t *testing.T) {
	list := synthetic(1500)
	rng := rand.New(rand.NewPCG(3, 9))
	for i := range list {
		list[i].Documents = []watchlist.Document{{Number: fmt.Sprintf("S%07d", i/2), Country: "AL"}}
		for j := range list[i].Names {
			if rng.IntN(4) == 0 {
				list[i].Names[j].Quality = watchlist.Low
			}
		}
	}
	before := append([]watchlist.Record(nil), list...)
	for i := range before {
		if i%9 == 0 {
			before[i].Names = []watchlist.Name{{Full: "Formerly Knownother"}}
		}
	}
	for _, profile := range screen.Profiles() {
		e := engineOf(t, Options{Profile: profile}, Feed{ID: "a.b", Digest: "sha256:1", Snapshot: open(t, before)})
		if err := e.Update([]Feed{{ID: "a.b", Digest: "sha256:2", Snapshot: open(t, list)}}); err != nil {
			t.Fatal(err)
		}
		if set := e.set.Load(); len(set.feeds[0].content.index.parts) < 2 {
			t.Fatal("the index has one part; change fewer records")
		}
		compared := 0
		for i := 0; i < len(list); i += 3 {
			subject := screen.Subject{Names: []screen.Name{{Full: spoilt(rng, list[i].Names[0].Full)}}}
			switch rng.IntN(4) {
			case 0:
				subject.BirthDates = list[rng.IntN(len(list))].BirthDates
			case 1:
				subject.BirthDates = list[i].BirthDates
				subject.Documents = []screen.Document{{Number: fmt.Sprintf("S%07d", i/2), Country: []string{"AL", "FR"}[rng.IntN(2)]}}
			case 2:
				subject.Documents = []screen.Document{{Number: fmt.Sprintf("S%07d", rng.IntN(len(list))), Country: []string{"AL", "FR", ""}[rng.IntN(3)]}}
			}
			found, err := e.Screen(t.Context(), screen.Request{Subject: subject, Limit: screen.MaxLimit}, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range append(found.Candidates, found.Leads...) {
				a := verified(t, e, against(c.Record, subject))
				compared++
				if a.Score == nil || *a.Score != c.Score || a.Nature != c.Nature {
					t.Fatalf("%s, query %d: the search gives %s %.4f %v, the comparison %+v", profile, i, c.Record, c.Score, c.Evidence, a)
				}
				for _, e := range c.Evidence {
					// Of a record met by its number alone, a search says of the names that none is alike.
					if !slices.Contains(a.Evidence, e) && !(e.Field == "name" && e.Score == 0) {
						t.Fatalf("%s, query %d: the comparison lacks %+v, it has %+v", profile, i, e, a.Evidence)
					}
				}
			}
		}
		if compared < 400 {
			t.Errorf("%s: %d records compared; the queries find too few", profile, compared)
		}
	}
}

// spoilt is the name as travellers write it: as it is, misspelt, in another order, with
// initials, with a word left out or added, or joined.
func spoilt(rng *rand.Rand, name string) string {
	words := strings.Fields(name)
	switch rng.IntN(7) {
	case 0:
		words[0] = words[0][1:]
	case 1:
		words[0], words[len(words)-1] = words[len(words)-1], words[0]
	case 2:
		words[0] = words[0][:1]
	case 3:
		words[0], words[1] = words[0][:1], words[1][:1]
	case 4:
		words = words[1:]
	case 5:
		words = append(words, "usualko")
	case 6:
		words = append([]string{words[0] + words[1]}, words[2:]...)
	}
	return strings.Join(words, " ")
}

// Comparisons read the snapshot itself; one that is swapped out must stay open for them.
func TestVerifyUnderSwaps(t *testing.T) {
	e := engineOf(t, Options{}, Feed{ID: "a.b", Digest: "sha256:0", Snapshot: open(t, people)})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, err := e.Verify(context.Background(), against("t-5", full("Anna Maria Eriksson")), now)
				if err != nil || a.Outcome != screen.Compared || a.Score == nil || *a.Score < 0.97 {
					t.Errorf("%+v, %v", a, err)
					return
				}
			}
		})
	}
	for i := range 50 {
		if err := e.Update([]Feed{{ID: "a.b", Digest: fmt.Sprintf("sha256:%d", i+1), Snapshot: open(t, people[i%2:])}}); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wg.Wait()
	e.Close()
	if a := verified(t, e, against("t-5", full("Anna Maria Eriksson"))); a.Outcome != screen.NotCompared || a.Unavailable[0].Reason != screen.ReasonNotProvisioned {
		t.Errorf("after Close: %+v", a)
	}
}

func BenchmarkVerify(b *testing.B) {
	list := synthetic(10_000)
	e := engineOf(b, Options{}, Feed{ID: "a.b", Snapshot: open(b, list)})
	reference := full(list[77].Names[0].Full)
	for _, bc := range []struct {
		name string
		req  screen.VerifyRequest
	}{
		{"record", against("77", full(list[77].Names[0].Full))},
		{"reference", screen.VerifyRequest{Subject: full("Peter Quitedifferent"), Reference: &reference}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Verify(context.Background(), bc.req, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
