// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// readManifest returns the objects of a YAML file.
func readManifest(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatalf("read %s: %v", path, err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// sample returns the first object of the sample of a kind.
func sample(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	objects := readManifest(t, filepath.Join(samples, strings.ToLower(kind)+".yaml"))
	if len(objects) == 0 || objects[0].GetKind() != kind {
		t.Fatalf("the sample of %s does not begin with one", kind)
	}
	return objects[0]
}

// edit changes one object of a test.
type edit func(object map[string]any)

// set writes a value at a path such as spec.feeds.0.id, making what lacks.
func set(path string, value any) edit {
	return func(object map[string]any) {
		parent, last := walk(object, path)
		switch parent := parent.(type) {
		case map[string]any:
			parent[last] = value
		case []any:
			parent[index(last)] = value
		}
	}
}

// remove deletes the field at a path.
func remove(path string) edit {
	return func(object map[string]any) {
		parent, last := walk(object, path)
		delete(parent.(map[string]any), last)
	}
}

// walk returns the map or list that holds the last step of a path.
func walk(object map[string]any, path string) (parent any, last string) {
	steps := strings.Split(path, ".")
	parent = object
	for _, step := range steps[:len(steps)-1] {
		switch current := parent.(type) {
		case map[string]any:
			if _, ok := current[step]; !ok {
				current[step] = map[string]any{}
			}
			parent = current[step]
		case []any:
			parent = current[index(step)]
		}
	}
	return parent, steps[len(steps)-1]
}

func index(step string) int { return int(step[0] - '0') }

// unchecked is what the server adds where a plain mistake hides the rules behind it.
const unchecked = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"

// causes returns what the server refused, one line a field: the field and the
// sentence, without the value that the server puts between them.
func causes(t *testing.T, err error) []string {
	t.Helper()
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		t.Fatalf("the server answered %v, want a refusal with a status", err)
	}
	details := status.Status().Details
	if details == nil || len(details.Causes) == 0 {
		return []string{status.Status().Message}
	}
	lines := make([]string, 0, len(details.Causes))
	for _, cause := range details.Causes {
		if strings.HasSuffix(cause.Message, unchecked) {
			continue
		}
		// A rule on the whole object has no field.
		lines = append(lines, strings.TrimPrefix(cause.Field, "<nil>")+": "+sentence(cause.Message))
	}
	return lines
}

// sentence cuts the leading `Invalid value: VALUE: ` off a message. A value is
// quoted, a number, or the word that stands for its type.
func sentence(message string) string {
	rest, ok := strings.CutPrefix(message, "Invalid value: ")
	if !ok {
		return message
	}
	if strings.HasPrefix(rest, `"`) {
		if end := strings.Index(rest[1:], `": `); end >= 0 {
			return rest[end+4:]
		}
	}
	if _, after, ok := strings.Cut(rest, ": "); ok {
		return after
	}
	return rest
}
