// SPDX-License-Identifier: Apache-2.0

package mrz

import (
	"errors"
	"strconv"
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

// frenchCard is a French card of 1988 to 2021 with right check digits.
func frenchCard(family, given, number, birth string) string {
	pad := func(s string, n int) string { return s + strings.Repeat("<", n-len(s)) }
	digit := func(s string) string { return strconv.Itoa(checkDigit(s)) }
	one := "IDFRA" + pad(family, 25) + "952042"
	two := number + digit(number) + pad(given, 14) + birth + digit(birth) + "F"
	return one + "\n" + two + digit(one+two)
}

func TestParseSpecimens(t *testing.T) {
	anna := Zone{Family: "ERIKSSON", Given: "ANNA MARIA", Issuer: "UTO", Nationality: "UTO", Birth: date("1974-08-12"), Expiry: date("2012-04-15"), Gender: "F"}
	as := func(z Zone, format, document, number string) Zone {
		z.Format, z.Document, z.Number = format, document, number
		return z
	}
	visa := anna
	visa.Nationality, visa.Birth, visa.Expiry = "XXX", date("1940-09-07"), date("1996-12-10")
	for _, tc := range []struct {
		name, in string
		want     Zone
	}{
		{"TD3", passport, as(anna, "TD3", "P", "L898902C3")},
		{"TD3 with carriage returns", strings.ReplaceAll(passport, "\n", "\r\n") + "\r\n", as(anna, "TD3", "P", "L898902C3")},
		{"TD1", card1, as(anna, "TD1", "I", "D23145890")},
		{"TD2", card2, as(anna, "TD2", "I", "D23145890")},
		{"MRV-A", visaA, as(visa, "MRV-A", "V", "L8988901C")},
		{"MRV-B", visaB, as(visa, "MRV-B", "V", "L8988901C")},
		{"TD1 with a long number", long1, Zone{
			Format: "TD1", Document: "I", Family: "STEVENSON", Given: "PETER JOHN", Issuer: "UTO", Nationality: "UTO",
			Number: "D23145890734", Birth: date("1934-07-12"), Expiry: date("1995-07-12"), Gender: "M",
		}},
		{"French card", frenchCard("VANDERSPREK", "OTTILIA<<MARIE", "880692310285", "880309"), Zone{
			Format: "FRA-ID", Document: "ID", Family: "VANDERSPREK", Given: "OTTILIA MARIE", Issuer: "FRA", GivenCut: true,
			Number: "880692310285", Birth: date("1988-03-09"), Gender: "F",
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

// change puts other text at a place of a zone.
func change(zone string, at int, text string) string { return zone[:at] + text + zone[at+len(text):] }

const second = 45 // where the second line of a TD3 begins

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		name, field, family, given string
		familyCut, givenCut        bool
	}{
		{"a single name", "ARKFREITH", "ARKFREITH", "", false, false},
		{"family name of two words", "VAN<DER<MUELLEN<<ANNA", "VAN DER MUELLEN", "ANNA", false, false},
		{"no family name", "<<ANNA<MARIA", "ANNA MARIA", "", false, false},
		{"cut at the end", "PAPANDROPOULOUS<<" + "JONATHON<WARREN<TREVOR", "PAPANDROPOULOUS", "JONATHON WARREN TREVOR", false, true},
		{"a single name, cut", "NILAVADHANANANDA<CHAYAPA<DEJTHAMRONG<KR", "NILAVADHANANANDA CHAYAPA DEJTHAMRONG KR", "", true, false},
		{"cut between the names", strings.Repeat("BENNELONG<", 3) + "WARRANDYT", strings.Repeat("BENNELONG ", 3) + "WARRANDYT", "", true, false},
		{"more fillers than there should be", "ERIKSSON<<<ANNA<<MARIA", "ERIKSSON", "ANNA MARIA", false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := change(passport, 5, tc.field+strings.Repeat("<", 39-len(tc.field)))
			got, err := Parse(in, now)
			if err != nil || got.Family != tc.family || got.Given != tc.given || got.FamilyCut != tc.familyCut || got.GivenCut != tc.givenCut {
				t.Errorf("family %q, cut %v, given %q, cut %v, %v", got.Family, got.FamilyCut, got.Given, got.GivenCut, err)
			}
		})
	}
}

// What readers of OCR-B confuse is put right where check digits prove it, and nowhere else.
func TestRepairs(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		fields   []Field
		fails    Field
	}{
		{"letters in both dates", change(change(passport, second+13, "74O8I2"), second+21, "I2O4IS"), []Field{FieldBirth, FieldExpiry}, ""},
		{"letter in place of a check digit", change(passport, second+19, "Z"), []Field{FieldBirth}, ""},
		{"letter in place of the composite", change(passport, second+43, "O"), []Field{FieldComposite}, ""},
		{"a digit of the number for a letter", change(passport, second, "L8989O2C3"), []Field{FieldNumber}, ""},
		{"the check digit of the number", change(passport, second+9, "G"), []Field{FieldNumber}, ""},
		{"two digits of the number", change(passport, second, "L8989O2C8"), nil, FieldNumber},
		{"letters in a date that prove nothing", change(passport, second+13, "74O8I3"), nil, FieldBirth},
		{"a letter that looks like no digit", change(passport, second+13, "74X812"), nil, FieldBirth},
		{"a digit of a visa's number, which has no second proof", change(visaA, second, "L89889OIC"), nil, FieldNumber},
		{"a digit in a name", change(passport, 5, "ER1KSSON"), nil, FieldName},
		{"a digit in a state", change(passport, second+10, "UT0"), nil, FieldNation},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Parse(tc.in, now)
			if tc.fails != "" {
				if at, ok := errors.AsType[*Error](err); !ok || at.Field != tc.fails {
					t.Errorf("got %v, want a wrong %s", err, tc.fails)
				}
				return
			}
			if err != nil || !cmp.Equal(got.Repaired, tc.fields) {
				t.Errorf("repaired %v, %v; want %v", got.Repaired, err, tc.fields)
			}
			want, err := Parse(passport, now)
			got.Repaired = nil
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Errorf("%s %v", d, err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", "zone: is empty"},
		{"one line", "P<UTO", "must be 3 lines of 30"},
		{"four lines", strings.Repeat("A\n", 4), "must be 3 lines of 30"},
		{"uneven lines", passport[:80], "line 2, zone: has not the length"},
		{"lower case", change(passport, 6, "e"), "line 1, zone: column 7"},
		{"number", change(passport, second, "X"), "line 2, document number: the check digit"},
		{"birth", change(passport, second+13, "8"), "line 2, date of birth: the check digit"},
		{"no date", change(passport, second+13, "7413122"), "line 2, date of birth:"},
		{"expiry", change(passport, second+21, "9"), "line 2, date of expiry: the check digit"},
		{"personal number", change(passport, second+30, "9"), "line 2, personal number: the check digit"},
		{"composite", change(passport, second+43, "1"), "line 2, composite: the check digit"},
		{"sex", change(passport, second+20, "Q"), "line 2, sex: must be"},
		{"no name", "P<UTO" + strings.Repeat("<", 39) + passport[44:], "line 1, name: there is none"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := Parse(tc.in, now); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestDates(t *testing.T) {
	for _, tc := range []struct {
		name, in, want string
		past           bool
	}{
		{"this century", "200101", "2020-01-01", true},
		{"not in the future", "270101", "1927-01-01", true},
		{"leap day of 2000", "000229", "2000-02-29", true},
		{"day unknown", "7408<<", "1974-08", true},
		{"month unknown", "74<<<<", "1974", true},
		{"no such day", "740231", "", true},
		{"letters", "7A0101", "", true},
		{"ends soon", "270101", "2027-01-01", false},
		{"ends in fifty years", "760101", "2076-01-01", false},
		{"ended long ago", "960101", "1996-01-01", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := readDate(tc.in, now, tc.past)
			if tc.want == "" {
				if ok {
					t.Error("taken")
				}
				return
			}
			if d := cmp.Diff(date(tc.want), got); d != "" || !ok {
				t.Error(d, ok)
			}
		})
	}
	if got, ok := readDate("<<<<<<", now, true); got != nil || !ok {
		t.Errorf("unknown: %v, %v", got, ok)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{passport, card1, card2, visaA, visaB, long1, frenchCard("A", "B", "880692310285", "880309")} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		z, err := Parse(s, now)
		if _, ok := errors.AsType[*Error](err); err != nil && !ok {
			t.Errorf("an error that names no field: %v", err)
		}
		if err == nil && z.Family+z.Given == "" {
			t.Error("a zone without a name")
		}
		if z.FamilyCut && z.Family == "" || z.GivenCut && z.Given == "" {
			t.Error("a name that is cut and is none")
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(passport, now); err != nil {
			b.Fatal(err)
		}
	}
}
