// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/report"
)

const (
	// bodyTimeout bounds the sending of one answer of metadata.
	bodyTimeout = 10 * time.Minute
	// reportTimeout bounds the reading of one report: a region on a line of
	// 64 kbit/s sends the largest in 40 minutes, a typical one in a second.
	reportTimeout = 45 * time.Minute
)

// handler is the gateway over HTTP.
type handler struct {
	service *Service
	proxy   http.Handler
	gates   gates
	paces   paces
	hold    time.Duration
	blobs   *downloads
	// peers is nil in a hub of one process.
	peers *peers
}

// Option changes how a handler serves.
type Option func(*handler)

// WithRate bounds the bytes a second of blobs that all regions read together;
// 0 is no bound. While it is reached, regions get equal parts.
func WithRate(bytesPerSecond int64) Option {
	return func(h *handler) { h.blobs = newDownloads(bytesPerSecond) }
}

// NewHandler returns the gateway's HTTP side. registryURL is the base URL of
// the hub's registry and transport reaches it with the hub's certificate. The
// server in front must ask for, and need not verify, a client certificate
// (pki.ServerConfig without authorities).
func NewHandler(service *Service, registryURL string, transport http.RoundTripper, options ...Option) (http.Handler, error) {
	proxy, err := newProxy(registryURL, transport)
	if err != nil {
		return nil, err
	}
	h := &handler{service: service, proxy: proxy, hold: Hold, blobs: newDownloads(0)}
	for _, option := range options {
		option(h)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("/v2/", h.known("registry", perRegion+perRegionBlobs+spare, h.registry))
	mux.HandleFunc("GET /v1/orders", h.known("orders", perRegionLow, h.orders))
	mux.HandleFunc("POST /v1/reports", h.known("reports", perRegionOne, h.reports))
	mux.HandleFunc("POST /v1/join", h.join)
	if h.peers != nil {
		h.peers.register(mux)
	}
	return mux, nil
}

// known lets a request through that comes from a joined region, one of at
// most limit at once of that region and purpose.
func (h *handler) known(purpose string, limit int, next func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
			fail(w, r, Refuse(http.StatusUnauthorized, "no client certificate; connect with the region's own"))
			return
		}
		region, found, err := h.service.Identities.Region(r.Context(), pki.CertificatePin(r.TLS.PeerCertificates[0]))
		if err == nil && !found {
			err = Refuse(http.StatusForbidden, "no region has joined with this key; join with an invitation")
		}
		if err != nil {
			fail(w, r, err)
			return
		}
		leave, ok := h.gates.enter(purpose+"/"+region, limit)
		if !ok {
			h.busy(w, r)
			return
		}
		defer leave()
		next(w, r, region)
	}
}

func (h *handler) registry(w http.ResponseWriter, r *http.Request, region string) {
	if err := readable(r, region); err != nil {
		fail(w, r, err)
		return
	}
	if isBlob(r) {
		h.download(w, r, region)
		return
	}
	leave, ok := h.gates.enter("metadata/"+region, perRegion)
	if !ok {
		h.busy(w, r)
		return
	}
	defer leave()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bodyTimeout))
	h.proxy.ServeHTTP(w, r)
}

// download serves a blob. On a slow line it takes longer than any other
// answer, so its deadline moves with what is sent.
func (h *handler) download(w http.ResponseWriter, r *http.Request, region string) {
	one, ok := h.blobs.begin(w, r, region)
	if !ok {
		h.busy(w, r)
		return
	}
	defer h.blobs.end(one, region)
	h.proxy.ServeHTTP(one, r.WithContext(one.ctx))
}

func (h *handler) busy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "5")
	fail(w, r, Refuse(http.StatusTooManyRequests, "too many requests of this region; try again"))
}

func (h *handler) orders(w http.ResponseWriter, r *http.Request, region string) {
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil || after < 0 {
		fail(w, r, Refuse(http.StatusBadRequest, "after must be the sequence of the order the region has, or 0"))
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(h.hold + 10*time.Second))
	sequence, changed := h.service.Orders.Wait(r.Context(), region, after, h.hold)
	if !changed {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, http.StatusOK, map[string]int64{"sequence": sequence})
}

func (h *handler) reports(w http.ResponseWriter, r *http.Request, region string) {
	if !h.paces.allow(region, time.Now()) {
		h.busy(w, r)
		return
	}
	takeReport(w, r, h.service.Reports, region)
}

func takeReport(w http.ResponseWriter, r *http.Request, reports Reports, region string) {
	body, err := read(w, r, report.MaxBytes)
	if err == nil {
		err = reports.Report(r.Context(), region, body)
	}
	if err != nil {
		fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// join is open to strangers: the token inside the request is what counts.
func (h *handler) join(w http.ResponseWriter, r *http.Request) {
	leave, ok := h.gates.enter("join", strangers)
	if !ok {
		w.Header().Set("Retry-After", "5")
		fail(w, r, Refuse(http.StatusTooManyRequests, "too many requests to join at once; try again"))
		return
	}
	defer leave()
	takeJoin(w, r, h.service.Joiner)
}

func takeJoin(w http.ResponseWriter, r *http.Request, joiner Joiner) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(30 * time.Second))
	body, err := readAll(w, r, join.MaxBytes)
	if err != nil {
		fail(w, r, err)
		return
	}
	acceptance, err := joiner.Join(r.Context(), body)
	if err != nil {
		fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, acceptance)
}

func read(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(reportTimeout))
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(reportTimeout + time.Minute))
	return readAll(w, r, limit)
}

func readAll(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, Refuse(http.StatusRequestEntityTooLarge, "the body has more than "+strconv.FormatInt(limit, 10)+" bytes")
	case err != nil:
		return nil, Refuse(http.StatusBadRequest, "the body ended early")
	}
	return body, nil
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// fail answers with an error and logs those that are the hub's own.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	status, text := statusOf(err)
	if status == http.StatusInternalServerError && !errors.Is(r.Context().Err(), context.Canceled) {
		logr.FromContextOrDiscard(r.Context()).Error(err, "Request failed", "path", r.Pattern)
	}
	if errors.Is(err, ErrNotLeading) {
		// The next connection may reach the process that leads.
		w.Header().Set("Connection", "close")
		w.Header().Set("Retry-After", "1")
	}
	if taken, ok := errors.AsType[*report.TakenError](err); ok {
		answer(w, status, taken)
		return
	}
	answer(w, status, map[string]string{"error": text})
}
