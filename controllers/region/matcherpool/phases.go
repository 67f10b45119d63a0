// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
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
	live, err := workload.Live(ctx, r.Client, s.owner)
	if err != nil {
		return err
	}
	in := inputs{
		Region: s.owner.Region, Pool: s.owner.Name, Image: s.image, Loader: planLoader(s.image, kept, live, r.LoaderImage), Modalities: slices.Sorted(slices.Values(s.spec.Modalities)),
		Agent: r.Agent, Registry: r.Registry, Priority: r.PriorityClass,
	}
	if s.spec.Spread == screeningv1.SpreadHard {
		in.Spread = s.spec.Spread
	}
	if res := s.spec.Resources; res != nil {
		if res.Memory != nil {
			in.Memory = res.Memory.String()
		}
		if res.CPU != nil {
			in.CPU = res.CPU.String()
		}
	}
	room, current := roomOf(live), ""
	switch {
	case kept != nil:
		room, current = kept.DataBytes, kept.Hash
	case live != nil:
		current = live.Annotations[workload.AnnotationTemplateHash]
	}
	if s.hash, err = in.settle(r.listBytes(s.spec.Feeds), room, current); err != nil {
		return err
	}
	s.memory = memoryOf(in)
	template, err := workload.Settle(r.Region.Store(), workload.Wish{
		Key: templateKey(s.owner.Name), Manager: Manager, Hash: s.hash, Image: s.image, Loader: in.Loader, DataBytes: in.DataBytes,
		Render: func() *corev1ac.PodTemplateSpecApplyConfiguration { return podTemplate(s.owner, in) },
	}, live)
	if err != nil {
		return err
	}
	s.deployment, err = workload.ApplyDeployment(ctx, r.Client, r.applier, deployment(s.owner, s.scale.wanted, r.oneMachine(), s.hash, template), live, Manager)
	if err != nil {
		return fmt.Errorf("pool %s: %w", s.owner.Name, err)
	}
	return nil
}

// leave looks at the Deployment of a pool that is suspended.
func (r *Reconciler) leave(ctx context.Context, s *scope) error {
	live, err := workload.Live(ctx, r.Client, s.owner)
	if live == nil {
		live = &appsv1.Deployment{}
	}
	s.deployment, s.hash, s.memory = live, live.Annotations[workload.AnnotationTemplateHash], s.pool.Status.Memory
	return err
}

// oneMachine reports whether the region is of the profile Edge.
func (r *Reconciler) oneMachine() bool {
	v := r.Region.Verified()
	return v != nil && v.Region.Profile == string(screeningv1.ProfileEdge)
}

// listBytes are the snapshots' bytes, as ordered and as held, of each feed the
// larger of both.
func (r *Reconciler) listBytes(feeds []screeningv1.PoolFeed) int64 {
	v, copies := r.Region.Verified(), r.Region.Copies()
	var sum int64
	for _, feed := range feeds {
		size := copies[string(feed.ID)].Size
		if v != nil {
			if f := v.Feed(string(feed.ID)); f != nil {
				size = max(size, f.Size)
			}
		}
		sum += size
	}
	return sum
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
