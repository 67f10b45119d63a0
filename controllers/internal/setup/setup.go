// SPDX-License-Identifier: Apache-2.0

// Package setup is what the controllers of a manager have in common.
package setup

import (
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/frontline-screening/frontline/controllers/internal/patch"
)

// passTimeout bounds a pass that asks API servers alone, so that none that hangs
// holds a worker for ever.
const passTimeout = 2 * time.Minute

// Options are those of a controller with so many workers. Its caches are filled
// while another process leads, so that it begins at once when that ends. What
// people change comes before what is looked at again for its own sake.
func Options(workers int) controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: workers,
		RateLimiter:             patch.RateLimiter(),
		ReconciliationTimeout:   passTimeout,
		UsePriorityQueue:        new(true),
		EnableWarmup:            new(true),
	}
}

// Slow are Options for passes that move content, which may take so long.
func Slow(workers int, timeout time.Duration) controller.Options {
	options := Options(workers)
	options.ReconciliationTimeout = timeout
	return options
}

// Later asks for a look that nobody waits for: it comes after what people
// changed.
func Later(queue workqueue.TypedRateLimitingInterface[reconcile.Request], requests ...reconcile.Request) {
	if byPriority, ok := queue.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		byPriority.AddWithOpts(priorityqueue.AddOpts{Priority: new(handler.LowPriority)}, requests...)
		return
	}
	for _, request := range requests {
		queue.Add(request)
	}
}
