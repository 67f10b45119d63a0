// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// born is a record's dates of birth in four bytes: enough to pass over records that the
// dates exclude, before their names are compared. The upper two bits say what it holds.
type born uint32

const (
	bornUnknown born = iota << 30
	// bornDay holds the year, the month and the day, the last nine bits of them two.
	bornDay
	// bornYears holds the first and the last year that are possible, twelve bits each.
	bornYears
	// bornMany is several dates, or one that fits nowhere else.
	bornMany

	bornKind = bornMany
)

// aboutYears is how far around its years a date may agree: aboutDays, and what a year
// has at its ends.
const aboutYears = 3

func bornOf(dates []edtf.Date) born {
	switch {
	case len(dates) == 0:
		return bornUnknown
	case len(dates) > 1:
		return bornMany
	}
	d := dates[0]
	from, to := d.From.Year()-aboutYears, d.To.Year()+aboutYears
	switch {
	case from < 0 || to >= 1<<12:
		return bornMany
	case d.Exact():
		day := dayOf(d.From)
		return bornDay | born(day.year<<9|day.month<<5|day.day) //nolint:gosec // within 21 bits
	}
	return bornYears | born(from)<<12 | born(to) //nolint:gosec // within twelve bits
}

// gain is the most that comparing the dates can come to, in points.
func (b born) gain(asked []edtf.Date) float64 {
	if len(asked) == 0 || b&bornKind == bornUnknown {
		return 0
	}
	best := pointsBirthFar
	for i := range asked {
		best = max(best, b.gainOf(&asked[i]))
	}
	return best
}

func (b born) gainOf(asked *edtf.Date) float64 {
	var from, to int
	switch b & bornKind {
	case bornDay:
		day := day{year: int(b &^ bornKind >> 9), month: int(b >> 5 & 15), day: int(b & 31)}
		if asked.Exact() {
			_, points, _ := compareDays(dayOf(asked.From), day).says()
			return points
		}
		from, to = day.year-aboutYears, day.year+aboutYears
	case bornYears:
		from, to = int(b>>12&(1<<12-1)), int(b&(1<<12-1))
	default:
		return pointsBirthDay
	}
	if asked.From.Year() > to || asked.To.Year() < from {
		return pointsBirthFar
	}
	return pointsBirthYear
}
