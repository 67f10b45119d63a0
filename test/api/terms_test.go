// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// TestTermsAreSpelledOnce holds the enums of the API against the terms of
// requests, answers and parsers.
func TestTermsAreSpelledOnce(t *testing.T) {
	for _, test := range []struct {
		name, crd string
		path      []string
		want      []string
	}{
		{"purposes", "WatchlistFeed", []string{"purposes", "items"}, words(screen.Purposes())},
		{"natures", "WatchlistFeed", []string{"nature"}, words(screen.Natures())},
		{"grades", "WatchlistFeed", []string{"grade"}, words(screen.Grades())},
		{"formats", "WatchlistFeed", []string{"format"}, words(watchlist.Formats())},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := enum(t, test.crd, test.path)
			slices.Sort(got)
			slices.Sort(test.want)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-code +API:\n%s", diff)
			}
		})
	}
}

func words[T any](list []T) []string {
	out := make([]string, 0, len(list))
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// enum reads the values of a property of the kind's spec; "items" steps into a list.
func enum(t *testing.T, kind string, path []string) []string {
	t.Helper()
	crd, ok := readCRDs(t)[kind]
	if !ok {
		t.Fatalf("no CRD of %s", kind)
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	for _, step := range path {
		if step == "items" {
			schema = *schema.Items.Schema
			continue
		}
		schema = schema.Properties[step]
	}
	out := make([]string, 0, len(schema.Enum))
	for _, value := range schema.Enum {
		out = append(out, strings.Trim(string(value.Raw), `"`))
	}
	return out
}
