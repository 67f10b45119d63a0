// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestCheckPanics(t *testing.T) {
	registry := prometheus.NewRegistry()
	panics := prometheus.NewCounterVec(prometheus.CounterOpts{Name: panicsMetric}, []string{"controller"})
	registry.MustRegister(panics)
	panics.WithLabelValues("matcherpool").Add(0)
	if err := checkPanics(registry); err != nil {
		t.Errorf("checkPanics() without a panic = %v, want none", err)
	}
	panics.WithLabelValues("matcherpool").Inc()
	if err := checkPanics(registry); err == nil || !strings.Contains(err.Error(), "matcherpool") {
		t.Errorf("checkPanics() after a panic = %v, want an error that names the controller", err)
	}
}
