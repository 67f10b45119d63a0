// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wholeVerify has every field of a comparison with a record.
const wholeVerify = `{"purpose":"BorderControl","direction":"Entry","requester":"p-17","reason":"r","case":"c",
"subject":{"names":[{"given":"Ana","family":"Testova"}],"birthDates":["1970"]},"record":{"feed":"intl.test-list","record":"T.1"}}`

func TestParseVerifyTakesTheContract(t *testing.T) {
	for _, in := range []string{
		wholeVerify,
		`{"subject":{"names":[{"full":"Ana Testova"}]},"reference":{"names":[{"full":"A. Testova"}],"gender":"F","mrz":"P<UTO","documents":[{"number":"X1234567"}]}}`,
	} {
		req, err := ParseVerify([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		var again, first any
		for text, into := range map[string]*any{string(out): &again, in: &first} {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(first, again); d != "" {
			t.Error(d)
		}
	}
}

func TestParseVerifyRefuses(t *testing.T) {
	const who = `"subject":{"names":[{"full":"Ana Testova"}]}`
	with := func(s string) string { return "{" + who + "," + s + "}" }
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", ``, "empty"},
		{"unknown field", with(`"colour":1`), `unknown field "colour"`},
		{"a search's field", with(`"limit":1,"record":{"feed":"a.b","record":"1"}`), `unknown field "limit"`},
		{"a line, which a comparison has no threshold for", with(`"line":"Second","record":{"feed":"a.b","record":"1"}`), `unknown field "line"`},
		{"a field of the record", with(`"record":{"feed":"a.b","record":"1","name":"A"}`), `unknown field "name"`},
		{"two requests", with(`"record":{"feed":"a.b","record":"1"}`) + "{}", "after the request"},
		{"no subject", `{"record":{"feed":"a.b","record":"1"}}`, "subject: nothing to search by"},
		{"neither", "{" + who + "}", "exactly one"},
		{"both", with(`"record":{"feed":"a.b","record":"1"},"reference":{"names":[{"full":"A"}]}`), "exactly one"},
		{"no feed", with(`"record":{"record":"1"}`), "record.feed: must be"},
		{"feed without namespace", with(`"record":{"feed":"list","record":"1"}`), "record.feed: must be"},
		{"feed of other letters", with(`"record":{"feed":"a.B","record":"1"}`), "record.feed: must be"},
		{"long feed", with(`"record":{"feed":"a.` + strings.Repeat("b", 320) + `","record":"1"}`), "record.feed: must be"},
		{"no record", with(`"record":{"feed":"a.b"}`), "record.record: must be"},
		{"long record", with(`"record":{"feed":"a.b","record":"` + strings.Repeat("1", 300) + `"}`), "record.record: must be"},
		{"empty reference", with(`"reference":{}`), "reference: nothing to"},
		{"birth date of the reference", with(`"reference":{"names":[{"full":"A"}],"birthDates":["2.1.1970"]}`), "reference.birthDates[0]: must be YYYY"},
		{"purpose", with(`"purpose":"Curiosity","record":{"feed":"a.b","record":"1"}`), "purpose: must be one of"},
		{"direction", with(`"direction":"Up","record":{"feed":"a.b","record":"1"}`), "direction: must be one of"},
		{"requester", with(`"requester":"` + strings.Repeat("x", 2000) + `","record":{"feed":"a.b","record":"1"}`), "requester: longer"},
		{"too large", with(`"reason":"` + strings.Repeat("x", MaxRequestBytes) + `"`), "larger than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseVerify([]byte(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "Testova") {
				t.Error("the error quotes the subject")
			}
		})
	}
}

func TestSettleVerify(t *testing.T) {
	score := 0.5
	found := VerifyAnswer{
		Nature: NatureWanted, Handling: "h", Grade: GradeShared, Score: &score,
		Evidence: []Evidence{{Field: "name", Score: 0.5}}, Searched: []Searched{{Feed: "a.b"}},
	}
	without := found
	without.Evidence = nil
	said := without
	said.Unavailable = []Unavailable{{Feed: "a.b", Reason: ReasonStale}, {Feed: "a.b", Reason: ReasonModality, Modality: ModalityFace}}
	beside := found
	beside.Unavailable = []Unavailable{{Feed: "a.b", Reason: ReasonModality, Modality: ModalityFace}}
	for _, tc := range []struct {
		name    string
		in      VerifyAnswer
		outcome VerifyOutcome
		reasons string
	}{
		{"compared", found, Compared, ""},
		{"compared, and something was not", beside, Compared, "Modality"},
		{"no evidence", without, NotCompared, "NothingInCommon"},
		{"no evidence, and the reasons are known", said, NotCompared, "Modality Stale"},
		{"nothing at all", VerifyAnswer{}, NotCompared, "NothingInCommon"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := tc.in
			SettleVerify(&a)
			var all []string
			for _, u := range a.Unavailable {
				all = append(all, string(u.Reason))
			}
			reasons := strings.Join(all, " ")
			if a.Outcome != tc.outcome || reasons != tc.reasons {
				t.Errorf("outcome %s, reasons %q; want %s, %q", a.Outcome, reasons, tc.outcome, tc.reasons)
			}
			if told := a.Score != nil || a.Nature != "" || a.Handling != "" || a.Grade != ""; told != (tc.outcome == Compared) {
				t.Errorf("%s: score and record are told: %t", a.Outcome, told)
			}
			if a.Evidence == nil || a.Searched == nil || a.Unavailable == nil || a.Engines == nil {
				t.Error("a list is null")
			}
		})
	}
}

func FuzzParseVerify(f *testing.F) {
	f.Add([]byte(wholeVerify))
	f.Add([]byte(`{"subject":{"names":[{"full":"A"}]},"reference":{"documents":[{"number":"X1234567"}]}}`))
	f.Add([]byte(`{"subject":null,"record":null,"reference":null}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		req, err := ParseVerify(in)
		if err != nil {
			return
		}
		if (req.Record == nil) == (req.Reference == nil) {
			t.Fatal("a request with both a record and a reference, or with neither, was accepted")
		}
		out, err := json.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseVerify(out); err != nil && len(out) <= MaxRequestBytes {
			t.Fatalf("what was accepted is refused when written again: %v", err)
		}
	})
}
