// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/frontline-screening/frontline/controllers/internal/setup"
	"github.com/frontline-screening/frontline/internal/hub"
)

// Source asks a controller whose keys are regions' names to look at a region
// whenever it reports. What people change comes first.
func Source(reports *hub.Reports) source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		reports.Follow(func(region string) {
			setup.Later(queue, reconcile.Request{NamespacedName: types.NamespacedName{Name: region}})
		})
		return nil
	})
}
