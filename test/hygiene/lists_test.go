// SPDX-License-Identifier: Apache-2.0

package hygiene

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// listsVariable names a folder of published lists to compare with.
const listsVariable = "FRONTLINE_REAL_LISTS"

// known is what lists say of people, ready to be looked for.
type known struct {
	// phrases are names of two words and more, by their first word.
	phrases map[string][][]string
	// numbers are document numbers long enough to stand for a document.
	numbers map[string]bool
	// references are the lists' own, where their form tells them from words.
	references map[string]bool
	persons    int
}

func newKnown() *known {
	return &known{phrases: map[string][][]string{}, numbers: map[string]bool{}, references: map[string]bool{}}
}

const (
	// leastLetters keeps out phrases that are words of the language rather than a name.
	leastLetters = 7
	leastNumber  = 7
)

func (k *known) add(r watchlist.Record) {
	if reference.MatchString(r.ID) {
		k.references[r.ID] = true
	}
	for _, d := range r.Documents {
		if number := strings.Join(words(d.Number), ""); len(number) >= leastNumber && strings.ContainsAny(number, "0123456789") {
			k.numbers[number] = true
		}
	}
	if r.Type != watchlist.Person {
		return
	}
	k.persons++
	for _, n := range r.Names {
		for _, form := range []string{n.Full, n.Given + " " + n.Family} {
			name := words(form)
			if len(name) < 2 || len([]rune(strings.Join(name, ""))) < leastLetters {
				continue
			}
			// Publishers write the family name first, others last, and either may be
			// of several words.
			for i := range name {
				turned := slices.Concat(name[i:], name[:i])
				k.phrases[turned[0]] = append(k.phrases[turned[0]], turned)
			}
		}
	}
}

// Between the parts of a name stand the elements and keys of formats.
var (
	element = regexp.MustCompile(`</?[A-Za-z_:]+[^<>]*>`)
	keys    = []string{"given", "family", "full", "first", "second", "third", "fourth", "last", "name"}
)

// words are what a text says, without case, marks, punctuation and what formats
// put between the parts of a name.
func words(text string) []string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(element.ReplaceAllLiteralString(text, " ")) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
	}
	return slices.DeleteFunc(strings.Fields(b.String()), func(w string) bool { return slices.Contains(keys, w) })
}

// find looks a file through. A name that goes on in the next line is found too.
func (k *known) find(f file) []finding {
	type word struct {
		text string
		line int
	}
	var all []word
	var found []finding
	number := 0
	for line := range strings.Lines(string(f.data)) {
		number++
		for _, m := range reference.FindAllString(line, -1) {
			if k.references[m] {
				found = append(found, finding{f.path, number, "the reference of a listed entry"})
			}
		}
		for _, w := range words(line) {
			all = append(all, word{w, number})
		}
	}
	for i, w := range all {
		if k.numbers[w.text] {
			found = append(found, finding{f.path, w.line, "the number of a listed person's document"})
		}
		for _, name := range k.phrases[w.text] {
			if len(all)-i < len(name) {
				continue
			}
			same := true
			for j := range name {
				same = same && all[i+j].text == name[j]
			}
			if same {
				found = append(found, finding{f.path, w.line, "the name of a listed person"})
				break
			}
		}
	}
	return found
}

// read adds each list of a folder and returns the files it could not read as one.
func (k *known) read(ctx context.Context, folder string) (unread []string, err error) {
	add := func(r watchlist.Record) error { k.add(r); return nil }
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir():
			if _, err := os.Stat(filepath.Join(path, "sdn.csv")); err != nil {
				return nil
			}
			if _, err := watchlist.Parse(ctx, watchlist.OFACCSV, watchlist.Source{FS: os.DirFS(path)}, watchlist.Limits{}, add); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return fs.SkipDir
		case filepath.Ext(path) == ".xml":
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			if _, err := watchlist.Parse(ctx, watchlist.UNXML, watchlist.Source{Reader: f}, watchlist.Limits{}, add); err != nil {
				unread = append(unread, entry.Name())
			}
			return nil
		}
		return nil
	})
	return unread, err
}

// Nobody on a published list is in the repository. Without lists beside it, what
// stands on its own is checked: that the search finds.
func TestNobodyListedIsHere(t *testing.T) {
	folder := os.Getenv(listsVariable)
	if folder == "" {
		t.Logf("%s is not set: names are not compared with published lists", listsVariable)
		return
	}
	k := newKnown()
	unread, err := k.read(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	if k.persons == 0 {
		t.Fatalf("%s=%s holds no list that can be read (un-xml files, ofac-csv folders)", listsVariable, folder)
	}
	t.Logf("compared with %d persons; not read: %v", k.persons, unread)
	for id := range k.references {
		if unInvented.MatchString(id) {
			t.Errorf("a published list uses a reference reserved for invented entries; reserve another range")
		}
	}
	for _, f := range tree(t) {
		for _, found := range k.find(f) {
			t.Error(found)
		}
	}
}

func TestListedIsFound(t *testing.T) {
	k := newKnown()
	k.add(watchlist.Record{
		ID: "SYi.001", Type: watchlist.Person,
		Names:     []watchlist.Name{{Full: "BOLVARIN, Ablór Quelt"}, {Given: "Besmir", Family: "Cestremi"}, {Full: "Lur"}, {Full: "Ablor Quelt Bolvarin Grelbani"}},
		Documents: []watchlist.Document{{Number: "UT 700-001"}, {Number: "123"}},
	})
	k.add(watchlist.Record{ID: "11", Type: watchlist.Entity, Names: []watchlist.Name{{Full: "General Trading Company"}}})
	for _, tc := range []struct {
		name, text string
		want       int
	}{
		{name: "as published", text: "// BOLVARIN, Ablor Quelt", want: 1},
		{name: "turned, with other case and marks", text: `full: "Äblor quelt Bolvarin"`, want: 1},
		{name: "given names last", text: "BOLVARIN Grelbani, Ablor Quelt", want: 1},
		{name: "over two lines", text: "Besmir\n// Cestremi", want: 1},
		{name: "in elements", text: "<FIRST_NAME>Besmir</FIRST_NAME><SECOND_NAME>Cestremi</SECOND_NAME>", want: 1},
		{name: "in keys", text: `{"given": "Besmir", "family": "Cestremi"}`, want: 1},
		{name: "document", text: `"number": "UT700001"`, want: 1},
		{name: "reference", text: "SYi.001 is listed", want: 1},
		{name: "part of a name", text: "Ablor Quelt, Lur 123"},
		{name: "entity, whose name may be words", text: "a general trading company"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := k.find(file{path: "a", data: []byte(tc.text)}); len(got) != tc.want {
				t.Errorf("got %v, want %d", got, tc.want)
			}
		})
	}
}
