// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/dataset"
)

// Metrics are the numbers of a loader.
type Metrics struct {
	contact       prometheus.Gauge
	agentFailures prometheus.Counter
	failures      *prometheus.CounterVec
	release       *prometheus.GaugeVec
	bytes         prometheus.Counter
	layers        *prometheus.CounterVec
	fallbacks     prometheus.Counter
	onDisk        prometheus.Gauge
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
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "frontline_loader_transferred_bytes_total",
			Help: "Bytes of encrypted layers fetched from the region's registry.",
		}),
		layers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontline_loader_layers_total",
			Help: "Layers used, by kind: Delta or Group of a full copy.",
		}, []string{"kind"}),
		fallbacks: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "frontline_loader_delta_fallbacks_total",
			Help: "Deltas that did not make what they promised, so that another way was taken.",
		}),
		onDisk: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "frontline_loader_plain_content_may_reach_disk",
			Help: "1 when the dataset directory is not in memory, or may be swapped.",
		}),
	}
	if registerer != nil {
		registerer.MustRegister(m.contact, m.agentFailures, m.failures, m.release, m.bytes, m.layers, m.fallbacks, m.onDisk)
	}
	return m
}

func (m *Metrics) installed(set dataset.Set) {
	m.release.Reset()
	for _, f := range set.Feeds {
		m.release.WithLabelValues(f.ID).Set(float64(f.Release))
	}
}

func (m *Metrics) transferred(t artifact.Transfer) {
	m.bytes.Add(float64(t.Bytes))
	m.layers.WithLabelValues("Delta").Add(float64(t.Patches))
	m.layers.WithLabelValues("Group").Add(float64(t.Groups))
	m.fallbacks.Add(float64(t.Fallbacks))
}

func (m *Metrics) exposed(yes bool) {
	m.onDisk.Set(0)
	if yes {
		m.onDisk.Set(1)
	}
}
