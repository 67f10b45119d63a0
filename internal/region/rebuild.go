// SPDX-License-Identifier: Apache-2.0

package region

import (
	"maps"
	"os"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
)

// rebuildingFile is there from when the region found its volume lost until it
// holds what its order wants and can open it. Until then pods may hold more than
// the region does.
const rebuildingFile = "rebuilding"

// rebuild begins, on a volume that was lost. A process that cannot note it knows it
// for itself.
func (r *Region) rebuild() {
	r.rebuilding = true
	_ = r.store.write(rebuildingFile, []byte("1\n"))
}

// rebuilt ends it once there is a copy, with its key, of everything that is to be
// searched.
func (r *Region) rebuilt() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.rebuilding || r.verified == nil {
		return nil
	}
	for i := range r.verified.Feeds {
		f := &r.verified.Feeds[i]
		if !Judge(r.verified.Order, r.terms, f.ID).Search {
			continue
		}
		lacks, err := r.store.lacksKey(f.ID, r.copies[f.ID].Epoch)
		if _, _, locked := r.opened(r.verified, f); err != nil || lacks || locked != nil || !r.copies.usable(f) {
			return err
		}
	}
	r.rebuilding = false
	return os.Remove(r.store.path(rebuildingFile))
}

// presumed are the copies with those that an order wants and that are lost: pods
// that have such a release go on with it under the rules of the order, and a pod
// that has none waits for it as it waits for any.
func (c Copies) presumed(o *order.Order) Copies {
	all := maps.Clone(c)
	for i := range o.Feeds {
		f := &o.Feeds[i]
		if _, held := c[f.ID]; !held && f.State == order.Serve && f.Release > 0 {
			all[f.ID] = Copy{
				UID: f.UID, Release: f.Release, Content: f.Content, Artifact: f.Artifact,
				Size: f.Size, Records: f.Records, ListDate: f.ListDate, Epoch: f.Epoch,
			}
		}
	}
	return all
}

// searchable counts the feeds that a target lets be searched.
func searchable(target dataset.Target) int {
	n := 0
	for _, f := range target.Set.Feeds {
		if f.State == dataset.Serve {
			n++
		}
	}
	return n
}
