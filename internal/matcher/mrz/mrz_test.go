// SPDX-License-Identifier: Apache-2.0

package mrz

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func date(s string) *edtf.Date {
	d, err := edtf.ParsePoint(s)
	if err != nil {
		panic(err)
	}
	return &d
}

// The specimens are those of ICAO Doc 9303, parts 4 to 7 (state of Utopia).
const (
	passport = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
	card1    = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
	card2    = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"
	visaA    = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<"
	visaB    = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nL8988901C4XXX4009078F9612109<<<<<<<<"
	long1    = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<"
)

func TestParseSpecimens(t *testing.T) {
	anna := Zone{Family: "ERIKSSON", Given: "ANNA MARIA", Issuer: "UTO", Nationality: "UTO", Birth: date("1974-08-12"), Gender: "F"}
	as := func(z Zone, format, number string) Zone {
		z.Format, z.Number = format, number
		return z
	}
	visa := anna
	visa.Nationality, visa.Birth = "XXX", date("1940-09-07")
	for _, tc := range []struct {
		name, in string
		want     Zone
	}{
		{"TD3", passport, as(anna, "TD3", "L898902C3")},
		{"TD3 with carriage returns", strings.ReplaceAll(passport, "\n", "\r\n") + "\r\n", as(anna, "TD3", "L898902C3")},
		{"TD1", card1, as(anna, "TD1", "D23145890")},
		{"TD2", card2, as(anna, "TD2", "D23145890")},
		{"MRV-A", visaA, as(visa, "MRV-A", "L8988901C")},
		{"MRV-B", visaB, as(visa, "MRV-B", "L8988901C")},
		{"TD1 with a long number", long1, Zone{
			Format: "TD1", Family: "STEVENSON", Given: "PETER JOHN", Issuer: "UTO", Nationality: "UTO",
			Number: "D23145890734", Birth: date("1934-07-12"), Gender: "M",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Parse(tc.in, now)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	change := func(zone string, at int, c string) string { return zone[:at] + c + zone[at+1:] }
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", "empty"},
		{"one line", "P<UTO", "must be 3 lines of 30"},
		{"uneven lines", passport[:80], "line 2 has not the length"},
		{"lower case", change(passport, 6, "e"), "line 1, column 7"},
		{"number", change(passport, 45, "2"), "check digit of the document number"},
		{"birth", change(passport, 45+13, "8"), "check digit of the date of birth"},
		{"expiry", change(passport, 45+21, "9"), "check digit of the date of expiry"},
		{"optional data", change(passport, 45+30, "9"), "check digit of the composite"},
		{"sex", change(passport, 45+20, "Q"), "sex must be"},
		{"no name", "P<UTO" + strings.Repeat("<", 39) + passport[44:], "no name"},
		{"French card before 2021", "IDFRADUPONT" + strings.Repeat("<", 19) + "952042\n" + strings.Repeat("0", 36), "French identity card"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := Parse(tc.in, now); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestBirthDate(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"this century", "200101", "2020-01-01"},
		{"not in the future", "270101", "1927-01-01"},
		{"leap day of 2000", "000229", "2000-02-29"},
		{"day unknown", "7408<<", "1974-08"},
		{"month unknown", "74<<<<", "1974"},
		{"no such day", "740231", ""},
		{"letters", "7A0101", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := birthDate(tc.in, now)
			if tc.want == "" {
				if err == nil {
					t.Error("taken")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(date(tc.want), got); d != "" {
				t.Error(d)
			}
		})
	}
	if got, err := birthDate("<<<<<<", now); got != nil || err != nil {
		t.Errorf("unknown: %v, %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{passport, card1, card2, visaA, visaB, long1} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) { _, _ = Parse(s, now) })
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(passport, now); err != nil {
			b.Fatal(err)
		}
	}
}
