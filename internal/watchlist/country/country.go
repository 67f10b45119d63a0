// SPDX-License-Identifier: Apache-2.0

// Package country resolves what lists and documents write for a country to a code:
// ISO 3166-1 alpha-2, with XK for Kosovo.
//
// Names are data (countries.csv: alpha-2, alpha-3, English names separated by a bar,
// in the normal form of Key), so a publisher's new spelling is a line, not code.
package country

import (
	_ "embed"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed countries.csv
var data string

var (
	byAlpha3 = map[string]string{}
	byName   = map[string]string{}
	alpha2   = map[string]bool{}
)

// special are the codes of ICAO Doc 9303-3 section 5 which are no ISO code and stand
// for one state, and alpha-3 codes of older editions.
var special = map[string]string{
	"D": "DE", "GBD": "GB", "GBN": "GB", "GBO": "GB", "GBP": "GB", "GBS": "GB",
	"RKS": "XK", "KSV": "XK", "ROM": "RO", "ZAR": "CD", "TMP": "TL",
}

func init() {
	for line := range strings.Lines(data) {
		f := strings.SplitN(strings.TrimSpace(line), ",", 3)
		alpha2[f[0]] = true
		byAlpha3[f[1]] = f[0]
		for name := range strings.SplitSeq(f[2], "|") {
			byName[name] = f[0]
		}
	}
}

// FromCode resolves an ISO 3166-1 alpha-2 or alpha-3 code, or a code of ICAO 9303-3
// that stands for one state. Case does not matter. Codes of organisations and of
// stateless people (UNO, XXA, XXB, XXC …) resolve to nothing.
func FromCode(code string) (string, bool) {
	code = strings.ToUpper(strings.TrimRight(code, "<"))
	if alpha2[code] {
		return code, true
	}
	if c, ok := byAlpha3[code]; ok {
		return c, true
	}
	c, ok := special[code]
	return c, ok
}

// FromName resolves an English name of a country, in any case and with any accents.
func FromName(name string) (string, bool) {
	c, ok := byName[Key(name)]
	return c, ok
}

// Resolve is FromCode, then FromName.
func Resolve(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) <= 3 {
		if c, ok := FromCode(s); ok {
			return c, true
		}
	}
	return FromName(s)
}

// Key is the normal form of a name: lower case, no accents, words separated by one
// space, "&" as "and".
func Key(name string) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFKD.String(strings.ReplaceAll(name, "&", " and ")) {
		switch {
		case unicode.IsLetter(r):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(unicode.ToLower(r))
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’', r == 'ʼ':
		default:
			space = true
		}
	}
	return b.String()
}
