// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
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
	serve(s, w, r, screen.DecodeVerify, func(ctx context.Context, req screen.VerifyRequest, feeds []string) (screen.VerifyAnswer, error) {
		req.Feeds = feeds
		return s.engine.Verify(ctx, req, s.options.Now())
	}, func(answer screen.VerifyAnswer, took time.Duration) {
		s.metrics.verify.answers.WithLabelValues(string(answer.Outcome)).Inc()
		s.metrics.verify.seconds.Observe(took.Seconds())
	})
}
