// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"errors"
	"slices"
	"strings"

	"github.com/frontline-screening/frontline/internal/watchlist/country"
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// unRecord turns an INDIVIDUAL or ENTITY into a record.
func (a *account) unRecord(n elem) (Record, error) {
	r := Record{ID: n.take("REFERENCE_NUMBER"), Type: Person}
	if n.name() == "ENTITY" {
		r.Type = Entity
	}
	if r.ID == "" {
		return r, errors.New("element " + n.name() + " has no REFERENCE_NUMBER")
	}
	var parts []string
	for _, part := range []string{"FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"} {
		if s := n.take(part); s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) > 0 {
		r.Names = append(r.Names, Name{Full: strings.Join(parts, " ")})
	}
	if s := n.take("NAME_ORIGINAL_SCRIPT"); s != "" {
		r.Names = append(r.Names, Name{Full: s, Kind: Original})
	}
	n.each(n.name()+"_ALIAS", func(c elem) { a.unAlias(&r, c) })
	if len(r.Names) == 0 {
		return r, errors.New("element " + n.name() + " has no name")
	}
	n.each("INDIVIDUAL_DATE_OF_BIRTH", func(c elem) { a.unBirthDate(&r, c) })
	n.each("INDIVIDUAL_PLACE_OF_BIRTH", func(c elem) { a.unBirthPlace(&r, c) })
	n.each("INDIVIDUAL_DOCUMENT", func(c elem) { a.unDocument(&r, c) })
	n.each("NATIONALITY", func(c elem) {
		c.each("VALUE", func(v elem) { addUnique(&r.Nationalities, a.country("NATIONALITY", v.own())) })
	})
	switch n.take("GENDER") {
	case "Male":
		r.Gender = "M"
	case "Female":
		r.Gender = "F"
	}
	addUnique(&r.Programmes, n.take("UN_LIST_TYPE"))
	r.Issued = a.day("LISTED_ON", n.take("LISTED_ON"))
	n.take("DATAID")
	n.take("VERSIONNUM")
	return r, nil
}

// unAlias takes over an alias. The list writes several names into one element,
// separated by semicolons.
func (a *account) unAlias(r *Record, c elem) {
	var quality Quality
	var kind = Alias
	switch c.take("QUALITY") {
	case "Low":
		quality = Low
	case "f.k.a.":
		kind = Former
	}
	for name := range strings.SplitSeq(c.take("ALIAS_NAME"), ";") {
		name = clean(name)
		if name != "" {
			addUnique(&r.Names, Name{Full: name, Quality: quality, Kind: kind})
		}
	}
	if s := c.take("DATE_OF_BIRTH"); s != "" {
		addUnique(&r.BirthDates, a.date("ALIAS/DATE_OF_BIRTH", s))
	}
}

// unBirthDate takes over a date of birth: TYPE_OF_DATE is EXACT, APPROXIMATELY or
// BETWEEN; DATE, YEAR or FROM_YEAR and TO_YEAR hold the value.
func (a *account) unBirthDate(r *Record, c elem) {
	kind := c.take("TYPE_OF_DATE")
	value, year := c.take("DATE"), c.take("YEAR")
	from, to := c.take("FROM_YEAR"), c.take("TO_YEAR")
	switch {
	case kind == "BETWEEN" && from != "" && to != "":
		value = from + "/" + to
	case value == "":
		value = year
	}
	if value == "" {
		return
	}
	if kind == "APPROXIMATELY" {
		value += "~"
	}
	addUnique(&r.BirthDates, a.date("DATE_OF_BIRTH", value))
}

func (a *account) unBirthPlace(r *Record, c elem) {
	var text []string
	for _, part := range []string{"STREET", "CITY", "STATE_PROVINCE"} {
		if s := c.take(part); s != "" {
			text = append(text, s)
		}
	}
	p := Place{Text: strings.Join(text, ", "), Country: a.country("PLACE_OF_BIRTH/COUNTRY", c.take("COUNTRY"))}
	if p != (Place{}) {
		addUnique(&r.BirthPlaces, p)
	}
}

func (a *account) unDocument(r *Record, c elem) {
	number := c.take("NUMBER")
	if number == "" {
		return
	}
	kind, detail := c.take("TYPE_OF_DOCUMENT"), c.take("TYPE_OF_DOCUMENT2")
	issuer := c.take("ISSUING_COUNTRY")
	if place := c.take("COUNTRY_OF_ISSUE"); issuer == "" {
		issuer = place
	}
	addUnique(&r.Documents, Document{
		Type: documentType(kind + " " + detail), Number: number, Country: a.country("DOCUMENT/COUNTRY", issuer),
	})
}

// documentType reduces a publisher's words, in the languages of the United Nations'
// lists, to passport, national-id or, unknown, nothing.
func documentType(s string) string {
	s = strings.ToLower(s)
	switch {
	case strings.Contains(s, "passport"), strings.Contains(s, "passeport"), strings.Contains(s, "pasaporte"):
		return "passport"
	case strings.Contains(s, "national id"), strings.Contains(s, "identity"), strings.Contains(s, "identification"):
		return "national-id"
	}
	return ""
}

// country resolves a country's name; what it cannot resolve is counted and left out,
// which is neutral in a search.
func (a *account) country(field, s string) string {
	if s == "" {
		return ""
	}
	code, known := a.countries[s]
	if !known {
		code, _ = country.Resolve(s)
		if len(a.countries) < maxWords && len(s) <= 2*maxWordLen {
			a.countries[s] = code
		}
	}
	if code == "" {
		a.Unresolved[field]++
	}
	return code
}

// date checks a date; what is no date is counted and left out.
func (a *account) date(field, s string) string {
	if _, err := edtf.Parse(s); err != nil {
		a.Unresolved[field]++
		return ""
	}
	return s
}

// day takes the day of a date that may carry a zone.
func (a *account) day(field, s string) string {
	if len(s) > len("2006-01-02") {
		s = s[:len("2006-01-02")]
	}
	if s == "" {
		return ""
	}
	if d, err := edtf.ParsePoint(s); err != nil || d.Precision != edtf.Day {
		a.Unresolved[field]++
		return ""
	}
	return s
}

// addUnique appends a value that is neither zero nor there.
func addUnique[T comparable](to *[]T, v T) {
	var zero T
	if v != zero && !slices.Contains(*to, v) {
		*to = append(*to, v)
	}
}
