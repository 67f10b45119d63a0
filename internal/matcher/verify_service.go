// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/frontline-screening/frontline/internal/screen"
)

// verifyMetrics count comparisons apart from searches: a rate of searches tells how many
// people pass, one of comparisons how many are looked at twice.
type verifyMetrics struct {
	answers *prometheus.CounterVec
	seconds prometheus.Histogram
}

func newVerifyMetrics() verifyMetrics {
	m := verifyMetrics{
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontline_matcher_verifications_total", Help: "Comparisons with one record or reference, by outcome.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "frontline_matcher_verification_seconds", Help: "Time of a comparison.",
			Buckets: prometheus.ExponentialBuckets(0.00001, 2, 16),
		}),
	}
	for _, o := range []screen.VerifyOutcome{screen.Compared, screen.NotCompared} {
		m.answers.WithLabelValues(string(o))
	}
	return m
}

// verify answers one comparison, within the limits of a search.
func (s *Service) verify(w http.ResponseWriter, r *http.Request) {
	if !isType(r, "application/json") {
		problem(w, http.StatusUnsupportedMediaType, "send the request as application/json")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.options.Timeout)
	defer cancel()
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.options.Timeout))
	req, err := screen.DecodeVerify(r.Body)
	if err != nil {
		s.metrics.refused.Inc()
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	req.Feeds = r.URL.Query()["feed"]
	start := time.Now()
	answer, err := inTurn(ctx, s.turns, func() (screen.VerifyAnswer, error) { return s.engine.Verify(ctx, req, s.options.Now()) })
	switch {
	case errors.Is(err, ErrRequest):
		s.metrics.refused.Inc()
		problem(w, http.StatusBadRequest, err.Error())
		return
	case err != nil:
		s.metrics.late.Inc()
		w.Header().Set("Retry-After", "1")
		problem(w, http.StatusServiceUnavailable, "the comparison did not end in time; ask again")
		return
	}
	s.metrics.verify.answers.WithLabelValues(string(answer.Outcome)).Inc()
	s.metrics.verify.seconds.Observe(time.Since(start).Seconds())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(answer)
}
