// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/report"
)

// TestReportObject: what a hub could not tell from another object, or would
// refuse together with the whole report, is left out.
func TestReportObject(t *testing.T) {
	ordered := &order.Workload{Name: "general", UID: "hub-uid", Generation: 7}
	tests := []struct {
		name        string
		annotations map[string]string
		ordered     *order.Workload
		local       bool
		observed    int64
		want        []report.Object
	}{
		{"as applied", map[string]string{screeningv1.AnnotationHubUID: "hub-uid", screeningv1.AnnotationHubGeneration: "7"},
			ordered, false, 3, []report.Object{{Name: "general", UID: "hub-uid", Generation: 7}}},
		{"with a status that lags", map[string]string{screeningv1.AnnotationHubUID: "hub-uid", screeningv1.AnnotationHubGeneration: "7"},
			ordered, false, 2, []report.Object{{Name: "general", UID: "hub-uid", Generation: 6}}},
		{"ordered without the hub's UID", nil, ordered, false, 3, nil},
		{"ordered with an empty UID", map[string]string{screeningv1.AnnotationHubUID: ""}, ordered, false, 3, nil},
		{"not ordered", map[string]string{screeningv1.AnnotationHubUID: "hub-uid"}, nil, false, 3, nil},
		{"the hub's own", nil, ordered, true, 3, []report.Object{{Name: "general", UID: "own-uid", Generation: 3}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pool := &screeningv1.MatcherPool{ObjectMeta: metav1.ObjectMeta{Name: "general", UID: "own-uid", Generation: 3, Annotations: tt.annotations}}
			pool.Status.ObservedGeneration = tt.observed
			got, err := reportObject(pool, &pool.Status.ObservedGeneration, pool.Status.Conditions, &pool.Status, tt.ordered, tt.local)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				got[i].Status = nil
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("reported (-want +got):\n%s", diff)
			}
		})
	}
}
