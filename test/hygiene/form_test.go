// SPDX-License-Identifier: Apache-2.0

package hygiene

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/hack/stage"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

var (
	zoneRun = regexp.MustCompile(`[A-Z0-9<]{30,}`)
	// Of a state: the document's code, then the issuing state; or the second
	// line with the nationality after number and check digit (9303-4, 4.2.2), or
	// after both dates (9303-5, 4.2.2).
	firstLine = regexp.MustCompile(`^[ACIPV][A-Z<]([A-Z<]{3})`)
	data3     = regexp.MustCompile(`^[A-Z0-9<]{9}[0-9<]([A-Z<]{3})[0-9]{6}[0-9][MFX<]`)
	data1     = regexp.MustCompile(`^[0-9<]{6}[0-9][MFX<][0-9<]{6}[0-9]([A-Z<]{3})`)
	// The third line of TD1 has nothing but the name.
	nameLine = regexp.MustCompile(`^([A-Z]+)(<[A-Z]+)*<<[A-Z<]+$`)
	// Doc 9303's specimens are of Utopia; its visas are for no nationality (XXX),
	// and these are the people in them.
	specimenStates = []string{"UTO", "XXX"}
	specimenNames  = []string{"ERIKSSON", "STEVENSON"}
)

// foreignZone reports a line of a machine-readable zone that is none of the
// specimens of ICAO Doc 9303.
func foreignZone(line string) string {
	const what = "a machine-readable zone that is no specimen of ICAO Doc 9303 (state UTO)"
	for _, run := range zoneRun.FindAllString(line, -1) {
		if !strings.Contains(run, "<") {
			continue
		}
		for _, form := range []*regexp.Regexp{firstLine, data3, data1} {
			if m := form.FindStringSubmatch(run); m != nil && strings.Contains(run[5:], "<<") && !slices.Contains(specimenStates, m[1]) {
				return what
			}
		}
		if m := nameLine.FindStringSubmatch(run); m != nil && firstLine.FindString(run) == "" && !slices.Contains(specimenNames, m[1]) {
			return what
		}
	}
	return ""
}

func TestZonesAreSpecimens(t *testing.T) {
	for _, found := range scan(tree(t), foreignZone) {
		t.Error(found)
	}
}

func TestForeignZoneIsFound(t *testing.T) {
	// Put together here, so that this file holds none itself.
	pad := func(s string, n int) string { return s + strings.Repeat("<", n-len(s)) }
	for _, tc := range []struct {
		name, line string
		found      bool
	}{
		{name: "specimen", line: pad("P<UTO"+"ERIKSSON<<ANNA<MARIA", 44)},
		{name: "number of a specimen", line: "L898902C3" + "6UTO7408122F1204159ZE184226B" + "<<<<<10"},
		{name: "digest", line: "SHA256 " + strings.Repeat("0A", 32)},
		{name: "passport of another state", line: `mrz: "` + pad("P<"+"RUR"+"VASTOR<<BESMIR", 44) + `"`, found: true},
		{name: "visa of another state", line: pad("V<"+"RUR"+"VASTOR<<BESMIR", 36), found: true},
		{name: "number of another state", line: pad("X12345678"+"4RUR"+"7408122F1204159", 42) + "10", found: true},
		{name: "dates of another state", line: pad("7408122F1204159"+"RUR", 29) + "6", found: true},
		{name: "name of an identity card", line: pad("VASTOR"+"<<BESMIR", 30), found: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := foreignZone(tc.line); (got != "") != tc.found {
				t.Errorf("got %q, want found %t", got, tc.found)
			}
		})
	}
}

// Reserved for invented entries: references of the regimes SY and TS, which the
// Security Council does not have, and numbers below and above those of OFAC.
var (
	reference       = regexp.MustCompile(`\b([A-Z]{2})[ie]\.[0-9]{3}\b`)
	reserved        = []string{"SY", "TS"}
	referenceTag    = regexp.MustCompile(`<REFERENCE_NUMBER>([^<]*[0-9][^<]*)</`)
	reservedTag     = regexp.MustCompile(`^(SY|TS)[ie]\.([0-9]{3}|%03d)$`)
	ofacEntry       = regexp.MustCompile(`\b([0-9]+) ?, ?\\?"[^"]+\\?", ?(\\?"individual\\?"|-0- ?,)`)
	ofacReserved    = func(n int) bool { return n < ofacFirst || n >= ofacInvented }
	ofacFirst       = 36
	ofacInvented    = 9_999_990
	unInvented      = regexp.MustCompile(`^(SY|TS)[ie]\.[0-9]{3}$`)
	listedElsewhere = "an entry of a list outside what is reserved for invented ones (SYi.000, TSi.000; ent_num below 36 or from 9999990)"
)

// unreserved reports an entry of a list whose reference is not reserved.
func unreserved(line string) string {
	for _, m := range reference.FindAllStringSubmatch(line, -1) {
		if !slices.Contains(reserved, m[1]) {
			return listedElsewhere
		}
	}
	for _, m := range referenceTag.FindAllStringSubmatch(line, -1) {
		if !reservedTag.MatchString(m[1]) {
			return listedElsewhere
		}
	}
	for _, m := range ofacEntry.FindAllStringSubmatch(line, -1) {
		if n, err := strconv.Atoi(m[1]); err != nil || !ofacReserved(n) {
			return listedElsewhere
		}
	}
	return ""
}

func TestEntriesAreReserved(t *testing.T) {
	for _, found := range scan(tree(t), unreserved) {
		t.Error(found)
	}
}

func TestUnreservedIsFound(t *testing.T) {
	for _, tc := range []struct {
		name, line string
		found      bool
	}{
		{name: "reserved reference", line: "record SYi.001 and TSe.002"},
		{name: "reserved entry", line: `<REFERENCE_NUMBER>SYi.001</REFERENCE_NUMBER>`},
		{name: "reserved number", line: `9999991,"OLVANTOR, Zyndrick","individual"`},
		{name: "file name", line: "see type.go.123"},
		{name: "reference of a regime", line: "record ZZ" + "i.430", found: true},
		{name: "entry in another form", line: "<REFERENCE_" + "NUMBER>P-12</REFERENCE_NUMBER>", found: true},
		{name: "person of OFAC", line: "36000" + `,"OLVANTOR, Zyndrick","individual","X"`, found: true},
		{name: "entity of OFAC", line: "36001" + `,"OLVANTOR TRADING",-0- ,"X"`, found: true},
		{name: "person of OFAC in a string", line: "36000" + `,\"OLVANTOR, Zyndrick\",\"individual\"`, found: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := unreserved(tc.line); (got != "") != tc.found {
				t.Errorf("got %q, want found %t", got, tc.found)
			}
		})
	}
}

// The list that the demo and the end-to-end tests publish is made up entry by
// entry: reserved references, numbers of no state, countries that are none.
func TestSyntheticListIsInvented(t *testing.T) {
	list, err := stage.SyntheticList(1, 999, time.Date(2031, 2, 3, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`^UT[0-9]{6}$`)
	records := 0
	_, err = watchlist.Parse(context.Background(), watchlist.UNXML, watchlist.Source{Reader: strings.NewReader(string(list))}, watchlist.Limits{},
		func(r watchlist.Record) error {
			records++
			if !unInvented.MatchString(r.ID) {
				t.Errorf("entry %d: reference %s is not reserved", records, r.ID)
			}
			if len(r.Nationalities) > 0 {
				t.Errorf("%s has the nationality of a state: %v", r.ID, r.Nationalities)
			}
			for _, d := range r.Documents {
				if !number.MatchString(d.Number) || d.Country != "" {
					t.Errorf("%s has document %s of %q, want a number of no state", r.ID, d.Number, d.Country)
				}
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	if records != 999 {
		t.Errorf("%d entries, want 999", records)
	}
}
