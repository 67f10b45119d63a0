// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/frontline-screening/frontline/internal/dataset"
)

type metrics struct {
	release     *prometheus.GaugeVec
	orderIssued prometheus.Gauge
	swaps       prometheus.Counter
	refusals    prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		release: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "frontline_matcher_release", Help: "Release of each feed in use; 0 when the feed is not searched.",
		}, []string{"feed"}),
		orderIssued: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "frontline_matcher_order_issued_timestamp_seconds", Help: "When the newest verified order was signed.",
		}),
		swaps: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "frontline_matcher_sets_taken_total", Help: "Sets swapped in.",
		}),
		refusals: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "frontline_matcher_sets_refused_total", Help: "Attempts to take a set that failed.",
		}),
	}
	if registerer != nil {
		registerer.MustRegister(m.release, m.orderIssued, m.swaps, m.refusals)
	}
	return m
}

func (m *metrics) taken(set dataset.Set) {
	m.swaps.Inc()
	m.release.Reset()
	for _, f := range set.Feeds {
		m.release.WithLabelValues(f.ID).Set(float64(f.Release))
	}
}
