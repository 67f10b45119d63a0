// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/pki"
)

const (
	// relayPatience is how long a request waits for a process to lead. A leader
	// that ends in order is followed within a second or two.
	relayPatience = 10 * time.Second
	relayRetry    = 250 * time.Millisecond
	// relayPath comes before the paths at which processes of one hub take over
	// from each other.
	relayPath = "/v1/relayed"
)

// Relay lets any process of a hub be asked what only the leading one may do: it
// hands it over. What is handed over proves itself as it did on the way in, by
// the region's signature or the invitation's token, so that the leading process
// trusts nobody for it. A Relay is Reports and Joiner.
type Relay struct {
	// Reports and Joiner are this process's own.
	Reports Reports
	Joiner  Joiner
	// Leader is HOST:PORT of the gateway of the process that leads; empty when
	// none is known.
	Leader func(ctx context.Context) (string, error)
	// Client presents the certificate of the hub.
	Client *http.Client
}

// Report implements Reports.
func (r *Relay) Report(ctx context.Context, region string, envelope []byte) error {
	return r.settle(ctx, func(ctx context.Context) error {
		err := r.Reports.Report(ctx, region, envelope)
		if !errors.Is(err, ErrNotLeading) {
			return err
		}
		_, err = r.pass(ctx, "/reports/"+url.PathEscape(region), envelope)
		return err
	})
}

// Join implements Joiner.
func (r *Relay) Join(ctx context.Context, request []byte) (join.Acceptance, error) {
	var accepted join.Acceptance
	err := r.settle(ctx, func(ctx context.Context) error {
		var err error
		if accepted, err = r.Joiner.Join(ctx, request); !errors.Is(err, ErrNotLeading) {
			return err
		}
		body, err := r.pass(ctx, "/join", request)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(body, &accepted); err != nil {
			return fmt.Errorf("the answer of the process that leads: %w", err)
		}
		return nil
	})
	return accepted, err
}

// settle tries until some process leads, and gives up after a while.
func (r *Relay) settle(ctx context.Context, try func(context.Context) error) error {
	waiting, cancel := context.WithTimeout(ctx, relayPatience)
	defer cancel()
	for {
		if err := try(ctx); !errors.Is(err, ErrNotLeading) {
			return err
		}
		timer := time.NewTimer(relayRetry)
		select {
		case <-waiting.Done():
			timer.Stop()
			return ErrNotLeading
		case <-timer.C:
		}
	}
}

// pass asks the process that leads. Where there is none, or it cannot be
// reached, nobody leads as far as this one knows.
func (r *Relay) pass(ctx context.Context, path string, body []byte) ([]byte, error) {
	leader, err := r.Leader(ctx)
	if err != nil {
		return nil, err
	}
	if leader == "" {
		return nil, ErrNotLeading
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+leader+relayPath+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the address of the process that leads: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.Client.Do(req)
	if err != nil {
		return nil, ErrNotLeading
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, join.MaxBytes))
	switch {
	case err != nil, resp.StatusCode == http.StatusServiceUnavailable:
		return nil, ErrNotLeading
	case resp.StatusCode/100 == 2:
		return answer, nil
	}
	var refusal struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(answer, &refusal); err != nil || refusal.Error == "" {
		return nil, fmt.Errorf("the process that leads answered %s", resp.Status)
	}
	return nil, Refuse(resp.StatusCode, refusal.Error)
}

// Peers lets the handler take over from other processes of the hub, whose
// certificates come from the pool. reports and joiner are this process's own: what
// was handed over once is not handed on.
func Peers(pool *x509.CertPool, reports Reports, joiner Joiner) Option {
	return func(h *handler) { h.peers = &peers{pool: pool, reports: reports, joiner: joiner} }
}

// peers answers other processes of the hub.
type peers struct {
	pool    *x509.CertPool
	reports Reports
	joiner  Joiner
}

func (p *peers) register(mux *http.ServeMux) {
	mux.HandleFunc("POST "+relayPath+"/reports/{region}", p.admit(p.report))
	mux.HandleFunc("POST "+relayPath+"/join", p.admit(p.join))
}

// admit lets the hub's own certificate through, and no region's.
func (p *peers) admit(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 || !p.own(r.TLS.PeerCertificates[0]) {
			fail(w, r, Refuse(http.StatusForbidden, "this is for processes of the hub alone"))
			return
		}
		next(w, r)
	}
}

func (p *peers) own(certificate *x509.Certificate) bool {
	_, err := certificate.Verify(x509.VerifyOptions{Roots: p.pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return false
	}
	id, err := pki.CertificateID(certificate)
	return err == nil && id.Role == pki.RoleHub
}

func (p *peers) report(w http.ResponseWriter, r *http.Request) {
	takeReport(w, r, p.reports, r.PathValue("region"))
}

func (p *peers) join(w http.ResponseWriter, r *http.Request) { takeJoin(w, r, p.joiner) }
