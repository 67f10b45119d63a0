// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"errors"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions/conditionstest"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/autoscale"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

// TestEveryStateOfAPoolConforms goes through what can be combined.
func TestEveryStateOfAPoolConforms(t *testing.T) {
	r := &Reconciler{Options: Options{Region: regiontest.NewRegion(t, regiontest.NewHub(t, regiontest.NewClock(), "north", "AL"), t.TempDir())}}
	pod := func(phase corev1.PodPhase, c corev1.PodCondition) corev1.Pod {
		return corev1.Pod{Status: corev1.PodStatus{Phase: phase, Conditions: []corev1.PodCondition{c}}}
	}
	ready := pod(corev1.PodRunning, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
	ready.Name = "a"
	tests := map[string][]corev1.Pod{
		"no pod": nil, "ready": {ready},
		"starting":     {pod(corev1.PodRunning, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse})},
		"does not fit": {ready, pod(corev1.PodPending, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable})},
	}
	rollouts := map[string]appsv1.DeploymentStatus{
		"rolled out": {Replicas: 1, UpdatedReplicas: 1},
		"rolling":    {Replicas: 2, UpdatedReplicas: 1},
		"stuck":      {Conditions: []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse}}},
	}
	for name, pods := range tests {
		for rollout, status := range rollouts {
			for _, failure := range []error{nil, errors.New("the API server is away")} {
				for wish, load := range map[int32]*load{1: nil, 9: {state: autoscale.State{Wanted: 1, Utilization: 0.9}}, 10: {state: autoscale.State{Wanted: 1, Lost: true}}} {
					t.Run(fmt.Sprintf("%s/%s/failed before %v/wish %d", name, rollout, failure != nil, wish), func(t *testing.T) {
						s := &scope{
							owner: workload.Owner{Component: workload.ComponentMatcher, Region: "north", Name: "general"},
							pool:  &screeningv1.MatcherPool{}, spec: spec("intl.a"), image: "image", hash: "v2:0",
							scale:      scale{wish: wish, wanted: 1, by: screeningv1.ScaledByHub},
							deployment: &appsv1.Deployment{Status: status}, pods: pods,
							memory: memoryOf(inputs{DataBytes: leastData}), load: load,
						}
						if load != nil {
							s.spec.Autoscaling = &screeningv1.PoolAutoscaling{Mode: screeningv1.AutoscalingLoad}
						}
						s.pool.Generation = 7
						if failure != nil {
							r.summarize(s, failure)
						}
						r.summarize(s, nil)
						conditionstest.Conform(t, s.pool, s.pool.Status.ObservedGeneration)
						if s.pool.Status.Summary == "" {
							t.Error("the summary is empty")
						}
					})
				}
			}
		}
	}
}
