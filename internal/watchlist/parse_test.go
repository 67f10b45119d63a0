// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const unHead = `<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" dateGenerated="2031-02-03T04:05:06.5Z">
`

const unList = unHead + `<INDIVIDUALS><INDIVIDUAL>
<DATAID>1</DATAID><FIRST_NAME>ANA</FIRST_NAME><SECOND_NAME> TESTOVA
 </SECOND_NAME><UN_LIST_TYPE>Sample</UN_LIST_TYPE><REFERENCE_NUMBER>TSi.001</REFERENCE_NUMBER>
<LISTED_ON>2030-01-02-05:00</LISTED_ON><GENDER>Female</GENDER><NAME_ORIGINAL_SCRIPT>Ана Тестова</NAME_ORIGINAL_SCRIPT>
<COMMENTS1>words</COMMENTS1><NATIONALITY><VALUE>Iran (Islamic Republic of)</VALUE></NATIONALITY>
<INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Anna Test; Hanna Test</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Anka</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1971-02-03</DATE></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1972</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1968</FROM_YEAR><TO_YEAR>1974</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_PLACE_OF_BIRTH><CITY>Testville</CITY><COUNTRY>Albania</COUNTRY></INDIVIDUAL_PLACE_OF_BIRTH>
<INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>T1234567</NUMBER><ISSUING_COUNTRY>Atlantis</ISSUING_COUNTRY></INDIVIDUAL_DOCUMENT>
</INDIVIDUAL></INDIVIDUALS><ENTITIES><ENTITY><FIRST_NAME>TEST TRADING</FIRST_NAME><REFERENCE_NUMBER>TSe.001</REFERENCE_NUMBER>
<ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>Old Trading</ALIAS_NAME></ENTITY_ALIAS></ENTITY></ENTITIES></CONSOLIDATED_LIST>`

func parseAll(format Format, src Source, limits Limits) ([]Record, Account, error) {
	var all []Record
	acc, err := Parse(context.Background(), format, src, limits, func(r Record) error {
		all = append(all, r)
		return nil
	})
	return all, acc, err
}

func TestParseUN(t *testing.T) {
	got, acc, err := parseAll(UNXML, Source{Reader: strings.NewReader(unList)}, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Record{{
		ID: "TSi.001", Type: Person, Gender: "F", Issued: "2030-01-02", Programmes: []string{"Sample"}, Nationalities: []string{"IR"},
		Names: []Name{
			{Full: "ANA TESTOVA"},
			{Full: "Ана Тестова", Kind: Original},
			{Full: "Anna Test", Kind: Alias},
			{Full: "Hanna Test", Kind: Alias},
			{Full: "Anka", Kind: Alias, Quality: Low},
		},
		BirthDates:  []string{"1971-02-03", "1972~", "1968/1974"},
		BirthPlaces: []Place{{Text: "Testville", Country: "AL"}},
		Documents:   []Document{{Type: "passport", Number: "T1234567"}},
	}, {
		ID: "TSe.001", Type: Entity,
		Names: []Name{{Full: "TEST TRADING"}, {Full: "Old Trading", Kind: Former}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	wantAcc := Account{
		Format: UNXML, ListDate: time.Date(2031, 2, 3, 4, 5, 6, 5e8, time.UTC), Bytes: int64(len(unList)),
		Records: 2, Persons: 1, Entities: 1,
		Ignored:    map[string]int{"INDIVIDUAL/COMMENTS1": 1},
		Unresolved: map[string]int{"DOCUMENT/COUNTRY": 1},
		Missing:    map[string]int{},
	}
	if d := cmp.Diff(wantAcc, acc); d != "" {
		t.Error(d)
	}
	for i := range got {
		if err := got[i].Validate(); err != nil {
			t.Errorf("record %d is not canonical: %v", i, err)
		}
	}
}

func TestParseUNRefuses(t *testing.T) {
	person := func(inner string) string {
		return unHead + "<INDIVIDUALS><INDIVIDUAL>" + inner + "</INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>"
	}
	deep := strings.Repeat("<A>", 40) + strings.Repeat("</A>", 40)
	for _, tc := range []struct {
		name, in, want string
		limits         Limits
	}{
		{name: "empty", in: "", want: "has no element"},
		{name: "other root", in: "<html></html>", want: "not CONSOLIDATED_LIST"},
		{name: "no date", in: "<CONSOLIDATED_LIST></CONSOLIDATED_LIST>", want: "no dateGenerated"},
		{name: "DTD", in: "<!DOCTYPE x [<!ENTITY a \"b\">]>" + unList, want: "document type declaration"},
		{name: "entity", in: person("<FIRST_NAME>SECRET &x;</FIRST_NAME>"), want: "character entity"},
		{name: "cut short", in: unList[:len(unList)/2], want: "ends before"},
		{name: "no reference", in: person("<FIRST_NAME>SECRET</FIRST_NAME>"), want: "no REFERENCE_NUMBER"},
		{name: "no name", in: person("<REFERENCE_NUMBER>SECRET</REFERENCE_NUMBER>"), want: "has no name"},
		{name: "unknown place", in: unHead + "<SECRETS/></CONSOLIDATED_LIST>", want: "does not have at this place"},
		{name: "deep", in: person(deep), want: "nested deeper"},
		{name: "many bytes", in: unList, limits: Limits{Bytes: 500}, want: "more than 500 bytes"},
		{name: "many records", in: unList, limits: Limits{Records: 1}, want: "more than 1 records"},
		{name: "large record", in: person(strings.Repeat("<A>SECRET</A>", 40000)), limits: Limits{RecordBytes: 1000}, want: "a record of more than"},
		{name: "other encoding", in: strings.Replace(unList, "UTF-8", "UTF-16", 1), want: "only UTF-8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := parseAll(UNXML, Source{Reader: strings.NewReader(tc.in)}, tc.limits)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want %q in it", err, tc.want)
			}
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error quotes the list: %v", err)
			}
		})
	}
}

var ofacFolder = map[string]string{
	"sdn.csv": `10,"TESTOVA, Ana","individual","SAMPLE] [OTHER","Director",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 03 Feb 1971; alt. DOB circa 1972; POB Testville, Albania; nationality Korea, North; Gender Female; Passport T1234567 (Albania) issued 01 Jan 2020; a.k.a. 'ANKA'; Linked To: TEST; alt. Pass` + `"` + "\r\n" +
		`11,"TEST TRADING",-0- ,"SAMPLE",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ` + "\r\n" +
		`12,"TEST STAR","vessel","SAMPLE",-0- ,"AB12","Tanker",-0- ,-0- ,"Albania",-0- ,"Vessel Registration Identification IMO 9999999."` + "\r\n\x1a",
	"alt.csv":          `10,1,"aka","TEST, Anna",-0- ` + "\r\n" + `11,2,"fka","OLD TRADING",-0- ` + "\r\n\x1a",
	"add.csv":          `10,1,"1 Street","Testville","Albania",-0- ` + "\r\n\x1a",
	"sdn_comments.csv": `10,"port T7654321."` + "\r\n\x1a",
}

var ofacWant = []Record{{
	ID: "10", Type: Person, Gender: "F", Programmes: []string{"SAMPLE", "OTHER"}, Nationalities: []string{"KP"},
	Names: []Name{
		{Given: "Ana", Family: "TESTOVA"}, {Given: "Anna", Family: "TEST", Kind: Alias}, {Full: "ANKA", Kind: Alias, Quality: Low},
	},
	BirthDates:  []string{"1971-02-03", "1972~"},
	BirthPlaces: []Place{{Text: "Testville", Country: "AL"}},
	Documents:   []Document{{Type: "passport", Number: "T1234567", Country: "AL"}, {Type: "passport", Number: "T7654321"}},
}, {
	ID: "11", Type: Entity, Programmes: []string{"SAMPLE"}, Names: []Name{{Full: "TEST TRADING"}, {Full: "OLD TRADING", Kind: Former}},
}, {
	ID: "12", Type: Object, Programmes: []string{"SAMPLE"}, Names: []Name{{Full: "TEST STAR"}}, Documents: []Document{{Type: "imo", Number: "9999999"}},
}}

func zipOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t testing.TB, files map[string]string, typ byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range files {
		h := &tar.Header{Name: name, Typeflag: typ, Mode: 0o644, Format: tar.FormatUSTAR}
		if typ == tar.TypeReg {
			h.Size = int64(len(text))
		} else {
			h.Linkname, text = "x", ""
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParseOFAC(t *testing.T) {
	folder, below := fstest.MapFS{}, map[string]string{}
	for name, text := range ofacFolder {
		folder[strings.ToUpper(name)] = &fstest.MapFile{Data: []byte(text)}
		below["list/"+name] = text
	}
	for _, tc := range []struct {
		name string
		src  Source
	}{
		{"folder", Source{FS: folder}},
		{"zip", Source{Reader: bytes.NewReader(zipOf(t, ofacFolder))}},
		{"tar of a folder", Source{Reader: bytes.NewReader(tarOf(t, below, tar.TypeReg))}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, acc, err := parseAll(OFACCSV, tc.src, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(ofacWant, got); d != "" {
				t.Error(d)
			}
			want := map[string]int{
				"add.csv/address": 1, "sdn.csv/title": 1, "sdn.csv/call_sign": 1, "sdn.csv/vess_type": 1, "sdn.csv/vess_flag": 1, "remarks/Linked To": 1,
			}
			if d := cmp.Diff(want, acc.Ignored); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestParseOFACRefuses(t *testing.T) {
	with := func(name, text string) map[string]string {
		m := maps.Clone(ofacFolder)
		m[name] = text
		return m
	}
	for _, tc := range []struct {
		name, want string
		in         []byte
	}{
		{"no archive", "neither a zip nor", []byte("hello")},
		{"files missing", "must hold sdn.csv", zipOf(t, map[string]string{"sdn.csv": ""})},
		{"path out of the archive", "leads out of it", zipOf(t, with("../sdn.csv", ""))},
		{"absolute path", "leads out of it", zipOf(t, with("/etc/sdn.csv", ""))},
		{"file twice", "is there twice", zipOf(t, with("x/sdn.csv", ""))},
		{"bomb", "grows more than", zipOf(t, with("add.csv", strings.Repeat(`10,1,"1 Street","Testville","Albania",-0- `+"\r\n", 1<<20)))},
		{"link", "neither a file nor a folder", tarOf(t, ofacFolder, tar.TypeSymlink)},
		{"columns", "line 1: 2 columns, want 12", zipOf(t, with("sdn.csv", "10,SECRET\n"))},
		{"quotes", "line 1", zipOf(t, with("sdn.csv", "10,\"SEC\"RET\n"))},
		{"type", "sdn_type is none", zipOf(t, with("sdn.csv", `10,"SECRET","animal",,,,,,,,,`))},
		{"no id", "no ent_num", zipOf(t, with("sdn.csv", `-0-,"SECRET",,,,,,,,,,`))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := parseAll(OFACCSV, Source{Reader: bytes.NewReader(tc.in)}, Limits{})
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("got %v, want %q in it and no content", err, tc.want)
			}
		})
	}
}

func TestParseJSONL(t *testing.T) {
	const line = `{"id":"t-1","type":"Person","nature":"Missing","names":[{"given":"Ana","family":"Testova","quality":"Good"}],"birthDates":["1970"],` +
		`"fingerprints":[{"position":"right-index","format":"iso-19794-2","template":"AAEC"}],"faces":[{"model":"m","vector":"AAAAAA=="}],` +
		`"handling":{"allow":["AL"],"deny":[],"text":"call"},"issued":"2011-05-01","expires":"2027-05-01T00:00:00Z"}`
	got, acc, err := parseAll(FrontlineJSONL, Source{Reader: strings.NewReader(line + "\n\n")}, Limits{})
	if err != nil || len(got) != 1 || acc.Persons != 1 || got[0].Handling.Text != "call" || len(got[0].Faces[0].Vector) != 4 {
		t.Fatalf("%+v, %+v, %v", got, acc, err)
	}
	for _, tc := range []struct{ name, in, want string }{
		{"unknown field", `{"id":"1","type":"Person","SECRET":1}`, "does not have"},
		{"field twice", `{"id":"1","id":"2","type":"Person"}`, "given twice"},
		{"two values", `{"id":"1"} {"id":"2"}`, "more than one"},
		{"no object", `"SECRET"`, "not a JSON object"},
		{"broken", `{"id":`, "not one JSON value"},
		{"wrong type", `{"id":"1","type":"Person","names":"SECRET"}`, "field names: a string"},
		{"no id", `{"type":"Person","names":[{"full":"SECRET"}]}`, "id is empty"},
		{"type", `{"id":"1","type":"SECRET","names":[{"full":"A"}]}`, "none of Person"},
		{"nothing to search by", `{"id":"1","type":"Person"}`, "nothing to search by"},
		{"birth date", `{"id":"1","type":"Person","names":[{"full":"A"}],"birthDates":["SECRET"]}`, "birthDates[0]"},
		{"quality", `{"id":"1","type":"Person","names":[{"full":"A","quality":"SECRET"}]}`, "names[0]: quality"},
		{"vector", `{"id":"1","type":"Person","faces":[{"model":"m","vector":"AAA="}]}`, "faces[0]"},
		{"expires", `{"id":"1","type":"Person","names":[{"full":"A"}],"expires":"SECRET"}`, "expires is not"},
		{"deep", strings.Repeat("[", 50) + strings.Repeat("]", 50), "nested deeper"},
		{"half a surrogate pair", `{"id":"\ud800","type":"Person","names":[{"full":"SECRET"}]}`, "not Unicode"},
		{"UTF-8", "{\"id\":\"1\",\"type\":\"Person\",\"names\":[{\"full\":\"SECRET\xff\"}]}", "not Unicode"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := parseAll(FrontlineJSONL, Source{Reader: strings.NewReader(line + "\n" + tc.in)}, Limits{})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("got %v, want line 2 and %q in it and no content", err, tc.want)
			}
		})
	}
}

func TestParseStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Parse(ctx, UNXML, Source{Reader: strings.NewReader(unList)}, Limits{}, func(Record) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	mine := errors.New("mine")
	_, err = Parse(context.Background(), UNXML, Source{Reader: strings.NewReader(unList)}, Limits{}, func(Record) error { return mine })
	if !errors.Is(err, mine) {
		t.Errorf("emit's error: %v", err)
	}
	if _, _, err := parseAll("excel", Source{}, Limits{}); err == nil || !strings.Contains(err.Error(), "use one of un-xml, ofac-xml, ofac-csv, eu-xml, ftm-json, opensanctions-csv, frontline-jsonl") {
		t.Errorf("unknown format: %v", err)
	}
}
