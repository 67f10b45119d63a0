// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/frontline-screening/frontline/internal/autoscale"
)

// poolUtilization says what a status does not, since it would be written each
// time: how busy the pods of a pool are now.
var poolUtilization = prometheus.NewGaugeVec(prometheus.GaugeOpts{
	Name: "frontline_pool_utilization",
	Help: "How busy the pods of a pool that follows its load are, from 0 to 1, by the pods that could be seen.",
}, []string{"region", "pool"})

// registerMetrics is called by each agent of a process.
var registerMetrics = sync.OnceFunc(func() { metrics.Registry.MustRegister(poolUtilization) })

// measured shows a sample. What is not known is not shown.
func measured(region, pool string, sample autoscale.Sample) {
	if sample.Seen == 0 {
		unmeasured(region, pool)
		return
	}
	poolUtilization.WithLabelValues(region, pool).Set(sample.Demand / float64(sample.Seen))
}

// unmeasured ends the series of a pool.
func unmeasured(region, pool string) { poolUtilization.DeleteLabelValues(region, pool) }
