// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/pki"
)

// process is one of several of a hub.
type process struct {
	mu      sync.Mutex
	leading bool
	reports []string
	address string
	service *Service
}

func (p *process) lead(leading bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leading = leading
}

func (p *process) taken() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.reports, " ")
}

// Report implements Reports.
func (p *process) Report(_ context.Context, region string, envelope []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.leading:
		return ErrNotLeading
	case string(envelope) == "old":
		return Refuse(http.StatusConflict, "not newer")
	}
	p.reports = append(p.reports, region+":"+string(envelope))
	return nil
}

// Join implements Joiner.
func (p *process) Join(_ context.Context, request []byte) (join.Acceptance, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.leading {
		return join.Acceptance{}, ErrNotLeading
	}
	return join.Acceptance{Format: join.AcceptanceFormat, Region: string(request)}, nil
}

// hubOfTwo starts two processes, each of which takes the other for the leader.
func hubOfTwo(t *testing.T, ca *pki.CA) [2]*process {
	t.Helper()
	both := [2]*process{{}, {}}
	source := leaf(t, ca, pki.LeafRequest{CommonName: "gateway", DNSNames: []string{"gateway.test"}, Server: true})
	own := leaf(t, ca, pki.LeafRequest{CommonName: "hub", SPIFFE: pki.HubID(), Client: true})
	for i, p := range both {
		transport := &http.Transport{TLSClientConfig: pki.ClientConfig(own, ca.Pool(), "gateway.test")}
		t.Cleanup(transport.CloseIdleConnections)
		relay := &Relay{
			Reports: p, Joiner: p, Client: &http.Client{Transport: transport},
			Leader: func(context.Context) (string, error) { return both[1-i].address, nil },
		}
		p.service = &Service{Identities: &fakes{}, Orders: &Notifier{}, Reports: relay, Joiner: relay}
		handler, err := NewHandler(p.service, "https://registry.test", http.DefaultTransport, Peers(ca.Pool(), p, p))
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(handler)
		server.Listener = tls.NewListener(server.Listener, pki.ServerConfig(source, nil, false))
		server.Start()
		t.Cleanup(server.Close)
		p.address = server.Listener.Addr().String()
	}
	return both
}

func leaf(t *testing.T, ca *pki.CA, request pki.LeafRequest) pki.CertificateSource {
	t.Helper()
	cert, key, err := ca.Issue(request, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	source, err := pki.FromPEM(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func newCA(t *testing.T) *pki.CA {
	t.Helper()
	ca, err := pki.NewCA("hub", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func TestRelayHandsOverToTheLeader(t *testing.T) {
	both := hubOfTwo(t, newCA(t))
	standby, leader := both[0], both[1]
	leader.lead(true)
	if err := standby.service.Reports.Report(t.Context(), "north", []byte("one")); err != nil || leader.taken() != "north:one" {
		t.Errorf("a report to the standby: %v, the leader took %q", err, leader.taken())
	}
	if err := leader.service.Reports.Report(t.Context(), "north", []byte("two")); err != nil || leader.taken() != "north:one north:two" {
		t.Errorf("a report to the leader: %v, it took %q", err, leader.taken())
	}
	var refusal *Refusal
	err := standby.service.Reports.Report(t.Context(), "north", []byte("old"))
	if !errors.As(err, &refusal) || refusal.Status != http.StatusConflict || refusal.Reason != "not newer" {
		t.Errorf("what the leader refuses comes back as %v", err)
	}
	if accepted, err := standby.service.Joiner.Join(t.Context(), []byte("south")); err != nil || accepted.Region != "south" {
		t.Errorf("a request to join: %+v, %v", accepted, err)
	}
}

// A report that arrives while nobody leads waits for the next leader, be it this
// process or the other.
func TestRelayWaitsForALeader(t *testing.T) {
	for name, next := range map[string]int{"this process": 0, "the other": 1} {
		t.Run(name, func(t *testing.T) {
			both := hubOfTwo(t, newCA(t))
			done := make(chan error, 1)
			go func() { done <- both[0].service.Reports.Report(t.Context(), "north", []byte("one")) }()
			both[next].lead(true)
			if err := <-done; err != nil || both[next].taken() != "north:one" {
				t.Errorf("the report: %v, taken %q", err, both[next].taken())
			}
		})
	}
}

func TestRelayGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alone := &process{}
		relay := &Relay{Reports: alone, Joiner: alone, Leader: func(context.Context) (string, error) { return "", nil }}
		if err := relay.Report(t.Context(), "north", []byte("one")); !errors.Is(err, ErrNotLeading) {
			t.Errorf("with nobody to lead: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := relay.Join(ctx, []byte("south")); !errors.Is(err, ErrNotLeading) {
			t.Errorf("with nobody to ask any longer: %v", err)
		}
	})
}

// Only the hub's own certificate hands anything over: not a region's, not one of
// the same authority for another end, not one of another authority.
func TestStrangersHandNothingOver(t *testing.T) {
	ca := newCA(t)
	leader := hubOfTwo(t, ca)[1]
	leader.lead(true)
	for name, source := range map[string]pki.CertificateSource{
		"nobody":               nil,
		"another authority":    leaf(t, newCA(t), pki.LeafRequest{CommonName: "hub", SPIFFE: pki.HubID(), Client: true}),
		"an agent's":           leaf(t, ca, pki.LeafRequest{CommonName: "agent", SPIFFE: pki.AgentID("north"), Client: true}),
		"a server's":           leaf(t, ca, pki.LeafRequest{CommonName: "hub", SPIFFE: pki.HubID(), Server: true}),
		"one without identity": leaf(t, ca, pki.LeafRequest{CommonName: "hub", Client: true}),
	} {
		transport := &http.Transport{TLSClientConfig: pki.ClientConfig(source, ca.Pool(), "gateway.test")}
		client := &http.Client{Transport: transport}
		for _, path := range []string{"/reports/north", "/join"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+leader.address+relayPath+path, strings.NewReader("one"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s: %s, want 403", name, path, resp.Status)
			}
		}
		transport.CloseIdleConnections()
	}
	if leader.taken() != "" {
		t.Errorf("the leader took %q", leader.taken())
	}
}
