// SPDX-License-Identifier: Apache-2.0

package reading

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// tree is any XML element.
type tree struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []tree     `xml:",any"`
}

func parse(data []byte) (t tree, err error) { return t, xml.Unmarshal(data, &t) }

// all returns the elements at a path below t.
func (t *tree) all(path ...string) []*tree {
	if len(path) == 0 {
		return []*tree{t}
	}
	var out []*tree
	for i := range t.Nodes {
		if t.Nodes[i].XMLName.Local == path[0] {
			out = append(out, t.Nodes[i].all(path[1:]...)...)
		}
	}
	return out
}

// text is the first text at a path.
func (t *tree) text(path ...string) string {
	for _, n := range t.all(path...) {
		if s := clean(n.Text); s != "" {
			return s
		}
	}
	return ""
}

func (t *tree) attr(name string) string {
	for _, a := range t.Attrs {
		if a.Name.Local == name {
			return clean(a.Value)
		}
	}
	return ""
}

func un(data []byte) (map[string]Facts, error) {
	doc, err := parse(data)
	if err != nil {
		return nil, err
	}
	out := map[string]Facts{}
	for _, e := range append(doc.all("INDIVIDUALS", "INDIVIDUAL"), doc.all("ENTITIES", "ENTITY")...) {
		f, kind := Facts{}, "Entity"
		if e.XMLName.Local == "INDIVIDUAL" {
			kind = "Person"
		}
		f.add(fieldType, kind)
		f.name(e.text("FIRST_NAME")+" "+e.text("SECOND_NAME")+" "+e.text("THIRD_NAME")+" "+e.text("FOURTH_NAME"), "", false)
		f.name(e.text("NAME_ORIGINAL_SCRIPT"), watchlist.Original, false)
		for _, alias := range e.all(e.XMLName.Local + "_ALIAS") {
			quality, nameKind := alias.text("QUALITY"), watchlist.Alias
			if quality == "f.k.a." {
				nameKind = watchlist.Former
			}
			for n := range strings.SplitSeq(alias.text("ALIAS_NAME"), ";") {
				f.name(n, nameKind, quality == "Low")
			}
			f.birth(alias.text("DATE_OF_BIRTH"), false)
		}
		for _, b := range e.all("INDIVIDUAL_DATE_OF_BIRTH") {
			kind, value := b.text("TYPE_OF_DATE"), b.text("DATE")
			if value == "" {
				value = b.text("YEAR")
			}
			if from, to := b.text("FROM_YEAR"), b.text("TO_YEAR"); kind == "BETWEEN" && from != "" && to != "" {
				value = from + "/" + to
			}
			f.birth(value, kind == "APPROXIMATELY")
		}
		for _, c := range e.all("NATIONALITY", "VALUE") {
			f.add(fieldNationality, land(c.Text))
		}
		for _, p := range e.all("INDIVIDUAL_PLACE_OF_BIRTH") {
			f.add(fieldPlace, land(p.text("COUNTRY")))
		}
		for _, d := range e.all("INDIVIDUAL_DOCUMENT") {
			issuer := d.text("ISSUING_COUNTRY")
			if issuer == "" {
				issuer = d.text("COUNTRY_OF_ISSUE")
			}
			words := regexp.MustCompile(`(?i)passport|passeport|pasaporte`)
			f.document(words.MatchString(d.text("TYPE_OF_DOCUMENT")+" "+d.text("TYPE_OF_DOCUMENT2")), d.text("NUMBER"), land(issuer))
		}
		f.add(fieldGender, map[string]string{"Male": "M", "Female": "F"}[e.text("GENDER")])
		f.add(fieldProgramme, e.text("UN_LIST_TYPE"))
		if day := e.text("LISTED_ON"); len(day) >= 10 {
			f.add(fieldIssued, day[:10])
		}
		out[e.text("REFERENCE_NUMBER")] = f
	}
	return out, nil
}

// ofacKinds are the identifiers of OFAC that are documents.
var ofacKinds = regexp.MustCompile(`^(?:Diplomatic Passport|Stateless Person Passport|British National Overseas Passport|Passport|National ID No\.|` +
	`National Foreign ID Number|Personal ID Card|Cedula No\.|Cedula de Residencia|Residency Number|D\.N\.I\.|C\.U\.R\.P\.|Citizen's Card Number|` +
	`Vessel Registration Identification IMO|Identification Number IMO|Identification Number|Company Number IMO|Company Number|MMSI|Aircraft Tail Number|` +
	`Driver's License No\.|SSN|Tax ID No\.|R\.F\.C\.|RUC #|NIT #|RIF #|Registration ID|Registration Number|Commercial Registry Number|` +
	`Matricula Mercantil No|Folio Mercantil No\.|Electoral Registry No\.|Visa Number|Travel Document Number|Refugee ID Card) `)

// ofacBirth reads OFAC's dates by pattern.
func ofacBirth(f Facts, s string) {
	s, about := strings.CutPrefix(s, "circa ")
	point := func(s string) string {
		if t, err := time.Parse("2 Jan 2006", s); err == nil {
			return t.Format(time.DateOnly)
		}
		if t, err := time.Parse("Jan 2006", s); err == nil {
			return t.Format("2006-01")
		}
		return s
	}
	if m := regexp.MustCompile(`^(.+) to (.+)$|^([0-9]{4})-([0-9]{4})$`).FindStringSubmatch(s); m != nil {
		f.birth(point(m[1]+m[3])+"/"+point(m[2]+m[4]), about)
		return
	}
	f.birth(point(s), about)
}

func ofacXML(data []byte) (map[string]Facts, error) {
	doc, err := parse(data)
	if err != nil {
		return nil, err
	}
	out := map[string]Facts{}
	for _, e := range doc.all("sdnEntry") {
		f := Facts{}
		f.add(fieldType, map[string]string{"Individual": "Person", "Entity": "Entity", "Vessel": "Object", "Aircraft": "Object"}[e.text("sdnType")])
		f.name(e.text("firstName")+" "+e.text("lastName"), "", false)
		for _, n := range e.all("akaList", "aka") {
			kind := map[string]watchlist.NameKind{"f.k.a.": watchlist.Former}[n.text("type")]
			f.name(n.text("firstName")+" "+n.text("lastName"), kind, n.text("category") == "weak")
		}
		for _, p := range e.all("programList", "program") {
			f.add(fieldProgramme, p.Text)
		}
		for _, b := range e.all("dateOfBirthList", "dateOfBirthItem", "dateOfBirth") {
			ofacBirth(f, clean(b.Text))
		}
		for _, p := range e.all("placeOfBirthList", "placeOfBirthItem", "placeOfBirth") {
			words := strings.Split(clean(p.Text), ", ")
			f.add(fieldPlace, placeLand(words))
		}
		for _, c := range append(e.all("nationalityList", "nationality", "country"), e.all("citizenshipList", "citizenship", "country")...) {
			f.add(fieldNationality, land(c.Text))
		}
		for _, d := range e.all("idList", "id") {
			kind, number := d.text("idType"), d.text("idNumber")
			if kind == "Gender" {
				f.add(fieldGender, map[string]string{"Male": "M", "Female": "F"}[number])
			} else if m := ofacKinds.FindString(kind + " " + number + " "); m != "" && len(m) > len(kind) {
				f.document(strings.Contains(kind, "Passport"), strings.TrimPrefix(number, "IMO "), land(d.text("idCountry")))
			}
		}
		out[e.text("uid")] = f
	}
	return out, nil
}

// placeLand finds the country at the end of a place, which may have a comma itself.
func placeLand(words []string) string {
	if len(words) > 1 {
		if code := nameLand(strings.Join(words, ", ")); code != "" {
			return code
		}
	}
	return nameLand(words[len(words)-1])
}

func eu(data []byte) (map[string]Facts, error) {
	doc, err := parse(data)
	if err != nil {
		return nil, err
	}
	out := map[string]Facts{}
	for _, e := range doc.all("sanctionEntity") {
		f := Facts{}
		for _, t := range e.all("subjectType") {
			f.add(fieldType, map[string]string{"person": "Person", "enterprise": "Entity"}[t.attr("code")])
		}
		for i, n := range e.all("nameAlias") {
			full, kind := n.attr("wholeName"), watchlist.NameKind("")
			if full == "" {
				full = fmt.Sprint(n.attr("firstName"), " ", n.attr("middleName"), " ", n.attr("lastName"))
			}
			if i > 0 && !strings.ContainsFunc(full, func(c rune) bool { return unicode.In(c, unicode.Latin) }) {
				kind = watchlist.Original
			}
			f.name(full, kind, n.attr("strong") == "false")
			if len(f[fieldGender]) == 0 {
				f.add(fieldGender, n.attr("gender"))
			}
		}
		for _, c := range e.all("citizenship") {
			f.add(fieldNationality, land(c.attr("countryIso2Code")))
		}
		for _, b := range e.all("birthdate") {
			value := b.attr("birthdate")
			if value == "" {
				value = b.attr("year")
			}
			if from := b.attr("yearRangeFrom"); from != "" {
				value = from + "/" + b.attr("yearRangeTo")
			}
			f.birth(value, b.attr("circa") == "true")
			f.add(fieldPlace, land(b.attr("countryIso2Code")))
		}
		for _, d := range e.all("identification") {
			f.document(strings.Contains(d.attr("identificationTypeCode"), "passport"), d.attr("number"), land(d.attr("countryIso2Code")))
		}
		for _, r := range e.all("regulation") {
			f.add(fieldProgramme, r.attr("programme"))
		}
		f.add(fieldIssued, e.attr("designationDate"))
		out[e.attr("euReferenceNumber")] = f
	}
	return out, nil
}
