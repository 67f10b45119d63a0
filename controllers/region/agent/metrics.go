// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/frontline-screening/frontline/internal/inventory"
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

// registerMetrics is called by each agent of a process.
var registerMetrics = sync.OnceFunc(func() {
	metrics.Registry.MustRegister(auditParts, auditManifests, auditLeft, auditTime)
})

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
