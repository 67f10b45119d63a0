// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// panicsMetric counts, by controller, the panics that controller-runtime
// recovered from; a test whose object was reconciled once more would pass.
const panicsMetric = "controller_runtime_reconcile_panics_total"

// checkPanics returns an error naming a controller whose Reconcile panicked.
func checkPanics(gatherer prometheus.Gatherer) error {
	families, err := gatherer.Gather()
	if err != nil {
		return fmt.Errorf("read the metric %s: %w", panicsMetric, err)
	}
	for _, family := range families {
		if family.GetName() != panicsMetric {
			continue
		}
		for _, series := range family.GetMetric() {
			if count := series.GetCounter().GetValue(); count > 0 {
				return fmt.Errorf("reconcile panicked %.0f times (%v); the log above has the stack", count, series.GetLabel())
			}
		}
	}
	return nil
}
