// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/order"
)

// TestPlanRemovesByTombstoneAlone holds for any order and any region: nothing
// is removed that a tombstone does not name, everything listed is applied, and
// a region that took the plan needs no other step but applying.
func TestPlanRemovesByTombstoneAlone(t *testing.T) {
	names := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
	rapid.Check(t, func(t *rapid.T) {
		o := &order.Order{}
		for _, name := range rapid.SliceOfNDistinct(names, 0, 5, rapid.ID).Draw(t, "listed") {
			o.Pools = append(o.Pools, order.Workload{Name: name, UID: "uid-" + name})
		}
		for _, name := range rapid.SliceOfNDistinct(names, 0, 5, rapid.ID).Draw(t, "withdrawn") {
			kind := rapid.SampledFrom([]string{order.KindPool, order.KindPost}).Draw(t, "kind")
			o.Tombstones = append(o.Tombstones, order.Tombstone{Kind: kind, Name: name, UID: "uid-" + name})
		}
		observed := map[string]object{}
		for _, name := range rapid.SliceOfNDistinct(names, 0, 5, rapid.ID).Draw(t, "there") {
			observed[name] = object{
				HubUID:   rapid.SampledFrom([]string{"", "uid-" + name, "older"}).Draw(t, "uid"),
				Orphaned: rapid.Bool().Draw(t, "orphaned"), Deleting: rapid.Bool().Draw(t, "deleting"),
			}
		}
		applied := map[string]bool{}
		for _, step := range planObjects(o, order.KindPool, o.Pools, observed) {
			switch step.Verb {
			case verbApply:
				applied[step.Name] = true
			case verbDelete:
				if o.Pool(step.Name) != nil || !o.Withdrawn(order.KindPool, observed[step.Name].HubUID) {
					t.Fatalf("pool %s would be removed without a tombstone of its own", step.Name)
				}
				delete(observed, step.Name)
			case verbMark:
				marked := observed[step.Name]
				marked.Orphaned = true
				observed[step.Name] = marked
			}
		}
		for _, w := range o.Pools {
			if !applied[w.Name] {
				t.Fatalf("listed pool %s is not applied", w.Name)
			}
		}
		for _, step := range planObjects(o, order.KindPool, o.Pools, observed) {
			if step.Verb != verbApply {
				t.Fatalf("after the plan, %s of %s is still wanted", step.Verb, step.Name)
			}
		}
	})
}
