// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/conditions/conditionstest"
)

func (f *fixture) annotate(key, value string) {
	f.Helper()
	pool := f.status()
	pool.Annotations = map[string]string{key: value}
	if err := env.Client.Update(f.Context(), pool); err != nil {
		f.Fatal(err)
	}
	f.reconcile()
}

// A suspended pool keeps what it has: the next order waits, and a child that
// somebody removed is not made anew. Its certificates outlast the suspension.
func TestASuspendedPoolIsLeftAlone(t *testing.T) {
	f := newFixture(t)
	s := spec("intl.un-sc")
	f.order(&s)
	f.create(s)
	f.reconcile()
	f.annotate(screeningv1.AnnotationSuspend, "true")
	pool := f.status()
	if conditions.Get(pool, screeningv1.ConditionSuspended) == nil {
		t.Errorf("the pool says nothing of it: %+v", pool.Status.Conditions)
	}
	conditionstest.Conform(t, pool, pool.Status.ObservedGeneration)
	before := &appsv1.Deployment{}
	f.get("general-matcher", before)
	service := &corev1.Service{}
	f.get("general-matcher", service)
	if err := env.Client.Delete(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	tls := &corev1.Secret{}
	f.get("general-matcher-tls", tls)
	certificate := string(tls.Data["tls.crt"])

	s.Engine = &screeningv1.PoolEngine{Image: new("example.test/engine:v2")}
	f.order(&s)
	f.clock.Add(80 * 24 * time.Hour)
	f.reconcile()
	after := &appsv1.Deployment{}
	f.get("general-matcher", after)
	if after.ResourceVersion != before.ResourceVersion {
		t.Error("the Deployment of a suspended pool was written")
	}
	if !isGone(t.Context(), f.namespace, "general-matcher", &corev1.Service{}) {
		t.Error("the Service of a suspended pool was made anew")
	}
	if f.get("general-matcher-tls", tls); string(tls.Data["tls.crt"]) == certificate {
		t.Error("the certificate of a suspended pool was not renewed")
	}

	f.annotate(screeningv1.AnnotationReconcileAt, "now")
	f.get("general-matcher", after)
	if after.ResourceVersion == before.ResourceVersion {
		t.Error("the order was not carried out after the suspension")
	}
	f.get("general-matcher", &corev1.Service{})
	pool = f.status()
	if conditions.Get(pool, screeningv1.ConditionSuspended) != nil || pool.Status.LastHandledReconcileAt != "now" {
		t.Errorf("after the suspension: %+v", pool.Status)
	}
}
