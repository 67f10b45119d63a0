// SPDX-License-Identifier: Apache-2.0

package order

import (
	"encoding/json"
	"fmt"
	"strings"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/level"
	"github.com/frontline-screening/frontline/internal/order"
)

// level is what the order may need. Of a region that never said what it reads,
// what it was given before tells.
func (s *scope) level() int64 {
	switch {
	case s.reads != nil:
		return s.reads.Level()
	case s.published != nil:
		return max(s.published.order.Level, level.First)
	}
	return level.First
}

// carryWorkloads puts the region's pools and posts into the order, as far as
// the region reads them.
func (r *Reconciler) carryWorkloads(s *scope, in *order.Input) error {
	var pools, posts []order.Workload
	for i := range s.pools {
		pool := s.pools[i].Spec.DeepCopy()
		// What the region notes about the hub's wish is not the hub's wish.
		pool.Baseline = nil
		workload, err := workload(s.pools[i].Name, string(s.pools[i].UID), s.pools[i].Generation, pool)
		if err != nil {
			return err
		}
		pools = append(pools, workload)
	}
	for i := range s.posts {
		workload, err := workload(s.posts[i].Name, string(s.posts[i].UID), s.posts[i].Generation, &s.posts[i].Spec)
		if err != nil {
			return err
		}
		posts = append(posts, workload)
	}
	s.withheld = nil
	for _, each := range []struct {
		kind   string
		wanted []order.Workload
		listed func(*order.Order, string) *order.Workload
		into   *[]order.Workload
	}{
		{order.KindPool, pools, (*order.Order).Pool, &in.Pools},
		{order.KindPost, posts, (*order.Order).Post, &in.Posts},
	} {
		listed := func(name string) *order.Workload {
			if s.published == nil {
				return nil
			}
			return each.listed(s.published.order, name)
		}
		list, withheld, err := r.Later.Withhold(each.kind, each.wanted, listed, in.Level)
		if err != nil {
			return err
		}
		*each.into, s.withheld = list, append(s.withheld, withheld...)
	}
	s.sayWithheld()
	return nil
}

func workload(name, uid string, generation int64, spec any) (order.Workload, error) {
	data, err := json.Marshal(spec)
	if err != nil {
		return order.Workload{}, fmt.Errorf("spec of %s: %w", name, err)
	}
	return order.Workload{Name: name, UID: uid, Generation: generation, Spec: data}, nil
}

// sayWithheld names on the region what it is too old for. A region that never
// reported is not old: nobody knows.
func (s *scope) sayWithheld() {
	if s.reads == nil || len(s.withheld) == 0 {
		conditions.Delete(s.region, screeningv1.ConditionVersionSkew)
		return
	}
	names := make([]string, 0, len(s.withheld))
	for _, w := range s.withheld {
		names = append(names, w.String())
	}
	reason, next := report.Older(*s.reads)
	conditions.True(s.region, screeningv1.ConditionVersionSkew, reason,
		"Not ordered as they stand, because the region does not know fields of theirs: %s; what was ordered before stays in force; %s",
		strings.Join(names, ", "), next)
}
