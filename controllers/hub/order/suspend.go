// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"encoding/json"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/order"
)

// standing reports whether the order lists a pool or post, whose spec it turns
// into what the order says now where somebody suspended the object. Deleting is
// not changing: what is deleted goes.
func (s *scope) standing(o client.Object, kind string, spec any) (bool, error) {
	if !o.GetDeletionTimestamp().IsZero() {
		return false, nil
	}
	if !screeningv1.Suspended(o) {
		return true, nil
	}
	before := s.published.workload(kind, o.GetName())
	if before == nil || before.UID != string(o.GetUID()) {
		return false, nil
	}
	if err := json.Unmarshal(before.Spec, spec); err != nil {
		return false, fmt.Errorf("%s %s, which is suspended, in order %d: %w", kind, o.GetName(), s.published.Sequence, err)
	}
	o.SetGeneration(before.Generation)
	return true, nil
}

// workload returns what the order says of a pool or post, or nil.
func (p *published) workload(kind, name string) *order.Workload {
	switch {
	case p == nil:
		return nil
	case kind == order.KindPool:
		return p.order.Pool(name)
	default:
		return p.order.Post(name)
	}
}

// renew signs the order that stands again when that is due, and changes nothing
// in it: that is all that is done for a region that is suspended. Without it the
// region would stop to search when its limits are reached.
func (r *Reconciler) renew(ctx context.Context, s *scope) error {
	if s.published == nil {
		return nil
	}
	if s.published.term != s.signer.Term {
		return fmt.Errorf("region %s is suspended and its order %d is of an earlier term of the hub's keys; end the suspension", s.region.Name, s.published.Sequence)
	}
	s.listed = s.published.order.Feeds
	return r.stamp(ctx, s, s.published.Numbered, content{index: s.published.adopted.Index, parts: s.published.parts})
}
