// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

func TestNewBirthplace(t *testing.T) {
	for _, tc := range []struct {
		name, text, code, want string
	}{
		{"text and country", "Testville", "AL", "testville AL"},
		{"case and marks", "TÉSTVILLE", "ALB", "testville AL"},
		{"a code of passports", "Testburg", "D", "testburg DE"},
		{"what kind of place it is", "Testville city, Sample district, Exemplar Province", "AL", "testville sample exemplar AL"},
		{"particles", "Las Testas de la Sample", "", "testas sample "},
		{"the country in the text", "Testville, Albania", "", "testville AL"},
		{"the country in both", "Testville, Albania", "AL", "testville AL"},
		{"another country in the text", "Testville, Georgia", "US", "testville georgia US"},
		{"nothing but a country", "Albania", "", " AL"},
		{"a country that is no more", "Testville", "SUN", "testville "},
		{"another script", "Тествиль", "AL", "тествиль AL"},
		{"more words than are kept", "Testvilletestville Samplesamplesample Exemplarexemplar Otherotherother", "", "testvilletestville samplesamplesample "},
		{"one word that is too long", strings.Repeat("x", mostPlaceBytes+1), "AL", " AL"},
		{"nothing", "?!", "", ""},
		{"nothing but a kind", "the village", "XXA", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, ok := newBirthplace(tc.text, tc.code)
			if got := p.text + " " + p.country; ok != (tc.want != "") || ok && got != tc.want {
				t.Errorf("%q, %v; want %q", got, ok, tc.want)
			}
		})
	}
}

func TestBirthplacesAgree(t *testing.T) {
	for _, tc := range []struct {
		name, asked, listed string
		want                placeAgreement
	}{
		{"the same", "Testville, Albania", "Testville, Albania", placeSame},
		{"misspelt", "Testvile, Albania", "Testville, Albania", placeSame},
		{"another spelling", "Qasimabad", "Kasimabad", placeSame},
		{"another script", "Тествилль", "Testville", placeSame},
		{"a village and what it lies in", "Testville, Albania", "Samplevillage, Testville district, Albania", placeSame},
		{"the countries are not both known", "Testville", "Testville, Albania", placeSame},
		{"the country alone", "Albania", "Testville, Albania", placeCountry},
		{"another place of the country", "Otherburg, Albania", "Testville, Albania", placeCountry},
		{"one word of two", "San Otherburg, Albania", "San Testville, Albania", placeCountry},
		{"another country", "Otherburg, France", "Testville, Albania", placeElsewhere},
		{"another country alone", "France", "Testville, Albania", placeElsewhere},
		{"a place of that name in another country", "Testville, France", "Testville, Albania", placeNamesake},
		{"other places of countries not known", "Otherburg", "Testville", placeUnknown},
		{"a country and a place", "France", "Testville", placeUnknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := addBirthplace(nil, tc.asked, ""), addBirthplace(nil, tc.listed, "")
			if got := compareBirthplaces(a, b); got != tc.want {
				t.Errorf("%d, want %d", got, tc.want)
			}
			if got := compareBirthplaces(b, a); got != tc.want {
				t.Errorf("the other way round %d, want %d", got, tc.want)
			}
			if got := compareBirthplaces(a, append(b, a...)); got < tc.want || got < placeCountry && a[0].country != "" {
				t.Errorf("with the same place beside it %d", got)
			}
		})
	}
	if got := compareBirthplaces(nil, addBirthplace(nil, "Testville", "AL")); got != placeUnknown {
		t.Errorf("no place against one: %d", got)
	}
}

// Better agreement counts for more, and none for more than is said to be the most.
func TestPlacesCountInOrder(t *testing.T) {
	before := pointsPlaceElsewhere
	for a := placeElsewhere; a <= placeSame; a++ {
		score, points, text := a.says()
		if points < before || points > pointsPlace || score <= 0 || score > 1 || text == "" {
			t.Errorf("%d: score %.2f, %.2f points, %q", a, score, points, text)
		}
		before = points
	}
}

// What is packed comes out again, and records that say little take little.
func TestEntriesPack(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("aäб ,ن1")), 0, 60, -1)
	rapid.Check(t, func(t *rapid.T) {
		r := watchlist.Record{
			ID: text.Draw(t, "id"), Type: watchlist.Person, Nature: rapid.SampledFrom([]string{"", "Missing"}).Draw(t, "nature"),
			Gender: rapid.SampledFrom([]string{"", "F"}).Draw(t, "gender"), BirthDates: rapid.SliceOfN(rapid.SampledFrom([]string{"1971", "1971-02", "1971-02-03", "1971~", "1970/1975"}), 0, 3).Draw(t, "births"),
			Nationalities: rapid.SliceOfN(rapid.SampledFrom([]string{"AL", "FRA", "SUN"}), 0, 3).Draw(t, "nationalities"),
		}
		for range rapid.IntRange(0, 6).Draw(t, "places") {
			r.BirthPlaces = append(r.BirthPlaces, watchlist.Place{Text: text.Draw(t, "text"), Country: rapid.SampledFrom([]string{"", "AL", "FR", "SU"}).Draw(t, "country")})
		}
		e, err := newEntry(&r)
		if err != nil {
			t.Fatal(err)
		}
		packed := appendEntry(nil, &e)
		if d := cmp.Diff(e, unpackEntry(packed), cmp.AllowUnexported(entry{}, birthplace{})); d != "" {
			t.Fatal(d)
		}
		places := e.places
		e.places = nil
		if more := len(packed) - len(appendEntry(nil, &e)); len(places) > mostPlaces || more > mostPlaces*(mostPlaceBytes+4) || more > 0 != (len(places) > 0) {
			t.Fatalf("%d places take %d bytes", len(places), more)
		}
	})
}

// A place makes no candidate of another name, and is neutral where either side lacks it.
func TestBirthplacesAsEvidence(t *testing.T) {
	records := append([]watchlist.Record{{
		ID: "p-1", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Borna Whereova"}}, BirthPlaces: []watchlist.Place{{Text: "Testville", Country: "AL"}},
	}}, people...)
	e := engineOf(t, Options{}, Feed{ID: "a.b", Snapshot: open(t, records)})
	score := func(name, record string, places ...screen.Place) float64 {
		s := full(name)
		s.BirthPlaces = places
		if a := verified(t, e, against(record, s)); a.Score != nil {
			return *a.Score
		}
		t.Fatalf("%s for %s has no score", name, record)
		return 0
	}
	here, country, elsewhere := screen.Place{Text: "Testville", Country: "AL"}, screen.Place{Country: "AL"}, screen.Place{Text: "Otherburg", Country: "FR"}
	without := score("Borna Wherova", "p-1")
	for _, scores := range [][]float64{
		{score("Borna Wherova", "p-1", here), score("Borna Wherova", "p-1", country), without, score("Borna Wherova", "p-1", elsewhere)},
		{score("Borna Wherova", "p-1", elsewhere, here), without},
	} {
		for i := range scores[1:] {
			if scores[i] <= scores[i+1] {
				t.Errorf("scores %v do not fall", scores)
			}
		}
	}
	if with, without := score("Liridona Kamberaj", "t-1", here), score("Liridona Kamberaj", "t-1"); with != without {
		t.Errorf("a record without a place has the score %.4f, %.4f if none is asked for", with, without)
	}
	req := screen.Request{Purpose: screen.PurposeBorderControl, Subject: full("Somebody Quitedifferent")}
	req.Subject.BirthPlaces = []screen.Place{here}
	if a, err := e.Screen(t.Context(), req, now); err != nil || len(a.Candidates)+len(a.Leads) > 0 {
		t.Errorf("%+v %v", a, err)
	}
}
