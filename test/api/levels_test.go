// SPDX-License-Identifier: Apache-2.0

package api

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
)

// Regions of the first level read the fields and values in testdata/level1.txt,
// which never grows. Whatever a pool or a post has beyond them is in
// hub.SpecFields, so that an older region is not given an object without it.
func TestLaterFieldsHaveALevel(t *testing.T) {
	content, err := os.ReadFile("testdata/level1.txt")
	if err != nil {
		t.Fatal(err)
	}
	first := strings.Fields(string(content))
	definitions := readCRDs(t)
	for _, kind := range []string{order.KindPool, order.KindPost} {
		paths := map[string]apiextensionsv1.JSONSchemaProps{}
		listFields(paths, "", definitions[kind].Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"])
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			if slices.Contains(first, kind+":"+path) {
				continue
			}
			if !slices.ContainsFunc(hub.SpecFields, func(f hub.LaterField) bool {
				return f.Kind == kind && (path == f.Path || strings.HasPrefix(path, f.Path+".") || strings.HasPrefix(path, f.Path+"="))
			}) {
				t.Errorf("%s: spec.%s came after the first level; give it its level in hub.SpecFields", kind, path)
			}
		}
		for _, f := range hub.SpecFields {
			if f.Kind != kind {
				continue
			}
			schema, there := paths[f.Path]
			if !there {
				t.Errorf("hub.SpecFields has %s of %s, which the API has not", f.Path, kind)
			}
			if schema.Default != nil {
				t.Errorf("%s: spec.%s has a default, so that every object would use it and no older region be given one", kind, f.Path)
			}
		}
	}
}

// listFields lists the fields of a schema, and the values of those that have but a few.
// Lists are passed through.
func listFields(paths map[string]apiextensionsv1.JSONSchemaProps, path string, schema apiextensionsv1.JSONSchemaProps) {
	if schema.Items != nil && schema.Items.Schema != nil {
		listFields(paths, path, *schema.Items.Schema)
	}
	for _, value := range schema.Enum {
		if text, err := strconv.Unquote(string(value.Raw)); err == nil {
			paths[path+"="+text] = apiextensionsv1.JSONSchemaProps{}
		}
	}
	for name, field := range schema.Properties {
		below := strings.TrimPrefix(path+"."+name, ".")
		paths[below] = field
		listFields(paths, below, field)
	}
}
