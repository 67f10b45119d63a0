// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const verifyEriksson = `{"subject":{"names":[{"full":"Anna Maria Eriksson"}]},"record":{"feed":"a.b","record":"t-5"}}`

func TestServiceVerify(t *testing.T) {
	_, server := serviceOf(t, ServiceOptions{})
	for _, tc := range []struct {
		name, query, typ, body string
		status                 int
		want                   string
	}{
		{"compared", "", "application/json", verifyEriksson, 200, `"outcome":"Compared"`},
		{"a feed of the asker's", "?feed=a.b", "application/json", verifyEriksson, 200, `"outcome":"Compared"`},
		{"not a feed of the asker's", "?feed=a.c", "application/json", verifyEriksson, 200, `"reason":"NotProvisioned"`},
		{"no nulls", "", "application/json", strings.Replace(verifyEriksson, "t-5", "t-99", 1), 200, `"evidence":[],"searched":[{`},
		{"no score without a comparison", "", "application/json", strings.Replace(verifyEriksson, "t-5", "t-99", 1), 200, `{"outcome":"Unavailable","id":`},
		{"a score of nothing alike", "", "application/json", strings.Replace(verifyEriksson, "t-5", "t-3", 1), 200, `"score":0,`},
		{"neither", "", "application/json", askEriksson, 400, "exactly one"},
		{"unknown field", "", "application/json", `{"who":"A"}`, 400, "unknown field"},
		{"zone of the reference", "", "application/json", `{"subject":{"names":[{"full":"A"}]},"reference":{"mrz":"P<UTO"}}`, 400, "reference.mrz"},
		{"another type", "", "text/plain", verifyEriksson, 415, "application/json"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res, text := post(t, server.URL+"/v1/verify"+tc.query, tc.typ, strings.NewReader(tc.body))
			if res.StatusCode != tc.status || !strings.Contains(text, tc.want) {
				t.Errorf("%d %s", res.StatusCode, text)
			}
			if tc.status >= 400 && res.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("type %q", res.Header.Get("Content-Type"))
			}
		})
	}
}

func TestServiceVerifyShedsAndCounts(t *testing.T) {
	s, server := serviceOf(t, ServiceOptions{MaxInFlight: 1})
	s.slots <- struct{}{}
	res, text := post(t, server.URL+"/v1/verify", "application/json", strings.NewReader(verifyEriksson))
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", res.StatusCode, text)
	}
	<-s.slots
	post(t, server.URL+"/v1/verify", "application/json", strings.NewReader(verifyEriksson))
	w := httptest.NewRecorder()
	s.HealthHandler(func() error { return nil }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`frontline_matcher_verifications_total{outcome="Compared"} 1`, "frontline_matcher_verification_seconds_count 1",
		`frontline_matcher_answers_total{outcome="Candidates"} 0`, "frontline_matcher_shed_total 1",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(w.Body.String(), "riksson") || strings.Contains(w.Body.String(), "t-5") {
		t.Error("metrics name a subject or a record")
	}
}
