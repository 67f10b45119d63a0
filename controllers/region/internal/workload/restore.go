// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontline-screening/frontline/controllers/internal/apply"
)

// Live reads the Deployment of a pool or post; nil when there is none.
func Live(ctx context.Context, c client.Reader, owner Owner) (*appsv1.Deployment, error) {
	live := &appsv1.Deployment{}
	err := c.Get(ctx, types.NamespacedName{Namespace: owner.Namespace(), Name: owner.Child()}, live)
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // there being none is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("read Deployment %s: %w", owner.Child(), err)
	}
	return live, nil
}

// ApplyDeployment applies a Deployment with a pod template and takes out of the
// template what others added to it, such as a container or a variable. live is
// the Deployment as it was read, nil when there is none. It writes only what
// differs, and returns the Deployment as it then stands.
func ApplyDeployment(ctx context.Context, c client.Client, applier *apply.Applier, desired *appsv1ac.DeploymentApplyConfiguration, live *appsv1.Deployment, manager string) (*appsv1.Deployment, error) {
	// The server's answer is decoded into what is sent.
	template, err := json.Marshal(desired.Spec.Template)
	if err != nil {
		return nil, fmt.Errorf("encode a pod template: %w", err)
	}
	edited := live != nil && Edited(live, manager)
	applied := &appsv1.Deployment{}
	if _, err := applier.Apply(ctx, applied, desired); err != nil {
		return nil, err
	}
	if !edited {
		return applied, nil
	}
	clean := applied.DeepCopy()
	clean.Spec.Template = corev1.PodTemplateSpec{}
	if err := json.Unmarshal(template, &clean.Spec.Template); err != nil {
		return nil, fmt.Errorf("restore Deployment %s: %w", applied.Name, err)
	}
	// The server fills in its defaults; only then can both be compared.
	rehearsed := clean.DeepCopy()
	if err := c.Update(ctx, rehearsed, client.DryRunAll, client.FieldOwner(manager)); err != nil {
		return nil, fmt.Errorf("restore Deployment %s: %w", applied.Name, err)
	}
	if equality.Semantic.DeepEqual(rehearsed.Spec, applied.Spec) {
		return applied, nil
	}
	if err := c.Update(ctx, clean, client.FieldOwner(manager)); err != nil {
		return nil, fmt.Errorf("restore Deployment %s: %w", applied.Name, err)
	}
	return clean, nil
}
