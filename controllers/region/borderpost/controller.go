// SPDX-License-Identifier: Apache-2.0

// Package borderpost runs the fronts of a region's posts: it binds each post
// to its pools, keeps its front as the verified order says, and says in the
// post's status what its answers carry.
package borderpost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/apply"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/handled"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/region"
)

// Manager is the controller's field manager.
const Manager = "frontline-borderpost"

// Options of a Reconciler.
type Options struct {
	// Client reads pools and children through the cache, Secrets past it.
	Client client.Client
	Region *region.Region
	Issuer *workload.Issuer
	Now    func() time.Time
	// FrontImage is what fronts run, the agent's own.
	FrontImage       string
	InstallNamespace string
}

// Reconciler makes one post be as ordered.
type Reconciler struct {
	Options
	applier *apply.Applier
}

// New returns a reconciler.
func New(o Options) *Reconciler {
	return &Reconciler{Options: o, applier: apply.New(o.Client, Manager)}
}

// scope is one pass over one post.
type scope struct {
	owner workload.Owner
	// post is the object; nil when there is none.
	post *screeningv1.BorderPost
	// unverified says that no order is verified yet: nothing is started and
	// nothing stopped, whatever the object says.
	unverified bool
	spec       screeningv1.BorderPostSpec

	binding           binding
	accepted, refused []string
	deployment        *appsv1.Deployment
	service           *corev1.Service
	outlook           outlook
	// nodePortTaken says that another Service has the port that is asked for.
	nodePortTaken bool
	again         time.Time
}

func (s *scope) lookAt(t time.Time) {
	if !t.IsZero() && (s.again.IsZero() || t.Before(s.again)) {
		s.again = t
	}
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if !r.Region.Started() {
		return ctrl.Result{}, nil // its start is a change, which asks for every post
	}
	s, found, err := r.load(ctx, req.NamespacedName)
	if err != nil {
		return ctrl.Result{}, err
	}
	if s.unverified {
		return ctrl.Result{}, r.await(ctx, s) // the first order is a change, which asks for every post
	}
	if !found {
		return ctrl.Result{}, r.cleanUp(ctx, s.owner)
	}
	var helper *patch.Helper
	if s.post != nil {
		helper = patch.New(r.Client, s.post)
	}
	phases := []func(context.Context, *scope) error{r.bind, r.certificate, r.network, r.rollOut, r.look}
	if s.post != nil && screeningv1.Suspended(s.post) {
		phases = []func(context.Context, *scope) error{r.bind, r.certificate, r.leave, r.look}
	}
	var failure error
	for _, phase := range phases {
		if failure = phase(ctx, s); failure != nil {
			break
		}
	}
	if s.post != nil {
		s.summarize(failure)
		handled.Note(s.post, "its front runs as it is, and only its certificate is renewed")
		if _, err := helper.Status(ctx, s.post); err != nil {
			failure = errors.Join(failure, err)
		}
	}
	if failure != nil {
		return patch.Retry(ctrl.Result{}, failure)
	}
	if s.again.IsZero() {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{RequeueAfter: max(s.again.Sub(r.Now()), time.Second)}, nil
}

// load finds out what is in force for the post.
func (r *Reconciler) load(ctx context.Context, key types.NamespacedName) (*scope, bool, error) {
	s := &scope{owner: workload.Owner{Component: workload.ComponentFront, Region: r.Region.Name(), Name: key.Name}}
	post := &screeningv1.BorderPost{}
	switch err := r.Client.Get(ctx, key, post); {
	case err == nil:
		s.post, s.spec = post, *post.Spec.DeepCopy()
	case !apierrors.IsNotFound(err):
		return s, false, err
	}
	v := r.Region.Verified()
	if v == nil {
		s.unverified = true
		return s, s.post != nil, nil
	}
	ordered := v.RunningPost(key.Name)
	if ordered == nil {
		return s, s.post != nil && s.post.DeletionTimestamp == nil, nil
	}
	var spec screeningv1.BorderPostSpec
	if err := json.Unmarshal(ordered.Spec, &spec); err != nil {
		return s, false, fmt.Errorf("post %s: its spec in order %d: %w", key.Name, v.Sequence, err)
	}
	s.spec = spec
	return s, true, nil
}

// bind finds the post's pools and what it may screen for.
func (r *Reconciler) bind(ctx context.Context, s *scope) error {
	available := map[string]bool{}
	for _, p := range s.spec.Pools {
		var d appsv1.Deployment
		key := types.NamespacedName{Namespace: s.owner.Namespace(), Name: workload.Child(p.Name, workload.ComponentMatcher)}
		if err := r.Client.Get(ctx, key, &d); client.IgnoreNotFound(err) != nil {
			return err
		}
		available[p.Name] = d.Status.ReadyReplicas > 0
	}
	s.binding = planBinding(s.owner.Region, s.spec, r.Region.PoolFeeds, func(pool string) bool { return available[pool] })
	s.accepted, s.refused = planPurposes(s.spec.Purposes, r.Region.Terms())
	return nil
}

func (r *Reconciler) certificate(ctx context.Context, s *scope) error {
	again, err := r.Issuer.Ensure(ctx, workload.Certificate{
		Namespace: s.owner.Namespace(), Secret: workload.TLSSecret(s.owner.Name, workload.ComponentFront),
		Labels: s.owner.Labels(), Manager: Manager, Request: leaf(s.owner, s.spec.Endpoint.Hostname),
	})
	s.lookAt(again)
	return err
}

func (r *Reconciler) network(ctx context.Context, s *scope) error {
	if _, err := r.applier.Apply(ctx, &corev1.ServiceAccount{}, workload.ServiceAccount(s.owner)); err != nil {
		return err
	}
	if _, err := r.applier.Apply(ctx, &networkingv1.NetworkPolicy{}, policy(s.owner, r.InstallNamespace)); err != nil {
		return err
	}
	s.service = &corev1.Service{}
	_, err := r.applier.Apply(ctx, s.service, service(s.owner, s.spec.Endpoint))
	if apierrors.IsInvalid(err) && s.spec.Endpoint.NodePort > 0 {
		// The port is another Service's: the post stays without one and says so,
		// and is looked at again, since nobody tells when the port is free.
		s.nodePortTaken, s.service = true, nil
		s.lookAt(r.Now().Add(time.Minute))
	} else if err != nil {
		return err
	}
	_, err = r.applier.Apply(ctx, &policyv1.PodDisruptionBudget{}, workload.DisruptionBudget(s.owner))
	return err
}

// await says in the post's status that it waits for an order, and does nothing else.
func (r *Reconciler) await(ctx context.Context, s *scope) error {
	if s.post == nil {
		return nil
	}
	helper := patch.New(r.Client, s.post)
	const message = "no order is verified yet, so nothing is started and nothing stopped; see whether the region has joined its hub"
	conditions.Await(s.post, screeningv1.ReasonProgressing, message)
	_, err := helper.Status(ctx, s.post)
	return err
}

func (r *Reconciler) cleanUp(ctx context.Context, owner workload.Owner) error {
	if r.Region.Verified() == nil {
		return nil
	}
	removed, err := workload.Remove(ctx, r.Client, owner, workload.ComponentFront)
	if err != nil {
		return err
	}
	if removed {
		log.FromContext(ctx).Info("Post withdrawn; its front is removed", "region", owner.Region, "post", owner.Name)
	}
	return r.Region.Store().DropTemplate(templateKey(owner.Name))
}

func templateKey(post string) string { return "post-" + post }

// look says what answers given now carry.
func (r *Reconciler) look(_ context.Context, s *scope) error {
	v := r.Region.Verified()
	var issued time.Time
	if v != nil {
		issued = v.Clocks.Issued
	}
	var feeds []feedView
	for _, id := range s.binding.feeds() {
		view := feedView{id: id, verdict: r.Region.Judge(id), served: r.served(s.binding, id)}
		if v != nil {
			if f := v.Feed(id); f != nil {
				view.limits = f.Freshness.Tighten(v.Region.Freshness)
			}
		}
		feeds = append(feeds, view)
		s.lookAt(r.Region.NextDeadline(id))
	}
	s.outlook = planOutlook(feeds, freshness(s.spec.Freshness), issued, r.Now(), r.Region.Link().Connected)
	s.lookAt(s.outlook.next)
	return nil
}

// served reports whether some pod of each bound pool with the feed searches it.
func (r *Reconciler) served(b binding, id string) bool {
	for _, pool := range b.pools {
		if !slices.Contains(pool.Feeds, id) {
			continue
		}
		found := false
		for _, ack := range r.Region.Acks(pool.Name) {
			if _, ok := ack.Feeds[id]; ok {
				found = true
			}
		}
		if !found {
			return false
		}
	}
	return true
}
