// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// ofacDate spells an EDTF date as OFAC does.
func ofacDate(date string) string {
	value, circa := about(date)
	if from, to, between := strings.Cut(value, "/"); between {
		return from + " to " + to
	}
	if t, err := time.Parse(time.DateOnly, value); err == nil {
		value = t.Format("02 Jan 2006")
	}
	if circa {
		value = "circa " + value
	}
	return value
}

// parts splits a name for lists that keep the family name apart.
func parts(r *watchlist.Record, name string) (given, family string) {
	if i := strings.LastIndexByte(name, ' '); r.Type == watchlist.Person && i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}

func (s *Set) writeOFACXML(w *bufio.Writer, date time.Time) {
	fmt.Fprintf(w, "%s<sdnList xmlns=\"http://tempuri.org/sdnList.xsd\">\n<publshInformation><Publish_Date>%s</Publish_Date><Record_Count>%d</Record_Count></publshInformation>\n",
		xml.Header, date.UTC().Format("01/02/2006"), s.n)
	for i := range s.n {
		r := s.At(i)
		fmt.Fprintf(w, "<sdnEntry><uid>%d</uid>", i+1)
		given, family := parts(&r, r.Names[0].Full)
		tag(w, "firstName", given)
		tag(w, "lastName", family)
		tag(w, "sdnType", map[watchlist.Type]string{watchlist.Person: "Individual", watchlist.Entity: "Entity", watchlist.Object: "Vessel"}[r.Type])
		fmt.Fprintf(w, "<programList><program>%s</program></programList>\n", r.Programmes[0])
		fmt.Fprint(w, "<idList>")
		for j, d := range r.Documents {
			kind := map[string]string{"passport": "Passport", "imo": "Vessel Registration Identification"}[d.Type]
			number := d.Number
			if d.Type == "imo" {
				number = "IMO " + number
			}
			fmt.Fprintf(w, "<id><uid>%d</uid><idType>%s</idType><idNumber>%s</idNumber>", 10*i+j, kind, number)
			tag(w, "idCountry", d.Country)
			fmt.Fprint(w, "</id>\n")
		}
		if r.Gender != "" {
			fmt.Fprintf(w, "<id><uid>%d</uid><idType>Gender</idType><idNumber>%s</idNumber></id>\n", 10*i+9, genders[r.Gender])
		}
		fmt.Fprint(w, "</idList><akaList>\n")
		for j, n := range r.Names[1:] {
			category := "strong"
			if n.Quality == watchlist.Low {
				category = "weak"
			}
			given, family := parts(&r, n.Full)
			fmt.Fprintf(w, "<aka><uid>%d</uid><type>a.k.a.</type><category>%s</category>", 10*i+j, category)
			tag(w, "lastName", family)
			tag(w, "firstName", given)
			fmt.Fprint(w, "</aka>\n")
		}
		fmt.Fprint(w, "</akaList>")
		for _, c := range r.Nationalities {
			fmt.Fprintf(w, "<nationalityList><nationality><uid>%d</uid><country>%s</country><mainEntry>true</mainEntry></nationality></nationalityList>\n", i, c)
		}
		for _, d := range r.BirthDates {
			fmt.Fprintf(w, "<dateOfBirthList><dateOfBirthItem><uid>%d</uid><dateOfBirth>%s</dateOfBirth><mainEntry>true</mainEntry></dateOfBirthItem></dateOfBirthList>\n", i, ofacDate(d))
		}
		fmt.Fprint(w, "</sdnEntry>\n")
	}
	fmt.Fprint(w, "</sdnList>\n")
}

// writeOFACRow writes the rows of one entity into the three files.
func writeOFACRow(sdn, alt, add *bytes.Buffer, r watchlist.Record, i int) {
	kind := map[watchlist.Type]string{watchlist.Person: `"individual"`, watchlist.Entity: "-0- ", watchlist.Object: `"vessel"`}[r.Type]
	name := func(full string) string {
		if given, family := parts(&r, full); given != "" {
			return strings.ToUpper(family) + ", " + given
		}
		return strings.ToUpper(full)
	}
	var remarks []string
	for _, d := range r.BirthDates {
		remarks = append(remarks, "DOB "+ofacDate(d))
	}
	for _, c := range r.Nationalities {
		remarks = append(remarks, "nationality "+c)
	}
	if r.Gender != "" {
		remarks = append(remarks, "Gender "+genders[r.Gender])
	}
	for _, d := range r.Documents {
		if d.Type == "imo" {
			remarks = append(remarks, "Vessel Registration Identification IMO "+d.Number)
		} else {
			remarks = append(remarks, fmt.Sprintf("Passport %s (%s)", d.Number, d.Country))
		}
	}
	n := 0
	for _, a := range r.Names[1:] {
		switch {
		case a.Quality == watchlist.Low:
			remarks = append(remarks, "a.k.a. '"+strings.ToUpper(a.Full)+"'")
		case a.Kind != watchlist.Original: // the files are ASCII
			n++
			fmt.Fprintf(alt, "%d,%d,\"aka\",\"%s\",-0- \r\n", i+1, 10*i+n, name(a.Full))
		}
	}
	remark := "-0- "
	if len(remarks) > 0 {
		remark = `"` + strings.Join(remarks, "; ") + `."`
	}
	fmt.Fprintf(sdn, "%d,\"%s\",%s,\"%s\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,%s\r\n", i+1, name(r.Names[0].Full), kind, r.Programmes[0], remark)
	fmt.Fprintf(add, "%d,%d,-0- ,-0- ,-0- ,-0- \r\n", i+1, i+1)
}
