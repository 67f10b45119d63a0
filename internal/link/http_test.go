// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/link"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/report"
)

type gateway struct {
	url string
	ca  *pki.CA
	// pin of the last client that connected.
	pin string
}

func newGateway(t *testing.T, handler http.HandlerFunc) *gateway {
	t.Helper()
	ca, err := pki.NewCA("hub", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{ca: ca}
	cert, key, err := ca.Issue(pki.LeafRequest{CommonName: "gateway", DNSNames: []string{"localhost"}, Server: true}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	source, err := pki.FromPEM(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			g.pin = pki.CertificatePin(r.TLS.PeerCertificates[0])
		}
		handler(w, r)
	}))
	server.Listener = tls.NewListener(server.Listener, pki.ServerConfig(source, nil, false))
	server.Start()
	t.Cleanup(server.Close)
	g.url = "https://localhost" + server.URL[strings.LastIndex(server.URL, ":"):]
	return g
}

func newIdentity(t *testing.T) (pki.CertificateSource, ed25519.PrivateKey) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert, keyPEM, err := pki.SelfSigned(key, "region north", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	source, err := pki.FromPEM(cert, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return source, key
}

func TestHTTP(t *testing.T) {
	var got string
	g := newGateway(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.String() + " " + string(body)
		switch r.URL.Path {
		case "/v1/join":
			_ = json.NewEncoder(w).Encode(join.Acceptance{Format: join.AcceptanceFormat, Region: "north", Incarnation: 2})
		case "/v1/orders":
			if r.URL.Query().Get("after") == "7" {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			_, _ = w.Write([]byte(`{"sequence":7}`))
		case "/v1/reports":
			if string(body) != "overtaken" {
				http.Error(w, "an older report", http.StatusConflict) // as a hub before this release says it
				return
			}
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"error":"it is not newer","incarnation":2,"number":41}`))
		}
	})
	identity, key := newIdentity(t)
	// The first gateway is down: the second answers.
	hub, err := link.NewHTTP([]string{"https://127.0.0.1:1", g.url}, g.ca.CertPEM(), identity)
	if err != nil {
		t.Fatal(err)
	}
	if accepted, err := hub.Join(t.Context(), []byte("request")); err != nil || accepted.Incarnation != 2 {
		t.Errorf("join: %+v, %v", accepted, err)
	}
	if g.pin != pki.KeyPin(key.Public()) {
		t.Error("the gateway did not see the region's key")
	}
	if sequence, changed, err := hub.WaitOrder(t.Context(), 3); err != nil || !changed || sequence != 7 {
		t.Errorf("wait: %d, %v, %v", sequence, changed, err)
	}
	if _, changed, err := hub.WaitOrder(t.Context(), 7); err != nil || changed {
		t.Errorf("wait for what is not there: %v, %v", changed, err)
	}
	var answer *link.AnswerError
	if err := hub.Report(t.Context(), []byte("report")); !errors.As(err, &answer) || answer.Status != http.StatusConflict || !strings.Contains(err.Error(), "an older report") {
		t.Errorf("a refused report: %v", err)
	}
	if taken, ok := errors.AsType[*report.TakenError](hub.Report(t.Context(), []byte("overtaken"))); !ok || taken.Incarnation != 2 || taken.Number != 41 {
		t.Errorf("a report that the hub has overtaken: %+v", taken)
	}
	if got != "POST /v1/reports overtaken" {
		t.Errorf("the gateway got %q", got)
	}
}

func TestHTTPRefusesAGatewayOfAnotherAuthority(t *testing.T) {
	g := newGateway(t, func(http.ResponseWriter, *http.Request) { t.Error("a request reached a gateway that is not trusted") })
	other, err := pki.NewCA("other", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	identity, _ := newIdentity(t)
	hub, err := link.NewHTTP([]string{g.url}, other.CertPEM(), identity)
	if err != nil {
		t.Fatal(err)
	}
	if err := hub.Report(t.Context(), nil); err == nil {
		t.Error("the report was delivered")
	}
}

func TestNewHTTPRefuses(t *testing.T) {
	identity, _ := newIdentity(t)
	ca, err := pki.NewCA("hub", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, gateways := range map[string][]string{"none": nil, "plain": {"http://hub.example"}, "no host": {"https://"}} {
		if _, err := link.NewHTTP(gateways, ca.CertPEM(), identity); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
