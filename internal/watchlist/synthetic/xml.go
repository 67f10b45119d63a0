// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// tag writes an element with text, or nothing if there is none.
func tag(w *bufio.Writer, name, text string) {
	if text != "" {
		fmt.Fprintf(w, "<%s>%s</%s>\n", name, escape(text), name)
	}
}

// genders as publishers spell them.
var genders = map[string]string{"M": "Male", "F": "Female"}

// about takes an approximate date's mark off.
func about(date string) (string, bool) { return strings.CutSuffix(date, "~") }

func (s *Set) writeUN(w *bufio.Writer, date time.Time) {
	fmt.Fprintf(w, "%s<CONSOLIDATED_LIST xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" dateGenerated=%q>\n", xml.Header, date.UTC().Format(time.RFC3339))
	for _, part := range []struct {
		section, element string
		persons          bool
	}{{"INDIVIDUALS", "INDIVIDUAL", true}, {"ENTITIES", "ENTITY", false}} {
		fmt.Fprintf(w, "<%s>\n", part.section)
		for r := range s.All() {
			if (r.Type == watchlist.Person) == part.persons {
				writeUNRecord(w, part.element, &r)
			}
		}
		fmt.Fprintf(w, "</%s>\n", part.section)
	}
	fmt.Fprint(w, "</CONSOLIDATED_LIST>\n")
}

func writeUNRecord(w *bufio.Writer, element string, r *watchlist.Record) {
	fmt.Fprintf(w, "<%s><DATAID>%s</DATAID>", element, r.ID[len("SYN-"):])
	words := strings.SplitN(r.Names[0].Full, " ", 4)
	for i, w2 := range words {
		tag(w, []string{"FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"}[i], w2)
	}
	tag(w, "UN_LIST_TYPE", r.Programmes[0])
	tag(w, "REFERENCE_NUMBER", r.ID)
	tag(w, "LISTED_ON", "2020-01-15")
	tag(w, "GENDER", genders[r.Gender])
	tag(w, "COMMENTS1", "Made for tests.")
	for _, c := range r.Nationalities {
		fmt.Fprintf(w, "<NATIONALITY><VALUE>%s</VALUE></NATIONALITY>", c)
	}
	for _, n := range r.Names[1:] {
		if n.Kind == watchlist.Original {
			tag(w, "NAME_ORIGINAL_SCRIPT", n.Full)
			continue
		}
		quality := "Good"
		if n.Quality == watchlist.Low {
			quality = "Low"
		}
		fmt.Fprintf(w, "<%s_ALIAS><QUALITY>%s</QUALITY><ALIAS_NAME>%s</ALIAS_NAME></%s_ALIAS>\n", element, quality, escape(n.Full), element)
	}
	for _, d := range r.BirthDates {
		fmt.Fprint(w, "<INDIVIDUAL_DATE_OF_BIRTH>")
		value, circa := about(d)
		from, to, between := strings.Cut(value, "/")
		switch {
		case between:
			fmt.Fprintf(w, "<TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>%s</FROM_YEAR><TO_YEAR>%s</TO_YEAR>", from, to)
		case circa:
			fmt.Fprintf(w, "<TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>%s</YEAR>", value)
		case len(value) == 4:
			fmt.Fprintf(w, "<TYPE_OF_DATE>EXACT</TYPE_OF_DATE><YEAR>%s</YEAR>", value)
		default:
			fmt.Fprintf(w, "<TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>%s</DATE>", value)
		}
		fmt.Fprint(w, "</INDIVIDUAL_DATE_OF_BIRTH>\n")
	}
	if r.Type == watchlist.Person {
		for _, d := range r.Documents {
			fmt.Fprintf(w, "<INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>%s</NUMBER><ISSUING_COUNTRY>%s</ISSUING_COUNTRY></INDIVIDUAL_DOCUMENT>\n", d.Number, d.Country)
		}
	}
	fmt.Fprintf(w, "</%s>\n", element)
}

func (s *Set) writeEU(w *bufio.Writer, date time.Time) {
	fmt.Fprintf(w, "%s<export xmlns=\"http://eu.europa.ec/fpi/fsd/export\" generationDate=%q globalFileId=\"1\">\n", xml.Header, date.UTC().Format(time.RFC3339))
	for i := range s.n {
		r := s.At(i)
		fmt.Fprintf(w, "<sanctionEntity designationDate=\"2020-01-15\" designationDetails=\"\" euReferenceNumber=%q logicalId=\"%d\">\n", r.ID, i+1)
		fmt.Fprint(w, "<remark>Made for tests.</remark>\n")
		fmt.Fprintf(w, "<regulation regulationType=\"amendment\" publicationDate=\"2020-01-16\" numberTitle=\"1/2020 (OJ L1)\" programme=%q logicalId=\"%d\"><publicationUrl>https://eur-lex.example/1</publicationUrl></regulation>\n", r.Programmes[0], i+1)
		if r.Type == watchlist.Person {
			fmt.Fprint(w, "<subjectType code=\"person\" classificationCode=\"P\"/>\n")
		} else {
			fmt.Fprint(w, "<subjectType code=\"enterprise\" classificationCode=\"E\"/>\n")
		}
		for j, n := range r.Names {
			language, gender := "", ""
			if n.Kind == watchlist.Original {
				language = "XX"
			}
			if j == 0 {
				gender = r.Gender
			}
			fmt.Fprintf(w, "<nameAlias firstName=\"\" middleName=\"\" lastName=\"\" wholeName=\"%s\" function=\"\" gender=\"%s\" title=\"\" nameLanguage=\"%s\" strong=\"%t\" regulationLanguage=\"en\" logicalId=\"%d\"/>\n",
				escape(n.Full), gender, language, n.Quality != watchlist.Low, 100*i+j)
		}
		for _, c := range r.Nationalities {
			fmt.Fprintf(w, "<citizenship region=\"\" countryIso2Code=%q countryDescription=\"\" regulationLanguage=\"en\" logicalId=\"%d\"/>\n", c, i)
		}
		for _, d := range r.BirthDates {
			writeEUBirth(w, d)
		}
		for _, d := range r.Documents {
			fmt.Fprintf(w, "<identification diplomatic=\"false\" knownFalse=\"false\" number=%q identificationTypeCode=%q countryIso2Code=%q countryDescription=\"\"/>\n", d.Number, d.Type, d.Country)
		}
		fmt.Fprint(w, "</sanctionEntity>\n")
	}
	fmt.Fprint(w, "</export>\n")
}

func writeEUBirth(w *bufio.Writer, date string) {
	value, circa := about(date)
	from, to, between := strings.Cut(value, "/")
	fmt.Fprintf(w, "<birthdate circa=\"%t\" calendarType=\"GREGORIAN\" city=\"\" region=\"\" place=\"\" countryIso2Code=\"00\" countryDescription=\"UNKNOWN\"", circa)
	switch {
	case between:
		fmt.Fprintf(w, " yearRangeFrom=%q yearRangeTo=%q", from, to)
	case len(value) == 4:
		fmt.Fprintf(w, " year=%q", value)
	default:
		fmt.Fprintf(w, " birthdate=%q year=%q", value, value[:4])
	}
	fmt.Fprint(w, "/>\n")
}
