// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist/country"
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// Limits of one record.
const (
	maxID    = 256
	maxItems = 4096
	maxText  = 4096
)

// natures are the record natures of the contract, spelled as in package screen, which
// this package does not import: a list knows nothing of searches.
var natures = []string{"", "Wanted", "Missing", "AtRisk", "PriorEncounter", "Document"}

// Validate checks a canonical record. The error names the field and the cause.
func (r *Record) Validate() error {
	switch {
	case r.ID == "":
		return errors.New("id is empty; every record needs the list's own reference")
	case len(r.ID) > maxID:
		return fmt.Errorf("id is longer than %d bytes", maxID)
	case !slices.Contains([]Type{Person, Entity, Object}, r.Type):
		return errors.New("type is none of Person, Entity, Object")
	case !slices.Contains(natures, r.Nature):
		return errors.New("nature is none of Wanted, Missing, AtRisk, PriorEncounter, Document")
	case !slices.Contains([]string{"", "M", "F", "X"}, r.Gender):
		return errors.New("gender is none of M, F, X")
	case len(r.Names)+len(r.Documents)+len(r.Fingerprints)+len(r.Faces) == 0:
		return errors.New("nothing to search by: no name, document, fingerprint or face")
	case max(len(r.Names), len(r.BirthDates), len(r.Documents), len(r.Nationalities), len(r.Fingerprints), len(r.Faces)) > maxItems:
		return fmt.Errorf("a field has more than %d items", maxItems)
	}
	for i, n := range r.Names {
		if err := n.validate(); err != nil {
			return fmt.Errorf("names[%d]: %w", i, err)
		}
	}
	for i, d := range r.BirthDates {
		if _, err := edtf.Parse(d); err != nil {
			return fmt.Errorf("birthDates[%d]: %w", i, err)
		}
	}
	for i, c := range r.Nationalities {
		if _, ok := country.FromCode(c); !ok && !codeShape(c) {
			return fmt.Errorf("nationalities[%d] is no ISO 3166 code", i)
		}
	}
	for i, d := range r.Documents {
		if d.Number == "" || len(d.Number) > maxText {
			return fmt.Errorf("documents[%d].number is empty or too long", i)
		}
		if d.Country != "" && !codeShape(d.Country) {
			return fmt.Errorf("documents[%d].country is no ISO 3166 code", i)
		}
	}
	for i, f := range r.Fingerprints {
		if f.Format == "" || len(f.Template) == 0 {
			return fmt.Errorf("fingerprints[%d] needs format and template", i)
		}
	}
	for i, f := range r.Faces {
		if f.Model == "" || len(f.Vector) == 0 || len(f.Vector)%4 != 0 {
			return fmt.Errorf("faces[%d] needs model and a vector of 4-byte numbers", i)
		}
	}
	return r.validateTimes()
}

func (n Name) validate() error {
	switch {
	case n.Text() == "":
		return errors.New("no full, given or family name")
	case len(n.Full)+len(n.Given)+len(n.Family) > maxText:
		return fmt.Errorf("longer than %d bytes", maxText)
	case !slices.Contains([]Quality{"", Good, Low}, n.Quality):
		return errors.New("quality is none of Good, Low")
	case !slices.Contains([]NameKind{"", Alias, Former, Original}, n.Kind):
		return errors.New("kind is none of Alias, Former, Original")
	}
	return nil
}

func (r *Record) validateTimes() error {
	if r.Issued != "" {
		if d, err := edtf.ParsePoint(r.Issued); err != nil || d.Precision != edtf.Day {
			return errors.New("issued is not a day, YYYY-MM-DD")
		}
	}
	if r.Expires != "" {
		if _, err := time.Parse(time.RFC3339, r.Expires); err != nil {
			return errors.New("expires is not an RFC 3339 time")
		}
	}
	return nil
}

// codeShape reports whether s looks like a country code: 1 to 4 capital letters, the
// lengths of ICAO 9303, ISO 3166-1 and ISO 3166-3.
func codeShape(s string) bool {
	for _, c := range s {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 4
}
