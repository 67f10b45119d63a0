// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/report"
)

// errSpec says that a spec of the order cannot be read.
var errSpec = errors.New("the spec in the order cannot be read; upgrade the older of hub and region")

// execute takes one step of a plan.
func (r *Reconciler) execute(ctx context.Context, s *scope, step action) error {
	logger := log.FromContext(ctx)
	switch step.Verb {
	case verbApply:
		return r.apply(ctx, s, step)
	case verbDelete:
		obj := s.object(step)
		uid := obj.GetUID()
		logger.Info("Withdrawing by tombstone", "kind", step.Kind, "name", step.Name)
		err := r.client.Delete(ctx, obj, client.Preconditions{UID: &uid})
		return client.IgnoreNotFound(err)
	case verbMark:
		logger.Info("The order no longer lists an object and does not withdraw it; it serves on", "kind", step.Kind, "name", step.Name)
		return r.mark(ctx, s.object(step))
	default:
		return fmt.Errorf("unknown step %q", step.Verb)
	}
}

func (s *scope) object(step action) client.Object {
	if step.Kind == order.KindPool {
		return s.pools[step.Name]
	}
	return s.posts[step.Name]
}

// mark says on the object that it is an orphan.
func (r *Reconciler) mark(ctx context.Context, obj client.Object) error {
	before, ok := obj.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("%s cannot be copied", obj.GetName())
	}
	annotations := obj.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[screeningv1.AnnotationOrphaned] = "true"
	obj.SetAnnotations(annotations)
	return client.IgnoreNotFound(r.client.Patch(ctx, obj, client.MergeFrom(before), client.FieldOwner(workload.ManagerAgent)))
}

// apply makes an object be as ordered. Of a pool's replicas the order knows
// only the baseline: the number itself is written under a manager of its own,
// and only as long as nobody in the region took it over.
func (r *Reconciler) apply(ctx context.Context, s *scope, step action) error {
	desired, err := desiredObject(s.namespace, r.region.Name(), step)
	if err != nil {
		return err
	}
	live := newObject(step.Kind)
	if err := r.reset(ctx, s.pools[step.Name], desired); err != nil {
		return err
	}
	// The server's answer is decoded into what is sent, so a copy is sent.
	if _, err := r.applier.Apply(ctx, live, client.ApplyConfigurationFromUnstructured(desired.DeepCopy())); err != nil {
		return err
	}
	if workload.Edited(live, workload.ManagerAgent, workload.ManagerBaseline) {
		if err := r.restore(ctx, live, desired); err != nil {
			return err
		}
	}
	if _, orphaned := live.GetAnnotations()[screeningv1.AnnotationOrphaned]; orphaned {
		if err := r.unmark(ctx, live); err != nil {
			return err
		}
	}
	if step.Kind != order.KindPool || workload.ScaledLocally(live) {
		return nil
	}
	baseline, found, err := unstructured.NestedInt64(desired.Object, "spec", "baseline")
	if err != nil || !found {
		return err
	}
	replicas := newUnstructured(step.Kind, s.namespace, step.Name)
	replicas.Object["spec"] = map[string]any{"replicas": baseline}
	_, err = r.baseline.Apply(ctx, newObject(step.Kind), client.ApplyConfigurationFromUnstructured(replicas))
	return err
}

// reset ends a local wish for replicas when the order's mark for it is not the
// one the pool has. The mark is applied after: a reset cut short is repeated.
func (r *Reconciler) reset(ctx context.Context, pool *screeningv1.MatcherPool, desired *unstructured.Unstructured) error {
	if pool == nil || desired.GetKind() != order.KindPool {
		return nil
	}
	mark, _, err := unstructured.NestedString(desired.Object, "spec", "replicasReset")
	if err != nil || mark == "" || mark == pool.Spec.ReplicasReset {
		return err
	}
	// The cache's object is not this function's to change.
	released, err := ReleaseReplicas(ctx, r.client, pool.DeepCopy())
	if released {
		log.FromContext(ctx).Info("The hub ended a local wish for replicas", "pool", pool.Name)
	}
	return err
}

// ReleaseReplicas ends the wish of whoever scaled a pool in the region, and
// reports whether there was one. The agent then applies the hub's.
func ReleaseReplicas(ctx context.Context, c client.Client, pool *screeningv1.MatcherPool) (bool, error) {
	return workload.Release(ctx, c, pool, workload.ManagerAgent)
}

// restore takes out of an object what somebody here added to its lists.
func (r *Reconciler) restore(ctx context.Context, live client.Object, desired *unstructured.Unstructured) error {
	before, ok := live.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("%s cannot be copied", live.GetName())
	}
	data, err := json.Marshal(desired.Object["spec"])
	if err != nil {
		return err
	}
	var same bool
	switch live := live.(type) {
	case *screeningv1.MatcherPool:
		spec := screeningv1.MatcherPoolSpec{Replicas: live.Spec.Replicas}
		if err := json.Unmarshal(data, &spec); err != nil {
			return err
		}
		same = equality.Semantic.DeepEqual(live.Spec, spec)
		live.Spec = spec
	case *screeningv1.BorderPost:
		spec := screeningv1.BorderPostSpec{}
		if err := json.Unmarshal(data, &spec); err != nil {
			return err
		}
		same = equality.Semantic.DeepEqual(live.Spec, spec)
		live.Spec = spec
	}
	if same {
		return nil
	}
	return r.client.Patch(ctx, live, client.MergeFrom(before), client.FieldOwner(workload.ManagerAgent))
}

func (r *Reconciler) unmark(ctx context.Context, obj client.Object) error {
	before, ok := obj.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("%s cannot be copied", obj.GetName())
	}
	annotations := obj.GetAnnotations()
	delete(annotations, screeningv1.AnnotationOrphaned)
	obj.SetAnnotations(annotations)
	return r.client.Patch(ctx, obj, client.MergeFrom(before), client.FieldOwner(workload.ManagerAgent))
}

// desiredObject is the object of a step as the region's API knows it.
func desiredObject(namespace, region string, step action) (*unstructured.Unstructured, error) {
	var spec map[string]any
	if err := json.Unmarshal(step.Workload.Spec, &spec); err != nil || spec == nil {
		return nil, fmt.Errorf("%s %s: %w", step.Kind, step.Name, errSpec)
	}
	if step.Kind == order.KindPool {
		baseline, err := baselineOf(step.Workload.Spec)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", step.Kind, step.Name, errSpec)
		}
		delete(spec, "replicas")
		spec["baseline"] = int64(baseline)
	}
	u := newUnstructured(step.Kind, namespace, step.Name)
	u.SetLabels(map[string]string{screeningv1.LabelRegion: region})
	u.SetAnnotations(map[string]string{
		screeningv1.AnnotationHubUID:        step.Workload.UID,
		screeningv1.AnnotationHubGeneration: strconv.FormatInt(step.Workload.Generation, 10),
	})
	u.Object["spec"] = spec
	return u, nil
}

// baselineOf is the hub's wish for a pool: absent means the smallest number.
func baselineOf(spec json.RawMessage) (int32, error) {
	var pool screeningv1.MatcherPoolSpec
	if err := json.Unmarshal(spec, &pool); err != nil {
		return 0, err
	}
	if pool.Replicas != nil {
		return *pool.Replicas, nil
	}
	return max(pool.Bounds.Min, 1), nil
}

func newUnstructured(kind, namespace, name string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(screeningv1.GroupVersion.WithKind(kind))
	u.SetNamespace(namespace)
	u.SetName(name)
	return u
}

func newObject(kind string) client.Object {
	if kind == order.KindPool {
		return &screeningv1.MatcherPool{}
	}
	return &screeningv1.BorderPost{}
}

// reportObject returns the report of one object: its status, with the
// generations of the hub's object in place of the region's own. A status that
// does not describe the newest generation yet is reported as of the one before.
func reportObject(obj metav1.Object, observedGeneration *int64, conditions []metav1.Condition, status any, ordered *order.Workload, local bool) ([]report.Object, error) {
	if ordered == nil {
		return nil, nil
	}
	uid, generation := string(obj.GetUID()), *observedGeneration
	if !local {
		if uid = obj.GetAnnotations()[screeningv1.AnnotationHubUID]; uid == "" {
			// Somebody's own object, or an edited one, until it is applied: a
			// report that names it would be refused as a whole.
			return nil, nil
		}
		// Written by the agent; what is unreadable counts as not applied yet.
		generation, _ = strconv.ParseInt(obj.GetAnnotations()[screeningv1.AnnotationHubGeneration], 10, 64)
		if *observedGeneration != obj.GetGeneration() {
			generation = max(generation-1, 0)
		}
		*observedGeneration = generation
		for i := range conditions {
			conditions[i].ObservedGeneration = generation
		}
	}
	data, err := json.Marshal(status)
	if err != nil {
		return nil, err
	}
	return []report.Object{{Name: obj.GetName(), UID: uid, Generation: generation, Status: data}}, nil
}
