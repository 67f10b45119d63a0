// SPDX-License-Identifier: Apache-2.0

// Package reading reads lists a second time, by other means than the parsers: whole
// files in memory, generic trees of encoding/xml, maps of encoding/json, tables of
// encoding/csv and regular expressions. It serves tests and the lab to compare what a
// parser made of a file with the file; nothing else uses it. It knows no limits and is
// only for files that are trusted.
package reading

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/country"
)

// Facts are what a file says of one record: per field, the set of its values spelled as
// text, sorted.
type Facts map[string][]string

// The fields of facts.
const (
	fieldType        = "type"
	fieldName        = "names"
	fieldLow         = "low quality names"
	fieldFormer      = "former names"
	fieldOriginal    = "original names"
	fieldBirth       = "birth dates"
	fieldPlace       = "birth places' countries"
	fieldNationality = "nationalities"
	fieldGender      = "gender"
	fieldDocument    = "documents"
	fieldProgramme   = "programmes"
	fieldIssued      = "issued"
)

// add notes a value once.
func (f Facts) add(field, value string) {
	if value = clean(value); value != "" && !slices.Contains(f[field], value) {
		f[field] = append(f[field], value)
		slices.Sort(f[field])
	}
}

func (f Facts) name(text string, kind watchlist.NameKind, low bool) {
	f.add(fieldName, text)
	if low {
		f.add(fieldLow, text)
	}
	switch kind {
	case watchlist.Former:
		f.add(fieldFormer, text)
	case watchlist.Original:
		f.add(fieldOriginal, text)
	}
}

func (f Facts) document(passport bool, number, issuer string) {
	if number = clean(number); number == "" {
		return
	}
	kind := "other"
	if passport {
		kind = "passport"
	}
	f.add(fieldDocument, kind+" "+number+" "+issuer)
}

var date = regexp.MustCompile(`^[0-9]{4}(-(0[1-9]|1[0-2])(-([0-2][0-9]|3[01]))?)?$`)

// birth notes a date that is one.
func (f Facts) birth(value string, about bool) {
	from, to, between := strings.Cut(value, "/")
	if !date.MatchString(from) || between && (!date.MatchString(to) || to[:4] < from[:4]) {
		return
	}
	for _, d := range []string{from, to} {
		if len(d) == 10 {
			if _, err := time.Parse(time.DateOnly, d); err != nil {
				return
			}
		}
	}
	if about {
		value += "~"
	}
	f.add(fieldBirth, value)
}

func land(s string) string {
	code, _ := country.Resolve(s)
	return code
}

func clean(s string) string { return strings.Join(strings.Fields(s), " ") }

// Of returns the facts of a parsed record.
func Of(r *watchlist.Record) Facts {
	f := Facts{}
	f.add(fieldType, string(r.Type))
	for _, n := range r.Names {
		f.name(n.Text(), n.Kind, n.Quality == watchlist.Low)
	}
	for _, d := range r.BirthDates {
		f.add(fieldBirth, d)
	}
	for _, p := range r.BirthPlaces {
		f.add(fieldPlace, p.Country)
	}
	for _, c := range r.Nationalities {
		f.add(fieldNationality, c)
	}
	f.add(fieldGender, r.Gender)
	for _, d := range r.Documents {
		f.document(d.Type == "passport", d.Number, d.Country)
	}
	for _, p := range r.Programmes {
		f.add(fieldProgramme, p)
	}
	f.add(fieldIssued, r.Issued)
	return f
}

// Read reads a file, or for ofac-csv a folder.
func Read(format watchlist.Format, file io.Reader, folder fs.FS) (map[string]Facts, error) {
	if format == watchlist.OFACCSV {
		return ofacCSV(folder)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	switch format {
	case watchlist.UNXML:
		return un(data)
	case watchlist.OFACXML:
		return ofacXML(data)
	case watchlist.EUXML:
		return eu(data)
	case watchlist.FTMJSON:
		return ftm(data)
	case watchlist.OpenSanctionsCSV:
		return simple(data)
	case watchlist.FrontlineJSONL:
		return jsonl(data)
	}
	return nil, fmt.Errorf("no independent reading of format %q", format)
}

// Comparison is how two readings differ. It holds counts alone.
type Comparison struct {
	// Values counts the values of the independent reading by field; Records its records.
	Records int
	Values  map[string]int
	// Missing and Surplus count records of one reading alone; Different the records
	// that differ in a field.
	Missing, Surplus int
	Different        map[string]int
}

// Equal reports whether nothing differs.
func (c Comparison) Equal() bool { return c.Missing+c.Surplus+len(c.Different) == 0 }

// Fields lists the fields which have values or differ, sorted.
func (c Comparison) Fields() []string {
	all := maps.Clone(c.Values)
	for k := range c.Different {
		all[k] += 0
	}
	return slices.Sorted(maps.Keys(all))
}

// Compare compares the independent reading with what was parsed.
func Compare(want, got map[string]Facts) Comparison {
	c := Comparison{Records: len(want), Values: map[string]int{}, Different: map[string]int{}}
	for id, w := range want {
		for field, values := range w {
			c.Values[field] += len(values)
		}
		g, ok := got[id]
		if !ok {
			c.Missing++
			continue
		}
		fields := maps.Clone(map[string][]string(w))
		maps.Copy(fields, g)
		for field := range fields {
			if !slices.Equal(w[field], g[field]) {
				c.Different[field]++
			}
		}
	}
	for id := range got {
		if _, ok := want[id]; !ok {
			c.Surplus++
		}
	}
	return c
}
