// SPDX-License-Identifier: Apache-2.0

package order_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/level"
	"github.com/frontline-screening/frontline/internal/order"
)

// An order says which level it needs as soon as something of a later one is in
// it, and is not made for a region that could not read it.
func TestOrderSaysItsLevel(t *testing.T) {
	tests := []struct {
		name        string
		spec, reads int64
		want        int64
		refused     string
	}{
		{"nothing new", 0, 2, 0, ""},
		{"the first level", 1, 0, 0, ""},
		{"a later spec", 2, 2, 2, ""},
		{"a later spec for a later region", 2, 3, 2, ""},
		{"a later spec for an older region", 2, 1, 0, "needs level 2 and the region reads level 1"},
		{"a later spec for a region that says nothing", 2, 0, 0, "needs level 2 and the region reads level 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input()
			in.Posts[0].Level, in.Level = tt.spec, tt.reads
			body, err := order.Compile(in)
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) || !strings.Contains(err.Error(), in.Posts[0].Name) {
					t.Errorf("error is %v, want one that contains %q", err, tt.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := open(t, body, 1).Level; got != tt.want {
				t.Errorf("the order says level %d, want %d", got, tt.want)
			}
			if err := readAtLevel1(body); (err == nil) != (tt.want == 0) {
				t.Errorf("a reader of the first level says %v of an order of level %d", err, tt.want)
			}
		})
	}
}

// What is beyond a reader is refused in words that say so, whatever stands in it.
func TestOrdersBeyondTheReader(t *testing.T) {
	data := []byte(`{"kind":"wishes"}`)
	beyond := fmt.Sprintf("needs level %d, this version reads up to level %d; upgrade", level.Known+1, level.Known)
	part := map[string]any{"kind": "wishes", "shard": 0, "shards": 1, "digest": canonical.Digest(data), "size": len(data)}
	tests := []struct {
		name string
		edit func(index map[string]any)
		// agent and loader are what each says; a loader passes over parts that it does not need.
		agent, loader string
	}{
		{"a field of a later level", func(index map[string]any) { index["level"], index["wish"] = level.Known+1, "new" }, beyond, beyond},
		{"a part of a later level", func(index map[string]any) { index["level"], index["parts"] = level.Known+1, []any{part} }, beyond, beyond},
		{"a field of no level", func(index map[string]any) { index["wish"] = "new" }, `unknown field "wish"`, `unknown field "wish"`},
		{"a field of a level that is known", func(index map[string]any) { index["level"], index["wish"] = level.Known, "new" }, `unknown field "wish"`, `unknown field "wish"`},
		{"a part of no level", func(index map[string]any) { index["parts"] = []any{part} }, `unknown kind "wishes"`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			index := map[string]any{"format": order.Format, "hubUID": "hub", "term": 1, "sequence": 1, "region": map[string]any{}, "parts": []any{}}
			tt.edit(index)
			signed, err := canonical.Marshal(index)
			if err != nil {
				t.Fatal(err)
			}
			_, err = order.Open(signed, func(string) ([]byte, error) { return data, nil })
			if err == nil || !strings.Contains(err.Error(), tt.agent) {
				t.Errorf("an agent says %v, want %q", err, tt.agent)
			}
			_, _, err = order.OpenFeeds(signed, nil)
			if (err == nil) != (tt.loader == "") || (err != nil && !strings.Contains(err.Error(), tt.loader)) {
				t.Errorf("a loader says %v, want %q", err, tt.loader)
			}
		})
	}
}
