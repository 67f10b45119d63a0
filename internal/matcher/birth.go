// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// birthAgreement is how dates of birth agree, from worst to best.
type birthAgreement int

const (
	birthUnknown birthAgreement = iota
	birthFar
	birthNear
	birthDigit
	birthAbout
	birthYear
	birthSwap
	birthDay
)

// says is the agreement as evidence: from 0 to 1, in points, and in words.
func (b birthAgreement) says() (score, points float64, text string) {
	switch b {
	case birthDay:
		return 1, pointsBirthDay, "the day of birth is the same"
	case birthSwap:
		return 0.9, pointsBirthSwap, "the dates of birth agree with day and month exchanged"
	case birthYear:
		return 0.8, pointsBirthYear, "the dates of birth agree as far as both are known"
	case birthAbout:
		return 0.65, pointsBirthAbout, "the date of birth is within the record's doubt"
	case birthDigit:
		return 0.6, pointsBirthDigit, "the dates of birth differ in one digit"
	case birthNear:
		return 0.4, pointsBirthNear, "the dates of birth are close, not the same"
	case birthUnknown, birthFar:
	}
	return 0, pointsBirthFar, "the dates of birth contradict each other"
}

// compareBirths is the best agreement of any two dates.
func compareBirths(asked, listed []edtf.Date) birthAgreement {
	best := birthUnknown
	for _, a := range asked {
		for _, b := range listed {
			best = max(best, compareBirth(a, b))
		}
	}
	return best
}

// aboutDays is how far an approximate date reaches on either side.
const aboutDays = 2 * 366

func compareBirth(a, b edtf.Date) birthAgreement {
	if a.Exact() && b.Exact() {
		return compareDays(dayOf(a.From), dayOf(b.From))
	}
	if !a.From.After(b.To) && !b.From.After(a.To) {
		if a.About || b.About || a.Between || b.Between {
			return birthAbout
		}
		return birthYear
	}
	days := max(a.From.Sub(b.To), b.From.Sub(a.To)).Hours() / 24
	switch {
	case (a.About || b.About) && days <= aboutDays:
		return birthAbout
	case days <= aboutDays:
		return birthNear
	}
	return birthFar
}

// day is a date of the calendar.
type day struct{ year, month, day int }

func dayOf(t time.Time) day {
	year, month, d := t.Date()
	return day{year, int(month), d}
}

// newYear reports whether it is 1 January, which stands for a day not known, in papers
// as in lists.
func (d day) newYear() bool { return d.month == 1 && d.day == 1 }

func compareDays(a, b day) birthAgreement {
	switch {
	case a.year == b.year && (a.newYear() || b.newYear()):
		return birthYear
	case a == b:
		return birthDay
	case a.year == b.year && a.day == b.month && b.day == a.month:
		return birthSwap
	case digitsApart(a, b) == 1:
		return birthDigit
	}
	if years := a.year - b.year; years >= -1 && years <= 1 {
		return birthNear
	}
	return birthFar
}

// digitsApart counts the digits in which two dates, written as YYYYMMDD, differ.
func digitsApart(a, b day) int {
	differ := 0
	for _, pair := range [3][2]int{{a.year, b.year}, {a.month, b.month}, {a.day, b.day}} {
		for x, y := pair[0], pair[1]; x > 0 || y > 0; x, y = x/10, y/10 {
			if x%10 != y%10 {
				differ++
			}
		}
	}
	return differ
}
