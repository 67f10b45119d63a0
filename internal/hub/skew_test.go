// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/report"
)

var laterFields = hub.LaterFields{
	{Kind: order.KindPost, Path: "clients", Level: 2},
	{Kind: order.KindPost, Path: "pools.shard", Level: 3},
	{Kind: order.KindPost, Path: "type=Carrier", Level: 2},
	{Kind: order.KindPool, Path: "rollout", Level: 2},
}

func TestReads(t *testing.T) {
	tests := []struct {
		said report.Versions
		want int64
	}{
		{report.Versions{}, 1},
		{report.Versions{Level: 2}, 1},
		{report.Versions{Pods: 2}, 1},
		{report.Versions{Level: 2, Pods: 2}, 2},
		{report.Versions{Level: 2, Pods: 1}, 1},
		{report.Versions{Level: 3, Pods: 2}, 2},
	}
	for _, tt := range tests {
		if got := hub.ReadsOf(tt.said).Level(); got != tt.want {
			t.Errorf("%+v is level %d, want %d", tt.said, got, tt.want)
		}
	}
}

func TestBeyond(t *testing.T) {
	tests := []struct {
		name, kind, spec string
		reads            int64
		want             []string
		needs            int64
	}{
		{"nothing later", order.KindPost, `{"type":"Land","pools":[{"name":"a"}]}`, 1, nil, 1},
		{"a field", order.KindPost, `{"clients":[{"id":"x"}]}`, 1, []string{"clients"}, 2},
		{"a field that is known", order.KindPost, `{"clients":[{"id":"x"}]}`, 2, nil, 2},
		{"in a list", order.KindPost, `{"pools":[{"name":"a"},{"name":"b","shard":1}]}`, 2, []string{"pools.shard"}, 3},
		{"a value", order.KindPost, `{"type":"Carrier"}`, 1, []string{"type=Carrier"}, 2},
		{"several", order.KindPost, `{"type":"Carrier","clients":[],"pools":[{"shard":0}]}`, 1, []string{"clients", "pools.shard", "type=Carrier"}, 3},
		{"null is not there", order.KindPost, `{"clients":null}`, 1, nil, 1},
		{"the field of another kind", order.KindPool, `{"clients":[1]}`, 1, nil, 1},
		{"the same name elsewhere", order.KindPost, `{"location":{"clients":1},"shard":1}`, 1, nil, 1},
		{"another type of value", order.KindPost, `{"type":["Land",7],"pools":"none"}`, 1, nil, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, needs, err := laterFields.Beyond(tt.kind, []byte(tt.spec), tt.reads)
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" || needs != tt.needs {
				t.Errorf("needs level %d, want %d; %v (-want +got):\n%s", needs, tt.needs, err, diff)
			}
		})
	}
	if _, _, err := laterFields.Beyond(order.KindPost, []byte("{"), 1); err == nil {
		t.Error("a spec that is no JSON is taken to be known")
	}
}

func TestWithhold(t *testing.T) {
	const plain, closed = `{"type":"Land"}`, `{"clients":[{}],"type":"Land"}`
	post := func(uid, spec string, generation int64) order.Workload {
		return order.Workload{Name: "gate", UID: uid, Generation: generation, Spec: json.RawMessage(spec)}
	}
	before := func(w order.Workload) *order.Workload { return &w }
	tests := []struct {
		name   string
		wanted order.Workload
		listed *order.Workload
		reads  int64
		// want is the generation that the order lists, 0 for none; needs its level.
		want, needs int64
		withheld    bool
	}{
		{"known", post("a", plain, 2), before(post("a", plain, 1)), 1, 2, 1, false},
		{"of the region's level", post("a", closed, 2), before(post("a", plain, 1)), 2, 2, 2, false},
		{"what was listed stays", post("a", closed, 2), before(post("a", plain, 1)), 1, 1, 1, true},
		{"never listed", post("a", closed, 2), nil, 1, 0, 0, true},
		{"another object was listed", post("a", closed, 2), before(post("b", plain, 1)), 1, 0, 0, true},
		{"a region put back to an older version", post("a", closed, 2), before(post("a", closed, 1)), 1, 0, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list, withheld, err := laterFields.Withhold(order.KindPost, []order.Workload{tt.wanted}, func(string) *order.Workload { return tt.listed }, tt.reads)
			if err != nil {
				t.Fatal(err)
			}
			var got, needs int64
			if len(list) == 1 {
				got, needs = list[0].Generation, list[0].Level
			}
			if got != tt.want || needs != tt.needs {
				t.Errorf("listed is generation %d of level %d, want %d of %d", got, needs, tt.want, tt.needs)
			}
			if (len(withheld) == 1) != tt.withheld || (tt.withheld && withheld[0].String() != "BorderPost gate (spec.clients)") {
				t.Errorf("withheld are %v", withheld)
			}
		})
	}
}

// Whatever is wanted and whatever was listed, an order can be made of what is
// left, and each object is listed as it is wanted or named as withheld.
func TestWithholdFitsTheRegion(t *testing.T) {
	specs := rapid.SampledFrom([]string{`{}`, `{"clients":[1]}`, `{"type":"Carrier"}`, `{"pools":[{"shard":1}]}`, `{"type":"Carrier","pools":[{"shard":1}]}`})
	rapid.Check(t, func(t *rapid.T) {
		reads := rapid.Int64Range(1, 3).Draw(t, "reads")
		before := map[string]order.Workload{}
		var wanted []order.Workload
		for _, name := range rapid.SliceOfDistinct(rapid.StringMatching(`[a-f]`), rapid.ID[string]).Draw(t, "posts") {
			wanted = append(wanted, order.Workload{Name: name, UID: name, Generation: 2, Spec: json.RawMessage(specs.Draw(t, "spec"))})
			if rapid.Bool().Draw(t, "listed") {
				before[name] = order.Workload{Name: name, UID: name, Generation: 1, Spec: json.RawMessage(specs.Draw(t, "before"))}
			}
		}
		list, withheld, err := laterFields.Withhold(order.KindPost, wanted, func(name string) *order.Workload {
			if w, ok := before[name]; ok {
				return &w
			}
			return nil
		}, reads)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := order.Compile(order.Input{Posts: list, Level: reads}); err != nil {
			t.Fatal(err)
		}
		newest := 0
		for _, w := range list {
			if w.Generation == 2 {
				newest++
			}
		}
		if newest+len(withheld) != len(wanted) {
			t.Fatalf("%d are listed as wanted and %d withheld, of %d", newest, len(withheld), len(wanted))
		}
	})
}
