// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"fmt"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/matcher/mrz"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/country"
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// withReference compares with what the requester gave, as with the one record of a list
// of its own: every word of it tells as much as a rare one.
func (v *verification) withReference(reference *screen.Subject, now time.Time) error {
	if !v.offers("") {
		return nil
	}
	record, err := recordOf(reference, now)
	if err != nil {
		return err
	}
	x, err := alone(&record)
	if err != nil {
		return err
	}
	v.compare(x, &record, place{})
	return nil
}

// recordOf is the subject as a record, its machine-readable zone included. Errors wrap ErrRequest.
func recordOf(s *screen.Subject, now time.Time) (watchlist.Record, error) {
	r := watchlist.Record{ID: "reference", Type: watchlist.Person, BirthDates: s.BirthDates, Gender: s.Gender}
	for _, n := range s.Names {
		r.Names = append(r.Names, watchlist.Name{Full: n.Full, Given: n.Given, Family: n.Family})
	}
	for _, p := range s.BirthPlaces {
		r.BirthPlaces = append(r.BirthPlaces, watchlist.Place{Text: p.Text, Country: p.Country})
	}
	nationality := func(of string) {
		if code, ok := country.Resolve(of); ok {
			r.Nationalities = append(r.Nationalities, code)
		}
	}
	for _, n := range s.Nationalities {
		nationality(n)
	}
	for _, d := range s.Documents {
		r.Documents = append(r.Documents, watchlist.Document{Type: d.Type, Number: d.Number, Country: d.Country})
	}
	if s.MRZ == "" {
		return r, nil
	}
	zone, err := mrz.Parse(s.MRZ, now)
	if err != nil {
		return r, fmt.Errorf("%w: reference.mrz: %w", ErrRequest, err)
	}
	r.Names = append(r.Names, watchlist.Name{Given: zone.Given, Family: zone.Family})
	if zone.Birth != nil {
		r.BirthDates = append(slices.Clip(r.BirthDates), dateText(*zone.Birth))
	}
	if r.Gender == "" {
		r.Gender = zone.Gender
	}
	nationality(zone.Nationality)
	if zone.Number != "" {
		r.Documents = append(r.Documents, watchlist.Document{Number: zone.Number, Country: zone.Issuer})
	}
	return r, nil
}

// dateText is a date of a zone, which is a point, to the unit that it states.
func dateText(d edtf.Date) string {
	switch d.Precision {
	case edtf.Year:
		return d.From.Format("2006")
	case edtf.Month:
		return d.From.Format("2006-01")
	}
	return d.From.Format(time.DateOnly)
}
