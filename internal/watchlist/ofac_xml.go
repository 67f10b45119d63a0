// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist/xmlscan"
)

// Source of the format: OFAC, sdn.xml and consolidated.xml, schema sdn.xsd ("SDN list
// data formats and data schemas"). The Sanctions List Service publishes the same
// elements in a namespace of its own.
var ofacSpaces = []string{
	"http://tempuri.org/sdnList.xsd",
	"https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML",
}

// parseOFACXML streams over the list, one sdnEntry in memory at a time.
func (a *account) parseOFACXML(r io.Reader) error {
	x := a.newXML(r)
	announced, dated := -1, false
	for {
		kind, err := x.scan.Next()
		switch {
		case err != nil:
			return x.at(err)
		case kind == xmlscan.EOF:
			if !dated {
				return errors.New("no publshInformation with a Publish_Date; the list's date is unknown")
			}
			if n := a.Records + a.Suppressed; announced >= 0 && announced != n {
				return fmt.Errorf("publshInformation announces %d records and the list holds %d; fetch it again", announced, n)
			}
			return nil
		case kind == xmlscan.Text:
			if strings.TrimSpace(string(x.scan.Text())) != "" {
				return x.at(errors.New("text where the schema has none"))
			}
			continue
		case kind == xmlscan.End:
			continue
		}
		switch name := x.scan.Name(); {
		case x.scan.Depth() == 1:
			if name != "sdnList" {
				err = errors.New("the first element is not sdnList; this is not the list's XML")
			} else if !slices.Contains(ofacSpaces, x.scan.Space()) {
				err = errors.New("sdnList is in a namespace that is not OFAC's")
			}
		case name == "publshInformation" && !dated:
			announced, err = a.publishedOFAC(x)
			dated = true
		case name == "sdnEntry":
			err = a.nextXML(x, a.ofacEntry)
		default:
			err = errors.New("an element the schema does not have at this place")
		}
		if err != nil {
			return x.at(err)
		}
	}
}

// publishedOFAC takes the date, and returns the number of records announced, or -1. The
// element's name is misspelt in the schema.
func (a *account) publishedOFAC(x *xmlReader) (int, error) {
	e, err := x.record()
	if err != nil {
		return 0, err
	}
	if a.ListDate, err = time.Parse("01/02/2006", e.take("Publish_Date")); err != nil {
		return 0, errors.New("Publish_Date is not MM/DD/YYYY")
	}
	count := e.take("Record_Count")
	a.leftOver(e, []byte(e.name()))
	if count == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 {
		return 0, errors.New("Record_Count is not a number")
	}
	return n, nil
}

func (a *account) ofacEntry(e elem) (Record, error) {
	r := Record{ID: e.take("uid")}
	switch strings.ToLower(e.take("sdnType")) {
	case "individual":
		r.Type = Person
	case "entity":
		r.Type = Entity
	case "vessel", "aircraft":
		r.Type = Object
	default:
		return r, errors.New("sdnType is none of Individual, Entity, Vessel, Aircraft")
	}
	if r.ID == "" {
		return r, errors.New("an sdnEntry has no uid")
	}
	name := ofacParts(e)
	if name == (Name{}) {
		return r, errors.New("an sdnEntry has no name")
	}
	r.Names = append(r.Names, name)
	items(e, "akaList", "aka", func(c elem) { a.ofacAKA(&r, c) })
	items(e, "programList", "program", func(c elem) { addUnique(&r.Programmes, c.own()) })
	items(e, "dateOfBirthList", "dateOfBirthItem", func(c elem) {
		passOver(c)
		if s := c.take("dateOfBirth"); s != "" {
			addUnique(&r.BirthDates, a.date("dateOfBirth", ofacDate(s)))
		}
	})
	items(e, "placeOfBirthList", "placeOfBirthItem", func(c elem) {
		passOver(c)
		if s := c.take("placeOfBirth"); s != "" {
			addUnique(&r.BirthPlaces, ofacPlace(s))
		}
	})
	for _, kind := range []string{"nationality", "citizenship"} {
		items(e, kind+"List", kind, func(c elem) {
			passOver(c)
			addUnique(&r.Nationalities, a.country(kind, c.take("country")))
		})
	}
	items(e, "idList", "id", func(c elem) { a.ofacID(&r, c) })
	return r, nil
}

// items calls f for the items of a list.
func items(e elem, list, item string, f func(elem)) {
	e.each(list, func(l elem) { l.each(item, f) })
}

// passOver marks what only orders a publisher's own table.
func passOver(c elem) {
	c.take("uid")
	c.take("mainEntry")
}

// ofacParts is the name of an entry or alias: a person's in parts, others' in full.
func ofacParts(e elem) Name {
	given, family := e.take("firstName"), e.take("lastName")
	if given == "" {
		return Name{Full: family}
	}
	return Name{Given: given, Family: family}
}

func (a *account) ofacAKA(r *Record, c elem) {
	n := ofacParts(c)
	passOver(c)
	kind, category := c.take("type"), c.take("category")
	if n == (Name{}) {
		return
	}
	n.Kind = Alias
	if kind == "f.k.a." {
		n.Kind = Former
	}
	if category == "weak" {
		n.Quality = Low
	}
	addUnique(&r.Names, n)
}

// ofacID takes over documents and the gender; the other facts which the schema keeps
// among identifiers are counted by their type.
func (a *account) ofacID(r *Record, c elem) {
	kind, number, issuer := c.take("idType"), c.take("idNumber"), c.take("idCountry")
	passOver(c)
	if kind == "Gender" {
		switch number {
		case "Male":
			r.Gender = "M"
		case "Female":
			r.Gender = "F"
		default:
			a.Unresolved["idType/Gender"]++
		}
		return
	}
	canonical := ofacDocumentType(kind, number)
	if canonical == "" || number == "" {
		a.ignore("idType/" + remarkKey(kind))
		return
	}
	number = clean(strings.TrimPrefix(strings.TrimPrefix(number, "IMO "), "#"))
	if number == "" {
		a.Unresolved["idNumber"]++
		return
	}
	addUnique(&r.Documents, Document{Type: canonical, Number: number, Country: a.country("idCountry", issuer)})
}

// ofacDocumentType is the canonical type of an idType, or nothing if it is no document.
func ofacDocumentType(kind, number string) string {
	for _, d := range ofacDocuments {
		// The table's words go on with the number, as remarks do.
		if words := kind + " "; strings.HasPrefix(words+number, d.prefix) && len(d.prefix) >= len(words) {
			return d.kind
		}
	}
	return ""
}
