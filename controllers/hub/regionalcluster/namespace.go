// SPDX-License-Identifier: Apache-2.0

package regionalcluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
)

// ensureNamespace makes the region's namespace, or takes one that carries the
// region's label, and has Pod Security restricted enforced in it. It never
// deletes one: what stands in it is the region's.
func (r *Reconciler) ensureNamespace(ctx context.Context, s *scope) error {
	name := screeningv1.RegionNamespace(s.region.Name)
	s.region.Status.Namespace = name
	existing := &corev1.Namespace{}
	err := r.Client.Get(ctx, types.NamespacedName{Name: name}, existing)
	found := err == nil
	switch {
	case err != nil && !apierrors.IsNotFound(err):
		conditions.Unknown(s.region, screeningv1.ConditionNamespaceReady, screeningv1.ReasonInternalError, "Namespace %s could not be read; it is tried again", name)
		return fmt.Errorf("read namespace %s: %w", name, err)
	case found && existing.Labels[screeningv1.LabelRegion] != s.region.Name:
		conditions.False(s.region, screeningv1.ConditionNamespaceReady, screeningv1.ReasonNamespaceNotLabelled,
			"Namespace %s stands but is not marked as this region's; if it may be used, run: kubectl label namespace %s %s=%s",
			name, name, screeningv1.LabelRegion, s.region.Name)
		return nil
	case found && !existing.DeletionTimestamp.IsZero():
		conditions.False(s.region, screeningv1.ConditionNamespaceReady, screeningv1.ReasonDeleting,
			"Namespace %s is being deleted; it is made again once it is gone", name)
		return nil
	}
	desired := corev1ac.Namespace(name).WithLabels(screeningv1.RegionNamespaceLabels(s.region.Name))
	if _, err := r.applier.Apply(ctx, &corev1.Namespace{}, desired); err != nil {
		conditions.Unknown(s.region, screeningv1.ConditionNamespaceReady, screeningv1.ReasonInternalError, "Namespace %s could not be written; it is tried again", name)
		return err
	}
	reason, text := screeningv1.ReasonNamespaceCreated, "Namespace %s holds the region's pools and posts"
	if adopted(s.region, found) {
		reason, text = screeningv1.ReasonNamespaceAdopted, "Namespace %s stood before and holds the region's pools and posts"
	}
	conditions.True(s.region, screeningv1.ConditionNamespaceReady, reason, text, name)
	return nil
}

// adopted keeps the first answer: once made, a namespace always stands before.
func adopted(region *screeningv1.RegionalCluster, found bool) bool {
	c := conditions.Get(region, screeningv1.ConditionNamespaceReady)
	switch {
	case c != nil && c.Reason == screeningv1.ReasonNamespaceCreated:
		return false
	case c != nil && c.Reason == screeningv1.ReasonNamespaceAdopted:
		return true
	}
	return found
}
