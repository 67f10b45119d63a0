// SPDX-License-Identifier: Apache-2.0

package api

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// largest is what still fits, with room to spare, into the annotation that a
// client-side apply adds.
const largest = 256 * 1024

func readCRDs(t *testing.T) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob(crds + "/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d CRDs: %v", len(files), err)
	}
	definitions := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(content) >= largest {
			t.Errorf("%s has %d bytes, want fewer than %d", file, len(content), largest)
		}
		definition := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, definition); err != nil {
			t.Fatalf("read %s: %v", file, err)
		}
		definitions[definition.Spec.Names.Kind] = definition
	}
	return definitions
}

func TestNamesOfKinds(t *testing.T) {
	want := map[string]string{
		"RegionalCluster": "rgn", "WatchlistFeed": "feed", "WatchlistRelease": "rel", "MatcherPool": "pool",
		"BorderPost": "post", "WatchlistReplica": "repl", "RegionTerms": "terms",
		"Approval": "appr", "RecordRequest": "recreq",
	}
	got := map[string]string{}
	for kind, definition := range readCRDs(t) {
		got[kind] = strings.Join(definition.Spec.Names.ShortNames, ",")
		if !slices.Contains(definition.Spec.Names.Categories, "frontline") {
			t.Errorf("%s lacks the category frontline, so `kubectl get frontline` leaves it out", kind)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("short names (-want +got):\n%s", diff)
	}
}

// kubectl explain reads like documentation only if every field says something.
func TestEveryFieldIsDescribed(t *testing.T) {
	for kind, definition := range readCRDs(t) {
		for _, version := range definition.Spec.Versions {
			schema := version.Schema.OpenAPIV3Schema
			if len(schema.Description) < 40 {
				t.Errorf("%s has no description", kind)
			}
			undescribed(schema, kind, func(path string) { t.Errorf("%s has no description", path) })
			for _, column := range version.AdditionalPrinterColumns {
				if column.Description == "" {
					t.Errorf("column %s of %s has no description", column.Name, kind)
				}
			}
		}
	}
}

func undescribed(schema *apiextensionsv1.JSONSchemaProps, path string, report func(string)) {
	for name, property := range schema.Properties {
		here := path + "." + name
		// The server describes metadata itself.
		if property.Description == "" && name != "metadata" {
			report(here)
		}
		undescribed(&property, here, report)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		undescribed(schema.Items.Schema, path+"[]", report)
	}
}

// A rule whose message is missing shows its expression, which helps nobody.
func TestEveryRuleSpeaks(t *testing.T) {
	for kind, definition := range readCRDs(t) {
		for _, version := range definition.Spec.Versions {
			speechless(version.Schema.OpenAPIV3Schema, kind, func(path, rule string) { t.Errorf("%s: rule %q has no message", path, rule) })
		}
	}
}

func speechless(schema *apiextensionsv1.JSONSchemaProps, path string, report func(path, rule string)) {
	for _, rule := range schema.XValidations {
		if len(rule.Message) < 20 {
			report(path, rule.Rule)
		}
	}
	for name, property := range schema.Properties {
		speechless(&property, path+"."+name, report)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		speechless(schema.Items.Schema, path+"[]", report)
	}
}

// One page a kind, and every field of its spec and status named on it.
func TestEveryFieldIsOnItsPage(t *testing.T) {
	for kind, definition := range readCRDs(t) {
		page := filepath.Join(root, "docs", "spec", strings.ToLower(kind)+".md")
		content, err := os.ReadFile(page)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, version := range definition.Spec.Versions {
			for _, part := range []string{"spec", "status"} {
				schema := version.Schema.OpenAPIV3Schema.Properties[part]
				fields(&schema, part, func(path string) {
					if !strings.Contains(string(content), "`"+path+"`") {
						t.Errorf("%s does not name %s", page, path)
					}
				})
			}
		}
	}
}

func fields(schema *apiextensionsv1.JSONSchemaProps, path string, visit func(string)) {
	for name, property := range schema.Properties {
		here := path + "." + name
		visit(here)
		if here != "status.conditions" {
			fields(&property, here, visit)
		}
		if property.Items != nil && property.Items.Schema != nil && here != "status.conditions" {
			fields(property.Items.Schema, here+"[]", visit)
		}
	}
}
