// SPDX-License-Identifier: Apache-2.0

// Package mrz reads machine-readable zones: TD1 (ICAO Doc 9303-5), TD2 (9303-6),
// TD3 (9303-4), and visas MRV-A and MRV-B (9303-7). A zone with a wrong check digit is
// refused; nothing is corrected.
package mrz

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// Zone is what a zone says.
type Zone struct {
	// Format is TD1, TD2, TD3, MRV-A or MRV-B.
	Format string
	// Family and Given are in the letters of the zone, words separated by a space.
	Family, Given string
	Number        string
	// Issuer and Nationality are codes of ICAO 9303-3 section 5, without fillers.
	Issuer, Nationality string
	// Birth is nil when the zone states no year; its precision is what the zone states.
	Birth *edtf.Date
	// Gender is M, F or, unspecified, empty.
	Gender string
}

// layout says where the fields of a format stand.
type layout struct {
	name          string
	lines, length int
	// names is the line of the name and its first column.
	names, namesFrom int
	// number, birth, sex, expiry and nationality are line and column.
	number, birth, sex, expiry, nationality [2]int
	// optional is where a long document number continues; length 0 means it cannot.
	optional [3]int
	// composite are the spans of the composite check digit; check is its place.
	composite [][3]int
	check     [2]int
}

var (
	td1 = layout{
		name: "TD1", lines: 3, length: 30, names: 2,
		number: [2]int{0, 5}, birth: [2]int{1, 0}, sex: [2]int{1, 7}, expiry: [2]int{1, 8}, nationality: [2]int{1, 15},
		optional:  [3]int{0, 15, 30},
		composite: [][3]int{{0, 5, 30}, {1, 0, 7}, {1, 8, 15}, {1, 18, 29}}, check: [2]int{1, 29},
	}
	td2 = layout{
		name: "TD2", lines: 2, length: 36, namesFrom: 5,
		number: [2]int{1, 0}, birth: [2]int{1, 13}, sex: [2]int{1, 20}, expiry: [2]int{1, 21}, nationality: [2]int{1, 10},
		optional:  [3]int{1, 28, 35},
		composite: [][3]int{{1, 0, 10}, {1, 13, 20}, {1, 21, 35}}, check: [2]int{1, 35},
	}
	td3 = layout{
		name: "TD3", lines: 2, length: 44, namesFrom: 5,
		number: [2]int{1, 0}, birth: [2]int{1, 13}, sex: [2]int{1, 20}, expiry: [2]int{1, 21}, nationality: [2]int{1, 10},
		composite: [][3]int{{1, 0, 10}, {1, 13, 20}, {1, 21, 43}}, check: [2]int{1, 43},
	}
)

// Parse reads a zone whose lines are separated by line feeds. The time decides the
// century of a two-digit year of birth: the latest that is not in the future. Errors
// name the line and the field and quote nothing.
func Parse(s string, now time.Time) (Zone, error) {
	lines := strings.Fields(strings.ReplaceAll(s, "\r", "\n"))
	l, err := layoutOf(lines)
	if err != nil {
		return Zone{}, err
	}
	for i, line := range lines {
		for j := range len(line) {
			if value(line[j]) < 0 {
				return Zone{}, fmt.Errorf("line %d, column %d: only A to Z, 0 to 9 and < may stand there", i+1, j+1)
			}
		}
	}
	z := Zone{Format: l.name, Issuer: trim(lines[0][2:5])}
	z.Nationality = trim(at(lines, l.nationality, 3))
	if z.Number, err = l.documentNumber(lines); err != nil {
		return Zone{}, err
	}
	birth := at(lines, l.birth, 6)
	for _, f := range []struct {
		name string
		at   [2]int
	}{{"date of birth", l.birth}, {"date of expiry", l.expiry}} {
		if !proves(at(lines, f.at, 6), lines[f.at[0]][f.at[1]+6]) {
			return Zone{}, wrong(f.at[0], f.name)
		}
	}
	if l.check[0] != 0 && !l.composes(lines) {
		return Zone{}, wrong(l.check[0], "composite")
	}
	if z.Birth, err = birthDate(birth, now); err != nil {
		return Zone{}, fmt.Errorf("line %d: %w", l.birth[0]+1, err)
	}
	switch lines[l.sex[0]][l.sex[1]] {
	case 'M':
		z.Gender = "M"
	case 'F':
		z.Gender = "F"
	case '<', 'X':
	default:
		return Zone{}, fmt.Errorf("line %d: sex must be M, F, X or <", l.sex[0]+1)
	}
	family, given, _ := strings.Cut(lines[l.names][l.namesFrom:], "<<")
	z.Family, z.Given = words(family), words(given)
	if z.Family+z.Given == "" {
		return Zone{}, fmt.Errorf("line %d: there is no name", l.names+1)
	}
	return z, nil
}

// layoutOf chooses the format by the number and length of lines and the document code.
func layoutOf(lines []string) (layout, error) {
	for i, line := range lines {
		if len(line) != len(lines[0]) {
			return layout{}, fmt.Errorf("line %d has not the length of line 1", i+1)
		}
	}
	if len(lines) == 0 {
		return layout{}, errors.New("the zone is empty")
	}
	var l layout
	switch {
	case len(lines) == 3 && len(lines[0]) == 30:
		l = td1
	case len(lines) == 2 && len(lines[0]) == 36:
		if strings.HasPrefix(lines[0], "IDFRA") && strings.IndexByte(lines[0], '<') > 5 && isDigit(lines[0][33]) {
			return layout{}, errors.New("the zone of the French identity card before 2021 is not read; give names and birth date instead")
		}
		l = td2
	case len(lines) == 2 && len(lines[0]) == 44:
		l = td3
	default:
		return layout{}, errors.New("must be 3 lines of 30, 2 of 36 or 2 of 44 characters (TD1, TD2, TD3, MRV-A, MRV-B)")
	}
	// Visas have no composite check digit and no long numbers (9303-7, 4.2.2 and 5.2.2).
	if l.lines == 2 && lines[0][0] == 'V' {
		l.name = map[int]string{44: "MRV-A", 36: "MRV-B"}[l.length]
		l.check, l.optional = [2]int{}, [3]int{}
	}
	return l, nil
}

// documentNumber reads the number and checks its digit. In TD1 and TD2 a number of
// more than nine characters goes on in the optional data: a filler stands in the place
// of the check digit, which follows the rest of the number (9303-5, 4.2.2, note j).
func (l layout) documentNumber(lines []string) (string, error) {
	first := at(lines, l.number, 9)
	check := lines[l.number[0]][l.number[1]+9]
	if check == '<' && l.optional[2] > 0 && trim(first) != "" {
		rest, _, _ := strings.Cut(lines[l.optional[0]][l.optional[1]:l.optional[2]], "<")
		if len(rest) >= 2 {
			number, digit := first+rest[:len(rest)-1], rest[len(rest)-1]
			if !proves(number, digit) {
				return "", wrong(l.number[0], "document number")
			}
			return trim(number), nil
		}
	}
	if !proves(first, check) {
		return "", wrong(l.number[0], "document number")
	}
	return trim(first), nil
}

func (l layout) composes(lines []string) bool {
	var b strings.Builder
	for _, s := range l.composite {
		b.WriteString(lines[s[0]][s[1]:s[2]])
	}
	return proves(b.String(), lines[l.check[0]][l.check[1]])
}

// proves compares a check digit (9303-3, 4.9); a filler may stand for 0 where the
// field is empty.
func proves(field string, digit byte) bool {
	want := checkDigit(field)
	if digit == '<' {
		return strings.Trim(field, "<") == ""
	}
	return isDigit(digit) && int(digit-'0') == want
}

func checkDigit(field string) int {
	sum := 0
	for i := range len(field) {
		sum += value(field[i]) * [3]int{7, 3, 1}[i%3]
	}
	return sum % 10
}

// value is a character's value for check digits, or -1.
func value(c byte) int {
	switch {
	case c == '<':
		return 0
	case isDigit(c):
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return -1
}

// birthDate reads YYMMDD, in which unknown parts are fillers (9303-3, 4.8).
func birthDate(s string, now time.Time) (*edtf.Date, error) {
	if s[:2] == "<<" {
		return nil, nil
	}
	bad := errors.New("the date of birth is no date")
	for i := range 6 {
		if !isDigit(s[i]) && s[i] != '<' {
			return nil, bad
		}
	}
	if !isDigit(s[0]) || !isDigit(s[1]) {
		return nil, bad
	}
	rest := ""
	if s[2:4] != "<<" {
		rest = "-" + s[2:4]
		if s[4:6] != "<<" {
			rest += "-" + s[4:6]
		}
	}
	century := now.Year() / 100
	for range 2 {
		d, err := edtf.ParsePoint(fmt.Sprintf("%02d%s%s", century, s[:2], rest))
		if err == nil && !d.From.After(now) {
			return &d, nil
		}
		century--
	}
	return nil, bad
}

func wrong(line int, field string) error {
	return fmt.Errorf("line %d: the check digit of the %s is wrong; read the zone again", line+1, field)
}

func at(lines []string, place [2]int, n int) string {
	return lines[place[0]][place[1] : place[1]+n]
}

func trim(s string) string { return strings.Trim(s, "<") }
func words(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '<' }), " ")
}
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
