// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"unicode"
)

// regions are groups of countries (ISO 3166-1 alpha-2) after the United Nations' M49,
// put together so that each has people enough.
var regions = []struct{ name, countries string }{
	{"Northern Africa and Western Asia", "DZ EG LY MA SD TN EH AE AM AZ BH CY GE IL IQ JO KW LB OM PS QA SA SY TR YE"},
	{"Sub-Saharan Africa", `AO BF BI BJ BW CD CF CG CI CM CV DJ ER ET GA GH GM GN GQ GW KE KM LR LS MG ML MR MU MW MZ NA NE NG RE RW SC SH SL SN SO SS ST SZ TD TG TZ UG YT ZA ZM ZW`},
	{"Central and Southern Asia", "KZ KG TJ TM UZ AF BD BT IN IR LK MV NP PK"},
	{"Eastern Asia", "CN HK JP KP KR MN MO TW"},
	{"South-eastern Asia and Oceania", "BN ID KH LA MM MY PH SG TH TL VN AU NZ FJ PG SB VU WS TO KI TV NR PW FM MH NC PF GU"},
	{"Eastern Europe", "BG BY CZ HU MD PL RO RU SK UA"},
	{"Northern, Southern and Western Europe", `AD AL AT AX BA BE CH DE DK EE ES FI FO FR GB GG GI GR HR IE IM IS IT JE LI LT LU LV MC ME MK MT NL NO PT RS SE SI SM VA XK`},
	{"Latin America and the Caribbean", `AG AI AR AW BB BO BQ BR BS BZ CL CO CR CU CW DM DO EC FK GD GF GP GT GY HN HT JM KN KY LC MQ MS MX NI PA PE PR PY SR SV SX TC TT UY VC VE VG VI`},
	{"Northern America", "US CA BM GL PM"},
}

var regionOf = func() map[string]string {
	of := map[string]string{}
	for _, r := range regions {
		for code := range strings.FieldsSeq(r.countries) {
			of[code] = r.name
		}
	}
	return of
}()

var scripts = []struct {
	name   string
	tables []*unicode.RangeTable
}{
	{"Latin", []*unicode.RangeTable{unicode.Latin}},
	{"Arabic", []*unicode.RangeTable{unicode.Arabic}},
	{"Cyrillic", []*unicode.RangeTable{unicode.Cyrillic}},
	{"Han and kana", []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana}},
	{"Hangul", []*unicode.RangeTable{unicode.Hangul}},
	{"Devanagari", []*unicode.RangeTable{unicode.Devanagari}},
	{"Hebrew", []*unicode.RangeTable{unicode.Hebrew}},
	{"Thai", []*unicode.RangeTable{unicode.Thai}},
}

// scriptOf is the script that most letters of a name are in; "" for none.
func scriptOf(name string) string {
	counts := make([]int, len(scripts)+1)
	for _, r := range name {
		if !unicode.IsLetter(r) {
			continue
		}
		at := len(scripts)
		for i, s := range scripts {
			if unicode.IsOneOf(s.tables, r) {
				at = i
				break
			}
		}
		counts[at]++
	}
	best := -1
	for i, n := range counts {
		if n > 0 && (best < 0 || n > counts[best]) {
			best = i
		}
	}
	switch best {
	case -1:
		return ""
	case len(scripts):
		return "another"
	}
	return scripts[best].name
}

// native reports whether a name has letters and none of them is Latin.
func native(name string) bool {
	letters := false
	for _, r := range name {
		if unicode.Is(unicode.Latin, r) {
			return false
		}
		letters = letters || unicode.IsLetter(r)
	}
	return letters
}
