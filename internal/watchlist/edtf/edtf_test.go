// SPDX-License-Identifier: Apache-2.0

package edtf

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     Date
		bad      bool
	}{
		{name: "year", in: "1970", want: Date{From: day(1970, 1, 1), To: day(1970, 12, 31), Precision: Year}},
		{name: "month", in: "1972-02", want: Date{From: day(1972, 2, 1), To: day(1972, 2, 29), Precision: Month}},
		{name: "day", in: "1970-01-02", want: Date{From: day(1970, 1, 2), To: day(1970, 1, 2), Precision: Day}},
		{name: "about", in: "1970~", want: Date{From: day(1970, 1, 1), To: day(1970, 12, 31), Precision: Year, About: true}},
		{name: "between", in: "1968/1972", want: Date{From: day(1968, 1, 1), To: day(1972, 12, 31), Precision: Year, Between: true}},
		{name: "reversed", in: "1972/1968", bad: true},
		{name: "open", in: "1972/", bad: true},
		{name: "no such day", in: "1971-02-29", bad: true},
		{name: "year zero", in: "0000", bad: true},
		{name: "slashes", in: "02/01/1970", bad: true},
		{name: "empty", in: "", bad: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Parse(tc.in)
			if (err != nil) != tc.bad {
				t.Fatalf("Parse(%q): %v", tc.in, err)
			}
			if err == nil {
				if d := cmp.Diff(tc.want, got); d != "" {
					t.Error(d)
				}
			}
		})
	}
	if _, err := ParsePoint("1970~"); err == nil {
		t.Error("ParsePoint takes an approximate date")
	}
}
