// SPDX-License-Identifier: Apache-2.0

package region

import (
	"github.com/frontline-screening/frontline/internal/order"
)

// linkLocal is order.Region.Link of a region in the hub's own cluster.
const linkLocal = "Local"

// Unlisted are the pools and posts that an earlier order listed and that the
// order in force neither lists nor withdraws. They serve on.
//
// Only a region with link Local keeps them here: its pools and posts are the
// hub's own objects, so that a deleted one leaves nothing else to run by.
// Elsewhere the region has an object of its own until a tombstone takes it.
type Unlisted struct {
	Pools []order.Workload `json:"pools,omitempty"`
	Posts []order.Workload `json:"posts,omitempty"`
}

// RunningPool returns the pool by the order in force or, when it lists none of
// that name, by the order that listed it last; nil when there is none.
func (v *Verified) RunningPool(name string) *order.Workload {
	if w := v.Pool(name); w != nil {
		return w
	}
	return named(v.Unlisted.Pools, name)
}

// RunningPost is RunningPool for posts.
func (v *Verified) RunningPost(name string) *order.Workload {
	if w := v.Post(name); w != nil {
		return w
	}
	return named(v.Unlisted.Posts, name)
}

func named(list []order.Workload, name string) *order.Workload {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}

// carry returns what a new order leaves unlisted of what held lists or carries
// itself. Only a tombstone that names the object, or a new object under the
// same name, ends it.
func carry(held *Verified, next *order.Order) Unlisted {
	if held == nil || next.Region.Link != linkLocal {
		return Unlisted{}
	}
	left := func(kind string, listed func(string) *order.Workload, lists ...[]order.Workload) []order.Workload {
		var out []order.Workload
		for _, list := range lists {
			for _, w := range list {
				if listed(w.Name) == nil && named(out, w.Name) == nil && !next.Withdrawn(kind, w.UID) {
					out = append(out, w)
				}
			}
		}
		return out
	}
	return Unlisted{
		Pools: left(order.KindPool, next.Pool, held.Pools, held.Unlisted.Pools),
		Posts: left(order.KindPost, next.Post, held.Posts, held.Unlisted.Posts),
	}
}
