// SPDX-License-Identifier: Apache-2.0

// Command fields writes the tables of fields and of refusals into the pages of
// docs/spec, from the CRDs. Each page keeps them between two comments; what a
// person writes around them stays.
//
//	go run ./hack/fields config/crd/bases docs/spec
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// The comments that enclose what this program writes.
const (
	begin = "<!-- Written by hack/fields; edit the types in api/v1alpha1 instead. -->\n"
	end   = "<!-- End of what hack/fields writes. -->\n"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: fields CRDS PAGES")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "fields:", err)
		os.Exit(1)
	}
}

func run(crds, pages string) error {
	files, err := filepath.Glob(filepath.Join(crds, "*.yaml"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s has no CRDs; run hack/generate.sh", crds)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(content, &definition); err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		page := filepath.Join(pages, strings.ToLower(definition.Spec.Names.Kind)+".md")
		if err := rewrite(page, tables(definition.Spec.Versions[0].Schema.OpenAPIV3Schema)); err != nil {
			return err
		}
	}
	return nil
}

// rewrite replaces what stands between the two comments of a page.
func rewrite(page string, tables []byte) error {
	content, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("every kind has a page: %w", err)
	}
	before, rest, ok := bytes.Cut(content, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return fmt.Errorf("%s lacks the comments that enclose the tables:\n%s%s", page, begin, end)
	}
	updated := slices.Concat(before, []byte(begin), tables, []byte(end), after)
	if bytes.Equal(updated, content) {
		return nil
	}
	return os.WriteFile(page, updated, 0o644)
}

// writer gathers the rows of the tables.
type writer struct {
	fields, refusals bytes.Buffer
}

func tables(root *apiextensionsv1.JSONSchemaProps) []byte {
	var w writer
	for _, rule := range root.XValidations {
		w.refusal("metadata.name", rule.Message)
	}
	for _, part := range []string{"spec", "status"} {
		schema := root.Properties[part]
		fmt.Fprintf(&w.fields, "\n### %s\n\n| field | type | meaning |\n|---|---|---|\n", part)
		w.properties(part, &schema)
	}
	var out bytes.Buffer
	out.Write(w.fields.Bytes())
	out.WriteString("\n### Refusals\n\nThe API server refuses an object with one of these sentences, besides those on types, enumerations and limits above.\n\n| field | sentence |\n|---|---|\n")
	out.Write(w.refusals.Bytes())
	out.WriteString("\n")
	return out.Bytes()
}

// properties writes a row for every field below a path, in order of name.
func (w *writer) properties(path string, schema *apiextensionsv1.JSONSchemaProps) {
	for _, rule := range schema.XValidations {
		w.refusal(path, rule.Message)
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name]
		here := path + "." + name
		required := slices.Contains(schema.Required, name)
		fmt.Fprintf(&w.fields, "| `%s` | %s | %s |\n", here, typeOf(&property, required), cell(property.Description))
		// Conditions are the same in every kind; their page is Kubernetes'.
		if here == "status.conditions" {
			continue
		}
		w.properties(here, &property)
		if property.Items != nil && property.Items.Schema != nil {
			w.properties(here+"[]", property.Items.Schema)
		}
	}
}

func (w *writer) refusal(path, message string) {
	fmt.Fprintf(&w.refusals, "| `%s` | %s |\n", path, cell(message))
}

// typeOf describes the type of a field, its values, default and whether it is required.
func typeOf(schema *apiextensionsv1.JSONSchemaProps, required bool) string {
	kind := schema.Type
	values := schema.Enum
	switch {
	case schema.XIntOrString:
		kind = "quantity"
	case schema.Format == "date-time":
		kind = "time"
	case schema.Type == "array" && schema.Items != nil && schema.Items.Schema != nil:
		kind = "list of " + schema.Items.Schema.Type
		values = schema.Items.Schema.Enum
	}
	if len(values) > 0 {
		names := make([]string, len(values))
		for i, value := range values {
			names[i] = "`" + strings.Trim(string(value.Raw), `"`) + "`"
		}
		kind += ": " + strings.Join(names, ", ")
	}
	if schema.Default != nil && schema.Type != "object" {
		var value any
		if json.Unmarshal(schema.Default.Raw, &value) == nil {
			kind += fmt.Sprintf("; default `%v`", value)
		}
	}
	if required {
		kind += "; required"
	}
	return kind
}

// cell makes a text fit into one cell of a table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
