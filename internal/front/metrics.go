// SPDX-License-Identifier: Apache-2.0

package front

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/frontline-screening/frontline/internal/screen"
)

// Metrics are the numbers of a front. No label is taken from a request.
type Metrics struct {
	answers      *prometheus.CounterVec
	refusals     *prometheus.CounterVec
	missed       *prometheus.CounterVec
	poolFailures *prometheus.CounterVec
	duration     prometheus.Histogram
	// Comparisons are counted apart: whoever is looked at twice was searched for before.
	verifications *prometheus.CounterVec
	verifying     prometheus.Histogram
}

// NewMetrics makes them and registers them, unless registerer is nil.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	m := &Metrics{
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontline_front_answers_total", Help: "Answers given, by outcome and mode.",
		}, []string{"outcome", "mode"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontline_front_refusals_total", Help: "Requests refused, by HTTP status.",
		}, []string{"code"}),
		missed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontline_front_feeds_missed_total", Help: "Feeds named in answers as not searched, by reason.",
		}, []string{"feed", "reason"}),
		poolFailures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontline_front_pool_failures_total", Help: "Requests a pool did not answer in two attempts.",
		}, []string{"pool"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "frontline_front_answer_seconds", Help: "Time from a request to its answer.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
		}),
		verifications: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontline_front_verifications_total", Help: "Comparisons with one record or reference, by outcome and mode.",
		}, []string{"outcome", "mode"}),
		verifying: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "frontline_front_verification_seconds", Help: "Time from a request for a comparison to its answer.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
		}),
	}
	if registerer != nil {
		registerer.MustRegister(m.answers, m.refusals, m.missed, m.poolFailures, m.duration, m.verifications, m.verifying)
	}
	return m
}

func (m *Metrics) answered(a screen.Answer, took time.Duration) {
	m.answers.WithLabelValues(string(a.Outcome), string(a.Mode)).Inc()
	for _, u := range a.Unavailable {
		m.missed.WithLabelValues(u.Feed, string(u.Reason)).Inc()
	}
	m.duration.Observe(took.Seconds())
}

// verified counts a comparison. The feed is the request's word and so no label.
func (m *Metrics) verified(a screen.VerifyAnswer, took time.Duration) {
	m.verifications.WithLabelValues(string(a.Outcome), string(a.Mode)).Inc()
	m.verifying.Observe(took.Seconds())
}

func (m *Metrics) refused(status int) {
	m.refusals.WithLabelValues(strconv.Itoa(status)).Inc()
}
