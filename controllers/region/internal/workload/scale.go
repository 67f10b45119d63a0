// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Field managers of the agent. The number of replicas has one of its own, so
// that whoever scales a pool in the region takes that field alone.
const (
	ManagerAgent    = "frontline-agent"
	ManagerBaseline = "frontline-agent-baseline"
)

// Names of fields as managed fields have them.
const (
	fieldSpec     = "f:spec"
	fieldReplicas = "f:replicas"
)

// ScaledLocally reports whether spec.replicas of the object belongs to someone
// else than the agent: a person with kubectl scale, or a local controller.
func ScaledLocally(obj metav1.Object) bool {
	return slices.ContainsFunc(obj.GetManagedFields(), scales)
}

// scales reports whether the entry is of somebody else's replicas.
func scales(entry metav1.ManagedFieldsEntry) bool {
	if entry.Manager == ManagerBaseline {
		return false
	}
	_, owns := ownedSpec(entry)[fieldReplicas]
	return owns
}

// Release ends the wish of whoever scaled the object in the region, if anybody
// did: spec.replicas is then the agent's to apply again. The write is refused
// when the object has changed since it was read.
func Release(ctx context.Context, c client.Client, obj client.Object, manager string) (released bool, err error) {
	if !ScaledLocally(obj) {
		return false, nil
	}
	before, ok := obj.DeepCopyObject().(client.Object)
	if !ok {
		return false, fmt.Errorf("%s cannot be copied", obj.GetName())
	}
	var kept []metav1.ManagedFieldsEntry
	for _, entry := range obj.GetManagedFields() {
		if scales(entry) {
			if entry, err = withoutReplicas(entry); err != nil {
				return false, fmt.Errorf("managed fields of %s: %w", obj.GetName(), err)
			}
		}
		if entry.FieldsV1 != nil {
			kept = append(kept, entry)
		}
	}
	obj.SetManagedFields(kept)
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := c.Patch(ctx, obj, patch, client.FieldOwner(manager)); err != nil {
		return false, fmt.Errorf("release the replicas of %s: %w", obj.GetName(), err)
	}
	return true, nil
}

// withoutReplicas takes spec.replicas out of an entry; one that holds nothing
// else has no fields any more.
func withoutReplicas(entry metav1.ManagedFieldsEntry) (metav1.ManagedFieldsEntry, error) {
	fields, spec := owned(entry), ownedSpec(entry)
	delete(spec, fieldReplicas)
	delete(fields, fieldSpec)
	if len(spec) > 0 {
		data, err := json.Marshal(spec)
		if err != nil {
			return entry, err
		}
		fields[fieldSpec] = data
	}
	if len(fields) == 0 {
		entry.FieldsV1 = nil
		return entry, nil
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return entry, err
	}
	entry.FieldsV1 = &metav1.FieldsV1{}
	return entry, json.Unmarshal(data, entry.FieldsV1)
}

// Edited reports whether somebody beside the managers owns part of the
// object's spec, its number of replicas aside. Server-side apply takes fields
// back but leaves what others add to lists, such as a container; who finds an
// object edited compares it as a whole.
func Edited(obj metav1.Object, managers ...string) bool {
	for _, entry := range obj.GetManagedFields() {
		if entry.Subresource != "" || slices.Contains(managers, entry.Manager) {
			continue
		}
		for field := range ownedSpec(entry) {
			if field != fieldReplicas {
				return true
			}
		}
	}
	return false
}

// owned are the fields of an entry, ownedSpec those below spec.
func owned(entry metav1.ManagedFieldsEntry) map[string]json.RawMessage {
	if entry.FieldsV1 == nil {
		return nil
	}
	raw, err := json.Marshal(entry.FieldsV1)
	if err != nil {
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil
	}
	return fields
}

func ownedSpec(entry metav1.ManagedFieldsEntry) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(owned(entry)[fieldSpec], &fields); err != nil {
		return nil
	}
	return fields
}
