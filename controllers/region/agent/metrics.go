// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/frontline-screening/frontline/internal/inventory"
	"github.com/frontline-screening/frontline/internal/region"
)

// What comparing the region's registry with its inventory found.
var (
	auditParts = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "frontline_registry_audit_parts_total",
		Help: "Blobs and manifests of the region's registry that an audit found Missing or Damaged.",
	}, []string{"state"})
	auditManifests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "frontline_registry_audit_manifests_total",
		Help: "Manifests that an audit has Mended, or Removed because no order names them.",
	}, []string{"outcome"})
	auditLeft = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "frontline_registry_audit_unmended",
		Help: "Manifests that the last audit left as they should not be.",
	})
	auditTime = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "frontline_registry_audit_timestamp_seconds",
		Help: "When the region's registry was last compared with its inventory.",
	})
)

// What moved and what went.
var (
	pulledBytes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "frontline_region_pulled_bytes_total",
		Help: "Bytes of encrypted layers copied from the hub's registry, by kind: Delta or Group of a full copy.",
	}, []string{"kind"})
	erasures = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "frontline_region_erasures_total",
		Help: "Erasures completed: copies removed, keys destroyed, a receipt signed.",
	})
	keys = &keyCounter{desc: prometheus.NewDesc("frontline_region_keys_held", "Private keys of feeds that the region holds.", nil, nil)}
)

// registerMetrics is called by each agent of a process.
var registerMetrics = sync.OnceFunc(func() {
	metrics.Registry.MustRegister(auditParts, auditManifests, auditLeft, auditTime, pulledBytes, erasures, keys)
})

// measure lets the replicator count what it does.
func measure(p *region.Replicator) {
	p.Audited = audited
	p.Pulled = func(kind string, bytes int64) { pulledBytes.WithLabelValues(kind).Add(float64(bytes)) }
	p.Erased = erasures.Inc
}

// keyCounter counts the keys of the regions of this process when it is asked.
type keyCounter struct {
	desc   *prometheus.Desc
	mu     sync.Mutex
	stores map[string]*region.Store
}

func (k *keyCounter) add(name string, store *region.Store) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stores == nil {
		k.stores = map[string]*region.Store{}
	}
	k.stores[name] = store
}

// Describe implements prometheus.Collector.
func (k *keyCounter) Describe(ch chan<- *prometheus.Desc) { ch <- k.desc }

// Collect implements prometheus.Collector.
func (k *keyCounter) Collect(ch chan<- prometheus.Metric) {
	k.mu.Lock()
	defer k.mu.Unlock()
	held := 0
	for _, store := range k.stores {
		n, err := store.KeysHeld()
		if err != nil {
			ch <- prometheus.NewInvalidMetric(k.desc, err)
			return
		}
		held += n
	}
	ch <- prometheus.MustNewConstMetric(k.desc, prometheus.GaugeValue, float64(held))
}

// audited counts what an audit found. An audit that could not look at
// everything is no reason to believe that all is well, so the time stays.
func audited(o inventory.Outcome, err error) {
	auditParts.WithLabelValues("Missing").Add(float64(o.Missing))
	auditParts.WithLabelValues("Damaged").Add(float64(o.Damaged))
	auditManifests.WithLabelValues("Mended").Add(float64(o.Mended))
	auditManifests.WithLabelValues("Removed").Add(float64(o.Removed))
	auditLeft.Set(float64(len(o.Left)))
	if err == nil {
		auditTime.SetToCurrentTime()
	}
}
