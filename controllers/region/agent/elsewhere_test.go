// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"fmt"
	"strings"
	"testing"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// TestClusterOfTheHub: one API server stands for both. Where a hub keeps the
// region's namespace no agent of it joins or follows.
func TestClusterOfTheHub(t *testing.T) {
	for _, tt := range []struct {
		name, manager string
		refused       bool
	}{
		{name: "no namespace"},
		{name: "made by the chart", manager: "helm"},
		{name: "made by joining", manager: "frontline-region-join"},
		{name: "kept by a hub", manager: screeningv1.ManagerHubNamespace, refused: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			region := fmt.Sprintf("elsewhere-%d", regions.Add(1))
			if tt.manager != "" {
				namespace := corev1ac.Namespace(screeningv1.RegionNamespace(region)).WithLabels(map[string]string{screeningv1.LabelRegion: region})
				if err := env.Client.Apply(t.Context(), namespace, client.FieldOwner(tt.manager)); err != nil {
					t.Fatal(err)
				}
			}
			err := CheckNotTheHubs(t.Context(), env.Client, region)
			if (err != nil) != tt.refused {
				t.Fatalf("the cluster is judged %v", err)
			}
			if tt.refused && !strings.Contains(err.Error(), "link Local") {
				t.Errorf("%v does not say what to do", err)
			}
			if !tt.refused {
				return
			}
			a := &Agent{options: Options{Region: region}, reader: env.Client}
			if _, err := a.hub(t.Context()); err == nil || !strings.Contains(err.Error(), "kept by a hub") {
				t.Errorf("the agent follows its hub all the same: %v", err)
			}
		})
	}
}
