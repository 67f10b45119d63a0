// SPDX-License-Identifier: Apache-2.0

package borderpost

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/canonical"
)

// replicas is two, so that a node can be drained, and one where there is one
// machine.
func (r *Reconciler) replicas() int32 {
	if v := r.Region.Verified(); v != nil && v.Region.Profile == string(screeningv1.ProfileEdge) {
		return 1
	}
	return 2
}

// rollOut applies the front. When the post has nothing left that a front could
// ask, one that runs is left as it is: it names what it cannot search.
func (r *Reconciler) rollOut(ctx context.Context, s *scope) error {
	live, err := workload.Live(ctx, r.Client, s.owner)
	if err != nil {
		return err
	}
	s.deployment = live
	config, ok := planConfig(s.owner, s.spec, s.binding, s.accepted)
	if !ok {
		return nil
	}
	data, err := canonical.Marshal(config)
	if err != nil {
		return fmt.Errorf("post %s: %w", s.owner.Name, err)
	}
	// A front is upgraded with the agent: it reads strictly what the agent writes
	// for it, holds no list, and rolls without losing a request.
	in := inputs{Image: r.FrontImage, Config: string(data)}
	hash, err := workload.Hash(in)
	if err != nil {
		return err
	}
	template, err := workload.Settle(r.Region.Store(), workload.Wish{
		Key: templateKey(s.owner.Name), Manager: Manager, Hash: hash, Image: in.Image,
		Render: func() *corev1ac.PodTemplateSpecApplyConfiguration { return podTemplate(s.owner, in) },
	}, live)
	if err != nil {
		return err
	}
	s.deployment, err = workload.ApplyDeployment(ctx, r.Client, r.applier, deployment(s.owner, r.replicas(), hash, template), live, Manager)
	if err != nil {
		return fmt.Errorf("post %s: %w", s.owner.Name, err)
	}
	return nil
}

// leave looks at the front of a post that is suspended.
func (r *Reconciler) leave(ctx context.Context, s *scope) error {
	var err error
	if s.deployment, err = workload.Live(ctx, r.Client, s.owner); err != nil {
		return err
	}
	service := &corev1.Service{}
	err = r.Client.Get(ctx, types.NamespacedName{Namespace: s.owner.Namespace(), Name: s.owner.Child()}, service)
	if err == nil {
		s.service = service
	}
	return client.IgnoreNotFound(err)
}
