// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// Same reports whether applying want to live would change nothing: every field
// of want has its value in live, and the manager owns no field that want has
// dropped. In doubt it says no, which costs one request without effect. It
// spares a restarted controller from writing all its children anew.
func Same(live client.Object, want map[string]any, manager string) (bool, error) {
	encoded, err := json.Marshal(live)
	if err != nil {
		return false, err
	}
	var have map[string]any
	if err := json.Unmarshal(encoded, &have); err != nil {
		return false, err
	}
	for key, value := range want {
		// A typed object read through a client has no kind of its own.
		if key != "apiVersion" && key != "kind" && !covers(have[key], value) {
			return false, nil
		}
	}
	owned, found, err := ownedBy(live, manager)
	if err != nil || !found {
		return false, err
	}
	// Not with All, which goes on after its loop has ended, and panics.
	dropped := false
	owned.Iterate(func(path fieldpath.Path) { dropped = dropped || !present(want, path) })
	return !dropped, nil
}

// covers reports whether have holds everything of want.
func covers(have, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		have, ok := have.(map[string]any)
		if !ok {
			return len(want) == 0
		}
		for key, value := range want {
			if !covers(have[key], value) {
				return false
			}
		}
		return true
	case []any:
		have, ok := have.([]any)
		if !ok {
			return len(want) == 0
		}
		if len(have) != len(want) {
			return false
		}
		for i := range want {
			if !covers(have[i], want[i]) {
				return false
			}
		}
		return true
	default:
		return reflect.DeepEqual(have, want)
	}
}

func ownedBy(live client.Object, manager string) (*fieldpath.Set, bool, error) {
	for _, entry := range live.GetManagedFields() {
		if entry.Manager != manager || entry.Operation != metav1.ManagedFieldsOperationApply || entry.Subresource != "" || entry.FieldsV1 == nil {
			continue
		}
		set := &fieldpath.Set{}
		raw, err := json.Marshal(entry.FieldsV1)
		if err != nil {
			return nil, false, fmt.Errorf("managed fields: %w", err)
		}
		if err := set.FromJSON(bytes.NewReader(raw)); err != nil {
			return nil, false, fmt.Errorf("managed fields: %w", err)
		}
		return set, true, nil
	}
	return nil, false, nil
}

// present reports whether the path leads to something in value.
func present(value any, path fieldpath.Path) bool {
	for _, element := range path {
		var ok bool
		if value, ok = step(value, element); !ok {
			return false
		}
	}
	return true
}

func step(value any, element fieldpath.PathElement) (any, bool) {
	if element.FieldName != nil {
		fields, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		next, ok := fields[*element.FieldName]
		return next, ok
	}
	items, ok := value.([]any)
	if !ok {
		return nil, false
	}
	for i, item := range items {
		switch {
		case element.Index != nil && *element.Index == i,
			element.Value != nil && reflect.DeepEqual(item, normal((*element.Value).Unstructured())),
			element.Key != nil && hasKey(item, element):
			return item, true
		}
	}
	return nil, false
}

// hasKey leaves out key fields that the item does not state: the server filled
// them with defaults, such as the protocol of a port.
func hasKey(item any, element fieldpath.PathElement) bool {
	fields, ok := item.(map[string]any)
	if !ok {
		return false
	}
	for _, field := range *element.Key {
		stated, ok := fields[field.Name]
		if ok && !reflect.DeepEqual(stated, normal(field.Value.Unstructured())) {
			return false
		}
	}
	return true
}

// normal gives numbers the type that encoding/json gives them.
func normal(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case int:
		return float64(v)
	default:
		return v
	}
}
