// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/autoscale"
	"github.com/frontline-screening/frontline/internal/screen"
)

func serviceOf(t *testing.T, o ServiceOptions) (*Service, *httptest.Server) {
	t.Helper()
	o.Now = func() time.Time { return now }
	s := NewService(engineOf(t, Options{}, Feed{ID: "a.b", Snapshot: open(t, people)}), o)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server
}

func post(t *testing.T, url, typ string, body io.Reader) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", typ)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

const askEriksson = `{"subject":{"names":[{"full":"Anna Maria Eriksson"}]}}`

func TestServiceScreen(t *testing.T) {
	_, server := serviceOf(t, ServiceOptions{})
	for _, tc := range []struct {
		name, typ, body string
		status          int
		want            string
	}{
		{"found", "application/json", askEriksson, 200, `"outcome":"Candidates"`},
		{"no nulls", "application/json; charset=utf-8", `{"subject":{"names":[{"full":"Nobody Atall"}]}}`, 200, `"candidates":[],"leads":[]`},
		{"empty subject", "application/json", `{"subject":{}}`, 400, "nothing to search by"},
		{"unknown field", "application/json", `{"who":"A"}`, 400, "unknown field"},
		{"no letters", "application/json", `{"subject":{"names":[{"full":"?"}]}}`, 400, "nothing to search by"},
		{"zone", "application/json", `{"subject":{"mrz":"P<UTO"}}`, 400, "subject.mrz"},
		{"large", "application/json", `{"reason":"` + strings.Repeat("x", 2<<20) + `"}`, 400, "larger than"},
		{"another type", "text/plain", askEriksson, 415, "application/json"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res, text := post(t, server.URL+"/v1/screen", tc.typ, strings.NewReader(tc.body))
			if res.StatusCode != tc.status || !strings.Contains(text, tc.want) {
				t.Errorf("%d %s", res.StatusCode, text)
			}
			if tc.status >= 400 && res.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("type %q", res.Header.Get("Content-Type"))
			}
		})
	}
	if res, _ := post(t, server.URL+"/v1/other", "application/json", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("other path: %d", res.StatusCode)
	}
}

func TestServiceBatchKeepsOrder(t *testing.T) {
	_, server := serviceOf(t, ServiceOptions{})
	var in strings.Builder
	for i := range 200 {
		switch i % 3 {
		case 0:
			in.WriteString(askEriksson + "\n")
		case 1:
			in.WriteString(`{"subject":{"names":[{"full":"Nobody Atall"}]}}` + "\n\n")
		default:
			in.WriteString(`{"subject":{}}` + "\n")
		}
	}
	_, text := post(t, server.URL+"/v1/screen:batch", "application/x-ndjson", strings.NewReader(in.String()))
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 200 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		want := []string{`{"outcome":"Candidates"`, `{"outcome":"NoCandidate"`, `{"error":"request refused: subject: nothing`}[i%3]
		if !strings.HasPrefix(line, want) {
			t.Fatalf("line %d: %.80s", i+1, line)
		}
	}
}

// An answer must leave while the client still writes.
func TestServiceBatchStreams(t *testing.T) {
	_, server := serviceOf(t, ServiceOptions{})
	r, w := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/screen:batch", r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	go func() { _, _ = io.WriteString(w, askEriksson+"\n") }()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answers := bufio.NewReader(res.Body)
	for range 3 {
		line, err := answers.ReadString('\n')
		if err != nil || !strings.Contains(line, "Candidates") {
			t.Fatalf("%q, %v", line, err)
		}
		go func() { _, _ = io.WriteString(w, askEriksson+"\n") }()
	}
	_ = w.Close()
}

func TestServiceSheds(t *testing.T) {
	s, server := serviceOf(t, ServiceOptions{MaxInFlight: 1})
	s.slots <- struct{}{}
	res, text := post(t, server.URL+"/v1/screen", "application/json", strings.NewReader(askEriksson))
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", res.StatusCode, text)
	}
	<-s.slots
	if res, _ := post(t, server.URL+"/v1/screen", "application/json", strings.NewReader(askEriksson)); res.StatusCode != http.StatusOK {
		t.Errorf("after it: %d", res.StatusCode)
	}
}

func TestServiceHealth(t *testing.T) {
	s, server := serviceOf(t, ServiceOptions{})
	notReady := errors.New("no set was loaded yet")
	health := s.HealthHandler(func() error { return notReady })
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		health.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	if code, _ := get("/livez"); code != 200 {
		t.Errorf("livez %d", code)
	}
	if code, text := get("/readyz"); code != 503 || !strings.Contains(text, "no set") {
		t.Errorf("readyz %d %s", code, text)
	}
	notReady = nil
	if code, _ := get("/readyz"); code != 200 {
		t.Errorf("readyz %d", code)
	}
	post(t, server.URL+"/v1/screen", "application/json", strings.NewReader(askEriksson))
	_, text := get("/metrics")
	for _, want := range []string{`frontline_matcher_answers_total{outcome="Candidates"} 1`, "frontline_matcher_records 5"} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if c, err := autoscale.ReadCounters(strings.NewReader(text)); err != nil || c.Busy <= 0 || c.Processors < 1 {
		t.Errorf("of how busy it is the service says %+v, %v", c, err)
	}
	if strings.Contains(text, "riksson") {
		t.Error("metrics name a subject")
	}
}

// The description must have exactly the fields, and the required ones, of the Go types.
func TestOpenAPIMatchesTypes(t *testing.T) {
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any `json:"properties"`
				Required   []string       `json:"required"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{
		screen.Request{}, screen.Subject{}, screen.Name{}, screen.Place{}, screen.Document{}, screen.Fingerprint{}, screen.Face{},
		screen.Answer{}, screen.Candidate{}, screen.Evidence{}, screen.Searched{}, screen.Unavailable{}, screen.Engine{}, Refusal{},
		screen.VerifyRequest{}, screen.ListedRecord{}, screen.VerifyAnswer{},
	} {
		typ := reflect.TypeOf(v)
		schema, ok := doc.Components.Schemas[typ.Name()]
		if !ok {
			t.Errorf("no schema %s", typ.Name())
			continue
		}
		var fields, required, described []string
		for field := range typ.Fields() {
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "-" {
				continue // no part of the contract
			}
			fields = append(fields, name)
			if options == "" {
				required = append(required, name)
			}
		}
		for p := range schema.Properties {
			described = append(described, p)
		}
		for _, l := range [][]string{fields, required, described, schema.Required} {
			slices.Sort(l)
		}
		if d := cmp.Diff(fields, described); d != "" {
			t.Errorf("%s: %s", typ.Name(), d)
		}
		if d := cmp.Diff(required, schema.Required); d != "" {
			t.Errorf("%s, required: %s", typ.Name(), d)
		}
	}
}

// TestAFrontIsAnsweredFromItsFeedsAlone: what other feeds of the pool hold does not
// count, neither for the answer nor for its length.
func TestAFrontIsAnsweredFromItsFeedsAlone(t *testing.T) {
	e := engineOf(t, Options{},
		Feed{ID: "a.mine", Version: 1, Digest: "sha256:x", Snapshot: open(t, people)},
		Feed{ID: "b.other", Version: 1, Digest: "sha256:y", Snapshot: open(t, people)},
		Feed{ID: "c.other", Unavailable: screen.ReasonLocked})
	server := httptest.NewServer(NewService(e, ServiceOptions{}).Handler())
	t.Cleanup(server.Close)
	resp, err := http.Post(server.URL+"/v1/screen?feed=a.mine", "application/json",
		strings.NewReader(`{"limit":1,"subject":{"names":[{"full":"Anna Maria Eriksson"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a screen.Answer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	if len(a.Candidates) != 1 || a.Candidates[0].Feed != "a.mine" || a.Omitted != 0 || len(a.Searched) != 1 || len(a.Unavailable) != 0 {
		t.Errorf("the answer is %+v, want one candidate of a.mine and nothing of the others", a)
	}
}

// Requests beyond those that are searched at a time wait where they are counted, until
// their time is over.
func TestRequestsWaitTheirTurn(t *testing.T) {
	s := NewService(New(Options{}), ServiceOptions{Timeout: 20 * time.Millisecond})
	for range cap(s.turns) {
		s.turns <- struct{}{}
	}
	ask := func() int {
		r := httptest.NewRequest(http.MethodPost, "/v1/screen", strings.NewReader(`{"subject":{"names":[{"full":"Ana Testova"}]}}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
			t.Error("a request that got no turn is not told when to come again")
		}
		return w.Code
	}
	if got := ask(); got != http.StatusServiceUnavailable {
		t.Errorf("without a turn: status %d, want 503", got)
	}
	<-s.turns
	if got := ask(); got != http.StatusOK {
		t.Errorf("with one: status %d, want 200", got)
	}
	if len(s.turns) != cap(s.turns)-1 {
		t.Errorf("%d turns are taken, want %d", len(s.turns), cap(s.turns)-1)
	}
}
