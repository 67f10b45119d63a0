// SPDX-License-Identifier: Apache-2.0

package mrz

import (
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// weights of check digits, and the values of characters (9303-3, 4.9); -1 for what may
// not stand in a zone.
var (
	weights = [3]int{7, 3, 1}
	values  = func() (v [256]int8) {
		for i := range v {
			c := byte(i)
			switch {
			case c == '<':
			case isDigit(c):
				v[i] = int8(c - '0')
			case c >= 'A' && c <= 'Z':
				v[i] = int8(c-'A') + 10
			default:
				v[i] = -1
			}
		}
		return v
	}()
)

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func checkDigit(field string) int {
	sum := 0
	for i := range len(field) {
		sum += int(values[field[i]]) * weights[i%3]
	}
	return sum % 10
}

// proves compares a check digit with its field; a filler may stand for 0 where the
// field is empty.
func proves(digit byte, field string) bool {
	if digit == '<' {
		for i := range len(field) {
			if field[i] != '<' {
				return false
			}
		}
		return true
	}
	return isDigit(digit) && int(digit-'0') == checkDigit(field)
}

// asDigit are letters that readers take for a digit in OCR-B, and the digits themselves.
var asDigit = func() (d [256]byte) {
	for c := byte('0'); c <= '9'; c++ {
		d[c] = c
	}
	for letter, digit := range map[byte]byte{
		'O': '0', 'Q': '0', 'D': '0', 'U': '0', 'I': '1', 'L': '1', 'Z': '2', 'S': '5', 'G': '6', 'B': '8',
	} {
		d[letter] = digit
	}
	return d
}()

// asLetter are the letters that readers take each digit for.
var asLetter = map[byte]byte{'0': 'O', '1': 'I', '2': 'Z', '5': 'S', '6': 'G', '8': 'B'}

// proveDigits proves a field of digits and fillers. Letters in it are misread for
// certain; it is repaired when the digits they look like are what the check digit says.
func proveDigits(field string, check byte) (text string, digit byte, repaired, ok bool) {
	clean := asDigit[check] == check || check == '<'
	for i := range len(field) {
		clean = clean && (isDigit(field[i]) || field[i] == '<')
	}
	if clean {
		return field, check, false, proves(check, field)
	}
	out := []byte(field)
	for i, c := range out {
		if c == '<' {
			continue
		}
		if out[i] = asDigit[c]; out[i] == 0 {
			return "", 0, false, false
		}
	}
	if digit = asDigit[check]; digit == 0 {
		return "", 0, false, false
	}
	return string(out), digit, true, proves(digit, string(out))
}

// proveMixed proves a field of letters and digits by changing one character into the
// one it is most like, or the check digit if it is a letter. It is repaired when only
// one such change is what the check digit says.
func proveMixed(field string, check byte) (text string, digit byte, repaired, ok bool) {
	if digit = asDigit[check]; digit == 0 {
		return "", 0, false, false
	}
	if digit != check {
		// The check digit was misread for certain, and the field need not be.
		return field, digit, true, proves(digit, field)
	}
	out := []byte(field)
	found := 0
	for i, c := range out {
		other := asLetter[c]
		if !isDigit(c) {
			other = asDigit[c]
		}
		if other == 0 || other == c {
			continue
		}
		out[i] = other
		if proves(digit, string(out)) {
			found++
			text = string(out)
		}
		out[i] = c
	}
	return text, digit, true, found == 1
}

// readDate reads YYMMDD, in which unknown parts are fillers (9303-3, 4.8). It is nil
// when the year is unknown. A past date is of the latest century in which it is not in
// the future; another of the one that is nearest to now.
func readDate(s string, now time.Time, past bool) (*edtf.Date, bool) {
	if s[:2] == "<<" {
		return nil, true
	}
	year, ok := two(s[0:2])
	if !ok {
		return nil, false
	}
	century := now.Year() / 100 * 100
	if !past && century+year > now.Year()+50 {
		century -= 100
	}
	for range 2 {
		if d, ok := dateOf(century+year, s[2:]); ok && (!past || !d.From.After(now)) {
			return &d, true
		}
		century -= 100
	}
	return nil, false
}

// dateOf completes a year by MMDD.
func dateOf(year int, rest string) (edtf.Date, bool) {
	if rest[:2] == "<<" {
		from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		return edtf.Date{From: from, To: from.AddDate(1, 0, -1), Precision: edtf.Year}, true
	}
	month, ok := two(rest[:2])
	if !ok || month < 1 || month > 12 {
		return edtf.Date{}, false
	}
	if rest[2:] == "<<" {
		from := time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
		return edtf.Date{From: from, To: from.AddDate(0, 1, -1), Precision: edtf.Month}, true
	}
	day, ok := two(rest[2:])
	from := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if !ok || from.Day() != day || from.Month() != time.Month(month) {
		return edtf.Date{}, false
	}
	return edtf.Date{From: from, To: from, Precision: edtf.Day}, true
}

func two(s string) (int, bool) {
	if !isDigit(s[0]) || !isDigit(s[1]) {
		return 0, false
	}
	return int(s[0]-'0')*10 + int(s[1]-'0'), true
}
