// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// CheckNotTheHubs refuses a cluster in which a hub keeps the region's namespace:
// its pools and posts there are what people order, and an agent would take them
// for its own. A region in its hub's cluster has link Local and one process with it.
func CheckNotTheHubs(ctx context.Context, reader client.Reader, regionName string) error {
	name := screeningv1.RegionNamespace(regionName)
	var namespace corev1.Namespace
	if err := reader.Get(ctx, types.NamespacedName{Name: name}, &namespace); err != nil {
		if err := client.IgnoreNotFound(err); err != nil {
			return fmt.Errorf("read namespace %s: %w", name, err)
		}
		return nil
	}
	if slices.ContainsFunc(namespace.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == screeningv1.ManagerHubNamespace
	}) {
		return fmt.Errorf("namespace %s is kept by a hub in this cluster: join from the region's own cluster, or give the RegionalCluster link Local and run the role all", name)
	}
	return nil
}
