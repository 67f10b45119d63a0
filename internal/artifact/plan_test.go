// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	"pgregory.net/rapid"
)

// id is a digest with a short name.
func id(name string) string { return digest.FromString(name).String() }

func edge(from, to int64) Edge {
	return Edge{
		Layer: id(fmt.Sprintf("delta %d %d", from, to)), FromRelease: from, From: id(strconv.FormatInt(from, 10)),
		ToRelease: to, To: id(strconv.FormatInt(to, 10)), ToSize: 1000,
	}
}

// chained is an artifact of release to on the base of release 1, with a link
// from each release to the next.
func chained(to int64) Config {
	c := Config{
		Format: ConfigFormat, Feed: "intl.un-sc", Region: "north", Release: to, Epoch: 3,
		Content: id(strconv.FormatInt(to, 10)), Size: 1000, Base: Base{Release: 1, Content: id("1"), Size: 1000},
		Groups: []Group{{Layer: id("group 0"), Size: 600}, {Layer: id("group 1"), Size: 400}},
	}
	for n := int64(1); n < to; n++ {
		c.Deltas = append(c.Deltas, edge(n, n+1))
	}
	return c
}

func TestPlanCut(t *testing.T) {
	// A base of 1,000 bytes on the line and links of ten.
	input := func(previous int64, change func(*PlanInput)) PlanInput {
		p := chained(previous)
		in := PlanInput{
			Feed: p.Feed, Region: p.Region, Epoch: p.Epoch, Content: id(strconv.FormatInt(previous+1, 10)), Size: 1000,
			Previous: &p, Layers: map[string]int64{id("group 0"): 600, id("group 1"): 400},
		}
		for _, edge := range p.Deltas {
			in.Layers[edge.Layer] = 10
		}
		patch := edge(previous, previous+1)
		patch.Layer = ""
		in.Patches = []Link{{Edge: patch, Bytes: 10}}
		if change != nil {
			change(&in)
		}
		return in
	}
	type answer struct {
		Rebase, Due   bool
		Links         int
		Update, Fresh int64
	}
	tests := []struct {
		name string
		in   PlanInput
		want answer
	}{
		{"one link more", input(2, nil), answer{Links: 2, Update: 10, Fresh: 1020}},
		{"nothing held", input(2, func(in *PlanInput) { in.Previous = nil }), answer{Rebase: true, Links: 1, Update: 1010, Fresh: 1010}},
		{"asked for", input(2, func(in *PlanInput) { in.Rebase = true }), answer{Rebase: true, Links: 1, Update: 1010, Fresh: 1010}},
		{"another epoch", input(2, func(in *PlanInput) { in.Epoch++ }), answer{Rebase: true, Links: 1, Update: 1010, Fresh: 1010}},
		{"another region", input(2, func(in *PlanInput) { in.Region = "south" }), answer{Rebase: true, Links: 1, Update: 1010, Fresh: 1010}},
		{"a group is gone", input(2, func(in *PlanInput) { delete(in.Layers, id("group 1")) }), answer{Rebase: true, Links: 1, Update: 1010, Fresh: 1010}},
		{"no delta", input(2, func(in *PlanInput) { in.Patches = nil }), answer{Rebase: true, Update: 1000, Fresh: 1000}},
		{"delta from elsewhere", input(2, func(in *PlanInput) { in.Patches[0].From = id("x") }), answer{Rebase: true, Links: 1, Update: 1010, Fresh: 1010}},
		{"delta of 40 %", input(2, func(in *PlanInput) { in.Patches[0].Bytes = 400 }), answer{Links: 2, Update: 400, Fresh: 1410, Due: true}},
		{"delta of over 40 %", input(2, func(in *PlanInput) { in.Patches[0].Bytes = 401 }), answer{Rebase: true, Update: 1000, Fresh: 1000}},
		{"chain of 20 %", input(2, func(in *PlanInput) { in.Patches[0].Bytes = 190 }), answer{Links: 2, Update: 190, Fresh: 1200}},
		{"chain of over 20 %", input(2, func(in *PlanInput) { in.Patches[0].Bytes = 191 }), answer{Links: 2, Update: 191, Fresh: 1201, Due: true}},
		{"15 links", input(15, nil), answer{Links: 15, Update: 10, Fresh: 1150}},
		{"16 links", input(16, nil), answer{Links: 16, Update: 10, Fresh: 1160, Due: true}},
		{"32 links", input(32, nil), answer{Links: 32, Update: 10, Fresh: 1320, Due: true}},
		{"33 links", input(33, nil), answer{Rebase: true, Links: 1, Update: 1010, Fresh: 1010}},
		{"delta beside a base of over 5 %", input(2, func(in *PlanInput) { in.Rebase = true; in.Patches[0].Bytes = 51 }), answer{Rebase: true, Update: 1000, Fresh: 1000}},
		{"the same content again", input(3, func(in *PlanInput) { in.Content = in.Previous.Content; in.Patches = nil }), answer{Links: 2, Fresh: 1020}},
		{"back to an earlier content", input(3, func(in *PlanInput) { in.Content = id("2"); in.Patches = nil }), answer{Links: 1, Fresh: 1010}},
		{"base for the content that is out", input(3, func(in *PlanInput) {
			in.Content, in.Patches, in.Rebase = in.Previous.Content, nil, true
		}), answer{Rebase: true, Links: 1, Update: 1000, Fresh: 1010}},
		{"shortcut from the base", input(5, func(in *PlanInput) {
			short := edge(1, 6)
			in.Patches = append(in.Patches, Link{Edge: short, Bytes: 20})
		}), answer{Links: 2, Update: 30, Fresh: 1030}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := PlanCut(test.in)
			got := answer{Rebase: p.Rebase, Due: p.Due, Links: len(p.Links), Update: p.Update, Fresh: p.Fresh}
			if diff := cmp.Diff(test.want, got); diff != "" || p.Reason == "" {
				t.Errorf("plan (-want +got):\n%s reason %q", diff, p.Reason)
			}
		})
	}
}

// TestRouteIsCheapest compares the search with all ways there are.
func TestRouteIsCheapest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(t, "contents")
		content := func(i int) string { return id(strconv.Itoa(i)) }
		c := Config{Content: content(n - 1), Base: Base{Content: content(0)}, Groups: []Group{{Layer: id("group")}}}
		k := costs{
			bytes: map[string]int64{id("group"): rapid.Int64Range(1, 100).Draw(t, "base")},
			have:  map[string]bool{}, avoid: map[string]bool{},
		}
		for i := range n - 1 {
			if rapid.IntRange(0, 3).Draw(t, "have") == 0 {
				k.have[content(i)] = true
			}
		}
		for i := range rapid.IntRange(0, 10).Draw(t, "edges") {
			from, to := rapid.IntRange(0, n-1).Draw(t, "from"), rapid.IntRange(0, n-1).Draw(t, "to")
			if from == to {
				continue
			}
			layer := id(fmt.Sprintf("edge %d", i))
			k.bytes[layer] = rapid.Int64Range(1, 100).Draw(t, "bytes")
			if rapid.IntRange(0, 5).Draw(t, "avoid") == 0 {
				k.avoid[layer] = true
			}
			c.Deltas = append(c.Deltas, Edge{Layer: layer, From: content(from), To: content(to)})
		}
		best, found := int64(0), false
		var search func(at string, bytes int64, seen map[string]bool)
		search = func(at string, bytes int64, seen map[string]bool) {
			if at == c.Content && (!found || bytes < best) {
				best, found = bytes, true
			}
			for _, edge := range c.Deltas {
				if edge.From == at && !seen[edge.To] && !k.avoid[edge.Layer] {
					seen[edge.To] = true
					search(edge.To, bytes+k.bytes[edge.Layer], seen)
					delete(seen, edge.To)
				}
			}
		}
		for i := range n {
			if k.have[content(i)] {
				search(content(i), 0, map[string]bool{content(i): true})
			}
		}
		search(content(0), k.bytes[id("group")], map[string]bool{content(0): true})

		way, ok := c.route(k)
		if ok != found || (ok && way.bytes != best) {
			t.Fatalf("route of %d bytes, %v; the cheapest has %d, %v", way.bytes, ok, best, found)
		}
		if !ok {
			return
		}
		at, bytes := way.from, int64(0)
		if way.base {
			bytes = k.bytes[id("group")]
		} else if !k.have[at] {
			t.Fatal("starts at a file that is not at hand")
		}
		for _, edge := range way.steps {
			if edge.From != at || k.avoid[edge.Layer] {
				t.Fatal("a step does not follow the one before, or is to be avoided")
			}
			at, bytes = edge.To, bytes+k.bytes[edge.Layer]
		}
		if at != c.Content || bytes != way.bytes {
			t.Fatalf("leads to %s with %d bytes", at, bytes)
		}
	})
}
