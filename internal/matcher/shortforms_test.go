// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"slices"
	"strings"
	"testing"
)

// Each line of the data is a name and its short forms in normal form, and says something
// that no other line does.
func TestShortForms(t *testing.T) {
	names := 0
	for line := range strings.Lines(shortFormsText) {
		if line = strings.TrimSuffix(line, "\n"); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		before, after, ok := strings.Cut(line, ": ")
		if !ok || len(strings.Fields(before)) == 0 || len(strings.Fields(after)) == 0 {
			t.Fatalf("%q: must be names, a colon, and short forms", line)
		}
		names++
		for w := range strings.FieldsSeq(before + " " + after) {
			if got := tokens(w); !slices.Equal(got, []string{w}) || kindOf(w) != kindTelling {
				t.Errorf("%q: %q is no telling word in normal form; that would be %q", line, w, got)
			}
		}
	}
	if names < 300 {
		t.Errorf("%d names", names)
	}
	for w, forms := range shortForms {
		for i, form := range forms {
			if form == w || slices.Contains(forms[:i], form) {
				t.Errorf("%q stands for %q twice, or for itself", form, w)
			}
			if !slices.Contains(shortForms[form], w) {
				t.Errorf("%q stands for %q, and not the other way round", form, w)
			}
		}
	}
}

func TestNamesInShort(t *testing.T) {
	for _, tc := range []struct {
		name, asked, listed string
		// short is how many pairs are a name and its short form, edited how many are alike by
		// their letters.
		short, edited int
	}{
		{"the short form of the traveller", "Bill Kamberaj", "William Kamberaj", 1, 0},
		{"the short form of the record", "William Kamberaj", "Bill Kamberaj", 1, 0},
		{"another order", "Kamberaj Pepe", "José Kamberaj", 1, 0},
		{"both names in short", "Misha Sasha Kamberaj", "Mikhail Aleksandr Kamberaj", 2, 0},
		{"in Cyrillic letters", "Миша Камберай", "Михаил Камберай", 1, 0},
		{"between scripts", "Misha Kamberaj", "Михаил Kamberaj", 1, 0},
		{"of several names", "Sasha Kamberaj", "Aleksandra Kamberaj", 1, 0},
		{"of a name that is misspelt too", "Bill Kamberay", "William Kamberaj", 1, 1},
		{"a name is no short form of itself", "William Kamberaj", "William Kamberaj", 0, 0},
		{"what letters say more of", "Aleksandr Kamberaj", "Aleksander Kamberaj", 0, 1},
		{"two short forms", "Bill Kamberaj", "Liam Kamberaj", 0, 0},
		{"two names of one short form", "Aleksandr Kamberaj", "Patricia Kamberaj", 0, 0},
		{"part of a word", "Billa Kamberaj", "William Kamberaj", 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if l := compared(t, tc.asked, tc.listed); l.short != tc.short || l.edited != tc.edited {
				t.Errorf("%d as a short form, %d alike; want %d and %d", l.short, l.edited, tc.short, tc.edited)
			}
		})
	}
}

// A short form is worth less than the name, and more than another.
func TestAShortFormCosts(t *testing.T) {
	for _, rest := range []string{"", " Kamberaj", " Testovari Kamberaj"} {
		name, short, other := compared(t, "William"+rest, "William"+rest), compared(t, "Bill"+rest, "William"+rest), compared(t, "Somebody"+rest, "William"+rest)
		if short.said() >= name.said() || short.said() <= other.said() {
			t.Errorf("William%s: %.2f points, %.2f in short, %.2f for another", rest, name.said(), short.said(), other.said())
		}
		if rest != "" && !strings.HasSuffix(short.text(), "0 without a counterpart, 1 as a short form") {
			t.Errorf("William%s: %s", rest, short.text())
		}
	}
}

// A short form that nobody on the list is called weighs what the name does that many are:
// it is as common a name.
func TestShortFormsAreAsCommonAsTheName(t *testing.T) {
	list := synthetic(300)
	for i := range 200 {
		list[i].Names[0].Full = "William " + list[i].Names[0].Full
	}
	c, err := build("", newMapping(open(t, list)), hurry)
	if err != nil {
		t.Fatal(err)
	}
	weight := func(asked string) float32 {
		q := &query{}
		q.addText(asked)
		return c.index.newPlan(new(scratch), q.names[0]).words[0].weight
	}
	if long, short := weight("William Kamberaj"), weight("Bill Kamberaj"); short != long || long > 0.5 {
		t.Errorf("William weighs %.2f, Bill %.2f", long, short)
	}
}
