// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"testing"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// StartManager runs a manager with the controllers that setup adds, until the
// test ends. It serves no metrics and no probes. options may limit its cache.
func (e *Environment) StartManager(t testing.TB, options ctrl.Options, setup func(manager.Manager) error) manager.Manager {
	t.Helper()
	skipNameValidation := true // several tests of one process run the same controller
	options.Scheme = e.Scheme
	options.Metrics = metricsserver.Options{BindAddress: "0"}
	options.HealthProbeBindAddress = "0"
	options.LeaderElection = false
	options.Controller = config.Controller{SkipNameValidation: &skipNameValidation}
	mgr, err := ctrl.NewManager(e.Config, options)
	if err != nil {
		t.Fatalf("make a manager: %v", err)
	}
	if err := setup(mgr); err != nil {
		t.Fatalf("add controllers to the manager: %v", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan error, 1)
	go func() { stopped <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Errorf("the manager stopped: %v", err)
		}
	})
	return mgr
}
