// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"slices"
	"strings"

	"github.com/frontline-screening/frontline/internal/matcher/script"
	"github.com/frontline-screening/frontline/internal/watchlist/country"
)

// birthplace is a place of birth as it is compared: its words in normal form, without those
// that say what kind of place it is, and its country. Either may be unknown.
type birthplace struct{ text, country string }

// What is kept of a record: published places are a town and what it lies in, and few.
const (
	mostPlaces     = 4
	mostPlaceBytes = 48
)

// placeKinds are words that say what kind of place it is.
var placeKinds = []string{
	"area", "city", "county", "department", "district", "governorate", "municipality", "near", "oblast", "province", "region", "republic",
	"state", "sub", "subdistrict", "territory", "town", "village", "provincia", "departamento", "municipio", "wilaya", "область", "город", "район", "محافظه", "مدينه", "قريه",
}

// newBirthplace reads a place as it is written; false if it says nothing. Without a code,
// the country may be the last of the parts that commas separate.
func newBirthplace(text, code string) (birthplace, bool) {
	var p birthplace
	p.country, _ = country.Resolve(code)
	last := strings.LastIndex(text, ",") + 1
	if named, ok := country.FromName(text[last:]); ok && (p.country == "" || p.country == named) {
		p.country, text = named, text[:last]
	}
	words := slices.DeleteFunc(tokens(text), func(w string) bool { return kindOf(w) != kindTelling || slices.Contains(placeKinds, w) })
	for len(words) > 0 {
		if p.text = strings.Join(words, " "); len(p.text) <= mostPlaceBytes {
			break
		}
		p.text, words = "", words[:len(words)-1]
	}
	return p, p != birthplace{}
}

// addBirthplace appends a place unless it is there or says nothing.
func addBirthplace(to []birthplace, text, code string) []birthplace {
	if p, ok := newBirthplace(text, code); ok && !slices.Contains(to, p) {
		return append(to, p)
	}
	return to
}

// placeAgreement is how places of birth agree, from worst to best.
type placeAgreement int

const (
	placeUnknown placeAgreement = iota
	placeElsewhere
	placeNamesake
	placeCountry
	placeSame
)

// says is the agreement as evidence: from 0 to 1, in points, and in words.
func (a placeAgreement) says() (score, points float64, text string) {
	switch a {
	case placeSame:
		return 1, pointsPlace, "the place of birth is the same"
	case placeCountry:
		return 0.7, pointsPlaceCountry, "the country of birth is the same"
	case placeNamesake:
		return 0.5, 0, "the place of birth has the same name in another country"
	case placeUnknown, placeElsewhere:
	}
	return 0.3, pointsPlaceElsewhere, "the country of birth is another"
}

// compareBirthplaces is the best agreement of any two places.
func compareBirthplaces(asked, listed []birthplace) placeAgreement {
	best := placeUnknown
	for _, a := range asked {
		for _, b := range listed {
			best = max(best, compareBirthplace(a, b))
		}
	}
	return best
}

// compareBirthplace lets names of places speak for each other and never against: a village
// and the district it lies in are both where somebody was born.
func compareBirthplace(a, b birthplace) placeAgreement {
	countries := a.country != "" && b.country != ""
	switch named := samePlace(a.text, b.text); {
	case countries && a.country != b.country && named:
		return placeNamesake
	case countries && a.country != b.country:
		return placeElsewhere
	case named:
		return placeSame
	case countries:
		return placeCountry
	}
	return placeUnknown
}

// samePlace reports whether all words of the shorter text are spellings of words of the
// other.
func samePlace(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	few, many := strings.Fields(a), strings.Fields(b)
	if len(few) > len(many) {
		few, many = many, few
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	return !slices.ContainsFunc(few, func(w string) bool {
		return !slices.ContainsFunc(many, func(other string) bool { return spells(&s.word, w, other) })
	})
}

// spells reports whether two words are spellings of one.
func spells(set *script.Word, word, other string) bool {
	if word == other {
		return true
	}
	own, its := aboutOf(word), aboutOf(other)
	set.Set(word)
	return alike(set, own, its, other, costOf(editsBetween(own, its, wayWhole))) >= closeAlike
}
