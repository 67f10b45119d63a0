// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

func dateOf(t testing.TB, s string) edtf.Date {
	t.Helper()
	d, err := edtf.Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return d
}

func TestBirthsAgree(t *testing.T) {
	for _, tc := range []struct {
		name, asked, listed string
		want                birthAgreement
	}{
		{"the day", "1971-02-03", "1971-02-03", birthDay},
		{"day and month exchanged", "1971-02-03", "1971-03-02", birthSwap},
		{"day and month the same, so nothing to exchange", "1971-02-02", "1971-02-02", birthDay},
		{"the first of January for a day not known", "1971-01-01", "1971-06-15", birthYear},
		{"both the first of January", "1971-01-01", "1971-01-01", birthYear},
		{"the first of January of another year", "1971-01-01", "1975-06-15", birthFar},
		{"one digit of the day", "1971-02-03", "1971-02-08", birthDigit},
		{"one digit of the decade", "1971-02-03", "1981-02-03", birthDigit},
		{"one digit of the century", "1971-02-03", "1871-02-03", birthDigit},
		{"two digits of one year", "1971-02-03", "1971-05-18", birthNear},
		{"a year apart", "1971-02-03", "1972-11-28", birthNear},
		{"two years apart", "1971-02-03", "1973-11-28", birthFar},
		{"a year and the day", "1971", "1971-02-03", birthYear},
		{"a month and the day", "1971-02", "1971-02-03", birthYear},
		{"a month and another", "1971-03", "1971-02-03", birthNear},
		{"years", "1971", "1971", birthYear},
		{"years, one apart", "1971", "1972", birthNear},
		{"years, far apart", "1971", "1979", birthFar},
		{"about the year", "1971-02-03", "1971~", birthAbout},
		{"about a year two before", "1971-02-03", "1973~", birthAbout},
		{"about a year eight before", "1971-02-03", "1979~", birthFar},
		{"between years", "1971-02-03", "1970/1975", birthAbout},
		{"a year before the years", "1971-02-03", "1972/1975", birthNear},
		{"long before the years", "1951-02-03", "1972/1975", birthFar},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := dateOf(t, tc.asked), dateOf(t, tc.listed)
			if got := compareBirths([]edtf.Date{a}, []edtf.Date{b}); got != tc.want {
				t.Errorf("%s for %s: %d, want %d", tc.asked, tc.listed, got, tc.want)
			}
			if got := compareBirths([]edtf.Date{b}, []edtf.Date{a}); got != tc.want {
				t.Errorf("the other way round %d, want %d", got, tc.want)
			}
			far := dateOf(t, "1850-05-05")
			if got := compareBirths([]edtf.Date{far, a}, []edtf.Date{b, far}); got != birthDay {
				t.Errorf("with a day both have %d, want %d", got, birthDay)
			}
			if got := compareBirths([]edtf.Date{a}, []edtf.Date{far, b}); got != tc.want {
				t.Errorf("with one more that is listed %d, want %d", got, tc.want)
			}
		})
	}
	if got := compareBirths(nil, []edtf.Date{dateOf(t, "1971")}); got != birthUnknown {
		t.Errorf("no date of the subject: %d, want %d", got, birthUnknown)
	}
	if got := compareBirths([]edtf.Date{dateOf(t, "1971")}, nil); got != birthUnknown {
		t.Errorf("no date of the record: %d, want %d", got, birthUnknown)
	}
}

// The better dates agree, the more they say.
func TestAgreementsAreInOrder(t *testing.T) {
	score, points, _ := birthFar.says()
	for b := birthNear; b <= birthDay; b++ {
		s, p, text := b.says()
		if s <= score || p <= points && b != birthAbout || text == "" {
			t.Errorf("agreement %d says %.2f, %.1f points (%q), the one before %.2f, %.1f", b, s, p, text, score, points)
		}
		score, points = s, p
	}
}

var anyDate = rapid.Custom(func(t *rapid.T) string {
	point := func() string {
		year := rapid.SampledFrom([]int{1, 1799, 1800, 1899, 1949, 1950, 1951, 1952, 1953, 1959, 1960, 2031, 9999}).Draw(t, "year")
		month, day := rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 28).Draw(t, "day")
		if rapid.Bool().Draw(t, "begins") {
			month, day = rapid.SampledFrom([]int{1, 12}).Draw(t, "end"), rapid.SampledFrom([]int{1, 31}).Draw(t, "of month")
		}
		return fmt.Sprintf("%04d-%02d-%02d", year, month, day)[:rapid.SampledFrom([]int{4, 7, 10}).Draw(t, "precision")]
	}
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return point() + "~"
	case 1:
		return point() + "/" + point()
	}
	return point()
})

// What a record's dates are packed to never excludes one that the dates would not.
func TestBornExcludesNothing(t *testing.T) {
	exact := 0
	rapid.Check(t, func(t *rapid.T) {
		read := func(label string, least int) (out []edtf.Date) {
			for _, s := range rapid.SliceOfN(anyDate, least, 2).Draw(t, label) {
				if d, err := edtf.Parse(s); err == nil {
					out = append(out, d)
				}
			}
			return out
		}
		asked, listed := read("asked", 0), read("listed", 0)
		gain := bornOf(listed).gain(asked)
		agree := compareBirths(asked, listed)
		if agree == birthUnknown {
			if gain < 0 {
				t.Fatalf("gain %.1f where nothing is compared", gain)
			}
			return
		}
		_, points, _ := agree.says()
		if gain < points {
			t.Fatalf("gain %.1f for %+v against %+v, which say %.1f", gain, asked, listed, points)
		}
		if gain == points {
			exact++
		}
	})
	if exact < 3 {
		t.Errorf("the gain was what the dates say %d times; it excludes nobody", exact)
	}
	// Two days are told apart exactly, so that a search passes over most of a list.
	if got := bornOf([]edtf.Date{dateOf(t, "1971-02-03")}).gain([]edtf.Date{dateOf(t, "1999-09-09")}); got != pointsBirthFar {
		t.Errorf("gain %.1f for days that contradict, want %.1f", got, pointsBirthFar)
	}
	if got := bornOf([]edtf.Date{dateOf(t, "1971")}).gain([]edtf.Date{dateOf(t, "1999-09-09")}); got != pointsBirthFar {
		t.Errorf("gain %.1f for a year that contradicts, want %.1f", got, pointsBirthFar)
	}
}
