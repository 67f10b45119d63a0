// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
)

// Reads returns what a region reads of orders, by its newest report or, until
// one has arrived since the hub started, by the one before. It is nil when the
// region never reported.
func Reads(region *screeningv1.RegionalCluster, received *hub.Received) *hub.Reads {
	switch known := region.Status.Versions; {
	case received != nil:
		return new(hub.ReadsOf(received.Versions))
	case known != nil:
		return &hub.Reads{Agent: known.Level, Pods: known.PodsLevel}
	}
	return nil
}

// Older says which part of a region holds the rest back, and what to do.
func Older(reads hub.Reads) (reason, next string) {
	if reads.Pods < reads.Agent {
		return screeningv1.ReasonOlderPods, "give the region's pools a newer image, in spec.engine.image"
	}
	return screeningv1.ReasonOlderRegion, "upgrade the region"
}

// skew says on pools and posts which of their fields the region is too old for.
type skew struct {
	region string
	reads  *hub.Reads
	later  hub.LaterFields
}

func (m *Mirror) skew(region *screeningv1.RegionalCluster, received *hub.Received) skew {
	return skew{region: region.Name, reads: Reads(region, received), later: m.Later}
}

// show sets the condition, or takes it away. before is the one that was read,
// whose transition time holds as long as it stays.
func (s skew) show(o screeningv1.Object, before *metav1.Condition) {
	fields := s.beyond(o)
	if len(fields) == 0 {
		conditions.Delete(o, screeningv1.ConditionVersionSkew)
		return
	}
	if before != nil && conditions.Get(o, screeningv1.ConditionVersionSkew) == nil {
		conditions.Restore(o, *before)
	}
	reason, next := Older(*s.reads)
	conditions.True(o, screeningv1.ConditionVersionSkew, reason,
		"Region %s does not know spec.%s, and is not ordered this spec; what was ordered before stays in force; %s",
		s.region, strings.Join(fields, ", spec."), next)
}

// beyond lists the fields of an object that the region does not know.
func (s skew) beyond(o screeningv1.Object) []string {
	if s.reads == nil {
		return nil
	}
	var kind string
	var spec any
	switch o := o.(type) {
	case *screeningv1.MatcherPool:
		kind, spec = order.KindPool, &o.Spec
	case *screeningv1.BorderPost:
		kind, spec = order.KindPost, &o.Spec
	}
	data, err := json.Marshal(spec)
	if err != nil {
		return nil // no order is made of it either, which the region's own condition says
	}
	fields, _, err := s.later.Beyond(kind, data, s.reads.Level())
	if err != nil {
		return nil
	}
	return fields
}

// skews says it in a region whose objects are the hub's own.
func (m *Mirror) skews(ctx context.Context, region *screeningv1.RegionalCluster, received *hub.Received) error {
	here := client.InNamespace(screeningv1.RegionNamespace(region.Name))
	pools, posts := &screeningv1.MatcherPoolList{}, &screeningv1.BorderPostList{}
	if err := errors.Join(m.Client.List(ctx, pools, here), m.Client.List(ctx, posts, here)); err != nil {
		return fmt.Errorf("list the pools and posts of region %s: %w", region.Name, err)
	}
	skew := m.skew(region, received)
	var errs []error
	say := func(o interface {
		client.Object
		screeningv1.Object
	},
	) {
		helper := patch.New(m.Client, o)
		skew.show(o, conditions.Get(o, screeningv1.ConditionVersionSkew).DeepCopy())
		_, err := helper.Status(ctx, o)
		errs = append(errs, settled(err))
	}
	for i := range pools.Items {
		say(&pools.Items[i])
	}
	for i := range posts.Items {
		say(&posts.Items[i])
	}
	return errors.Join(errs...)
}
