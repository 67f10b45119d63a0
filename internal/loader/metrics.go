// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/frontline-screening/frontline/internal/dataset"
)

// Metrics are the numbers of a loader.
type Metrics struct {
	contact       prometheus.Gauge
	agentFailures prometheus.Counter
	failures      *prometheus.CounterVec
	release       *prometheus.GaugeVec
}

// NewMetrics makes them and registers them, unless registerer is nil.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	m := &Metrics{
		contact: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "frontline_loader_agent_contact_timestamp_seconds",
			Help: "When the agent last answered.",
		}),
		agentFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "frontline_loader_agent_failures_total",
			Help: "Requests for a target that failed.",
		}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontline_loader_blob_failures_total",
			Help: "Blobs that could not be had or were refused, by reason.",
		}, []string{"reason"}),
		release: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "frontline_loader_installed_release",
			Help: "Release of each feed in the installed set; 0 when the feed is not searched.",
		}, []string{"feed"}),
	}
	if registerer != nil {
		registerer.MustRegister(m.contact, m.agentFailures, m.failures, m.release)
	}
	return m
}

func (m *Metrics) installed(set dataset.Set) {
	m.release.Reset()
	for _, f := range set.Feeds {
		m.release.WithLabelValues(f.ID).Set(float64(f.Release))
	}
}
