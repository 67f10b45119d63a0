// SPDX-License-Identifier: Apache-2.0

// Package matcherpool runs the pools of a region: it makes the Deployment of
// each what the verified order says, keeps it so, and says in the pool's
// status how it fares.
//
// A pool runs by its order, not by its object: editing or deleting the object
// changes nothing but what people see, until the agent has put it right.
package matcherpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/region"
)

// Manager is the controller's field manager.
const Manager = "frontline-matcherpool"

// Options of a Reconciler.
type Options struct {
	// Client reads pods and children through the cache, Secrets past it.
	Client client.Client
	Region *region.Region
	Issuer *workload.Issuer
	Now    func() time.Time
	// Local says that the objects are the hub's own: their replicas are
	// display, and the order decides alone.
	Local bool
	// EngineImage is what pools run that name no image, from when they are
	// first seen.
	EngineImage string
	// LoaderImage is the agent's own, which loaders run beside an engine from
	// when the pool first runs it.
	LoaderImage string
	// PriorityClass is that of matcher pods, by its name; empty for the cluster's
	// default.
	PriorityClass string
	// InstallNamespace is where agent and registry run, Agent and Registry
	// their URLs as loaders use them.
	InstallNamespace, Agent, Registry string
	// ReadPod asks a pod how busy it was; left out, over HTTP.
	ReadPod ReadPod
}

// Reconciler makes one pool be as ordered.
type Reconciler struct {
	Options
	applier *apply.Applier
	loads   loads
}

// New returns a reconciler.
func New(o Options) *Reconciler {
	if o.ReadPod == nil {
		o.ReadPod = readPod
	}
	return &Reconciler{Options: o, applier: apply.New(o.Client, Manager), loads: loads{region: o.Region.Name()}}
}

// scope is one pass over one pool.
type scope struct {
	owner workload.Owner
	// pool is the object; nil when there is none.
	pool *screeningv1.MatcherPool
	// unverified says that no order is verified yet: nothing is started and
	// nothing stopped, whatever the object says.
	unverified bool
	// spec is what is in force.
	spec screeningv1.MatcherPoolSpec

	scale scale
	// load is what is known of the pool's load, nil while nothing follows it.
	load       *load
	image      string
	hash       string
	memory     *screeningv1.PoolMemory
	deployment *appsv1.Deployment
	pods       []corev1.Pod
	// again is when to look again without being asked; zero for never.
	again time.Time
}

func (s *scope) lookAt(t time.Time) {
	if !t.IsZero() && (s.again.IsZero() || t.Before(s.again)) {
		s.again = t
	}
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if !r.Region.Started() {
		return ctrl.Result{}, nil // its start is a change, which asks for every pool
	}
	s, found, err := r.load(ctx, req.NamespacedName)
	if err != nil {
		return ctrl.Result{}, err
	}
	if s.unverified {
		return ctrl.Result{}, r.await(ctx, s) // the first order is a change, which asks for every pool
	}
	if !found {
		return ctrl.Result{}, r.cleanUp(ctx, s.owner)
	}
	var helper *patch.Helper
	if s.pool != nil {
		helper = patch.New(r.Client, s.pool)
	}
	phases := []func(context.Context, *scope) error{r.certificates, r.network, r.resolve, r.followLoad, r.rollOut, r.observe}
	if s.pool != nil && screeningv1.Suspended(s.pool) {
		phases = []func(context.Context, *scope) error{r.certificates, r.resolve, r.leave, r.observe}
	}
	var failure error
	for _, phase := range phases {
		if failure = phase(ctx, s); failure != nil {
			break
		}
	}
	if s.pool != nil {
		r.summarize(s, failure)
		handled.Note(s.pool, "its pods run as they are, and only their certificates are renewed")
		if _, err := helper.Status(ctx, s.pool); err != nil {
			failure = errors.Join(failure, err)
		}
	}
	if failure != nil {
		return patch.Retry(ctrl.Result{}, failure)
	}
	return r.result(s), nil
}

func (r *Reconciler) result(s *scope) ctrl.Result {
	if s.again.IsZero() {
		return ctrl.Result{}
	}
	return ctrl.Result{RequeueAfter: max(s.again.Sub(r.Now()), time.Second)}
}

// load finds out what is in force for the pool. found is false when the order
// does not list it and no object describes it.
func (r *Reconciler) load(ctx context.Context, key types.NamespacedName) (*scope, bool, error) {
	s := &scope{owner: workload.Owner{Component: workload.ComponentMatcher, Region: r.Region.Name(), Name: key.Name}}
	pool := &screeningv1.MatcherPool{}
	switch err := r.Client.Get(ctx, key, pool); {
	case err == nil:
		s.pool, s.spec = pool, *pool.Spec.DeepCopy()
	case !apierrors.IsNotFound(err):
		return s, false, err
	}
	v := r.Region.Verified()
	if v == nil {
		s.unverified = true
		return s, s.pool != nil, nil
	}
	ordered := v.RunningPool(key.Name)
	if ordered == nil {
		return s, s.pool != nil && s.pool.DeletionTimestamp == nil, nil
	}
	var spec screeningv1.MatcherPoolSpec
	if err := json.Unmarshal(ordered.Spec, &spec); err != nil {
		return s, false, fmt.Errorf("pool %s: its spec in order %d: %w", key.Name, v.Sequence, err)
	}
	if s.pool != nil && !r.Local {
		spec.Baseline, spec.Replicas = spec.Replicas, s.pool.Spec.Replicas
	}
	s.spec = spec
	return s, true, nil
}

// certificates: the matcher serves fronts, the loader asks agent and registry.
func (r *Reconciler) certificates(ctx context.Context, s *scope) error {
	region, pool := s.owner.Region, s.owner.Name
	host := workload.ServiceHost(region, pool, workload.ComponentMatcher)
	pin, joined, err := r.Region.Pin()
	if err != nil {
		return err
	}
	beside := map[string][]byte{}
	if joined {
		// What the loader holds the agent's targets against.
		if beside["trust.json"], err = canonical.Marshal(pin); err != nil {
			return fmt.Errorf("pin of pool %s: %w", pool, err)
		}
	}
	for _, want := range []workload.Certificate{
		{Secret: workload.TLSSecret(pool, "matcher"), Request: matcherLeaf(region, pool, host)},
		{Secret: workload.TLSSecret(pool, "loader"), Request: loaderLeaf(region, pool), Beside: beside},
	} {
		want.Namespace, want.Labels, want.Manager = s.owner.Namespace(), s.owner.Labels(), Manager
		again, err := r.Issuer.Ensure(ctx, want)
		if err != nil {
			return err
		}
		s.lookAt(again)
	}
	return nil
}

// network: everything a pod needs before it starts.
func (r *Reconciler) network(ctx context.Context, s *scope) error {
	if _, err := r.applier.Apply(ctx, &corev1.ServiceAccount{}, workload.ServiceAccount(s.owner)); err != nil {
		return err
	}
	if _, err := r.applier.Apply(ctx, &networkingv1.NetworkPolicy{}, policy(s.owner, r.InstallNamespace)); err != nil {
		return err
	}
	if _, err := r.applier.Apply(ctx, &corev1.Service{}, service(s.owner)); err != nil {
		return err
	}
	_, err := r.applier.Apply(ctx, &policyv1.PodDisruptionBudget{}, workload.DisruptionBudget(s.owner))
	return err
}

// await says in the pool's status that it waits for an order, and does nothing else.
func (r *Reconciler) await(ctx context.Context, s *scope) error {
	if s.pool == nil {
		return nil
	}
	helper := patch.New(r.Client, s.pool)
	const message = "no order is verified yet, so nothing is started and nothing stopped; see whether the region has joined its hub"
	conditions.Await(s.pool, screeningv1.ReasonProgressing, message)
	_, err := helper.Status(ctx, s.pool)
	return err
}

// cleanUp removes what a withdrawn pool left. Before the first order nothing
// is removed.
func (r *Reconciler) cleanUp(ctx context.Context, owner workload.Owner) error {
	if r.Region.Verified() == nil {
		return nil
	}
	r.loads.forget(owner.Name)
	removed, err := workload.Remove(ctx, r.Client, owner, "matcher", "loader")
	if err != nil {
		return err
	}
	if removed {
		log.FromContext(ctx).Info("Pool withdrawn; its pods are removed", "region", owner.Region, "pool", owner.Name)
	}
	return errors.Join(r.Region.DropAcks(owner.Name), r.Region.Store().DropTemplate(templateKey(owner.Name)))
}

func templateKey(pool string) string { return "pool-" + pool }
