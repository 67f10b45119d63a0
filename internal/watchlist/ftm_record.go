// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"errors"
	"slices"
	"strings"
)

// ftmTypes are the schemata that become records.
var ftmTypes = map[string]Type{
	"Person": Person, "Organization": Entity, "Company": Entity, "LegalEntity": Entity, "PublicBody": Entity,
	"Vessel": Object, "Airplane": Object, "Vehicle": Object,
}

// ftmLinks are the schemata that are joined to their holder, and by which property.
var ftmLinks = map[string]string{"Passport": "holder", "Identification": "holder", "Sanction": "entity"}

// ftmLinkTaken are the properties taken over from linked entities.
var ftmLinkTaken = map[string][]string{
	"Passport":       {"holder", "number", "passportNumber", "country", "type"},
	"Identification": {"holder", "number", "passportNumber", "country", "type"},
	"Sanction":       {"entity", "program", "programId", "listingDate", "startDate"},
}

// ftmDocuments are the properties that are documents, and their canonical types.
var ftmDocuments = []struct{ property, kind string }{
	{"passportNumber", "passport"},
	{"idNumber", "national-id"},
	{"socialSecurityNumber", "social-security"},
	{"taxNumber", "tax-id"},
	{"innCode", "tax-id"},
	{"registrationNumber", "registration"},
	{"ogrnCode", "registration"},
	{"imoNumber", "imo"},
	{"mmsi", "mmsi"},
}

// ftmTaken are the other properties a record takes over.
var ftmTaken = map[string]bool{
	"name": true, "alias": true, "weakAlias": true, "previousName": true, "birthDate": true, "birthPlace": true,
	"birthCountry": true, "nationality": true, "citizenship": true, "gender": true, "programId": true,
}

func (a *account) ftmRecord(e *ftmEntity, kind Type, linked *ftmLinked) (Record, error) {
	r := Record{ID: e.id, Type: kind, Documents: linked.documents, Programmes: linked.programmes, Issued: linked.issued}
	taken := a.ftmNames(&r, e)
	if len(r.Names) == 0 {
		return r, errors.New("an entity without a name")
	}
	for _, v := range e.get("birthDate") {
		addUnique(&r.BirthDates, a.date("birthDate", ftmDate(v)))
	}
	places, lands := e.get("birthPlace"), e.get("birthCountry")
	if len(places) == 1 && len(lands) == 1 {
		r.BirthPlaces = []Place{{Text: places[0], Country: a.ftmCountry("birthCountry", lands[0])}}
	} else {
		// Which place is in which country is not said.
		for _, v := range places {
			addUnique(&r.BirthPlaces, Place{Text: v})
		}
		for _, v := range lands {
			addUnique(&r.BirthPlaces, Place{Country: a.ftmCountry("birthCountry", v)})
		}
	}
	for _, property := range []string{"nationality", "citizenship"} {
		for _, v := range e.get(property) {
			addUnique(&r.Nationalities, a.ftmCountry(property, v))
		}
	}
	for _, v := range e.get("gender") {
		code, ok := map[string]string{"male": "M", "female": "F", "other": "X"}[v]
		if !ok || r.Gender != "" && r.Gender != code {
			a.Unresolved["gender"]++
			continue
		}
		r.Gender = code
	}
	for _, d := range ftmDocuments {
		for _, v := range e.get(d.property) {
			if !hasNumber(r.Documents, d.kind, v) {
				r.Documents = append(r.Documents, Document{Type: d.kind, Number: v})
			}
		}
	}
	for _, v := range e.get("programId") {
		addUnique(&r.Programmes, v)
	}
	a.ftmLeft(e, taken)
	return r, nil
}

// hasNumber reports whether a document of that type and number is there, with whatever
// issuer: a Passport entity repeats the number among its holder's.
func hasNumber(all []Document, kind, number string) bool {
	return slices.ContainsFunc(all, func(d Document) bool { return d.Type == kind && d.Number == number })
}

// ftmNames takes over the names, the caption first. It returns the properties of name
// parts that were used: they are sets without order, and only one of each is a name.
func (a *account) ftmNames(r *Record, e *ftmEntity) []string {
	names := e.get("name")
	if i := slices.Index(names, e.caption); i > 0 {
		names = slices.Concat(names[i:i+1], names[:i], names[i+1:])
	}
	given, family := e.get("firstName"), e.get("lastName")
	var taken []string
	parts := Name{}
	if len(given) == 1 && len(family) == 1 {
		parts.Given, parts.Family = given[0], family[0]
		taken = []string{"firstName", "lastName"}
	}
	for i, v := range names {
		n := aliasOf(v)
		if i == 0 {
			n = Name{Full: v, Given: parts.Given, Family: parts.Family}
		}
		addUnique(&r.Names, n)
	}
	if len(names) == 0 {
		addUnique(&r.Names, parts)
	}
	for _, v := range e.get("alias") {
		addUnique(&r.Names, aliasOf(v))
	}
	for _, v := range e.get("previousName") {
		addUnique(&r.Names, Name{Full: v, Kind: Former})
	}
	for _, v := range e.get("weakAlias") {
		n := aliasOf(v)
		n.Quality = Low
		addUnique(&r.Names, n)
	}
	return taken
}

// ftmLeft counts what was not taken over: fields and properties.
func (a *account) ftmLeft(e *ftmEntity, taken []string) {
	for _, name := range e.fields {
		a.ignore(name)
	}
	for _, p := range e.properties {
		of, linked := ftmLinkTaken[e.schema]
		used := linked && slices.Contains(of, p.name) ||
			!linked && (ftmTaken[p.name] || slices.Contains(taken, p.name) || isFTMDocument(p.name))
		if !used && len(p.values) > 0 {
			a.ignore(e.schema + "/" + p.name)
		}
	}
}

func isFTMDocument(property string) bool {
	for _, d := range ftmDocuments {
		if d.property == property {
			return true
		}
	}
	return false
}

// schemaName keeps a schema's name in an account if it looks like one.
func schemaName(s string) string {
	if len(s) > 40 || strings.ContainsFunc(s, func(c rune) bool { return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') }) {
		return "other"
	}
	return s
}

// ftmDate takes the date of a date and time; FollowTheMoney's dates may lack their end.
func ftmDate(s string) string {
	if len(s) > len("2006-01-02") && s[len("2006-01-02")] == 'T' {
		return s[:len("2006-01-02")]
	}
	return s
}

// historic are states that are no more, by the codes of ISO 3166-3 which
// FollowTheMoney uses in small letters.
var historic = map[string]bool{
	"ANHH": true, "BUMM": true, "CSHH": true, "CSXX": true, "DDDE": true, "SUHH": true, "TPTL": true, "YDYE": true, "YUCS": true, "ZRCD": true,
}

// ftmCountry resolves a country code of FollowTheMoney. Its codes of regions (ge-ab) and
// of no country (eu, zz) resolve to nothing.
func (a *account) ftmCountry(field, s string) string {
	if code := strings.ToUpper(s); historic[code] {
		return code
	}
	return a.country(field, s)
}
