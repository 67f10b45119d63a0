// SPDX-License-Identifier: Apache-2.0

package mrz

import "strings"

// span is a place in a zone: line, first column and the column after the last, from 0.
type span struct{ line, from, to int }

// after is the one column that follows, where check digits stand.
func (s span) after() span { return span{s.line, s.to, s.to + 1} }

// layout says where the fields of a format stand. A span that ends at 0 is absent.
type layout struct {
	name string
	// given is where given names stand apart from the family name.
	issuer, nationality, names, given span
	number, birth, expiry, sex        span
	// optional is where a long document number goes on; personal has a check digit.
	optional, personal span
	// composite are the spans of the composite check digit; check is its place.
	composite []span
	check     span
}

var (
	td1 = layout{
		name: "TD1", issuer: span{0, 2, 5}, nationality: span{1, 15, 18}, names: span{2, 0, 30},
		number: span{0, 5, 14}, birth: span{1, 0, 6}, sex: span{1, 7, 8}, expiry: span{1, 8, 14}, optional: span{0, 15, 30},
		composite: []span{{0, 5, 30}, {1, 0, 7}, {1, 8, 15}, {1, 18, 29}}, check: span{1, 29, 30},
	}
	td2 = layout{
		name: "TD2", issuer: span{0, 2, 5}, nationality: span{1, 10, 13}, names: span{0, 5, 36},
		number: span{1, 0, 9}, birth: span{1, 13, 19}, sex: span{1, 20, 21}, expiry: span{1, 21, 27}, optional: span{1, 28, 35},
		composite: []span{{1, 0, 10}, {1, 13, 20}, {1, 21, 35}}, check: span{1, 35, 36},
	}
	td3 = layout{
		name: "TD3", issuer: span{0, 2, 5}, nationality: span{1, 10, 13}, names: span{0, 5, 44},
		number: span{1, 0, 9}, birth: span{1, 13, 19}, sex: span{1, 20, 21}, expiry: span{1, 21, 27}, personal: span{1, 28, 42},
		composite: []span{{1, 0, 10}, {1, 13, 20}, {1, 21, 43}}, check: span{1, 43, 44},
	}
	// Visas have no composite check digit and no long numbers (9303-7, 4.2.2 and 5.2.2).
	mrvA = layout{
		name: "MRV-A", issuer: span{0, 2, 5}, nationality: span{1, 10, 13}, names: span{0, 5, 44},
		number: span{1, 0, 9}, birth: span{1, 13, 19}, sex: span{1, 20, 21}, expiry: span{1, 21, 27},
	}
	mrvB = layout{
		name: "MRV-B", issuer: span{0, 2, 5}, nationality: span{1, 10, 13}, names: span{0, 5, 36},
		number: span{1, 0, 9}, birth: span{1, 13, 19}, sex: span{1, 20, 21}, expiry: span{1, 21, 27},
	}
	// The French card of 1988 (arrêté of 24 April 1991) has its family name in line 1,
	// number, given names, birth and sex in line 2, and one composite over both.
	french = layout{
		name: "FRA-ID", issuer: span{0, 2, 5}, names: span{0, 5, 30}, given: span{1, 13, 27},
		number: span{1, 0, 12}, birth: span{1, 27, 33}, sex: span{1, 34, 35},
		composite: []span{{0, 0, 36}, {1, 0, 35}}, check: span{1, 35, 36},
	}
)

var errFormat = &Error{0, FieldZone, "must be 3 lines of 30, 2 of 36 or 2 of 44 characters (TD1, TD2, TD3, MRV-A, MRV-B, French identity card)"}

// layoutOf chooses the format by the number and length of lines and the document code.
func layoutOf(lines []string) (*layout, error) {
	for i, line := range lines {
		if len(line) != len(lines[0]) {
			return nil, &Error{i + 1, FieldZone, "has not the length of line 1"}
		}
	}
	visa := lines[0][0] == 'V'
	switch {
	case len(lines) == 3 && len(lines[0]) == 30:
		return &td1, nil
	case len(lines) == 2 && len(lines[0]) == 36 && visa:
		return &mrvB, nil
	case len(lines) == 2 && len(lines[0]) == 36:
		// A TD2 of France has a state code in line 2; the older card has digits or
		// fillers of the number and its check digit there.
		if strings.HasPrefix(lines[0], "IDFRA") && !letters(lines[1][10:13]) {
			return &french, nil
		}
		return &td2, nil
	case len(lines) == 2 && len(lines[0]) == 44 && visa:
		return &mrvA, nil
	case len(lines) == 2 && len(lines[0]) == 44:
		return &td3, nil
	}
	return nil, errFormat
}

func letters(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}
