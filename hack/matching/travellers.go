// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist/country"
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

var travellerTables = []string{"screening/negatives_global_10k.csv", "screening/negatives_us_10k.csv"}

// measureTravellers: people who are on no list, by their name alone and with what else
// a document says.
func measureTravellers(ctx context.Context, b *bench) error {
	for _, m := range []struct {
		name      string
		with      bool
		must, aim float64
	}{
		{"travellers on no list, name alone: false alerts", false, 0.15, 0.05},
		{"travellers on no list, with birth date and nationality: false alerts", true, 0.03, 0.01},
	} {
		alerts, n, err := b.travellers(ctx, m.name, m.with)
		if err != nil {
			return err
		}
		b.add(rate(m.name, alerts, n).atMost(m.must).aim(m.aim))
	}
	return nil
}

func (b *bench) travellers(ctx context.Context, measure string, with bool) (alerts, n int, err error) {
	_, engine, err := b.public(ctx)
	if err != nil {
		return 0, 0, err
	}
	for _, file := range travellerTables {
		rows, err := b.table(file)
		if err != nil {
			return 0, 0, err
		}
		for i := 0; i < len(rows); i += b.count(1, 20) {
			row := rows[i]
			code, known := country.Resolve(row["nationality"])
			subject := named(row["full_name"])
			if with {
				addDocumentData(&subject, row["date_of_birth"], code)
			}
			answer, err := engine.Screen(ctx, request(subject), time.Now())
			if err != nil {
				return 0, 0, err
			}
			alert := len(answer.Candidates) > 0
			n++
			if alert {
				alerts++
				b.missed("traveller", strconv.FormatBool(with), row["full_name"], fmt.Sprint(answer.Candidates[0]))
			}
			b.cells.count(measure, "script", scriptOf(row["full_name"]), alert)
			if known {
				b.cells.count(measure, "region", regionOf[code], alert)
			}
		}
	}
	return alerts, n, nil
}

// addDocumentData adds what a request can carry of a birth date and a nationality.
func addDocumentData(s *screen.Subject, birth, nationality string) {
	if _, err := edtf.ParsePoint(birth); err == nil {
		s.BirthDates = []string{birth}
	}
	if nationality != "" {
		s.Nationalities = []string{nationality}
	}
}
