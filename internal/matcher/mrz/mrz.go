// SPDX-License-Identifier: Apache-2.0

// Package mrz reads machine-readable zones: TD1 (ICAO Doc 9303-5), TD2 (9303-6),
// TD3 (9303-4), visas MRV-A and MRV-B (9303-7), and the French identity card of 1988 to
// 2021. A character that a reader mistook is put right where a check digit proves it,
// and only there; everything else that does not fit is refused, with the field and the
// reason, and without quoting the zone.
package mrz

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// Zone is what a zone says.
type Zone struct {
	// Format is TD1, TD2, TD3, MRV-A, MRV-B or FRA-ID.
	Format string
	// Document is the document code of two letters, without fillers.
	Document string
	// Family and Given are in the letters of the zone, words separated by a space.
	// Given is empty for a single name (9303-3, 4.6).
	Family, Given string
	// FamilyCut and GivenCut are true when that name goes to the end of its field, so that
	// letters of its last word, and words behind it, may be missing (9303-3, 4.6.2).
	FamilyCut, GivenCut bool
	// Number is empty when the zone states none.
	Number string
	// Issuer and Nationality are codes of ICAO 9303-3 section 5, without fillers. The
	// French card states no nationality.
	Issuer, Nationality string
	// Birth is nil when the zone states no year; its precision is what the zone states.
	Birth *edtf.Date
	// Expiry is nil where the zone states none.
	Expiry *edtf.Date
	// Gender is M, F or, unspecified, empty.
	Gender string
	// Repaired are the fields in which a check digit proved a misread character.
	Repaired []Field
}

// Field is a field of a zone.
type Field string

// The fields that errors and repairs name.
const (
	FieldZone      Field = "zone"
	FieldNumber    Field = "document number"
	FieldBirth     Field = "date of birth"
	FieldExpiry    Field = "date of expiry"
	FieldSex       Field = "sex"
	FieldPersonal  Field = "personal number"
	FieldComposite Field = "composite"
	FieldName      Field = "name"
	FieldIssuer    Field = "issuing state"
	FieldNation    Field = "nationality"
)

// Error says which field is wrong, and why. It quotes nothing.
type Error struct {
	// Line is the line, from 1; 0 for the whole zone.
	Line  int
	Field Field
	Cause string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Field, e.Cause)
	}
	return fmt.Sprintf("line %d, %s: %s", e.Line, e.Field, e.Cause)
}

// Parse reads a zone whose lines are separated by line feeds. The time decides the
// century of a two-digit year of birth: the latest that is not in the future. Errors
// are of type *Error.
func Parse(s string, now time.Time) (Zone, error) {
	var lines [3]string
	n, err := split(s, &lines)
	if err != nil {
		return Zone{}, err
	}
	l, err := layoutOf(lines[:n])
	if err != nil {
		return Zone{}, err
	}
	p := parser{lines: lines[:n], layout: l, now: now}
	return p.zone()
}

// split takes the lines apart and looks at every character.
func split(s string, lines *[3]string) (int, error) {
	n := 0
	for s != "" {
		var line string
		line, s, _ = strings.Cut(s, "\n")
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if n == len(lines) {
			return 0, errFormat
		}
		for j := range len(line) {
			if values[line[j]] < 0 {
				return 0, &Error{n + 1, FieldZone, fmt.Sprintf("column %d: only A to Z, 0 to 9 and < may stand there", j+1)}
			}
		}
		lines[n] = line
		n++
	}
	if n == 0 {
		return 0, &Error{0, FieldZone, "is empty"}
	}
	return n, nil
}

// parser is one zone on its way.
type parser struct {
	lines  []string
	layout *layout
	now    time.Time
	out    Zone
}

func (p *parser) zone() (Zone, error) {
	l := p.layout
	p.out.Format = l.name
	p.out.Document = strings.TrimRight(p.at(span{0, 0, 2}), "<")
	err := p.codes()
	if err == nil {
		err = p.number()
	}
	if err == nil {
		err = p.dates()
	}
	if err == nil {
		err = p.personal()
	}
	if err == nil {
		err = p.composite()
	}
	if err == nil {
		err = p.sex()
	}
	if err == nil {
		err = p.names()
	}
	if err != nil {
		return Zone{}, err
	}
	return p.out, nil
}

// at is the text of a span; empty for a layout that has none.
func (p *parser) at(s span) string {
	if s.to == 0 {
		return ""
	}
	return p.lines[s.line][s.from:s.to]
}

// put replaces the text of a span by what a check digit proved.
func (p *parser) put(s span, text string, f Field) {
	line := p.lines[s.line]
	p.lines[s.line] = line[:s.from] + text + line[s.to:]
	if !slices.Contains(p.out.Repaired, f) {
		p.out.Repaired = append(p.out.Repaired, f)
	}
}

// codes reads the states, of which only letters and fillers are made.
func (p *parser) codes() error {
	l := p.layout
	issuer, nation := p.at(l.issuer), p.at(l.nationality)
	const cause = "a digit stands where letters belong; read the zone again"
	if anyDigit(issuer) {
		return &Error{l.issuer.line + 1, FieldIssuer, cause}
	}
	if anyDigit(nation) {
		return &Error{l.nationality.line + 1, FieldNation, cause}
	}
	p.out.Issuer, p.out.Nationality = strings.Trim(issuer, "<"), strings.Trim(nation, "<")
	return nil
}

func anyDigit(s string) bool {
	for i := range len(s) {
		if isDigit(s[i]) {
			return true
		}
	}
	return false
}

// dates reads both dates with their check digits.
func (p *parser) dates() (err error) {
	if p.out.Birth, err = p.date(p.layout.birth, FieldBirth, true); err == nil && p.layout.expiry.to > 0 {
		p.out.Expiry, err = p.date(p.layout.expiry, FieldExpiry, false)
	}
	return err
}

func (p *parser) date(at span, f Field, past bool) (*edtf.Date, error) {
	digit := at.after()
	text, check, repaired, ok := proveDigits(p.at(at), p.at(digit)[0])
	if !ok {
		return nil, wrong(at, f)
	}
	if repaired {
		p.put(at, text, f)
		p.put(digit, string(check), f)
	}
	date, ok := readDate(text, p.now, past)
	if !ok {
		return nil, &Error{at.line + 1, f, "is no date"}
	}
	return date, nil
}

// number reads the document number and checks its digit. In TD1 and TD2 a number of
// more than nine characters goes on in the optional data: a filler stands in the place
// of the check digit, which follows the rest of the number (9303-5, 4.2.2, note j).
func (p *parser) number() error {
	at := p.layout.number
	first, check := p.at(at), p.at(at.after())[0]
	if check == '<' && p.layout.optional.to > 0 && strings.Trim(first, "<") != "" {
		rest, _, _ := strings.Cut(p.at(p.layout.optional), "<")
		if len(rest) >= 2 {
			number, digit := first+rest[:len(rest)-1], rest[len(rest)-1]
			// Belgian cards count the filler between the parts.
			if !proves(digit, number) && !proves(digit, first+"<"+rest[:len(rest)-1]) {
				return wrong(at, FieldNumber)
			}
			p.out.Number = strings.Trim(number, "<")
			return nil
		}
	}
	text, digit, repaired, ok := first, check, false, proves(check, first)
	if !ok && p.layout.check.to > 0 {
		// One digit alone is no proof of two letters that may be meant: the composite
		// must agree as well, and is looked at next.
		text, digit, repaired, ok = proveMixed(first, check)
	}
	if !ok {
		return wrong(at, FieldNumber)
	}
	if repaired {
		p.put(at, text, FieldNumber)
		p.put(at.after(), string(digit), FieldNumber)
	}
	p.out.Number = strings.Trim(text, "<")
	return nil
}

// personal checks the digit of a TD3's personal number, which may be a filler or 0
// where there is none (9303-4, 4.2.2).
func (p *parser) personal() error {
	at := p.layout.personal
	if at.to == 0 || proves(p.at(at.after())[0], p.at(at)) {
		return nil
	}
	return wrong(at, FieldPersonal)
}

// composite checks the digit over all fields that have one.
func (p *parser) composite() error {
	at := p.layout.check
	if at.to == 0 {
		return nil
	}
	sum, i := 0, 0
	for _, s := range p.layout.composite {
		text := p.at(s)
		for j := range len(text) {
			sum += int(values[text[j]]) * weights[i%3]
			i++
		}
	}
	digit := p.at(at)[0]
	if c := asDigit[digit]; c != 0 && c != digit && int(c-'0') == sum%10 {
		p.put(at, string(c), FieldComposite)
		return nil
	}
	if !isDigit(digit) || int(digit-'0') != sum%10 {
		return wrong(at, FieldComposite)
	}
	return nil
}

func (p *parser) sex() error {
	switch p.at(p.layout.sex)[0] {
	case 'M', 'F':
		p.out.Gender = p.at(p.layout.sex)
	case '<', 'X':
	default:
		return &Error{p.layout.sex.line + 1, FieldSex, "must be M, F, X or <"}
	}
	return nil
}

func (p *parser) names() error {
	at := p.layout.names
	text := p.at(at)
	given := p.at(p.layout.given)
	if anyDigit(text) {
		return &Error{at.line + 1, FieldName, "a digit stands among letters; read the zone again"}
	}
	if anyDigit(given) {
		return &Error{p.layout.given.line + 1, FieldName, "a digit stands among letters; read the zone again"}
	}
	cut := text[len(text)-1] != '<'
	if p.layout.given.to > 0 {
		p.out.Family, p.out.Given = words(text), words(given)
		p.out.FamilyCut, p.out.GivenCut = cut, given[len(given)-1] != '<'
	} else {
		family, rest, _ := strings.Cut(strings.TrimLeft(text, "<"), "<<")
		p.out.Family, p.out.Given = words(family), words(rest)
		p.out.FamilyCut, p.out.GivenCut = cut && p.out.Given == "", cut && p.out.Given != ""
	}
	if p.out.Family == "" && p.out.Given == "" {
		return &Error{at.line + 1, FieldName, "there is none"}
	}
	return nil
}

// words puts spaces in the place of fillers.
func words(s string) string {
	s = strings.Trim(s, "<")
	if strings.IndexByte(s, '<') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		if s[i] != '<' {
			b.WriteByte(s[i])
		} else if s[i-1] != '<' {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func wrong(at span, f Field) error {
	return &Error{at.line + 1, f, "the check digit is wrong; read the zone again"}
}
