// SPDX-License-Identifier: Apache-2.0

// Package edtf reads dates of known or doubtful precision: the part of ISO 8601-2:2019
// (EDTF levels 0 and 1) that lists of people need.
//
//	1970         a year
//	1970-01      a month
//	1970-01-02   a day
//	1970~        about (also with a month or a day)
//	1968/1972    at some time between, both ends included
package edtf

import (
	"errors"
	"strings"
	"time"
)

// ErrSyntax is returned for anything else. It does not quote the input.
var ErrSyntax = errors.New("not a date of the form YYYY, YYYY-MM, YYYY-MM-DD, with ~ for about or FROM/TO for between")

// Precision is the smallest unit a date states.
type Precision int

// The precisions.
const (
	Year Precision = iota + 1
	Month
	Day
)

// Date is a span of days, both ends included.
type Date struct {
	// From and To are days at midnight UTC.
	From, To time.Time
	// Precision is that of the date, or the finer of an interval's ends.
	Precision Precision
	// About is true for approximate dates.
	About bool
	// Between is true for intervals.
	Between bool
}

// Exact reports whether the date states one day without doubt.
func (d Date) Exact() bool { return d.Precision == Day && !d.About && !d.Between }

// Parse reads a date.
func Parse(s string) (Date, error) {
	from, to, between := strings.Cut(s, "/")
	a, err := parsePoint(from)
	if err != nil || !between {
		return a, err
	}
	b, err := parsePoint(to)
	if err != nil {
		return Date{}, err
	}
	if b.To.Before(a.From) {
		return Date{}, ErrSyntax
	}
	return Date{From: a.From, To: b.To, Precision: max(a.Precision, b.Precision), About: a.About || b.About, Between: true}, nil
}

// ParsePoint reads a date that is neither approximate nor an interval.
func ParsePoint(s string) (Date, error) {
	d, err := parsePoint(s)
	if err == nil && d.About {
		return Date{}, ErrSyntax
	}
	return d, err
}

func parsePoint(s string) (Date, error) {
	s, about := strings.CutSuffix(s, "~")
	for _, l := range []struct {
		layout    string
		precision Precision
	}{{"2006", Year}, {"2006-01", Month}, {"2006-01-02", Day}} {
		if len(s) != len(l.layout) {
			continue
		}
		from, err := time.Parse(l.layout, s)
		if err != nil || from.Year() < 1 {
			return Date{}, ErrSyntax
		}
		to := from
		switch l.precision {
		case Year:
			to = from.AddDate(1, 0, -1)
		case Month:
			to = from.AddDate(0, 1, -1)
		}
		return Date{From: from, To: to, Precision: l.precision, About: about}, nil
	}
	return Date{}, ErrSyntax
}
