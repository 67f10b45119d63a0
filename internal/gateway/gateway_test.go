// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/report"
)

// fakes stand for the hub behind the gateway.
type fakes struct {
	mu      sync.Mutex
	pins    map[string]string
	reports map[string]int
	hold    map[string]chan struct{}
	err     error
}

func (f *fakes) Region(_ context.Context, pin string) (string, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	region, ok := f.pins[pin]
	return region, ok, nil
}

func (f *fakes) Report(ctx context.Context, region string, _ []byte) error {
	f.mu.Lock()
	hold := f.hold[region]
	f.reports[region]++
	err := f.err
	f.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	return err
}

func (f *fakes) Join(_ context.Context, request []byte) (join.Acceptance, error) {
	if string(request) != "good" {
		return join.Acceptance{}, Refuse(http.StatusForbidden, "no")
	}
	return join.Acceptance{Format: join.AcceptanceFormat, Region: "north"}, nil
}

type bench struct {
	*fakes
	service *Service
	url     string
	asked   chan string
	slow    func(*http.Request) // what the registry does first; may be nil
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		fakes: &fakes{pins: map[string]string{}, reports: map[string]int{}, hold: map[string]chan struct{}{}},
		asked: make(chan string, 64),
	}
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			t.Error("a region's credentials reached the registry")
		}
		b.asked <- r.URL.Path
		if b.slow != nil {
			b.slow(r)
		}
		_, _ = io.WriteString(w, "blob")
	}))
	t.Cleanup(registry.Close)
	b.service = &Service{Identities: b, Orders: &Notifier{}, Reports: b, Joiner: b}
	handler, err := NewHandler(b.service, registry.URL, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// client is a region's; its key is pinned unless the name is empty.
func (b *bench) client(t *testing.T, region string) *http.Client {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	cert, keyPEM, err := pki.SelfSigned(key, "region", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	if region != "" {
		b.mu.Lock()
		b.pins[pki.KeyPin(key.Public())] = region
		b.mu.Unlock()
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // the test's own server
		Certificates:       []tls.Certificate{pair},
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (b *bench) do(t *testing.T, c *http.Client, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	// As written: the client must not tidy what the gateway is to judge.
	req.URL.Path, req.URL.RawQuery, _ = strings.Cut(path, "?")
	if strings.Contains(path, "%") {
		req.URL.RawPath = req.URL.Path
		req.URL.Path, err = url.PathUnescape(req.URL.RawPath)
		if err != nil {
			t.Fatal(err)
		}
	}
	response, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestRegistryIsReadBelowOwnName(t *testing.T) {
	b := newBench(t)
	north := b.client(t, "north")
	tests := []struct {
		method, path string
		want         int
	}{
		{"GET", "/v2/", 200},
		{"GET", "/v2/regions/north/order/manifests/current", 200},
		{"HEAD", "/v2/regions/north/feeds/intl.un-sc/blobs/sha256:00", 200},
		{"GET", "/v2/regions/south/order/manifests/current", 403},
		{"GET", "/v2/regions/north2/order/manifests/current", 403},
		{"GET", "/v2/regions/frontline.hub/feeds/intl.un-sc/manifests/v1", 403},
		{"GET", "/v2/_catalog", 403},
		{"GET", "/v2/regions/north", 403},
		{"GET", "/v2/regions/north/%2e%2e/south/order/manifests/current", 400},
		{"GET", "/v2/regions/north%2forder/manifests/current", 400},
		{"PUT", "/v2/regions/north/order/manifests/current", 405},
		{"POST", "/v2/regions/north/order/blobs/uploads/", 405},
		{"DELETE", "/v2/regions/north/order/manifests/current", 405},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			if got, body := b.do(t, north, tt.method, tt.path, ""); got != tt.want {
				t.Errorf("answer is %d %s, want %d", got, body, tt.want)
			}
		})
	}
	close(b.asked)
	for path := range b.asked {
		if path != "/v2/" && !strings.HasPrefix(path, "/v2/regions/north/") {
			t.Errorf("the registry was asked for %s", path)
		}
	}
}

func TestStrangersAreRefused(t *testing.T) {
	b := newBench(t)
	nobody := b.client(t, "")
	plain := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // the test's own server
	for _, path := range []string{"/v2/", "/v1/orders?after=0"} {
		if got, _ := b.do(t, nobody, "GET", path, ""); got != http.StatusForbidden {
			t.Errorf("GET %s with an unknown key: %d, want 403", path, got)
		}
		if got, _ := b.do(t, plain, "GET", path, ""); got != http.StatusUnauthorized {
			t.Errorf("GET %s without a certificate: %d, want 401", path, got)
		}
	}
	if got, _ := b.do(t, nobody, "POST", "/v1/join", "good"); got != http.StatusOK {
		t.Errorf("joining with a good request: %d", got)
	}
	if got, body := b.do(t, nobody, "POST", "/v1/join", "bad"); got != http.StatusForbidden || !strings.Contains(body, "no") {
		t.Errorf("joining with a bad request: %d %s", got, body)
	}
	if got, _ := b.do(t, plain, "GET", "/livez", ""); got != http.StatusOK {
		t.Errorf("livez: %d", got)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	b := newBench(t)
	north := b.client(t, "north")
	if got, _ := b.do(t, north, "POST", "/v1/reports", strings.Repeat("x", report.MaxBytes+1)); got != http.StatusRequestEntityTooLarge {
		t.Errorf("a large report: %d, want 413", got)
	}
	if got, _ := b.do(t, north, "POST", "/v1/join", strings.Repeat("x", join.MaxBytes+1)); got != http.StatusRequestEntityTooLarge {
		t.Errorf("a large request to join: %d, want 413", got)
	}
	if b.reports["north"] != 0 {
		t.Error("a report that is too large was handed on")
	}
}

func TestErrorsOfTheHubStayInside(t *testing.T) {
	b := newBench(t)
	b.err = errors.New("dial tcp 10.0.0.1: password hunter2")
	got, body := b.do(t, b.client(t, "north"), "POST", "/v1/reports", "x")
	if got != http.StatusInternalServerError || strings.Contains(body, "hunter2") {
		t.Errorf("answer is %d %s", got, body)
	}
	b.err = ErrNotLeading
	if got, _ := b.do(t, b.client(t, "south"), "POST", "/v1/reports", "x"); got != http.StatusServiceUnavailable {
		t.Errorf("a process that does not lead answers %d, want 503", got)
	}
}

// TestOvertakenReport: a region is told above what it has to go on.
func TestOvertakenReport(t *testing.T) {
	b := newBench(t)
	b.err = Overtaken(report.TakenError{Reason: "it is not newer", Incarnation: 2, Number: 41})
	got, body := b.do(t, b.client(t, "north"), "POST", "/v1/reports", "x")
	if got != http.StatusConflict || strings.TrimSpace(body) != `{"error":"it is not newer","incarnation":2,"number":41}` {
		t.Errorf("answer is %d %s", got, body)
	}
}

func TestHeldRequestAnswersWhenAnOrderStands(t *testing.T) {
	b := newBench(t)
	north, south := b.client(t, "north"), b.client(t, "south")
	b.service.Orders.Publish("north", 3)
	if got, body := b.do(t, north, "GET", "/v1/orders?after=2", ""); got != http.StatusOK || strings.TrimSpace(body) != `{"sequence":3}` {
		t.Errorf("an order that stands already: %d %s", got, body)
	}
	answered := make(chan string, 1)
	go func() {
		_, body := b.do(t, south, "GET", "/v1/orders?after=0", "")
		answered <- strings.TrimSpace(body)
	}()
	b.service.Orders.Publish("north", 4)
	b.service.Orders.Publish("south", 1)
	if body := <-answered; body != `{"sequence":1}` {
		t.Errorf("the held request got %s", body)
	}
	for _, query := range []string{"", "?after=", "?after=-1", "?after=x"} {
		if got, _ := b.do(t, north, "GET", "/v1/orders"+query, ""); got != http.StatusBadRequest {
			t.Errorf("orders%s: %d, want 400", query, got)
		}
	}
}

func TestNotifierWaits(t *testing.T) {
	var n Notifier
	n.Publish("north", 5)
	n.Publish("north", 4)
	if sequence, changed := n.Wait(t.Context(), "north", 5, time.Millisecond); changed || sequence != 5 {
		t.Errorf("after 5 it answers %d, %v; want 5 and nothing new", sequence, changed)
	}
	n.Forget("north")
	if sequence, changed := n.Wait(t.Context(), "north", 0, time.Millisecond); changed {
		t.Errorf("a region that is no more has order %d", sequence)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, changed := n.Wait(ctx, "south", 0, time.Hour); changed {
		t.Error("an ended request was told of an order")
	}
}

// One region fills everything it may have open; another is served as ever.
func TestStuckRegionDoesNotDelayAnother(t *testing.T) {
	b := newBench(t)
	north, south := b.client(t, "north"), b.client(t, "south")
	release := make(chan struct{})
	b.mu.Lock()
	b.hold["north"] = release
	b.mu.Unlock()
	var stuck sync.WaitGroup
	for range perRegionOne {
		stuck.Go(func() { b.do(t, north, "POST", "/v1/reports", "x") })
	}
	deadline := time.After(10 * time.Second)
	for taken := 0; taken < perRegionOne; {
		select {
		case <-deadline:
			t.Fatal("the stuck requests did not arrive")
		case <-time.After(time.Millisecond):
		}
		b.mu.Lock()
		taken = b.reports["north"]
		b.mu.Unlock()
	}
	if got, _ := b.do(t, north, "POST", "/v1/reports", "x"); got != http.StatusTooManyRequests {
		t.Errorf("one more of the stuck region: %d, want 429", got)
	}
	for range reportsAtOnce {
		if got, _ := b.do(t, south, "POST", "/v1/reports", "x"); got != http.StatusAccepted {
			t.Fatalf("another region's report: %d, want 202", got)
		}
		if got, _ := b.do(t, south, "GET", "/v2/regions/south/order/manifests/current", ""); got != http.StatusOK {
			t.Fatalf("another region's pull: %d, want 200", got)
		}
	}
	close(release)
	stuck.Wait()
	if got, _ := b.do(t, north, "POST", "/v1/reports", "x"); got != http.StatusAccepted {
		t.Errorf("after it let go, the region's report: %d, want 202", got)
	}
}

func TestLocalIsTheSameHub(t *testing.T) {
	b := newBench(t)
	b.service.Orders.Publish("here", 2)
	local := b.service.Local("here")
	if sequence, changed, err := local.WaitOrder(t.Context(), 1); sequence != 2 || !changed || err != nil {
		t.Errorf("WaitOrder: %d, %v, %v", sequence, changed, err)
	}
	if err := local.Report(t.Context(), []byte("x")); err != nil || b.reports["here"] != 1 {
		t.Errorf("Report: %v, taken %d", err, b.reports["here"])
	}
	if _, err := local.Join(t.Context(), []byte("bad")); err == nil {
		t.Error("a bad request joined")
	}
}
