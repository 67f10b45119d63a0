// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlan(t *testing.T) {
	const repo = "regions/north/feeds/a.b"
	want := []Want{{Feed: "a.b", Repository: repo, Manifests: []string{"m1", "m2"}, Known: []string{"m3"}}}
	whole := Manifest{State: Whole, Parts: []Part{{"c", 1, Whole}, {"l", 9, Whole}}}
	tests := []struct {
		name     string
		found    map[string]Found
		suspects map[string]bool
		want     []Action
	}{
		{name: "not looked at", found: map[string]Found{}},
		{name: "as it shall be", found: map[string]Found{repo: {
			Tagged: map[string]string{"v1": "m1", "v2": "m2", "v3": "m3"}, Manifests: map[string]Manifest{"m1": whole, "m2": whole},
		}}},
		{name: "nothing there", found: map[string]Found{repo: {}}, want: []Action{
			{Kind: Fetch, Feed: "a.b", Repository: repo, Manifest: "m1", Missing: []string{"m1"}},
			{Kind: Fetch, Feed: "a.b", Repository: repo, Manifest: "m2", Missing: []string{"m2"}},
		}},
		{name: "a blob missing, one damaged, a manifest damaged", found: map[string]Found{repo: {Manifests: map[string]Manifest{
			"m1": {State: Whole, Parts: []Part{{"c", 1, Whole}, {"l", 9, Missing}, {"k", 9, Damaged}}},
			"m2": {State: Damaged},
		}}}, want: []Action{
			{Kind: Fetch, Feed: "a.b", Repository: repo, Manifest: "m1", Missing: []string{"l"}, Damaged: []string{"k"}},
			{Kind: Fetch, Feed: "a.b", Repository: repo, Manifest: "m2", Damaged: []string{"m2"}},
		}},
		{name: "unknown for the first time", found: map[string]Found{repo: {
			Tagged: map[string]string{"v8": "m8", "v9": "m9", "w9": "m9"}, Manifests: map[string]Manifest{"m1": whole, "m2": whole},
		}}, suspects: map[string]bool{Suspect(repo, "m9"): true, Suspect("other", "m8"): true}, want: []Action{
			{Kind: Watch, Feed: "a.b", Repository: repo, Manifest: "m8"},
			{Kind: Remove, Feed: "a.b", Repository: repo, Manifest: "m9"},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Plan(want, test.found, test.suspects)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
