// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"cmp"
	"slices"

	"github.com/frontline-screening/frontline/internal/order"
)

// object is a pool or post as it stands in the region.
type object struct {
	// HubUID is the hub's object that it was applied from; empty when the
	// agent did not apply it.
	HubUID string
	// Orphaned says that it carries the mark of an orphan.
	Orphaned bool
	// Deleting says that it is being deleted.
	Deleting bool
}

// verb is what is done with an object.
type verb string

const (
	// verbApply makes the object be as ordered.
	verbApply verb = "Apply"
	// verbDelete removes an object that a tombstone withdraws.
	verbDelete verb = "Delete"
	// verbMark marks an object that the order neither lists nor withdraws.
	verbMark verb = "MarkOrphan"
)

// action is one step of a plan.
type action struct {
	Verb verb
	// Kind is order.KindPool or order.KindPost.
	Kind string
	Name string
	// Workload is what is applied.
	Workload order.Workload
}

// planObjects says what to do with the objects of one kind so that the region
// is as ordered. It is a pure function. Only a tombstone that names the object
// removes it: what is merely not listed stays and is marked.
func planObjects(o *order.Order, kind string, listed []order.Workload, observed map[string]object) []action {
	if o == nil {
		return nil
	}
	var plan []action
	names := map[string]bool{}
	for _, w := range listed {
		names[w.Name] = true
		plan = append(plan, action{Verb: verbApply, Kind: kind, Name: w.Name, Workload: w})
	}
	for name, obj := range observed {
		switch {
		case names[name] || obj.Deleting:
		case obj.HubUID != "" && o.Withdrawn(kind, obj.HubUID):
			plan = append(plan, action{Verb: verbDelete, Kind: kind, Name: name})
		case !obj.Orphaned:
			plan = append(plan, action{Verb: verbMark, Kind: kind, Name: name})
		}
	}
	slices.SortFunc(plan, func(a, b action) int { return cmp.Compare(a.Name, b.Name) })
	return plan
}
