// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// compared is how alike a subject's name is to one that is listed alone.
func compared(t *testing.T, asked, listed string) likeness {
	t.Helper()
	x, err := alone(&watchlist.Record{ID: "1", Type: watchlist.Person, Names: []watchlist.Name{{Full: listed}}})
	if err != nil {
		t.Fatal(err)
	}
	return likenessAt(x, asked, place{})
}

func likenessAt(x *index, asked string, at place) likeness {
	q := &query{}
	q.addText(asked)
	_, all := likenessTo(x, q, searchable, at)
	return *all.best()
}

func TestCompare(t *testing.T) {
	for _, tc := range []struct {
		name, asked, listed string
		// want is how pairs are counted: equal, edited, joined, initials, left over on
		// either side.
		want      string
		reordered bool
		foreign   int
	}{
		{"the same", "Liridona Testovari Kamberaj", "Liridona Testovari Kamberaj", "3 0 0 0 0", false, 0},
		{"case, marks and apostrophes", "LÌRIDÓNA Testo'vari KAMBÉRAJ", "Liridona Testovari Kamberaj", "3 0 0 0 0", false, 0},
		{"another order", "Kamberaj Liridona Testovari", "Liridona Testovari Kamberaj", "3 0 0 0 0", true, 0},
		{"a word twice in either", "Ana Ana Testova", "Ana Testova Ana", "3 0 0 0 0", true, 0}, //nolint:dupword // what is tested
		{"a word more", "Liridona Besa Kamberaj", "Liridona Kamberaj", "2 0 0 0 1", false, 0},
		{"a word fewer", "Liridona Kamberaj", "Liridona Besa Kamberaj", "2 0 0 0 1", false, 0},
		{"a word instead", "Liridona Vuksani", "Liridona Kamberaj", "1 0 0 0 2", false, 0},
		{"misspelt", "Liridna Kamberaj", "Liridona Kamberaj", "1 1 0 0 0", false, 0},
		{"misspelt and another order", "Kamberaj Liridna", "Liridona Kamberaj", "1 1 0 0 0", true, 0},
		{"an initial", "L Kamberaj", "Liridona Kamberaj", "1 0 0 1 0", false, 0},
		{"an initial of the record", "Liridona Kamberaj", "L. Kamberaj", "1 0 0 1 0", false, 0},
		{"an initial of another name", "B Kamberaj", "Liridona Kamberaj", "1 0 0 0 2", false, 0},
		{"initials alone", "L K", "Liridona Kamberaj", "0 0 0 0 0", false, 0},
		{"joined", "Annamaria Eriksson", "Anna Maria Eriksson", "1 0 1 0 0", false, 0},
		{"joined and misspelt", "Annamarja Eriksson", "Anna Maria Eriksson", "1 0 1 0 0", false, 0},
		{"in two", "Anna Maria Eriksson", "Annamaria Eriksson", "1 0 1 0 0", false, 0},
		{"in two and misspelt", "Anna Marja Eriksson", "Annamaria Eriksson", "1 0 1 0 0", false, 0},
		{"around a particle", "Abd al Sample", "Abdalsample", "0 0 1 0 0", false, 0},
		{"a particle more", "Liridona de Kamberaj", "Liridona Kamberaj", "2 0 0 0 1", false, 0},
		{"an article written together", "Omar Alprobani", "Omar Al-Probani", "1 0 1 0 0", false, 0},
		{"an article in two", "Omar Al-Probani", "Omar Alprobani", "1 0 1 0 0", false, 0},
		{"an article left out", "Omar Alprobani", "Omar Probani", "2 0 0 0 0", false, 0},
		{"a prefix written together", "Omar Abuprobani", "Omar Abu Probani", "1 0 1 0 0", false, 0},
		{"a prefix and an article written together", "Abdulprobani Omar", "Abd al Probani Omar", "1 0 1 0 0", false, 0},
		{"a prefix that is no article left out", "Omar Abuprobani", "Omar Probani", "1 0 0 0 2", false, 0},
		{"the Arabic article", "عمر الطربوق", "عمر طربوق", "2 0 0 0 0", false, 0},
		{"a word with and without its article", "الطربوق طربوق", "الطربوق طربوق", "2 0 0 0 0", false, 0},
		{"the same with its article in Latin letters", "Alhasran Hasran", "Alhasran Hasran", "2 0 0 0 0", false, 0},
		{"another script", "Лиридона Камберай", "Liridona Kamberaj", "1 1 0 0 0", false, 1}, // a word in its usual spelling is as good as the same
		{"another script and the same", "Лиридона Kamberaj", "Liridona Kamberaj", "2 0 0 0 0", false, 0},
		{"nothing in common", "Somebody Quitedifferent", "Liridona Kamberaj", "0 0 0 0 0", false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := compared(t, tc.asked, tc.listed)
			over := l.left + l.lacking
			if !l.any() {
				over = 0
			}
			got := fmt.Sprintf("%d %d %d %d %d", l.equal, l.edited, l.joined, l.initials, over)
			if got != tc.want || l.reordered != tc.reordered || l.foreign != tc.foreign {
				t.Errorf("%s, in another order %v, foreign %d; want %s, %v, %d", got, l.reordered, l.foreign, tc.want, tc.reordered, tc.foreign)
			}
			if s := l.share(); s < 0 || s > 1 || (s > 0) != l.any() {
				t.Errorf("the share is %.4f", s)
			}
		})
	}
}

// Names are the same in the words of the evidence only if they are.
func TestTextOfLikeness(t *testing.T) {
	const same = "the names are the same in normal form"
	for _, tc := range []struct{ name, asked, listed, want string }{
		{"the same", "LIRIDONA Kambéraj", "Liridona Kamberaj", same},
		{"misspelt", "Liridna Kamberaj", "Liridona Kamberaj", "1 words the same, 1 alike, 0 written together, 0 without a counterpart"},
		{"another script", "Лиридона Kamberaj", "Liridona Kamberaj", "2 words the same, 0 alike, 0 written together, 0 without a counterpart, 1 in another spelling"},
		{"another script and misspelt", "Лирдона Kamberaj", "Liridona Kamberaj", "1 words the same, 1 alike, 0 written together, 0 without a counterpart, in another script"},
		{"an article left out", "Omar Alprobani", "Omar Probani", "2 words the same, 0 alike, 0 written together, 0 without a counterpart, 1 in another spelling"},
		{"joined", "Annamaria Eriksson", "Anna Maria Eriksson", "1 words the same, 0 alike, 1 written together, 0 without a counterpart"},
		{"an initial", "L Kamberaj", "Liridona Kamberaj", "1 words the same, 0 alike, 0 written together, 0 without a counterpart, 1 as initials"},
		{"another order", "Kamberaj Liridona", "Liridona Kamberaj", "2 words the same, 0 alike, 0 written together, 0 without a counterpart, in another order"},
		{"nothing in common", "Somebody Quitedifferent", "Liridona Kamberaj", "no name of the record is alike"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := compared(t, tc.asked, tc.listed)
			if got := l.text(); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// Each difference costs, and the greater one costs more.
func TestDifferencesCost(t *testing.T) {
	const name = "Liridona Testovari Kamberaj"
	same := compared(t, name, name)
	for _, chain := range [][]string{
		{"Liridona Testovari Kamberaj", "Liridona Kamberaj Testovari", "Kamberaj Liridna Testovari"},
		{"Liridona Testovari Kamberaj", "Liridona Testowari Kamberaj", "Lirydna Tastofari Kamberaj"},
		{"Liridona Testovari Besa Kamberaj", "Liridona Testovari Besa Somebody Kamberaj", "Liridona Somebody Kamberaj"},
		{"L Testovari Kamberaj", "L T Kamberaj", "Kamberaj"},
		{"LiridonaTestovari Kamberaj", "LiridnaTestovari Kamberaj"},
		{"Лиридона Тестовари Камберай", "Лиридона Камберай", "Камберай"},
	} {
		before := same.said()
		for _, asked := range chain {
			l := compared(t, asked, name)
			if asked != name && l.said() >= same.said() || l.said() > before {
				t.Errorf("%s: %.2f points, the one before %.2f, the same %.2f", asked, l.said(), before, same.said())
			}
			before = l.said()
		}
	}
}

// A name with a difference never says more than the same without, whatever the list.
func TestADifferenceNeverGains(t *testing.T) {
	tb := t
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 5))
		list := synthetic(80)
		for i := range list {
			list[i].Names = list[i].Names[:1]
		}
		rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		list = list[:20]
		c, err := build("", newMapping(open(tb, list)), hurry)
		if err != nil {
			t.Fatal(err)
		}
		for doc := range uint32(c.index.parts[0].docs()) { //nolint:gosec // few
			at := place{0, doc}
			name := ""
			for i := range list {
				if list[i].ID == entryAt(c.index, at).id {
					name = list[i].Names[0].Full
				}
			}
			same := likenessAt(c.index, name, at)
			asked := spoilt(rng, name)
			if rng.IntN(2) == 0 {
				asked = misspelt(rng, asked)
			}
			if strings.Join(tokens(asked), " ") == strings.Join(tokens(name), " ") {
				continue
			}
			if l := likenessAt(c.index, asked, at); l.said() > same.said()+1e-9 {
				t.Fatalf("%q for %q: %.3f points, %.3f for itself\n%+v\n%+v", asked, name, l.said(), same.said(), l, same)
			}
		}
	})
}

// Words that everybody has tell no more for being written as one.
func TestCommonWordsJoinedTellNoMore(t *testing.T) {
	list := synthetic(500)
	for i := range 500 {
		list[i].Names = []watchlist.Name{{Full: "Commona Usualko"}}
	}
	list = append(list, synthetic(1000)[500:]...)
	c, err := build("", newMapping(open(t, list)), hurry)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := c.index.parts[0].words.find("usualko")
	p := c.index.parts[0]
	at := place{0, p.nameDoc[p.posts[p.postEnds[id]]]}
	same := likenessAt(c.index, "Commona Usualko", at)
	for _, asked := range []string{"Commonausualko", "Commonausualka", "Comona Usualko", "Usualko Commona", "Comonausualko"} {
		if l := likenessAt(c.index, asked, at); l.said() >= same.said() {
			t.Errorf("%s: %.2f points, %.2f for the name itself", asked, l.said(), same.said())
		}
	}
}

func TestLikeness(t *testing.T) {
	for _, tc := range []struct {
		name, a, b  string
		least, most float64
	}{
		{"the same", "Liridona Kamberaj", "Liridona Kamberaj", 0.85, 0.95},
		{"misspelt", "Liridna Kamberaj", "Liridona Kamberaj", 0.5, 0.95},
		{"another script", "Лиридона Камберай", "Liridona Kamberaj", 0.5, 0.9},
		{"one word", "Kamberaj", "Liridona Kamberaj", 0, 0.2},
		{"nothing in common", "Somebody Quitedifferent", "Liridona Kamberaj", 0, 0.01},
		{"no letters", "?!", "Liridona Kamberaj", 0, 0},
		{"no letters in the other", "Liridona Kamberaj", "?!", 0, 0},
		{"empty", "", "", 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Likeness(tc.a, tc.b); got < tc.least || got > tc.most || math.IsNaN(got) {
				t.Errorf("%.4f, want %.2f to %.2f", got, tc.least, tc.most)
			}
		})
	}
}

// What is told of a name quotes neither side: no word of four letters or more, and no
// number, of subject or record.
func TestEvidenceQuotesNothing(t *testing.T) {
	records := append([]watchlist.Record{{
		ID: "q-1", Type: watchlist.Entity, Names: []watchlist.Name{{Full: "Bruntalla Exemplari"}, {Full: "Zogzali", Quality: watchlist.Low}},
		BirthDates: []string{"1953-07-19"}, Nationalities: []string{"AL"}, Gender: "F", Documents: []watchlist.Document{{Number: "T7654321", Country: "AL"}},
		BirthPlaces: []watchlist.Place{{Text: "Geburta", Country: "AL"}},
	}}, people...)
	e := engineOf(t, Options{Profile: screen.ProfileHighRecall}, Feed{ID: "a.b", Snapshot: open(t, records)})
	texts := map[string]bool{}
	for _, name := range []string{
		"Bruntalla Exemplari", "Exemplari Bruntalla", "Bruntala Exemplari", "Bruntalla Otherworda Exemplari", "BruntallaExemplari",
		"B Exemplari", "Брунталла Экземплари", "Zogzali", "Somebody Quitedifferent",
	} {
		for _, born := range []string{"1953-07-19", "1953", "1953-07-18", "1954-01-09", "1999-09-09"} {
			for _, number := range []string{"T7654321", "T765432I", "T7654322", "XY1"} {
				for _, country := range []string{"AL", "FR"} {
					s := full(name)
					s.BirthDates, s.Nationalities, s.Gender = []string{born}, []string{country}, map[string]string{"AL": "F", "FR": "M"}[country]
					s.Documents = []screen.Document{{Number: number, Country: country}}
					s.BirthPlaces = []screen.Place{{Text: map[string]string{"1953": "Elsewhereta"}[born] + "Geburta", Country: country}}
					for _, ev := range verified(t, e, against("q-1", s)).Evidence {
						texts[ev.Text] = true
						for _, secret := range append(strings.Fields(name+" Bruntalla Exemplari Zogzali Geburta"), born, "1953", number, "7654321") {
							if len(secret) >= 3 && strings.Contains(strings.ToLower(ev.Text), strings.ToLower(secret)) {
								t.Fatalf("%q quotes %q", ev.Text, secret)
							}
						}
					}
				}
			}
		}
	}
	if len(texts) < 19 {
		t.Errorf("%d texts were seen: %v", len(texts), texts)
	}
}
