// SPDX-License-Identifier: Apache-2.0

package front_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/front"
	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

const (
	verifyRecord = `{"purpose":"BorderControl","requester":"officer-7","case":"42","subject":{"names":[{"full":"Orlind Testaku"}]},
"record":{"feed":"intl.b","record":"17"}}`
	verifyReference = `{"subject":{"names":[{"full":"Orlind Testaku"}]},"reference":{"names":[{"full":"O. Testaku"}]}}`
)

func verify(t *testing.T, url, body string) (int, screen.VerifyAnswer, string) {
	t.Helper()
	resp, err := http.Post(url+"/v1/verify", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var a screen.VerifyAnswer
	if resp.StatusCode == http.StatusOK {
		if err := json.Unmarshal(data, &a); err != nil {
			t.Fatal(err)
		}
	}
	return resp.StatusCode, a, string(data)
}

// compared answers as a pool that has the feed, or, for a reference, as any pool. It
// counts how often it is asked and keeps what it was told.
func compared(feed string, issued time.Time, calls *atomic.Int64, asked *atomic.Value) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls.Add(1)
		asked.Store(r.URL.String() + " " + string(body))
		score := 0.75
		a := screen.VerifyAnswer{
			Outcome: screen.Compared, ID: "the pool's own", Score: &score, Mode: screen.ModeOnline,
			Evidence: []screen.Evidence{{Field: "name", Score: 0.75, Text: "t"}},
		}
		if feed != "" {
			a.Nature, a.Handling = screen.NatureAtRisk, "call the desk"
			a.Searched = []screen.Searched{{Feed: feed, Version: 3, OrderIssued: issued}}
		}
		_ = json.NewEncoder(w).Encode(a)
	}
}

// saying answers whatever it is asked with the same.
func saying(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestVerifyAsksThePoolOfTheFeed(t *testing.T) {
	b := newBench(t)
	var callsA, callsB atomic.Int64
	var asked atomic.Value
	poolA := b.pool(pki.MatcherID("north", "a"), compared("", time.Now(), &callsA, &asked))
	poolB := b.pool(pki.MatcherID("north", "b"), compared("intl.b", time.Now(), &callsB, &asked))
	f := b.front(border, poolA.URL, poolB.URL)
	status, a, text := verify(t, f.URL, verifyRecord)
	if status != http.StatusOK || a.Outcome != screen.Compared || a.Score == nil || *a.Score != 0.75 || a.Nature != screen.NatureAtRisk ||
		a.Handling == "" || len(a.ID) != 32 || len(a.Searched) != 1 {
		t.Errorf("%d %s", status, text)
	}
	if callsA.Load() != 0 || callsB.Load() != 1 {
		t.Errorf("pool a was asked %d times, pool b %d; want b alone", callsA.Load(), callsB.Load())
	}
	told := asked.Load().(string)
	if !strings.Contains(told, "feed=intl.b ") || strings.Contains(told, "officer-7") || strings.Contains(told, `"42"`) {
		t.Error("the pool was not told the post's feeds, or what is for the receipt alone")
	}
	if status, a, text := verify(t, f.URL, verifyReference); status != http.StatusOK || a.Outcome != screen.Compared || callsA.Load() != 1 || callsB.Load() != 1 {
		t.Errorf("a reference: %d %s, pool a asked %d times", status, text, callsA.Load())
	}
	if told := asked.Load().(string); !strings.Contains(told, `"purpose":"BorderControl"`) {
		t.Error("the purpose that goes without saying was not filled in")
	}
	status, a, text = verify(t, f.URL, strings.Replace(verifyRecord, "intl.b", "intl.elsewhere", 1))
	if status != http.StatusOK || a.Outcome != screen.NotCompared || a.Unavailable[0].Reason != screen.ReasonNotProvisioned || callsB.Load() != 1 {
		t.Errorf("a feed of no pool: %d %s", status, text)
	}
}

func TestVerifyRefusals(t *testing.T) {
	b := newBench(t)
	var calls atomic.Int64
	var asked atomic.Value
	pool := b.pool(pki.MatcherID("north", "a"), compared("intl.a", time.Now(), &calls, &asked))
	two := b.front([]screen.Purpose{screen.PurposeBorderControl, screen.PurposeVisaExamination}, pool.URL)
	for _, tt := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"no purpose, where there are two", verifyReference, 400, "say which of BorderControl, "},
		{"a purpose the post has not", strings.Replace(verifyRecord, "BorderControl", "LawEnforcement", 1), 403, "may screen for BorderControl"},
		{"an unknown field", strings.Replace(verifyRecord, `"case"`, `"limit"`, 1), 400, "limit"},
		{"neither record nor reference", request, 400, "limit"},
		{"more than 1 MiB", `{"reason":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "larger than 1 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, _, text := verify(t, two.URL, tt.body); status != tt.status || !strings.Contains(text, tt.want) {
				t.Errorf("%d %s, want %d and %q", status, text, tt.status, tt.want)
			}
		})
	}
	if calls.Load() != 0 {
		t.Error("a request that the front refuses went to a pool")
	}
}

// TestVerifyNeverInvents: whatever a pool does, what it did not compare is not told as compared.
func TestVerifyNeverInvents(t *testing.T) {
	b := newBench(t)
	unavailable := `{"outcome":"Unavailable","evidence":[],"searched":[],"unavailable":[{"feed":"intl.a","reason":"%s"}],"engines":[],"mode":"Online"}`
	for _, tt := range []struct {
		name   string
		pool   http.HandlerFunc
		status int
		want   string
	}{
		{"an older version", saying(404, "404 page not found"), 501, "a version that cannot compare"},
		{"a refusal", saying(400, `{"detail":"reference.mrz: check digit of line 2"}`), 400, "check digit of line 2"},
		{"overloaded", saying(429, ""), 200, `"reason":"Unreachable"`},
		{"forbidden", saying(403, ""), 200, `"reason":"Unreachable"`},
		{"not of the contract", saying(200, `{}`), 200, `"reason":"Unreachable"`},
		{"a search's answer", saying(200, `{"outcome":"NoCandidate","searched":[{"feed":"intl.a"}]}`), 200, `"reason":"Unreachable"`},
		{"compared with nothing", saying(200, `{"outcome":"Compared","score":1,"evidence":[{"field":"name","score":1,"text":"t"}]}`), 200, `"reason":"Unreachable"`},
		{"compared with another feed", saying(200, `{"outcome":"Compared","score":1,"evidence":[{"field":"name","score":1,"text":"t"}],"searched":[{"feed":"intl.x"}]}`), 200, `"reason":"Unreachable"`},
		{"without a reason", saying(200, `{"outcome":"Unavailable"}`), 200, `"reason":"Unreachable"`},
		{"purpose", saying(200, fmt.Sprintf(unavailable, "Purpose")), 200, `"reason":"Purpose"`},
		{"no such record", saying(200, fmt.Sprintf(unavailable, "NoRecord")), 200, `"reason":"NoRecord"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := b.front(border, b.pool(pki.MatcherID("north", "a"), tt.pool).URL)
			status, a, text := verify(t, f.URL, strings.Replace(verifyRecord, "intl.b", "intl.a", 1))
			if status != tt.status || !strings.Contains(text, tt.want) {
				t.Errorf("%d %s, want %d and %q", status, text, tt.status, tt.want)
			}
			if a.Score != nil || a.Outcome == screen.Compared || strings.Contains(text, "Testaku") {
				t.Errorf("an answer was invented, or the subject quoted: %s", text)
			}
		})
	}
	t.Run("a reference goes to the next pool", func(t *testing.T) {
		var calls atomic.Int64
		var asked atomic.Value
		old := b.pool(pki.MatcherID("north", "a"), saying(404, ""))
		good := b.pool(pki.MatcherID("north", "b"), compared("", time.Now(), &calls, &asked))
		if status, a, text := verify(t, b.front(border, old.URL, good.URL).URL, verifyReference); status != http.StatusOK || a.Outcome != screen.Compared {
			t.Errorf("%d %s", status, text)
		}
	})
}

func TestVerifyKeepsThePostsLimits(t *testing.T) {
	b := newBench(t)
	now := time.Now()
	for _, tt := range []struct {
		name    string
		age     time.Duration
		outcome screen.VerifyOutcome
		mode    screen.Mode
	}{
		{"fresh", time.Minute, screen.Compared, screen.ModeOnline},
		{"marked", 30 * time.Minute, screen.Compared, screen.ModeMarked},
		{"stale", 2 * time.Hour, screen.NotCompared, screen.ModeOnline},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var calls atomic.Int64
			var asked atomic.Value
			pool := b.pool(pki.MatcherID("north", "a"), compared("intl.a", now.Add(-tt.age), &calls, &asked))
			s := b.frontWith(front.Config{
				Region: "north", Post: "gate", Purposes: border,
				Pools:     []front.Pool{{Name: "a", URL: pool.URL, Feeds: []string{"intl.a"}}},
				Freshness: order.Freshness{MarkSeconds: 600, StopSeconds: 3600},
			})
			_, a, text := verify(t, s.URL, strings.Replace(verifyRecord, "intl.b", "intl.a", 1))
			if a.Outcome != tt.outcome || a.Mode != tt.mode {
				t.Errorf("%s", text)
			}
			if tt.outcome == screen.NotCompared && (a.Score != nil || a.Handling != "" || len(a.Searched) != 0 || a.Unavailable[0].Reason != screen.ReasonStale) {
				t.Errorf("past the post's limit the record is told of: %s", text)
			}
		})
	}
}

// frontWith starts a front of the configuration.
func (b *bench) frontWith(config front.Config) *httptest.Server {
	b.t.Helper()
	cert := b.issue(pki.FrontID("north", "gate"))
	f, err := front.New(front.Options{Config: config, Attempt: 2 * time.Second, TLS: func(pool string) *tls.Config {
		return pki.ClientConfig(pki.Static(cert), b.ca.Pool(), pki.MatcherID("north", pool))
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	s := httptest.NewServer(f.Handler())
	b.t.Cleanup(s.Close)
	return s
}

// TestVerifyAgainstAMatcher goes all the way: what a search at the post gives, a
// comparison at the post gives with the same score.
func TestVerifyAgainstAMatcher(t *testing.T) {
	built, err := snapshot.Build(snapshot.Meta{Format: watchlist.FrontlineJSONL}, []watchlist.Record{{
		ID: "17", Type: watchlist.Person, Names: []watchlist.Name{{Full: "Orlind Arbel Testaku"}}, BirthDates: []string{"1970-01-02"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	snap, err := snapshot.FromBytes(built.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	set, err := matcher.NewSet([]matcher.Feed{{ID: "intl.a", Version: 4, Digest: built.Digest, Snapshot: snap}})
	if err != nil {
		t.Fatal(err)
	}
	engine := matcher.New(matcher.Options{})
	t.Cleanup(engine.Close)
	engine.Swap(set)
	b := newBench(t)
	pool := b.pool(pki.MatcherID("north", "a"), matcher.NewService(engine, matcher.ServiceOptions{}).Handler().ServeHTTP)
	f := b.front(border, pool.URL)
	_, data := post(t, f.URL, request)
	var found screen.Answer
	if err := json.Unmarshal(data, &found); err != nil || len(found.Candidates) != 1 {
		t.Fatalf("%v, %s", err, data)
	}
	c := found.Candidates[0]
	body := strings.NewReplacer("intl.b", c.Feed, `"17"`, `"`+c.Record+`"`).Replace(verifyRecord)
	_, a, text := verify(t, f.URL, body)
	if a.Outcome != screen.Compared || a.Score == nil || *a.Score != c.Score || a.Searched[0].Digest != built.Digest {
		t.Errorf("the search says %.4f, the comparison %s", c.Score, text)
	}
	if _, a, text = verify(t, f.URL, verifyReference); a.Outcome != screen.Compared || len(a.Searched) != 0 {
		t.Errorf("a reference: %s", text)
	}
}
