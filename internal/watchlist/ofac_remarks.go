// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist/country"
)

// ofacDocuments are the words that begin a document number in remarks, longest first
// where one begins another, and the canonical type.
var ofacDocuments = []struct{ prefix, kind string }{
	{"Diplomatic Passport ", "passport"},
	{"Stateless Person Passport ", "passport"},
	{"Passport ", "passport"},
	{"National ID No. ", "national-id"},
	{"National Foreign ID Number ", "national-id"},
	{"Personal ID Card ", "national-id"},
	{"Cedula No. ", "national-id"},
	{"Cedula de Residencia ", "residence-permit"},
	{"Residency Number ", "residence-permit"},
	{"D.N.I. ", "national-id"},
	{"C.U.R.P. ", "national-id"},
	{"Citizen's Card Number ", "national-id"},
	{"Identification Number IMO ", "imo"},
	{"Vessel Registration Identification IMO ", "imo"},
	{"Company Number IMO ", "imo"},
	{"MMSI ", "mmsi"},
	{"Identification Number ", "national-id"},
	{"Aircraft Tail Number ", "aircraft-registration"},
	{"Driver's License No. ", "driving-licence"},
	{"SSN ", "social-security"},
	{"Tax ID No. ", "tax-id"},
	{"R.F.C. ", "tax-id"},
	{"RUC # ", "tax-id"},
	{"NIT # ", "tax-id"},
	{"RIF # ", "tax-id"},
	{"Registration ID ", "registration"},
	{"Registration Number ", "registration"},
	{"Company Number ", "registration"},
	{"Commercial Registry Number ", "registration"},
	{"Matricula Mercantil No ", "registration"},
	{"Folio Mercantil No. ", "registration"},
	{"Electoral Registry No. ", "electoral"},
	{"Visa Number ", "visa"},
	{"Travel Document Number ", "travel-document"},
	{"Refugee ID Card ", "travel-document"},
	{"British National Overseas Passport ", "passport"},
}

// ofacRemarks takes over what remarks say, item by item, separated by semicolons.
func (a *account) ofacRemarks(r *Record, remarks string) {
	for item := range strings.SplitSeq(remarks, ";") {
		item = strings.TrimSuffix(clean(item), ".")
		item = strings.TrimPrefix(item, "alt. ")
		if item != "" && !a.ofacItem(r, item) {
			a.ignore("remarks/" + remarkKey(item))
		}
	}
}

func (a *account) ofacItem(r *Record, item string) bool {
	if v, ok := strings.CutPrefix(item, "DOB "); ok {
		addUnique(&r.BirthDates, a.date("remarks/DOB", ofacDate(v)))
		return true
	}
	if v, ok := strings.CutPrefix(item, "POB "); ok {
		addUnique(&r.BirthPlaces, ofacPlace(v))
		return true
	}
	for _, key := range []string{"nationality ", "citizen "} {
		if v, ok := strings.CutPrefix(item, key); ok {
			addUnique(&r.Nationalities, a.country("remarks/"+strings.TrimSpace(key), v))
			return true
		}
	}
	for _, key := range []string{"a.k.a. ", "f.k.a. "} {
		// Quoted names in remarks are what OFAC calls weak aliases.
		if v, ok := strings.CutPrefix(item, key); ok {
			if v = strings.Trim(v, "'\" "); v != "" {
				n := Name{Full: v, Quality: Low, Kind: Alias}
				if key == "f.k.a. " {
					n.Kind = Former
				}
				addUnique(&r.Names, n)
			}
			return true
		}
	}
	switch item {
	case "Gender Male":
		r.Gender = "M"
		return true
	case "Gender Female":
		r.Gender = "F"
		return true
	}
	for _, d := range ofacDocuments {
		if v, ok := strings.CutPrefix(item, d.prefix); ok {
			a.ofacDocument(r, d.kind, v)
			return true
		}
	}
	return false
}

// ofacDocument takes over "NUMBER (Country) issued …".
func (a *account) ofacDocument(r *Record, kind, v string) {
	number, rest, _ := strings.Cut(v, " (")
	issuer, _, _ := strings.Cut(rest, ")")
	number, _, _ = strings.Cut(number, " issued ")
	if number = clean(strings.TrimPrefix(number, "#")); number != "" {
		addUnique(&r.Documents, Document{Type: kind, Number: number, Country: a.country("remarks/document country", issuer)})
	}
}

// ofacPlace takes the country from the end of "City, Province, Country".
func ofacPlace(v string) Place {
	if code, ok := country.FromName(v); ok {
		return Place{Country: code}
	}
	if i := strings.LastIndex(v, ", "); i >= 0 {
		if code, ok := country.FromName(v[i+2:]); ok {
			return Place{Text: v[:i], Country: code}
		}
	}
	return Place{Text: v}
}

// ofacDate turns "circa 04 Sep 1978", "Sep 1978", "1978" and "FROM to TO" into EDTF;
// anything else becomes what no date is.
func ofacDate(v string) string {
	v, about := strings.CutPrefix(v, "circa ")
	from, to, between := strings.Cut(v, " to ")
	if !between && len(v) == len("1978-1979") && v[4] == '-' {
		from, to, between = v[:4], v[5:], true
	}
	from = ofacPoint(from)
	if between {
		from += "/" + ofacPoint(to)
	}
	if about {
		from += "~"
	}
	return from
}

func ofacPoint(v string) string {
	for _, l := range [][2]string{{"02 Jan 2006", "2006-01-02"}, {"Jan 2006", "2006-01"}, {"2006", "2006"}} {
		if t, err := time.Parse(l[0], v); err == nil {
			return t.Format(l[1])
		}
	}
	return "?"
}

// remarkKeys are the items known and left aside; all others count as one, since a
// free remark may be content.
var remarkKeys = []string{
	"Linked To", "Additional Sanctions Information", "Secondary sanctions risk", "Transactions Prohibited",
	"Email Address", "Website", "Phone Number", "Executive Order", "Scientific Studies", "Former Vessel",
	"Aircraft ", "Vessel ", "Organization ", "Digital Currency Address", "Government Gazette Number",
	"D-U-N-S Number", "V.A.T. Number", "Trade License No", "Business Registration", "Chinese Commercial Code",
	"SWIFT/BIC", "BIK", "Nationality of Registration", "Flag", "CAATSA Section",
	"ICTY indictee", "ISIN", "Target Type", "Issuer Name", "Equity Ticker", "Effective Date", "Listing Date", "Purchase/Sales",
	"Unified Social Credit Code", "Legal Entity Number", "Public Registration Number", "C.R. No.", "License",
}

func remarkKey(item string) string {
	for _, k := range remarkKeys {
		if strings.HasPrefix(item, k) {
			return strings.TrimSpace(k)
		}
	}
	return "other"
}
