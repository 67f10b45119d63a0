// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/pki"
)

func matcherLeaf(region, pool, host string) pki.LeafRequest {
	return pki.LeafRequest{
		CommonName: "matcher " + pool,
		DNSNames:   []string{host, host + ".cluster.local"},
		SPIFFE:     pki.MatcherID(region, pool),
		Server:     true,
	}
}

func loaderLeaf(region, pool string) pki.LeafRequest {
	return pki.LeafRequest{CommonName: "loader " + pool, SPIFFE: pki.LoaderID(region, pool), Client: true}
}

// resolve decides the number of pods and the image. The image is looked up
// once: what the status, or the state directory, says a pool runs goes on,
// whatever image this agent was started with.
func (r *Reconciler) resolve(_ context.Context, s *scope) error {
	s.scale = planScale(s.spec, !r.Local && s.pool != nil && workload.ScaledLocally(s.pool))
	if e := s.spec.Engine; e != nil && e.Image != nil && *e.Image != "" {
		s.image = *e.Image
		return nil
	}
	kept, err := r.Region.Store().Template(templateKey(s.owner.Name))
	switch {
	case err != nil:
		return err
	case s.pool != nil && s.pool.Status.EngineImage != "":
		s.image = s.pool.Status.EngineImage
	case kept != nil:
		s.image = kept.Image
	default:
		s.image = r.EngineImage
	}
	return nil
}

// rollOut applies the Deployment.
func (r *Reconciler) rollOut(ctx context.Context, s *scope) error {
	kept, err := r.Region.Store().Template(templateKey(s.owner.Name))
	if err != nil {
		return err
	}
	var keptData int64
	if kept != nil {
		keptData = kept.DataBytes
	}
	in := inputs{
		Region: s.owner.Region, Pool: s.owner.Name, Image: s.image, Modalities: slices.Sorted(slices.Values(s.spec.Modalities)),
		Agent: r.Agent, Registry: r.Registry, DataBytes: planData(r.sizes(s.spec.Feeds), keptData),
	}
	if res := s.spec.Resources; res != nil {
		if res.Memory != nil {
			in.Memory = res.Memory.String()
		}
		if res.CPU != nil {
			in.CPU = res.CPU.String()
		}
	}
	if s.hash, err = workload.Hash(in); err != nil {
		return err
	}
	var live *appsv1.Deployment
	found := &appsv1.Deployment{}
	switch err := r.Client.Get(ctx, types.NamespacedName{Namespace: s.owner.Namespace(), Name: s.owner.Child()}, found); {
	case err == nil:
		live = found
	case !apierrors.IsNotFound(err):
		return err
	}
	template, err := workload.Settle(r.Region.Store(), workload.Wish{
		Key: templateKey(s.owner.Name), Manager: Manager, Hash: s.hash, Image: s.image, DataBytes: in.DataBytes,
		Render: func() *corev1ac.PodTemplateSpecApplyConfiguration { return podTemplate(s.owner, in) },
	}, live)
	if err != nil {
		return err
	}
	s.deployment, err = workload.ApplyDeployment(ctx, r.Client, r.applier, deployment(s.owner, s.scale.wanted, s.hash, template), live, Manager)
	if err != nil {
		return fmt.Errorf("pool %s: %w", s.owner.Name, err)
	}
	return nil
}

// sizes are the snapshots' bytes, as ordered and as held, the larger of both.
func (r *Reconciler) sizes(feeds []screeningv1.PoolFeed) []int64 {
	v, copies := r.Region.Verified(), r.Region.Copies()
	out := make([]int64, 0, len(feeds))
	for _, feed := range feeds {
		size := copies[string(feed.ID)].Size
		if v != nil {
			if f := v.Feed(string(feed.ID)); f != nil {
				size = max(size, f.Size)
			}
		}
		out = append(out, size)
	}
	return out
}

// observe looks at the pods.
func (r *Reconciler) observe(ctx context.Context, s *scope) error {
	var list corev1.PodList
	if err := r.Client.List(ctx, &list, client.InNamespace(s.owner.Namespace()), client.MatchingLabels(s.owner.Selector())); err != nil {
		return err
	}
	s.pods = list.Items
	names := make([]string, 0, len(s.pods))
	for i := range s.pods {
		names = append(names, s.pods[i].Name)
	}
	if err := r.Region.KeepAcks(s.owner.Name, names...); err != nil {
		return err
	}
	for _, feed := range s.spec.Feeds {
		s.lookAt(r.Region.NextDeadline(string(feed.ID)))
	}
	return nil
}
