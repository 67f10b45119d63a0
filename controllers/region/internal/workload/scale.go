// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Field managers of the agent. The number of replicas has one of its own, so
// that whoever scales a pool in the region takes that field alone.
const (
	ManagerAgent    = "frontline-agent"
	ManagerBaseline = "frontline-agent-baseline"
)

// ScaledLocally reports whether spec.replicas of the object belongs to someone
// else than the agent: a person with kubectl scale, or a local controller.
func ScaledLocally(obj metav1.Object) bool {
	for _, entry := range obj.GetManagedFields() {
		if entry.Manager == ManagerBaseline || entry.FieldsV1 == nil {
			continue
		}
		raw, err := json.Marshal(entry.FieldsV1)
		if err != nil {
			continue
		}
		var fields struct {
			Spec map[string]json.RawMessage `json:"f:spec"`
		}
		if err := json.Unmarshal(raw, &fields); err != nil {
			continue
		}
		if _, owns := fields.Spec["f:replicas"]; owns {
			return true
		}
	}
	return false
}
