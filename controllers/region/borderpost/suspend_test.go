// SPDX-License-Identifier: Apache-2.0

package borderpost

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/conditions/conditionstest"
)

func (f *fixture) post() *screeningv1.BorderPost {
	f.Helper()
	post := &screeningv1.BorderPost{}
	f.get("hani", post)
	return post
}

func (f *fixture) annotate(key, value string) {
	f.Helper()
	post := f.post()
	post.Annotations = map[string]string{key: value}
	if err := env.Client.Update(f.Context(), post); err != nil {
		f.Fatal(err)
	}
	f.reconcile()
}

func TestASuspendedPostIsLeftAlone(t *testing.T) {
	f := newFixture(t)
	s := spec()
	f.order(s)
	f.reconcile()
	endpoint := f.post().Status.Endpoint
	f.annotate(screeningv1.AnnotationSuspend, "true")
	before := &appsv1.Deployment{}
	f.get("hani-front", before)

	s.Freshness = &screeningv1.AgeLimits{Mark: "3h", Stop: "24h"}
	f.order(s)
	f.reconcile()
	after := &appsv1.Deployment{}
	f.get("hani-front", after)
	if after.ResourceVersion != before.ResourceVersion {
		t.Error("the front of a suspended post was written")
	}
	post := f.post()
	if conditions.Get(post, screeningv1.ConditionSuspended) == nil || endpoint == "" || post.Status.Endpoint == "" {
		t.Errorf("a suspended post shows %+v", post.Status)
	}
	conditionstest.Conform(t, post, post.Status.ObservedGeneration)

	f.annotate(screeningv1.AnnotationReconcileAt, "now")
	f.get("hani-front", after)
	post = f.post()
	if after.ResourceVersion == before.ResourceVersion || conditions.Get(post, screeningv1.ConditionSuspended) != nil || post.Status.LastHandledReconcileAt != "now" {
		t.Errorf("after the suspension: %+v", post.Status)
	}
}
