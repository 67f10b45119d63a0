// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// whole has every field of the contract.
const whole = `{"purpose":"BorderControl","direction":"Entry","line":"Second","requester":"p-17","reason":"r","case":"c","limit":10,
"subject":{"names":[{"full":"Ana Testova"},{"given":"Ana","family":"Testova"}],"birthDates":["1970-01-02","1970"],
"birthPlaces":[{"text":"Testville","country":"XK"},{"text":"Testburg"},{"country":"AFG"}],
"nationalities":["AF"],"gender":"M","protections":["Minor"],"documents":[{"type":"passport","number":"X1234567","country":"AFG"}],
"mrz":"P<UTO","fingerprints":[{"position":"right-index","format":"iso-19794-2","template":"AAEC"}],
"faces":[{"model":"m","vector":"AAAAAA=="}]}}`

func TestParseRequestTakesTheContract(t *testing.T) {
	req, err := ParseRequest([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	var again, first any
	out, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &again); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(whole), &first); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first, again); d != "" {
		t.Error(d)
	}
}

func TestParseRequestRefuses(t *testing.T) {
	subject := func(s string) string { return `{"subject":{` + s + `}}` }
	long := strings.Repeat("x", 2000)
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", ``, "empty"},
		{"no object", `[]`, "array"},
		{"unknown field", `{"subject":{"names":[{"full":"A"}]},"colour":1}`, `unknown field "colour"`},
		{"two requests", `{"subject":{"names":[{"full":"A"}]}}{}`, "after the request"},
		{"not UTF-8", "{\"subject\":{\"names\":[{\"full\":\"\xff\"}]}}", "UTF-8"},
		{"wrong type", subject(`"names":"A"`), "subject.names: a string"},
		{"empty subject", subject(``), "nothing to search by"},
		{"birth date alone", subject(`"birthDates":["1970"]`), "nothing to search by"},
		{"empty name", subject(`"names":[{}]`), "subject.names[0]: give full"},
		{"long name", subject(`"names":[{"full":"` + long + `"}]`), "subject.names[0]: longer"},
		{"many names", subject(`"names":[` + strings.Repeat(`{"full":"A"},`, 16) + `{"full":"A"}]`), "subject.names: more than 16"},
		{"birth date", subject(`"names":[{"full":"A"}],"birthDates":["2.1.1970"]`), "subject.birthDates[0]: must be YYYY"},
		{"empty place", subject(`"names":[{"full":"A"}],"birthPlaces":[{}]`), "subject.birthPlaces[0]: give text"},
		{"long place", subject(`"names":[{"full":"A"}],"birthPlaces":[{"text":"` + long + `"}]`), "subject.birthPlaces[0].text: longer"},
		{"country of a place", subject(`"names":[{"full":"A"}],"birthPlaces":[{"text":"A","country":"Utopia"}]`), "subject.birthPlaces[0].country: must be"},
		{"many places", subject(`"names":[{"full":"A"}],"birthPlaces":[` + strings.Repeat(`{"text":"A"},`, 8) + `{"text":"A"}]`), "subject.birthPlaces: more than 8"},
		{"place alone", subject(`"birthPlaces":[{"text":"A"}]`), "nothing to search by"},
		{"nationality", subject(`"names":[{"full":"A"}],"nationalities":["Utopia"]`), "subject.nationalities[0]: must be"},
		{"gender", subject(`"names":[{"full":"A"}],"gender":"male"`), "subject.gender: must be M, F or X"},
		{"protection", subject(`"names":[{"full":"A"}],"protections":["Tall"]`), "protections[0]: must be one of Minor"},
		{"document without number", subject(`"documents":[{"type":"passport"}]`), "subject.documents[0].number"},
		{"document country", subject(`"documents":[{"number":"1234567","country":"??"}]`), "subject.documents[0].country"},
		{"zone", subject(`"mrz":"` + strings.Repeat("<", 300) + `"`), "subject.mrz: longer"},
		{"finger without format", subject(`"fingerprints":[{"template":"AA=="}]`), "subject.fingerprints[0].format"},
		{"finger without template", subject(`"fingerprints":[{"format":"iso-19794-2","template":""}]`), "subject.fingerprints[0].template"},
		{"not base64", subject(`"fingerprints":[{"format":"f","template":"*"}]`), "base64"},
		{"face vector", subject(`"faces":[{"model":"m","vector":"AAA="}]`), "subject.faces[0].vector"},
		{"purpose", `{"purpose":"Curiosity","subject":{"names":[{"full":"A"}]}}`, "purpose: must be one of BorderControl"},
		{"direction", `{"direction":"Up","subject":{"names":[{"full":"A"}]}}`, "direction: must be one of Entry"},
		{"line", `{"line":"Third","subject":{"names":[{"full":"A"}]}}`, "line: must be one of First, Second"},
		{"line of other letters", `{"line":"second","subject":{"names":[{"full":"A"}]}}`, "line: must be one of First, Second"},
		{"line as a number", `{"line":2,"subject":{"names":[{"full":"A"}]}}`, "line: a number"},
		{"limit", `{"limit":101,"subject":{"names":[{"full":"A"}]}}`, "limit: must be 1 to 100"},
		{"requester", `{"requester":"` + long + `","subject":{"names":[{"full":"A"}]}}`, "requester: longer"},
		{"too large", `{"reason":"` + strings.Repeat("x", MaxRequestBytes) + `"}`, "larger than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseRequest([]byte(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

// A secret in any value must not come back in an error.
func TestErrorsQuoteNoSubject(t *testing.T) {
	for _, in := range []string{
		`{"subject":{"names":[{"full":12345678}]}}`,
		`{"subject":{"names":[{"full":"A"}],"birthDates":["12345678"]}}`,
		`{"subject":{"names":[{"full":"A"}],"nationalities":["12345678"]}}`,
		`{"limit":12345678,"subject":{"names":[{"full":"A"}]}}`,
		`{"subject":{"documents":[{"number":"A1","country":"12345678"}]}}`,
		`{"subject":{"names":[{"full":"A"}],"birthPlaces":[{"text":"12345678","country":"12345678"}]}}`,
	} {
		if _, err := ParseRequest([]byte(in)); err == nil || strings.Contains(err.Error(), "12345678") {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(`{"subject":{"names":[{"full":"A"}]}}`))
	f.Add([]byte(`{"subject":null}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		req, err := ParseRequest(in)
		if err != nil {
			return
		}
		out, err := json.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseRequest(out); err != nil && len(out) <= MaxRequestBytes {
			t.Fatalf("what was accepted is refused when written again: %v", err)
		}
	})
}
