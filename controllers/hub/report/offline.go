// SPDX-License-Identifier: Apache-2.0

package report

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
)

// lose turns what a region said of an object to Unknown once the region cannot
// be reached: it serves by its own lights, and nobody here knows how. The last
// words stay readable, and with the next report everything is as reported.
func lose(o screeningv1.Object, region *screeningv1.RegionalCluster) {
	if !Offline(region) {
		return
	}
	ready := conditions.Get(o, screeningv1.ConditionReady)
	if ready == nil || ready.Reason == screeningv1.ReasonNotReported || ready.Reason == screeningv1.ReasonRegionOffline {
		return
	}
	unknown := func(conditionType string, status metav1.ConditionStatus, message string, generation int64) metav1.Condition {
		return metav1.Condition{
			Type: conditionType, Status: status, ObservedGeneration: generation, Reason: screeningv1.ReasonRegionOffline,
			Message: conditions.Cut("Region "+region.Name+" is cut off; it said last: "+message, conditions.MaxMessage),
			// The same each time, so that nothing is written while nothing changes.
			LastTransitionTime: conditions.Get(region, screeningv1.ConditionConnected).LastTransitionTime,
		}
	}
	var list []metav1.Condition
	for _, c := range o.GetConditions() {
		if c.Type != screeningv1.ConditionReconciling && c.Type != screeningv1.ConditionStalled {
			list = append(list, unknown(c.Type, metav1.ConditionUnknown, c.Message, c.ObservedGeneration))
		}
	}
	list = append(list, unknown(screeningv1.ConditionStalled, metav1.ConditionTrue, ready.Message, ready.ObservedGeneration))
	o.SetConditions(list)
}
