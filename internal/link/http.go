// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/report"
)

const (
	// waitLimit is how long a held request may take; the gateway answers within 25 s.
	waitLimit = 40 * time.Second
	// callLimit is how long any other call may take beside the sending of what it carries.
	callLimit = 20 * time.Second
	// slowestLine is the least a line carries up, in bytes a second: 64 kbit/s
	// less what TLS and HTTP take of it.
	slowestLine = 7 << 10
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 1 << 20
)

// HTTP is a Hub behind a gateway.
type HTTP struct {
	gateways []string
	client   *http.Client
	registry *artifact.Registry
	// current is the index of the gateway that answered last.
	current atomic.Int64
	open    connections
}

var _ Hub = (*HTTP)(nil)

// NewHTTP returns the hub behind the gateways, base URLs tried in turn. The
// gateway's certificate must chain to caPEM; the region proves itself by
// identity.
func NewHTTP(gateways []string, caPEM []byte, identity pki.CertificateSource) (*HTTP, error) {
	if len(gateways) == 0 {
		return nil, errors.New("link: no gateway is known; join with an invitation that names one")
	}
	roots, err := pki.ParsePool(caPEM)
	if err != nil {
		return nil, fmt.Errorf("link: certificate of the gateway: %w", err)
	}
	for _, g := range gateways {
		if u, err := url.Parse(g); err != nil || u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("link: gateway %q is not of the form https://host:port", g)
		}
	}
	h := &HTTP{gateways: gateways}
	h.client = &http.Client{Transport: newTransport(roots, identity, &h.open)}
	if h.registry, err = artifact.Connect(gateways[0], &http.Client{Transport: failover{h}}); err != nil {
		return nil, err
	}
	return h, nil
}

func newTransport(roots *x509.CertPool, identity pki.CertificateSource, open *connections) *http.Transport {
	return &http.Transport{
		TLSClientConfig:       pki.ClientConfig(identity, roots, ""),
		DialContext:           open.dialer(&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}),
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: waitLimit,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   4,
		ForceAttemptHTTP2:     true,
		// A line that was cut keeps a connection open that nothing comes back
		// on; without pings it would be noticed only after the held request.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
	}
}

// failover sends registry requests to the gateway that answered last.
type failover struct{ hub *HTTP }

// RoundTrip implements http.RoundTripper.
func (f failover) RoundTrip(req *http.Request) (*http.Response, error) {
	base, err := url.Parse(f.hub.gateway())
	if err != nil {
		return nil, err
	}
	if base.Host != req.URL.Host {
		req = req.Clone(req.Context())
		req.URL.Host, req.Host = base.Host, base.Host
	}
	return f.hub.client.Transport.RoundTrip(req)
}

// CloseIdleConnections is called when a transfer brought nothing for a while. On
// this line nothing is idle: the one connection carries the held request too,
// and after a cut it would first bring again what was asked for before the cut,
// which nobody waits for any more. All connections are closed; calls under way
// are made again.
func (f failover) CloseIdleConnections() { f.hub.open.drop() }

func (h *HTTP) gateway() string {
	return h.gateways[int(h.current.Load())%len(h.gateways)]
}

// Registry implements Hub.
func (h *HTTP) Registry() *artifact.Registry { return h.registry }

// Join implements Hub.
func (h *HTTP) Join(ctx context.Context, request []byte) (join.Acceptance, error) {
	var accepted join.Acceptance
	body, _, err := h.call(ctx, http.MethodPost, "/v1/join", request, callLimit)
	if err != nil {
		return accepted, fmt.Errorf("join: %w", err)
	}
	if err := json.Unmarshal(body, &accepted); err != nil || accepted.Format != join.AcceptanceFormat {
		return accepted, fmt.Errorf("join: the hub's answer is not %s; upgrade the older of hub and region", join.AcceptanceFormat)
	}
	return accepted, nil
}

// WaitOrder implements Hub.
func (h *HTTP) WaitOrder(ctx context.Context, after int64) (int64, bool, error) {
	body, status, err := h.call(ctx, http.MethodGet, "/v1/orders?after="+strconv.FormatInt(after, 10), nil, waitLimit)
	if err != nil {
		return 0, false, fmt.Errorf("wait for an order: %w", err)
	}
	if status == http.StatusNoContent {
		return 0, false, nil
	}
	var hint struct {
		Sequence int64 `json:"sequence"`
	}
	if err := json.Unmarshal(body, &hint); err != nil {
		return 0, false, fmt.Errorf("wait for an order: the hub's answer: %w", err)
	}
	return hint.Sequence, true, nil
}

// Report implements Hub.
func (h *HTTP) Report(ctx context.Context, envelope []byte) error {
	body, status, err := h.call(ctx, http.MethodPost, "/v1/reports", envelope, sendLimit(len(envelope)))
	if status == http.StatusConflict {
		// A hub before this release says it in words alone.
		if taken, parseErr := report.ParseTaken(body); parseErr == nil {
			err = taken
		}
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// sendLimit is how long a call may take that carries so many bytes. Only what
// waits for an answer is bounded as a whole: a report of a large region takes
// minutes on a slow line.
func sendLimit(bytes int) time.Duration {
	return callLimit + time.Duration(bytes)*time.Second/slowestLine
}

// call asks the gateways in turn, beginning with the one that answered last.
// An answer, whatever it says, ends the search.
func (h *HTTP) call(ctx context.Context, method, path string, body []byte, limit time.Duration) ([]byte, int, error) {
	var errs []error
	first := h.current.Load()
	for i := range h.gateways {
		index := (int(first) + i) % len(h.gateways)
		drops := h.open.drops()
		answer, status, err := h.callOne(ctx, h.gateways[index], method, path, body, limit)
		if err != nil && ctx.Err() == nil && h.open.drops() != drops {
			answer, status, err = h.callOne(ctx, h.gateways[index], method, path, body, limit)
		}
		var answered *AnswerError
		if err == nil || errors.As(err, &answered) {
			h.current.Store(int64(index))
			return answer, status, err
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, 0, errors.Join(errs...)
}

// AnswerError is a refusal by the gateway.
type AnswerError struct {
	Status int
	// Message is what the gateway says, cut to 512 bytes.
	Message string
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("the hub answered %d: %s", e.Status, e.Message)
}

func (h *HTTP) callOne(ctx context.Context, base, method, path string, body []byte, limit time.Duration) ([]byte, int, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("gateway %s: %w", req.URL.Host, cause(err))
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("gateway %s: %w", req.URL.Host, err)
	case len(data) > maxAnswer:
		return nil, 0, fmt.Errorf("gateway %s: its answer is larger than %d bytes", req.URL.Host, maxAnswer)
	case resp.StatusCode/100 != 2:
		message := strings.TrimSpace(string(data[:min(len(data), 512)]))
		return data, resp.StatusCode, &AnswerError{Status: resp.StatusCode, Message: message}
	}
	return data, resp.StatusCode, nil
}

// cause leaves out the method and address that net/http puts in front.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
