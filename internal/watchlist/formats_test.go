// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ofacHead = `<?xml version="1.0" standalone="yes"?><sdnList xmlns="http://tempuri.org/sdnList.xsd"><publshInformation><Publish_Date>02/03/2031</Publish_Date><Record_Count>2</Record_Count></publshInformation>`

const ofacXMLList = ofacHead + `<sdnEntry><uid>10</uid><firstName>Ana</firstName><lastName>TESTOVA</lastName><title>Director</title><sdnType>Individual</sdnType>
<remarks>(Linked To: TEST)</remarks><programList><program>SAMPLE</program><program>OTHER</program></programList>
<idList><id><uid>1</uid><idType>Passport</idType><idNumber>T1234567</idNumber><idCountry>Albania</idCountry><issueDate>01 Jan 2020</issueDate></id>
<id><uid>2</uid><idType>Gender</idType><idNumber>Female</idNumber></id><id><uid>3</uid><idType>Website</idType><idNumber>example.org</idNumber></id></idList>
<akaList><aka><uid>4</uid><type>a.k.a.</type><category>weak</category><lastName>ANKA</lastName></aka>
<aka><uid>5</uid><type>f.k.a.</type><category>strong</category><lastName>TEST</lastName><firstName>Anna</firstName></aka></akaList>
<nationalityList><nationality><uid>6</uid><country>Korea, North</country><mainEntry>true</mainEntry></nationality></nationalityList>
<citizenshipList><citizenship><uid>6</uid><country>Albania</country><mainEntry>true</mainEntry></citizenship></citizenshipList>
<dateOfBirthList><dateOfBirthItem><uid>7</uid><dateOfBirth>03 Feb 1971</dateOfBirth><mainEntry>true</mainEntry></dateOfBirthItem>
<dateOfBirthItem><uid>8</uid><dateOfBirth>circa 1972</dateOfBirth><mainEntry>false</mainEntry></dateOfBirthItem></dateOfBirthList>
<placeOfBirthList><placeOfBirthItem><uid>9</uid><placeOfBirth>Testville, Albania</placeOfBirth><mainEntry>true</mainEntry></placeOfBirthItem></placeOfBirthList></sdnEntry>
<sdnEntry><uid>11</uid><lastName>TEST STAR</lastName><sdnType>Vessel</sdnType><vesselInfo><callSign>AB12</callSign></vesselInfo>
<idList><id><uid>12</uid><idType>Vessel Registration Identification</idType><idNumber>IMO 9999999</idNumber></id></idList></sdnEntry></sdnList>`

const euHead = `<?xml version="1.0" encoding="UTF-8"?><export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2031-02-03T04:05:06.000+02:00" globalFileId="1">`

const euList = euHead + `<sanctionEntity designationDate="2030-01-02" euReferenceNumber="EU.1.1" logicalId="1"><remark>words</remark>
<regulation programme="TST" numberTitle="1/2030"><publicationUrl>https://example.org</publicationUrl></regulation><subjectType code="person" classificationCode="P"/>
<nameAlias firstName="Ana" middleName="M." lastName="Testova" wholeName="Ana M. Testova" gender="F" nameLanguage="" strong="true"/>
<nameAlias wholeName="Ана Тестова" nameLanguage="BG" strong="true"/><nameAlias wholeName="Anka" strong="false"/>
<citizenship countryIso2Code="AL" countryDescription="ALBANIA"/><citizenship countryIso2Code="00" countryDescription="UNKNOWN"/>
<birthdate circa="false" calendarType="GREGORIAN" birthdate="1971-02-03" year="1971" city="Testville" countryIso2Code="AL"/>
<birthdate circa="true" calendarType="GREGORIAN" year="1972"/><birthdate calendarType="GREGORIAN" yearRangeFrom="1968" yearRangeTo="1974"/>
<birthdate calendarType="GREGORIAN" year="1970" monthOfYear="5"/><birthdate calendarType="ISLAMIC" year="1350"/>
<identification identificationTypeCode="passport" number="T1234567" latinNumber="T1234567" countryIso2Code="AL" knownFalse="true"/></sanctionEntity>
<sanctionEntity logicalId="2"><subjectType code="enterprise" classificationCode="E"/><nameAlias wholeName="Test Trading" strong="true"/></sanctionEntity></export>`

const ftmFlat = `{"id":"p1","schema":"Passport","properties":{"holder":["t1"],"number":["T1234567"],"country":["al"],"startDate":["2020"]},"target":false}
{"id":"t1","caption":"Ana Testova","schema":"Person","properties":{"name":["Ана Тестова","Ana Testova"],"weakAlias":["Anka"],"previousName":["Ana Old"],"firstName":["Ana"],"lastName":["Testova"],"birthDate":["1971-02-03","1972"],"birthPlace":["Testville"],"birthCountry":["al"],"nationality":["suhh"],"citizenship":["ge-ab"],"gender":["female"],"passportNumber":["T1234567","T7654321"],"topics":["sanction"]},"datasets":["x"],"last_seen":"2031-02-03T04:05:06","target":true}
{"id":"s1","schema":"Sanction","properties":{"entity":["t1"],"program":["Sample"],"listingDate":["2030-01-02"],"authority":["x"]},"target":false}
{"id":"s2","schema":"Sanction","properties":{"entity":["nobody"],"program":["Sample"]}}
{"id":"t2","schema":"Person","properties":{"name":["Nobody"]},"target":false}
{"id":"a1","schema":"Address","properties":{"full":["1 Street"]}}
`

const ftmNested = `{"id":"t1","caption":"Ana Testova","schema":"Person","properties":{"name":["Ана Тестова","Ana Testova"],"weakAlias":["Anka"],"previousName":["Ana Old"],"firstName":["Ana"],"lastName":["Testova"],"birthDate":["1971-02-03","1972"],"birthPlace":["Testville"],"birthCountry":["al"],"nationality":["suhh"],"citizenship":["ge-ab"],"gender":["female"],"passportNumber":["T1234567","T7654321"],` +
	`"passports":[{"id":"p1","schema":"Passport","properties":{"holder":["t1"],"number":["T1234567"],"country":["al"]}}],"sanctions":[{"id":"s1","schema":"Sanction","properties":{"program":["Sample"],"listingDate":["2030-01-02"]}}],"addressEntity":[{"id":"a1","schema":"Address","properties":{}}]},"last_seen":"2031-02-03T04:05:06"}`

const simpleHead = "id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,dataset,first_seen,last_seen,last_change\n"

const simpleList = simpleHead + `t1,Person,Ana Testova,"Anka;Ана Тестова",1971-02-03;1972,al;eu,"1 Street, Testville",T1234567,Sample,,,Test,2030-01-01T00:00:00,2031-02-03T04:05:06,2030-01-01T00:00:00
t2,Vessel,Test Star,,,al,,IMO9999999,,,,Test,,,
t3,Address,x,,,,,,,,,Test,,,
`

var listDay = time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)

// joined is the person of both forms of ftm-json.
var joined = Record{
	ID: "t1", Type: Person, Gender: "F", Programmes: []string{"Sample"}, Nationalities: []string{"SUHH"}, Issued: "2030-01-02",
	Names: []Name{
		{Full: "Ana Testova", Given: "Ana", Family: "Testova"}, {Full: "Ана Тестова", Kind: Original}, {Full: "Ana Old", Kind: Former}, {Full: "Anka", Kind: Alias, Quality: Low},
	},
	BirthDates: []string{"1971-02-03", "1972"}, BirthPlaces: []Place{{Text: "Testville", Country: "AL"}},
	Documents: []Document{{Type: "passport", Number: "T1234567", Country: "AL"}, {Type: "passport", Number: "T7654321"}},
}

func TestParseFormats(t *testing.T) {
	for _, tc := range []struct {
		name, in            string
		format              Format
		want                []Record
		ignored, unresolved map[string]int
		date                time.Time
	}{
		{
			name: "ofac-xml", in: ofacXMLList, format: OFACXML, date: time.Date(2031, 2, 3, 0, 0, 0, 0, time.UTC),
			want: []Record{{
				ID: "10", Type: Person, Gender: "F", Programmes: []string{"SAMPLE", "OTHER"}, Nationalities: []string{"KP", "AL"},
				Names: []Name{
					{Given: "Ana", Family: "TESTOVA"}, {Full: "ANKA", Kind: Alias, Quality: Low}, {Given: "Anna", Family: "TEST", Kind: Former},
				},
				BirthDates: []string{"1971-02-03", "1972~"}, BirthPlaces: []Place{{Text: "Testville", Country: "AL"}},
				Documents: []Document{{Type: "passport", Number: "T1234567", Country: "AL"}},
			}, {ID: "11", Type: Object, Names: []Name{{Full: "TEST STAR"}}, Documents: []Document{{Type: "imo", Number: "9999999"}}}},
			ignored: map[string]int{
				"sdnEntry/title": 1, "sdnEntry/remarks": 1, "sdnEntry/idList/id/issueDate": 1, "idType/Website": 1, "sdnEntry/vesselInfo/callSign": 1,
			},
		},
		{
			name: "eu-xml", in: euList, format: EUXML, date: time.Date(2031, 2, 3, 2, 5, 6, 0, time.UTC),
			want: []Record{{
				ID: "EU.1.1", Type: Person, Gender: "F", Programmes: []string{"TST"}, Nationalities: []string{"AL"}, Issued: "2030-01-02",
				Names: []Name{
					{Full: "Ana M. Testova", Given: "Ana M.", Family: "Testova"}, {Full: "Ана Тестова", Kind: Original}, {Full: "Anka", Kind: Alias, Quality: Low},
				},
				BirthDates: []string{"1971-02-03", "1972~", "1968/1974", "1970-05"}, BirthPlaces: []Place{{Text: "Testville", Country: "AL"}},
				Documents: []Document{{Type: "passport", Number: "T1234567", Country: "AL"}},
			}, {ID: "2", Type: Entity, Names: []Name{{Full: "Test Trading"}}}},
			ignored: map[string]int{
				"sanctionEntity/remark": 1, "sanctionEntity/@logicalId": 1, "sanctionEntity/regulation/@numberTitle": 1, "sanctionEntity/regulation/publicationUrl": 1,
				"sanctionEntity/nameAlias/@nameLanguage": 1, "sanctionEntity/identification/@knownFalse": 1,
				"sanctionEntity/citizenship/@countryDescription": 0,
			},
			unresolved: map[string]int{"birthdate/@calendarType": 1},
		},
		{
			name: "ftm-json, flat", in: ftmFlat, format: FTMJSON, want: []Record{joined}, date: listDay,
			ignored: map[string]int{
				"Passport/startDate": 1, "Sanction/authority": 1, "Person/topics": 1, "datasets": 1, "linked to no record": 1, "not a target": 1, "schema/Address": 1,
			},
			unresolved: map[string]int{"citizenship": 1},
		},
		{
			name: "ftm-json, nested", in: ftmNested, format: FTMJSON, want: []Record{joined}, date: listDay,
			ignored:    map[string]int{"Person/addressEntity": 1},
			unresolved: map[string]int{"citizenship": 1},
		},
		{
			name: "opensanctions-csv", in: simpleList, format: OpenSanctionsCSV, date: listDay,
			want: []Record{{
				ID: "t1", Type: Person, Programmes: []string{"Sample"}, Nationalities: []string{"AL"},
				Names:      []Name{{Full: "Ana Testova"}, {Full: "Anka", Kind: Alias}, {Full: "Ана Тестова", Kind: Original}},
				BirthDates: []string{"1971-02-03", "1972"}, Documents: []Document{{Number: "T1234567"}},
			}, {ID: "t2", Type: Object, Names: []Name{{Full: "Test Star"}}, Documents: []Document{{Number: "IMO9999999"}}}},
			ignored:    map[string]int{"addresses": 1, "dataset": 2, "first_seen": 1, "last_change": 1, "countries of no person": 1, "schema/Address": 1},
			unresolved: map[string]int{"countries": 1},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for name := range tc.ignored {
				if tc.ignored[name] == 0 {
					delete(tc.ignored, name)
				}
			}
			got, acc, err := parseAll(tc.format, Source{Reader: strings.NewReader(tc.in)}, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
			if tc.unresolved == nil {
				tc.unresolved = map[string]int{}
			}
			if d := cmp.Diff(tc.ignored, acc.Ignored) + cmp.Diff(tc.unresolved, acc.Unresolved); d != "" {
				t.Error(d)
			}
			if !acc.ListDate.Equal(tc.date) || acc.Bytes != int64(len(tc.in)) {
				t.Errorf("list date %v, %d bytes of %d", acc.ListDate, acc.Bytes, len(tc.in))
			}
			for i := range got {
				if err := got[i].Validate(); err != nil {
					t.Errorf("record %d is not canonical: %v", i, err)
				}
			}
		})
	}
}

func TestParseFormatsRefuse(t *testing.T) {
	ofac := func(entry string) string { return ofacHead + entry + "</sdnList>" }
	eu := func(entity string) string { return euHead + entity + "</export>" }
	for _, tc := range []struct {
		name     string
		format   Format
		in, want string
		limits   Limits
	}{
		{name: "other root", format: OFACXML, in: `<html/>`, want: "not sdnList"},
		{name: "other namespace", format: OFACXML, in: `<sdnList xmlns="urn:SECRET"/>`, want: "not OFAC's"},
		{name: "no date", format: OFACXML, in: `<sdnList xmlns="http://tempuri.org/sdnList.xsd"/>`, want: "date is unknown"},
		{name: "date", format: OFACXML, in: strings.Replace(ofacXMLList, "02/03/2031", "SECRET", 1), want: "not MM/DD/YYYY"},
		{name: "fewer than announced", format: OFACXML, in: ofac(""), want: "announces 2 records and the list holds 0"},
		{name: "no uid", format: OFACXML, in: ofac(`<sdnEntry><lastName>SECRET</lastName><sdnType>Entity</sdnType></sdnEntry>`), want: "no uid"},
		{name: "no name", format: OFACXML, in: ofac(`<sdnEntry><uid>1</uid><sdnType>Entity</sdnType></sdnEntry>`), want: "no name"},
		{name: "type", format: OFACXML, in: ofac(`<sdnEntry><uid>1</uid><sdnType>SECRET</sdnType></sdnEntry>`), want: "sdnType is none"},
		{name: "unknown element", format: OFACXML, in: ofac(`<SECRET/>`), want: "does not have at this place"},
		{name: "DTD", format: OFACXML, in: `<!DOCTYPE x [<!ENTITY a "SECRET">]>` + ofacXMLList, want: "document type"},
		{name: "other root", format: EUXML, in: `<export/>`, want: "not export of"},
		{name: "no date", format: EUXML, in: `<export xmlns="` + euSpace + `"/>`, want: "no generationDate"},
		{name: "no reference", format: EUXML, in: eu(`<sanctionEntity/>`), want: "neither euReferenceNumber"},
		{name: "no name", format: EUXML, in: eu(`<sanctionEntity logicalId="1"><subjectType code="person"/></sanctionEntity>`), want: "no name"},
		{name: "type", format: EUXML, in: eu(`<sanctionEntity logicalId="1"><subjectType code="SECRET"/></sanctionEntity>`), want: "neither person nor"},
		{name: "entity", format: EUXML, in: eu(`<sanctionEntity logicalId="&SECRET;"/>`), want: "character entity"},
		{name: "deep", format: EUXML, in: eu(strings.Repeat("<sanctionEntity>", 40)), want: "nested deeper"},
		{name: "no id", format: FTMJSON, in: `{"schema":"Person"}`, want: "without an id"},
		{name: "no schema", format: FTMJSON, in: `{"id":"SECRET"}`, want: "without a schema"},
		{name: "no name", format: FTMJSON, in: `{"id":"SECRET","schema":"Person"}`, want: "without a name"},
		{name: "twice", format: FTMJSON, in: `{"id":"SECRET","id":"2","schema":"Person"}`, want: "given twice"},
		{name: "property twice", format: FTMJSON, in: `{"id":"SECRET","schema":"Person","properties":{"name":["A"],"name":["B"]}}`, want: "given twice"},
		{name: "property", format: FTMJSON, in: `{"id":"1","schema":"Person","properties":{"name":[1]}}`, want: "neither text nor an entity"},
		{name: "UTF-8", format: FTMJSON, in: "{\"id\":\"SECRET\xff\",\"schema\":\"Person\"}", want: "not Unicode"},
		{name: "deep", format: FTMJSON, in: `{"id":"1","schema":"Person","x":` + strings.Repeat("[", 50), want: "nested deeper"},
		{name: "long line", format: FTMJSON, in: `{"id":"` + strings.Repeat("x", 5000), limits: Limits{RecordBytes: 1000}, want: "a record of more than"},
		{name: "empty", format: OpenSanctionsCSV, in: "", want: "needs the header row"},
		{name: "header", format: OpenSanctionsCSV, in: "SECRET,schema,name\n", want: "no column id"},
		{name: "column twice", format: OpenSanctionsCSV, in: "id,schema,name,name\n", want: "a column twice"},
		{name: "columns", format: OpenSanctionsCSV, in: simpleHead + "SECRET\n", want: "line 2: 1 columns, want 15"},
		{name: "no id", format: OpenSanctionsCSV, in: "id,schema,name\n,Person,SECRET\n", want: "no id"},
		{name: "no name", format: OpenSanctionsCSV, in: "id,schema,name\nSECRET,Person,\n", want: "no name"},
		{name: "UTF-8", format: OpenSanctionsCSV, in: "id,schema,name\n1,Person,SECRET\xff\n", want: "not UTF-8"},
		{name: "long row", format: OpenSanctionsCSV, in: "id,schema,name\n1,Person,\"" + strings.Repeat("x\n", 1<<20), limits: Limits{RecordBytes: 1000}, want: "a row longer"},
	} {
		t.Run(string(tc.format)+" "+tc.name, func(t *testing.T) {
			_, _, err := parseAll(tc.format, Source{Reader: strings.NewReader(tc.in)}, tc.limits)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("got %v, want %q in it and no content", err, tc.want)
			}
		})
	}
}

func gzipOf(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stream hides everything but Read.
type stream struct{ io.Reader }

func TestUnwrap(t *testing.T) {
	plain := "\ufeff" + `{"id":"t-1","type":"Person","names":[{"full":"Ana Testova"}]}`
	zipped := zipOf(t, map[string]string{"list/list.jsonl": plain})
	damaged := gzipOf(t, []byte(plain))
	damaged[len(damaged)-8] ^= 1 // of the checksum
	for _, tc := range []struct {
		name string
		in   []byte
		want string // of the error
	}{
		{"plain", []byte(plain), ""},
		{"gzip", gzipOf(t, []byte(plain)), ""},
		{"two gzip members", append(gzipOf(t, []byte(plain)), gzipOf(t, []byte("\n"))...), ""},
		{"zip", zipped, ""},
		{"gzip in gzip", gzipOf(t, gzipOf(t, []byte(plain))), "archive within an archive"},
		{"zip in gzip", gzipOf(t, zipped), "archive within an archive"},
		{"zip in zip", zipOf(t, map[string]string{"a": string(zipped)}), "archive within an archive"},
		{"zip of two", zipOf(t, map[string]string{"a": plain, "b": plain}), "holds 2 files"},
		{"zip of none", zipOf(t, nil), "holds 0 files"},
		{"path out of the zip", zipOf(t, map[string]string{"../a": plain}), "leads out of it"},
		{"drive", zipOf(t, map[string]string{"C:/a": plain}), "leads out of it"},
		{"gzip bomb", gzipOf(t, bytes.Repeat([]byte("\n"), 16<<20)), "grows more than 100 times"},
		{"zip bomb", zipOf(t, map[string]string{"a": strings.Repeat(strings.TrimPrefix(plain, "\ufeff")+"\n", 1<<17)}), "grows more than 100 times"},
		{"damaged gzip", damaged, "damaged"},
		{"damaged zip", zipped[:len(zipped)/2], "damaged"},
		{"directory bomb", zipOf(t, manyFiles(20000)), "bytes of directory"},
	} {
		for kind, r := range map[string]io.Reader{"file": bytes.NewReader(tc.in), "stream": stream{bytes.NewReader(tc.in)}} {
			t.Run(tc.name+" as a "+kind, func(t *testing.T) {
				got, _, err := parseAll(FrontlineJSONL, Source{Reader: r}, Limits{})
				if tc.want == "" && (err != nil || len(got) != 1) {
					t.Errorf("%d records, %v", len(got), err)
				}
				if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("got %v, want %q", err, tc.want)
				}
			})
		}
	}
	for _, in := range [][]byte{gzipOf(t, []byte(ftmFlat)), zipOf(t, map[string]string{"entities.ftm.json": ftmFlat})} {
		if got, _, err := parseAll(FTMJSON, Source{Reader: bytes.NewReader(in)}, Limits{}); err != nil || len(got) != 1 {
			t.Errorf("ftm-json, wrapped: %d records, %v", len(got), err)
		}
	}
	if _, _, err := parseAll(FTMJSON, Source{Reader: stream{strings.NewReader(ftmFlat)}}, Limits{}); err == nil || !strings.Contains(err.Error(), "read twice") {
		t.Errorf("ftm-json as a stream: %v", err)
	}
}

func manyFiles(n int) map[string]string {
	files := map[string]string{}
	for i := range n {
		files[strings.Repeat("x", 40)+time.Duration(i).String()] = ""
	}
	return files
}

func TestSuppress(t *testing.T) {
	for format, in := range map[Format]string{UNXML: unList, OFACXML: ofacXMLList, EUXML: euList, FTMJSON: ftmFlat, OpenSanctionsCSV: simpleList} {
		all, _, err := parseAll(format, Source{Reader: strings.NewReader(in)}, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		erased := all[0].ID
		got, acc, err := parseAll(format, Source{Reader: strings.NewReader(in), Suppress: func(id string) bool { return id == erased }}, Limits{})
		if err != nil || acc.Suppressed != 1 || acc.Records != len(all)-1 || acc.Persons != 0 || len(acc.Missing) != 0 {
			t.Errorf("%s: %+v, %v", format, acc, err)
		}
		if d := cmp.Diff(all[1:], append([]Record{}, got...)); d != "" {
			t.Errorf("%s: %s", format, d)
		}
	}
}
