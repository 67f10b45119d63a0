// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/matcher/mrz"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// What begins with a string is what a look at every word finds.
func TestBeginning(t *testing.T) {
	word := rapid.StringOfN(rapid.RuneFrom([]rune("abß")), 1, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		d := newDict(0)
		for _, w := range rapid.SliceOfN(word, 0, 40).Draw(t, "words") {
			d.enter(w)
		}
		with := word.Draw(t, "with")
		var want []uint32
		for id := range uint32(d.len()) { //nolint:gosec // few
			if w := d.text(id); w != with && strings.HasPrefix(w, with) {
				want = append(want, id)
			}
		}
		if got := slices.Collect(d.beginning(with)); !slices.Equal(got, want) {
			t.Fatalf("%q begins %v, want %v", with, got, want)
		}
		for id := range d.beginning(with) {
			if id != want[0] {
				t.Fatal("the first is not the first")
			}
			break
		}
	})
}

func TestZoneThatCutsAName(t *testing.T) {
	for _, tc := range []struct {
		name   string
		zone   mrz.Zone
		listed string
		// cut is how many pairs are a word that the zone cut off and one that goes on, equal
		// how many are the same, left what has no counterpart.
		cut, equal, left int
	}{
		{"the given name", mrz.Zone{Family: "KAMBERAJ", Given: "BESA LIRID", GivenCut: true}, "Besa Liridonabella Kamberaj", 1, 2, 0},
		{"the family name", mrz.Zone{Family: "KAMBE", FamilyCut: true}, "Kamberajovska", 1, 0, 0},
		{"the family name beside a given name, as on French cards", mrz.Zone{Family: "TESTO KAMBE", Given: "BESA", FamilyCut: true}, "Besa Testo Kamberajovska", 1, 2, 0},
		{"both", mrz.Zone{Family: "KAMBE", Given: "LIRID", FamilyCut: true, GivenCut: true}, "Liridonabella Kamberajovska", 2, 0, 0},
		{"at the end of a word", mrz.Zone{Family: "KAMBERAJ", Given: "BESA", GivenCut: true}, "Besa Kamberaj", 0, 2, 0},
		{"nothing", mrz.Zone{Family: "KAMBERAJ", Given: "BESA LIRID"}, "Besa Liridonabella Kamberaj", 0, 2, 2},
		{"another word of the name", mrz.Zone{Family: "KAMBE", Given: "BESA", GivenCut: true}, "Besa Kamberajovska", 0, 1, 2},
		{"three letters", mrz.Zone{Family: "KAMBERAJ", Given: "BESA LIR", GivenCut: true}, "Besa Liridonabella Kamberaj", 0, 2, 2},
		{"one letter", mrz.Zone{Family: "KAMBERAJ", Given: "BESA L", GivenCut: true}, "Besa Liridonabella Kamberaj", 0, 2, 0},
		{"not the beginning of the word", mrz.Zone{Family: "KAMBERAJ", Given: "BESA DONA", GivenCut: true}, "Besa Liridonabella Kamberaj", 0, 2, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x, err := alone(&watchlist.Record{ID: "1", Type: watchlist.Person, Names: []watchlist.Name{{Full: tc.listed}}})
			if err != nil {
				t.Fatal(err)
			}
			q := &query{}
			q.addZone(tc.zone)
			_, all := likenessTo(x, q, searchable, place{})
			if l := all.best(); l.cut != tc.cut || l.equal != tc.equal || l.left+l.lacking != tc.left {
				t.Errorf("%d cut off, %d equal, %d left over: %s", l.cut, l.equal, l.left+l.lacking, l.text())
			}
		})
	}
}

// A name as the zone cuts it is less than the whole name, and a candidate.
func TestACutNameIsFound(t *testing.T) {
	records := append(synthetic(500), watchlist.Record{
		ID: "c-1", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Jonathonsample Trevorbellatest Papandropoulous"}},
	})
	e := engineOf(t, Options{}, Feed{ID: "a.b", Snapshot: open(t, records)})
	const second = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
	asked := func(family, given string) screen.Subject {
		names := family + "<<" + strings.ReplaceAll(given, " ", "<")
		return screen.Subject{MRZ: "P<UTO" + names + strings.Repeat("<", 39-len(names)) + "\n" + second}
	}
	score := func(s screen.Subject) (float64, string) {
		a, err := e.Screen(t.Context(), screen.Request{Subject: s}, now)
		if err != nil || len(a.Candidates) > 1 {
			t.Fatalf("%+v %v", a, err)
		}
		if len(a.Candidates) == 0 {
			return 0, ""
		}
		return a.Candidates[0].Score, a.Candidates[0].Evidence[0].Text
	}
	whole, _ := score(full("Jonathonsample Trevorbellatest Papandropoulous"))
	cut, text := score(asked("PAPANDROPOULOUS", "JONATHONSAMPLE TREVORB"))
	short, _ := score(asked("PAPANDROPOULOUS", "JONATHONSAMPLE TREVOR"))
	if whole <= cut || cut <= short {
		t.Errorf("whole %.4f, cut %.4f, another word %.4f", whole, cut, short)
	}
	if want := "2 words the same, 0 alike, 0 written together, 0 without a counterpart, 1 cut off by the zone"; text != want {
		t.Errorf("%q, want %q", text, want)
	}
	// That a name was given beside the zone as it stands there says nothing of what is missing.
	again := asked("PAPANDROPOULOUS", "JONATHONSAMPLE TREVORB")
	again.Names = []screen.Name{{Full: "Jonathonsample Trevorb Papandropoulous"}}
	if got, _ := score(again); got != cut {
		t.Errorf("with the name beside the zone %.4f, %.4f without", got, cut)
	}
}

// cutOff takes letters from the end of the last word of a name, as zones do.
func cutOff(rng *rand.Rand, text string) (string, int) {
	words := tokens(text)
	last := []rune(words[len(words)-1])
	words[len(words)-1] = string(last[:1+rng.IntN(len(last))])
	return strings.Join(words, " "), len(words) - 1
}
