// SPDX-License-Identifier: Apache-2.0

package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Whoever meets a condition or a reason finds on some page what to do.
func TestEveryReasonIsOnAPage(t *testing.T) {
	pages, err := filepath.Glob(root + "/docs/spec/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(content)
	}
	constants := apiConstants(t)
	if len(constants) < 50 {
		t.Fatalf("found %d condition types and reasons, want all of them", len(constants))
	}
	for name, value := range constants {
		if !strings.Contains(text.String(), "`"+value+"`") {
			t.Errorf("no page of docs/spec names %s (%s)", value, name)
		}
	}
}

// apiConstants returns the constants of api/v1alpha1 whose names begin with
// Condition or Reason.
func apiConstants(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(root + "/api/v1alpha1/*.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
				return true
			}
			name := spec.Names[0].Name
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if ok && (strings.HasPrefix(name, "Condition") || strings.HasPrefix(name, "Reason")) {
				if value, err := strconv.Unquote(literal.Value); err == nil {
					constants[name] = value
				}
			}
			return true
		})
	}
	return constants
}
