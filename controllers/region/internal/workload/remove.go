// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Remove deletes the children of a pool or post that is withdrawn, and the
// Secrets with the certificates of the components, and reports whether there
// was one. Objects that do not carry the owner's labels are left alone.
func Remove(ctx context.Context, c client.Client, owner Owner, certificates ...string) (bool, error) {
	meta := metav1.ObjectMeta{Namespace: owner.Namespace(), Name: owner.Child()}
	// Pods first, what protects them after.
	children := []client.Object{
		&appsv1.Deployment{ObjectMeta: meta},
		&corev1.Service{ObjectMeta: meta},
		&policyv1.PodDisruptionBudget{ObjectMeta: meta},
		&networkingv1.NetworkPolicy{ObjectMeta: meta},
		&corev1.ServiceAccount{ObjectMeta: meta},
	}
	for _, component := range certificates {
		children = append(children, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: owner.Namespace(), Name: TLSSecret(owner.Name, component)}})
	}
	removed := false
	for _, child := range children {
		err := c.Get(ctx, types.NamespacedName{Namespace: child.GetNamespace(), Name: child.GetName()}, child)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return removed, fmt.Errorf("remove %s: %w", child.GetName(), err)
		}
		if child.GetDeletionTimestamp() != nil || child.GetLabels()[owner.label()] != owner.Name {
			continue
		}
		uid := child.GetUID()
		options := []client.DeleteOption{client.PropagationPolicy(metav1.DeletePropagationBackground), client.Preconditions{UID: &uid}}
		if err := c.Delete(ctx, child, options...); client.IgnoreNotFound(err) != nil {
			return removed, fmt.Errorf("remove %s: %w", child.GetName(), err)
		}
		removed = true
	}
	return removed, nil
}
