// SPDX-License-Identifier: Apache-2.0

package front_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/front"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/screen"
)

const request = `{"purpose":"BorderControl","requester":"officer-7","case":"42","limit":1,"subject":{"names":[{"full":"Orlind Testaku"}]}}`

// bench is a front over pools that answer as a test wants.
type bench struct {
	t  *testing.T
	ca *pki.CA
}

func newBench(t *testing.T) *bench {
	t.Helper()
	ca, err := pki.NewCA("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, ca: ca}
}

func (b *bench) issue(spiffe string) tls.Certificate {
	b.t.Helper()
	certPEM, keyPEM, err := b.ca.Issue(pki.LeafRequest{
		CommonName: "test", SPIFFE: spiffe, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}, Server: true, Client: true,
	}, time.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		b.t.Fatal(err)
	}
	return cert
}

// pool starts a pool's pod with the identity.
func (b *bench) pool(spiffe string, h http.HandlerFunc) *httptest.Server {
	b.t.Helper()
	cert := b.issue(spiffe)
	s := httptest.NewUnstartedServer(h)
	s.TLS = pki.ServerConfig(pki.Static(cert), b.ca.Pool(), true)
	s.TLS.Certificates = []tls.Certificate{cert}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	b.t.Cleanup(s.Close)
	return s
}

// front starts a front over pools at the URLs, named a, b, … with one feed of the same name each.
func (b *bench) front(purposes []screen.Purpose, urls ...string) *httptest.Server {
	b.t.Helper()
	config := front.Config{Region: "north", Post: "gate", Purposes: purposes}
	for i, url := range urls {
		name := string(rune('a' + i))
		config.Pools = append(config.Pools, front.Pool{Name: name, URL: url, Feeds: []string{"intl." + name}})
	}
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

var border = []screen.Purpose{screen.PurposeBorderControl}

func post(t *testing.T, url, body string) (int, []byte) {
	t.Helper()
	resp, err := http.Post(url+"/v1/screen", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, data
}

// searched answers like a pool that found two records in feed intl.a and keeps what it was asked.
func searched(asked *atomic.Value) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if asked != nil {
			asked.Store(string(body))
		}
		a := screen.Answer{
			Mode: screen.ModeOnline, ID: "the pool's own",
			Searched: []screen.Searched{{Feed: "intl.a", Version: 3, OrderIssued: time.Now()}},
			Candidates: []screen.Candidate{
				{Feed: "intl.a", Record: "1", Score: 0.9}, {Feed: "intl.a", Record: "2", Score: 0.8},
			},
		}
		_ = json.NewEncoder(w).Encode(a)
	}
}

func TestAnswer(t *testing.T) {
	b := newBench(t)
	var asked atomic.Value
	pool := b.pool(pki.MatcherID("north", "a"), searched(&asked))
	f := b.front(border, pool.URL)
	status, data := post(t, f.URL, request)
	var a screen.Answer
	if err := json.Unmarshal(data, &a); err != nil || status != http.StatusOK {
		t.Fatalf("status %d, %v", status, err)
	}
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(a.ID) {
		t.Errorf("the answer's id is %q, want 128 bits in hexadecimal", a.ID)
	}
	if a.Outcome != screen.Candidates || len(a.Candidates) != 1 || a.Candidates[0].Record != "1" || a.Omitted != 1 {
		t.Errorf("outcome %s, candidates %v, omitted %d; want the better of two, one omitted", a.Outcome, a.Candidates, a.Omitted)
	}
	for _, secret := range []string{"officer-7", `"42"`} {
		if strings.Contains(asked.Load().(string), secret) {
			t.Errorf("the pool was told %s, which is for the receipt alone", secret)
		}
	}
	if _, again := post(t, f.URL, request); strings.Contains(string(again), a.ID) {
		t.Error("two answers have one id")
	}
}

// The line is the pool's to know, since it decides from which score on a record is a
// candidate; in a batch each request has its own. What evidence weighs comes back as the
// pool says it.
func TestLineGoesToThePool(t *testing.T) {
	b := newBench(t)
	pool := b.pool(pki.MatcherID("north", "a"), func(w http.ResponseWriter, r *http.Request) {
		req, err := screen.DecodeRequest(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(screen.Answer{
			Mode: screen.ModeOnline, Searched: []screen.Searched{{Feed: "intl.a"}},
			// The line stands in the record's place.
			Candidates: []screen.Candidate{{Feed: "intl.a", Record: "line " + string(req.Line), Evidence: []screen.Evidence{{Field: "name", Score: 0.5, Weight: -1.25}}}},
		})
	})
	f := b.front(border, pool.URL)
	var batch strings.Builder
	tests := []struct{ name, field, want string }{
		{"absent", "", "line "},
		{"first", `"line":"First",`, "line First"},
		{"second", `"line":"Second",`, "line Second"},
	}
	check := func(t *testing.T, a screen.Answer, want string) {
		t.Helper()
		if len(a.Candidates) != 1 || a.Candidates[0].Record != want {
			t.Fatalf("the pool was told %+v, want %q", a.Candidates, want)
		}
		if e := a.Candidates[0].Evidence; len(e) != 1 || e[0].Weight != -1.25 {
			t.Errorf("the evidence is %+v, want a weight of -1.25", e)
		}
	}
	for _, tt := range tests {
		body := strings.Replace(request, `"limit"`, tt.field+`"limit"`, 1)
		batch.WriteString(body + "\n")
		t.Run(tt.name, func(t *testing.T) {
			status, data := post(t, f.URL, body)
			var a screen.Answer
			if err := json.Unmarshal(data, &a); err != nil || status != http.StatusOK {
				t.Fatalf("status %d, %v: %s", status, err, data)
			}
			check(t, a, tt.want)
		})
	}
	t.Run("another", func(t *testing.T) {
		status, data := post(t, f.URL, strings.Replace(request, `"limit"`, `"line":"Third","limit"`, 1))
		if status != http.StatusBadRequest || !strings.Contains(string(data), "line: must be one of First, Second") {
			t.Errorf("status %d: %s", status, data)
		}
	})
	resp, err := http.Post(f.URL+"/v1/screen:batch", "application/x-ndjson", strings.NewReader(batch.String()))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	decoder := json.NewDecoder(resp.Body)
	for _, tt := range tests {
		t.Run(tt.name+" in a batch", func(t *testing.T) {
			var a screen.Answer
			if err := decoder.Decode(&a); err != nil {
				t.Fatal(err)
			}
			check(t, a, tt.want)
		})
	}
}

func TestRefusals(t *testing.T) {
	b := newBench(t)
	pool := b.pool(pki.MatcherID("north", "a"), searched(nil))
	one := b.front(border, pool.URL)
	two := b.front([]screen.Purpose{screen.PurposeBorderControl, screen.PurposeVisaExamination}, pool.URL)
	tests := []struct {
		name, url, body string
		status          int
		want            string
	}{
		{"a purpose the post has", one.URL, request, 200, ""},
		{"no purpose, where one goes without saying", one.URL, strings.Replace(request, `"purpose":"BorderControl",`, "", 1), 200, ""},
		{"no purpose, where there are two", two.URL, strings.Replace(request, `"purpose":"BorderControl",`, "", 1), 400, "say which of BorderControl, "},
		{"a purpose the post has not", one.URL, strings.Replace(request, "BorderControl", "LawEnforcement", 1), 403, "may screen for BorderControl"},
		{"a purpose nobody knows", one.URL, strings.Replace(request, "BorderControl", "Curiosity", 1), 400, "purpose: must be one of"},
		{"an unknown field", one.URL, strings.Replace(request, `"limit"`, `"limits"`, 1), 400, "limits"},
		{"no JSON", one.URL, "who is this", 400, "not JSON"},
		{"nothing to search by", one.URL, `{"subject":{}}`, 400, "nothing to search by"},
		{"more than 1 MiB", one.URL, `{"reason":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "larger than 1 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, data := post(t, tt.url, tt.body)
			if status != tt.status || !strings.Contains(string(data), tt.want) {
				t.Errorf("status %d, want %d; body %s, want one that contains %q", status, tt.status, data, tt.want)
			}
		})
	}
}

func TestPoolFailures(t *testing.T) {
	b := newBench(t)
	good := b.pool(pki.MatcherID("north", "a"), searched(nil))
	gone := b.pool(pki.MatcherID("north", "b"), searched(nil))
	gone.Close()
	impostor := b.pool(pki.MatcherID("south", "b"), searched(nil))
	broken := b.pool(pki.MatcherID("north", "b"), func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") })
	var calls atomic.Int64
	busy := b.pool(pki.MatcherID("north", "b"), func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusTooManyRequests)
	})
	for name, url := range map[string]string{
		"a pod that is gone": gone.URL, "another region's pool": impostor.URL, "no answer of the contract": broken.URL, "a busy pool": busy.URL,
	} {
		t.Run(name, func(t *testing.T) {
			status, data := post(t, b.front(border, good.URL, url).URL, request)
			var a screen.Answer
			if err := json.Unmarshal(data, &a); err != nil || status != http.StatusOK {
				t.Fatalf("status %d, %v", status, err)
			}
			want := screen.Unavailable{Feed: "intl.b", Reason: screen.ReasonUnreachable}
			if len(a.Unavailable) != 1 || a.Unavailable[0] != want || len(a.Searched) != 1 {
				t.Errorf("searched %v, unavailable %v; want intl.a searched and intl.b unreachable", a.Searched, a.Unavailable)
			}
		})
	}
	if calls.Load() != 2 {
		t.Errorf("the busy pool was asked %d times, want 2", calls.Load())
	}
	t.Run("a pool that refuses the request", func(t *testing.T) {
		refusing := b.pool(pki.MatcherID("north", "a"), func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"status":400,"detail":"subject.mrz: check digit of line 2"}`)
		})
		status, data := post(t, b.front(border, refusing.URL).URL, request)
		if status != http.StatusBadRequest || !strings.Contains(string(data), "check digit of line 2") {
			t.Errorf("status %d, body %s; want the pool's sentence with 400", status, data)
		}
	})
}

// TestRollingPodsLoseNoRequest replaces the pods behind one address again and
// again, each cutting its connections off in the middle, while requests run.
func TestRollingPodsLoseNoRequest(t *testing.T) {
	b := newBench(t)
	cert := b.issue(pki.MatcherID("north", "a"))
	listen := func(address string) (net.Listener, *http.Server) {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		s := &http.Server{Handler: searched(nil), ReadHeaderTimeout: time.Second, ErrorLog: log.New(io.Discard, "", 0)}
		go func() { _ = s.Serve(tls.NewListener(l, pki.ServerConfig(pki.Static(cert), b.ca.Pool(), true))) }()
		return l, s
	}
	// Two pods behind a Service: a proxy that leads each connection to one that is there.
	firstListener, first := listen("127.0.0.1:0")
	var current atomic.Value
	current.Store(firstListener.Addr().String())
	service, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Close() })
	go proxy(service, &current)

	f := b.front(border, "https://"+service.Addr().String())
	var failed atomic.Int64
	var asked [4]atomic.Int64
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for client := range asked {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				resp, err := http.Post(f.URL+"/v1/screen", "application/json", strings.NewReader(request))
				asked[client].Add(1)
				if err != nil {
					failed.Add(1)
					continue
				}
				data, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK || !strings.Contains(string(data), `"outcome":"Candidates"`) {
					failed.Add(1)
				}
			}
		})
	}
	old := first
	for range 10 {
		l, next := listen("127.0.0.1:0")
		current.Store(l.Addr().String())
		// Who was cut off is through before the next cut, however busy the machine:
		// a front asks twice, and no rollout replaces two pods under one request.
		for client := range asked {
			for before := asked[client].Load(); asked[client].Load() < before+2; {
				time.Sleep(time.Millisecond)
			}
		}
		_ = old.Close() // cuts running requests off
		old = next
	}
	close(stop)
	clients.Wait()
	_ = old.Close()
	if failed.Load() != 0 {
		t.Errorf("%d requests failed while pods were replaced, want 0", failed.Load())
	}
}

func proxy(service net.Listener, current *atomic.Value) {
	for {
		in, err := service.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", current.Load().(string))
		if err != nil {
			_ = in.Close()
			continue
		}
		for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
			go func() {
				_, _ = io.Copy(pair[0], pair[1])
				_, _ = pair[0].Close(), pair[1].Close()
			}()
		}
	}
}

func TestBatch(t *testing.T) {
	b := newBench(t)
	pool := b.pool(pki.MatcherID("north", "a"), func(w http.ResponseWriter, r *http.Request) {
		var req screen.Request
		_ = json.NewDecoder(r.Body).Decode(&req)
		// The subject's name stands in the record's place, so that order can be seen.
		_ = json.NewEncoder(w).Encode(screen.Answer{
			Mode: screen.ModeOnline, Searched: []screen.Searched{{Feed: "intl.a"}},
			Candidates: []screen.Candidate{{Feed: "intl.a", Record: req.Subject.Names[0].Full}},
		})
	})
	f := b.front(border, pool.URL)
	var body strings.Builder
	const n = 100
	for i := range n {
		if i == 50 {
			body.WriteString("no request\n\n")
		}
		fmt.Fprintf(&body, `{"subject":{"names":[{"full":"person %d"}]}}`+"\n", i)
	}
	resp, err := http.Post(f.URL+"/v1/screen:batch", "application/x-ndjson", strings.NewReader(body.String()))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	decoder := json.NewDecoder(resp.Body)
	for i := range n {
		if i == 50 {
			var refused struct{ Error string }
			if err := decoder.Decode(&refused); err != nil || !strings.Contains(refused.Error, "not JSON") {
				t.Fatalf("in the place of the bad line stands %+v (%v), want its error", refused, err)
			}
		}
		var a screen.Answer
		if err := decoder.Decode(&a); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("person %d", i); len(a.Candidates) != 1 || a.Candidates[0].Record != want {
			t.Fatalf("answer %d is about %v, want %s", i, a.Candidates, want)
		}
	}
	if decoder.More() {
		t.Error("there are more answers than requests")
	}
}

// TestBatchStreams asks the second question only after the first answer.
func TestBatchStreams(t *testing.T) {
	b := newBench(t)
	f := b.front(border, b.pool(pki.MatcherID("north", "a"), searched(nil)).URL)
	reader, writer := io.Pipe()
	defer writer.Close()
	go func() { _, _ = io.WriteString(writer, request+"\n") }()
	resp, err := http.Post(f.URL+"/v1/screen:batch", "application/x-ndjson", reader)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	decoder := json.NewDecoder(resp.Body)
	for range 3 {
		var a screen.Answer
		if err := decoder.Decode(&a); err != nil || a.Outcome != screen.Candidates {
			t.Fatalf("answer %+v, %v", a, err)
		}
		if _, err := io.WriteString(writer, request+"\n"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPostStatus(t *testing.T) {
	b := newBench(t)
	pool := b.pool(pki.MatcherID("north", "a"), func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/feeds" {
			t.Errorf("the pool was asked for %s", r.URL.Path)
		}
		_ = json.NewEncoder(w).Encode(screen.Serving{
			Mode: screen.ModeMarked, Searched: []screen.Searched{{Feed: "intl.a", Version: 3}},
		})
	})
	gone := b.pool(pki.MatcherID("north", "b"), searched(nil))
	gone.Close()
	resp, err := http.Get(b.front(border, pool.URL, gone.URL).URL + "/v1/post")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var s front.Status
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	if s.Post != "gate" || s.Mode != screen.ModeMarked || len(s.Searched) != 1 || s.Searched[0].Version != 3 ||
		len(s.Unavailable) != 1 || s.Unavailable[0].Reason != screen.ReasonUnreachable ||
		len(s.Pools) != 2 || !s.Pools[0].Reachable || s.Pools[1].Reachable {
		t.Errorf("status is %+v, want feed intl.a at release 3, Marked, and pool b unreachable", s)
	}
}

func TestOpenAPI(t *testing.T) {
	b := newBench(t)
	resp, err := http.Get(b.front(border, "https://127.0.0.1:1").URL + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var document struct {
		Paths      map[string]any `json:"paths"`
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&document); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/screen", "/v1/screen:batch", "/v1/verify", "/v1/post"} {
		if document.Paths[path] == nil {
			t.Errorf("the description lacks %s", path)
		}
	}
	for schema, field := range map[string]string{
		"Request": "line", "Answer": "outcome", "Evidence": "weight", "Searched": "digest", "Unavailable": "reason", "Engine": "version", "Post": "purposes",
	} {
		if document.Components.Schemas[schema].Properties[field] == nil {
			t.Errorf("the description lacks the schema %s with %s", schema, field)
		}
	}
}

// TestMoreThanTheFrontCanServeIsShed: what is shed is told so, and is no answer.
func TestMoreThanTheFrontCanServeIsShed(t *testing.T) {
	b := newBench(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	answer := searched(nil)
	pool := b.pool(pki.MatcherID("north", "a"), func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		answer(w, r)
	})
	cert := b.issue(pki.FrontID("north", "gate"))
	f, err := front.New(front.Options{
		Config: front.Config{
			Region: "north", Post: "gate", Purposes: border,
			Pools: []front.Pool{{Name: "a", URL: pool.URL, Feeds: []string{"intl.a"}}},
		},
		Attempt: time.Minute, MaxInFlight: 1,
		TLS: func(pool string) *tls.Config {
			return pki.ClientConfig(pki.Static(cert), b.ca.Pool(), pki.MatcherID("north", pool))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(f.Handler())
	t.Cleanup(s.Close)

	first := make(chan int)
	go func() {
		status, _ := post(t, s.URL, request)
		first <- status
	}()
	<-arrived
	resp, err := http.Post(s.URL+"/v1/screen", "application/json", strings.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" || strings.Contains(string(body), "outcome") {
		t.Errorf("beyond its limit the front answers %d %q, Retry-After %q; want 429 without an answer", resp.StatusCode, body, resp.Header.Get("Retry-After"))
	}
	close(release)
	if status := <-first; status != http.StatusOK {
		t.Errorf("the request under way got %d, want 200", status)
	}
	go func() { <-arrived }()
	if status, _ := post(t, s.URL, request); status != http.StatusOK {
		t.Errorf("with its slot free again the front answers %d, want 200", status)
	}
}
