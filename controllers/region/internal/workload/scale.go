// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"slices"

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

// Edited reports whether somebody beside the managers owns part of the
// object's spec, its number of replicas aside. Server-side apply takes fields
// back but leaves what others add to lists, such as a container; who finds an
// object edited compares it as a whole.
func Edited(obj metav1.Object, managers ...string) bool {
	for _, entry := range obj.GetManagedFields() {
		if entry.Subresource != "" || entry.FieldsV1 == nil || slices.Contains(managers, entry.Manager) {
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
		for field := range fields.Spec {
			if field != "f:replicas" {
				return true
			}
		}
	}
	return false
}
