// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// sumOf checks that the odds of a score are 10 to the sum of what its evidence weighs, as
// far as both are rounded: weights to two decimals, scores to four.
func sumOf(score float64, evidence []screen.Evidence) error {
	sum := 0.0
	for _, e := range evidence {
		sum += e.Weight
		if e.Weight != math.Round(e.Weight*100)/100 {
			return fmt.Errorf("the weight %v of %s has more than two decimals", e.Weight, e.Field)
		}
	}
	slack := 0.005*float64(len(evidence)) + 1e-9
	odds := func(sum float64) float64 { return 1 / (1 + math.Pow(10, -sum)) }
	if least, most := odds(sum-slack)-0.00005, odds(sum+slack)+0.00005; score < least || score > most {
		return fmt.Errorf("score %.4f, and weights that add up to %.2f: %+v", score, sum, evidence)
	}
	return nil
}

// weighed are records in which every kind of evidence can be met.
var weighed = append([]watchlist.Record{
	{ID: "w-1", Type: watchlist.Person, Documents: []watchlist.Document{{Number: "D7654321", Country: "AL"}}, BirthDates: []string{"1980-05-06"}},
	{ID: "w-2", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Onlya Nametesta"}}},
	{ID: "w-3", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Shorta Numbertesta"}}, Documents: []watchlist.Document{{Number: "AB1"}}},
	{ID: "w-4", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Borna Whereova"}}, BirthPlaces: []watchlist.Place{{Text: "Testville", Country: "AL"}}},
}, people...)

func TestWeightsAddUp(t *testing.T) {
	const t1 = "Liridona Testovari Kamberaj"
	of := func(name string, change func(*screen.Subject)) screen.Subject {
		s := full(name)
		if name == "" {
			s.Names = nil
		}
		if change != nil {
			change(&s)
		}
		return s
	}
	born := func(dates ...string) func(*screen.Subject) {
		return func(s *screen.Subject) { s.BirthDates = dates }
	}
	paper := func(number, country string) func(*screen.Subject) {
		return func(s *screen.Subject) { s.Documents = []screen.Document{{Number: number, Country: country}} }
	}
	place := func(text, country string) func(*screen.Subject) {
		return func(s *screen.Subject) { s.BirthPlaces = []screen.Place{{Text: text, Country: country}} }
	}
	for _, tc := range []struct {
		name, record string
		subject      screen.Subject
		// fields are what is weighed by Verify, with the sign of its weight; ? where that is
		// the profile's, since such a lead stays below its threshold.
		fields string
	}{
		{"the same name", "t-1", of(t1, nil), "name+"},
		{"another name", "t-1", of("Somebody Quitedifferent", nil), "name-"},
		{"weak alias", "t-1", of("Zogza", nil), "name+"},
		{"weak alias and day of birth", "t-1", of("Zogza", born("1971-02-03")), "name+ birthDate+"},
		{"day of birth", "t-1", of(t1, born("1971-02-03")), "name+ birthDate+"},
		{"day and month exchanged", "t-1", of(t1, born("1971-03-02")), "name+ birthDate+"},
		{"year of birth", "t-1", of(t1, born("1971")), "name+ birthDate+"},
		{"within the record's doubt", "t-2", of("Abdulsample Al-Probani", born("1981-07-01")), "name+ birthDate+"},
		{"one digit", "t-1", of(t1, born("1971-02-08")), "name+ birthDate+"},
		{"a year apart", "t-1", of(t1, born("1972-03-04")), "name+ birthDate-"},
		{"contradicting births", "t-1", of(t1, born("1999-09-09")), "name+ birthDate-"},
		{"nationality", "t-1", of(t1, func(s *screen.Subject) { s.Nationalities = []string{"AL"} }), "name+ nationality+"},
		{"another nationality", "t-1", of(t1, func(s *screen.Subject) { s.Nationalities = []string{"FR"} }), "name+ nationality-"},
		{"place of birth", "w-4", of("Borna Whereova", place("Testville", "AL")), "name+ birthPlace+"},
		{"country of birth", "w-4", of("Borna Whereova", place("", "AL")), "name+ birthPlace+"},
		{"another country of birth", "w-4", of("Borna Whereova", place("Otherburg", "FR")), "name+ birthPlace-"},
		{"the same place in another country", "w-4", of("Borna Whereova", place("Testville", "FR")), "name+ birthPlace0"},
		{"place of birth of another name", "w-4", of("Somebody Quitedifferent", place("Testville", "AL")), "name- birthPlace+"},
		{"gender", "t-1", of(t1, func(s *screen.Subject) { s.Gender = "F" }), "name+ gender+"},
		{"another gender", "t-1", of(t1, func(s *screen.Subject) { s.Gender = "M" }), "name+ gender-"},
		{"gender X", "t-1", of(t1, func(s *screen.Subject) { s.Gender = "X" }), "name+"},
		{"type", "t-3", of("Sample Exemplar Trading", func(s *screen.Subject) { s.Gender = "F" }), "name+ type-"},
		{"number", "t-1", of(t1, paper("T1234567", "AL")), "name+ document+"},
		{"number of another name", "t-1", of("Somebody Quitedifferent", paper("T1234567", "AL")), "name- document+"},
		{"number of another issuer", "t-1", of(t1, paper("T1234567", "FR")), "name+ document+"},
		{"number of another issuer and name", "t-1", of("Somebody Quitedifferent", paper("T1234567", "FR")), "name- document+"},
		{"misread number", "t-1", of(t1, paper("TI234567", "AL")), "name+ document+"},
		{"misread number of another name", "t-1", of("Somebody Quitedifferent", paper("TI234567", "AL")), "name- document+"},
		{"short number", "w-3", of("Shorta Numbertesta", paper("AB1", "")), "name+ document+"},
		{"short number of another name", "w-3", of("Somebody Quitedifferent", paper("AB1", "")), "name- document+"},
		{"another number", "t-1", of(t1, paper("U7654399", "AL")), "name+ document0"},
		{"number alone", "t-1", of("", paper("T1234567", "AL")), "document+"},
		{"number of another issuer alone", "t-1", of("", paper("T1234567", "FR")), "document?"},
		{"misread number alone", "t-1", of("", paper("TI234567", "AL")), "document+"},
		{"short number alone", "w-3", of("", paper("AB1", "")), "document?"},
		{"another number alone", "t-1", of("", paper("U7654399", "AL")), "document-"},
		{"another number and the day of birth", "t-1", of("", func(s *screen.Subject) { born("1971-02-03")(s); paper("U7654399", "")(s) }), "birthDate+ document-"},
		{"number of a record without a name", "w-1", of(t1, paper("D7654321", "AL")), "document+"},
		{"number and birth of a record without a name", "w-1", of(t1, func(s *screen.Subject) { born("1980-05-06")(s); paper("D7654321", "AL")(s) }), "birthDate+ document+"},
		{"another number of a record without a name", "w-1", of(t1, paper("U7654399", "")), "document-"},
		{"a name that no search finds, with another issuer's number", "t-1", of("Liridona Somebody Quitedifferent Otherwise", paper("T1234567", "FR")), "name- document+"},
		{"all agrees", "t-1", of(t1, func(s *screen.Subject) {
			born("1971-02-03")(s)
			paper("T1234567", "AL")(s)
			s.Nationalities, s.Gender = []string{"AL"}, "F"
		}), "name+ birthDate+ nationality+ gender+ document+"},
		{"all contradicts", "t-1", of("Somebody Quitedifferent", func(s *screen.Subject) {
			born("1999-09-09")(s)
			paper("U7654399", "")(s)
			s.Nationalities, s.Gender = []string{"FR"}, "M"
		}), "name- birthDate- nationality- gender- document0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, profile := range screen.Profiles() {
				e := engineOf(t, Options{Profile: profile}, Feed{ID: "a.b", Snapshot: open(t, weighed)})
				a := verified(t, e, against(tc.record, tc.subject))
				var fields []string
				for _, e := range a.Evidence {
					sign := "0"
					switch {
					case strings.Contains(tc.fields, e.Field+"?"):
						sign = "?"
					case e.Weight > 0:
						sign = "+"
					case e.Weight < 0:
						sign = "-"
					}
					fields = append(fields, e.Field+sign)
				}
				if got := strings.Join(fields, " "); got != tc.fields {
					t.Errorf("%s: the evidence is %q, want %q", profile, got, tc.fields)
				}
				if a.Score == nil {
					t.Fatalf("%s: no score: %+v", profile, a)
				}
				if err := sumOf(*a.Score, a.Evidence); err != nil {
					t.Errorf("%s: the comparison: %v", profile, err)
				}
				for _, line := range screen.Lines() {
					found, err := e.Screen(t.Context(), screen.Request{Line: line, Subject: tc.subject}, now)
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range append(found.Candidates, found.Leads...) {
						if err := sumOf(c.Score, c.Evidence); err != nil {
							t.Errorf("%s, %s line: the search: %v", profile, line, err)
						}
					}
				}
			}
		})
	}
}

// Weights add up whatever meets whatever.
func TestWeightsOfAnyoneAddUp(t *testing.T) {
	list := synthetic(300)
	for i := range list {
		list[i].Documents = []watchlist.Document{{Number: fmt.Sprintf("S%07d", i/2), Country: "AL"}}
		list[i].Gender, list[i].Nationalities = []string{"", "F", "M", "X"}[i%4], []string{"AL"}
		if i%5 == 0 {
			list[i].Names[0].Quality = watchlist.Low
		}
		if i%11 == 0 {
			list[i].Names = nil
		}
	}
	engines := map[screen.Profile]*Engine{}
	for _, p := range screen.Profiles() {
		engines[p] = engineOf(t, Options{Profile: p}, Feed{ID: "a.b", Snapshot: open(t, list)})
	}
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		e, line := engines[rapid.SampledFrom(screen.Profiles()).Draw(t, "profile")], rapid.SampledFrom(screen.Lines()).Draw(t, "line")
		of := &list[rng.IntN(len(list))]
		var subject screen.Subject
		if len(of.Names) > 0 && rng.IntN(5) > 0 {
			subject = full(spoilt(rng, of.Names[0].Full))
		}
		subject.Documents = []screen.Document{{Number: fmt.Sprintf("S%07d", rng.IntN(len(list))), Country: []string{"AL", "FR", ""}[rng.IntN(3)]}}
		if rng.IntN(2) == 0 {
			subject.Documents[0].Number = strings.Replace(of.Documents[0].Number, "S", "5", 1)
		}
		subject.BirthDates = []string{strconv.Itoa(1940 + rng.IntN(60)), of.BirthDates[0]}[rng.IntN(2):][:1]
		subject.Gender, subject.Nationalities = []string{"", "F", "M", "X"}[rng.IntN(4)], []string{[]string{"AL", "FR"}[rng.IntN(2)]}
		a, err := e.Screen(t.Context(), screen.Request{Line: line, Subject: subject, Limit: screen.MaxLimit}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range append(a.Candidates, a.Leads...) {
			found++
			if err := sumOf(c.Score, c.Evidence); err != nil {
				t.Fatalf("the search: %v", err)
			}
			v, err := e.Verify(t.Context(), against(c.Record, subject), now)
			if err != nil || v.Score == nil {
				t.Fatalf("%+v, %v", v, err)
			}
			if err := sumOf(*v.Score, v.Evidence); err != nil {
				t.Fatalf("the comparison: %v", err)
			}
		}
	})
	if found < 100 {
		t.Errorf("%d records were met; the queries find too few", found)
	}
}
