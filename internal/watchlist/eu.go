// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"errors"
	"io"
	"strings"
	"unicode"

	"github.com/frontline-screening/frontline/internal/watchlist/xmlscan"
)

// Source of the format: European Commission, consolidated list of persons, groups and
// entities subject to EU financial sanctions, "XML (based on XSD) 1.1", namespace below.
const euSpace = "http://eu.europa.ec/fpi/fsd/export"

// parseEU streams over the list, one sanctionEntity in memory at a time.
func (a *account) parseEU(r io.Reader) error {
	x := a.newXML(r)
	for {
		kind, err := x.scan.Next()
		switch {
		case err != nil:
			return x.at(err)
		case kind == xmlscan.EOF:
			return nil
		case kind == xmlscan.Text:
			if strings.TrimSpace(string(x.scan.Text())) != "" {
				return x.at(errors.New("text where the schema has none"))
			}
			continue
		case kind == xmlscan.End:
			continue
		}
		switch {
		case x.scan.Depth() == 1:
			err = a.startEU(x.scan)
		case x.scan.Name() == "sanctionEntity":
			err = a.nextXML(x, a.euRecord)
		default:
			err = errors.New("an element the schema does not have at this place")
		}
		if err != nil {
			return x.at(err)
		}
	}
}

func (a *account) startEU(s *xmlscan.Scanner) error {
	if s.Name() != "export" || s.Space() != euSpace {
		return errors.New("the first element is not export of " + euSpace + "; this is not the list's XML 1.1")
	}
	return a.takeListDate(s, "generationDate")
}

func (a *account) euRecord(e elem) (Record, error) {
	r := Record{ID: e.attr("euReferenceNumber")}
	if r.ID == "" {
		// Few entities have no reference of the Official Journal; their number in the
		// database is as lasting.
		r.ID = e.attr("logicalId")
	}
	if r.ID == "" {
		return r, errors.New("a sanctionEntity has neither euReferenceNumber nor logicalId")
	}
	kind := ""
	e.each("subjectType", func(c elem) {
		code, letter := c.attr("code"), c.attr("classificationCode")
		if kind = code; kind == "" {
			kind = letter
		}
	})
	switch kind {
	case "person", "P":
		r.Type = Person
	case "enterprise", "E":
		r.Type = Entity
	default:
		return r, errors.New("the subjectType of a sanctionEntity is neither person nor enterprise")
	}
	e.each("nameAlias", func(c elem) { a.euName(&r, c) })
	if len(r.Names) == 0 {
		return r, errors.New("a sanctionEntity has no name")
	}
	e.each("birthdate", func(c elem) { a.euBirth(&r, c) })
	e.each("citizenship", func(c elem) { addUnique(&r.Nationalities, a.euCountry("citizenship", c)) })
	e.each("identification", func(c elem) { a.euDocument(&r, c) })
	e.each("regulation", func(c elem) { addUnique(&r.Programmes, c.attr("programme")) })
	r.Issued = a.day("designationDate", e.attr("designationDate"))
	return r, nil
}

// euName takes over a nameAlias. The list writes all names of an entity so, the primary
// one first; in the script of its own language when nameLanguage says so.
func (a *account) euName(r *Record, c elem) {
	n := Name{Full: c.attr("wholeName"), Family: c.attr("lastName")}
	given, middle := c.attr("firstName"), c.attr("middleName")
	n.Given = clean(given + " " + middle)
	gender, strong := c.attr("gender"), c.attr("strong")
	if n == (Name{}) {
		return
	}
	if len(r.Names) > 0 {
		n.Kind = Alias
	}
	if foreignScript(n.Text()) && len(r.Names) > 0 {
		n.Kind = Original
	}
	if strong == "false" {
		n.Quality = Low
	}
	addUnique(&r.Names, n)
	switch gender {
	case "":
	case "M", "F":
		if r.Gender == "" {
			r.Gender = gender
		} else if r.Gender != gender {
			a.Unresolved["nameAlias/@gender"]++
		}
	default:
		a.Unresolved["nameAlias/@gender"]++
	}
}

// foreignScript reports whether a name has letters and none is Latin.
func foreignScript(s string) bool {
	letters := false
	for _, c := range s {
		if unicode.IsLetter(c) {
			if unicode.Is(unicode.Latin, c) {
				return false
			}
			letters = true
		}
	}
	return letters
}

// euBirth takes over date and place of a birthdate. Dates of other calendars are not
// converted: their day would be doubtful.
func (a *account) euBirth(r *Record, c elem) {
	value := c.attr("birthdate")
	year, month, day := c.attr("year"), c.attr("monthOfYear"), c.attr("dayOfMonth")
	from, to := c.attr("yearRangeFrom"), c.attr("yearRangeTo")
	circa, calendar := c.attr("circa"), c.attr("calendarType")
	switch {
	case value != "":
	case from != "" && to != "":
		value = from + "/" + to
	case year != "" && month != "" && day != "":
		value = year + "-" + twoDigits(month) + "-" + twoDigits(day)
	case year != "" && month != "":
		value = year + "-" + twoDigits(month)
	default:
		value = year
	}
	switch {
	case value == "":
	case calendar != "" && calendar != "GREGORIAN":
		a.Unresolved["birthdate/@calendarType"]++
	case circa == "true":
		addUnique(&r.BirthDates, a.date("birthdate", value+"~"))
	default:
		addUnique(&r.BirthDates, a.date("birthdate", value))
	}
	var text []string
	for _, part := range []string{"city", "place", "region"} {
		if s := c.attr(part); s != "" {
			text = append(text, s)
		}
	}
	addUnique(&r.BirthPlaces, Place{Text: strings.Join(text, ", "), Country: a.euCountry("birthdate", c)})
}

func twoDigits(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// euCountry is the country an element names: by code, else by name; 00 is unknown.
func (a *account) euCountry(field string, c elem) string {
	code, name := c.attr("countryIso2Code"), c.attr("countryDescription")
	switch {
	case code != "" && code != "00":
		return a.country(field+"/@countryIso2Code", code)
	case name != "" && name != "UNKNOWN":
		return a.country(field+"/@countryDescription", name)
	}
	return ""
}

// euDocuments are the identificationTypeCodes and the canonical types.
var euDocuments = map[string]string{
	"passport": "passport", "diplomaticpassport": "passport", "servicepassport": "passport",
	"id": "national-id", "ssn": "social-security", "fiscalcode": "tax-id", "swiftbic": "",
	"regnumber": "registration", "imo": "imo", "residentperm": "residence-permit",
	"electionid": "electoral", "driverlicence": "driving-licence", "drivinglicence": "driving-licence",
	"traveldoc": "travel-document", "visa": "visa",
}

// euDocument takes over an identification, also one known to be false or lost: whoever
// shows it is of interest.
func (a *account) euDocument(r *Record, c elem) {
	code, number, latin := c.attr("identificationTypeCode"), c.attr("number"), c.attr("latinNumber")
	issuer := a.euCountry("identification", c)
	kind, known := euDocuments[code]
	switch {
	case known && kind == "":
		a.ignore("identificationTypeCode/" + code)
		return
	case !known:
		kind = documentType(c.attr("identificationTypeDescription"))
	}
	if number == "" {
		number, latin = latin, ""
	}
	if number != "" {
		addUnique(&r.Documents, Document{Type: kind, Number: number, Country: issuer})
	}
	if latin != "" && latin != number {
		addUnique(&r.Documents, Document{Type: kind, Number: latin, Country: issuer})
	}
}
