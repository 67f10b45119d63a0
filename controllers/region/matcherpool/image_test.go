// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/region"
)

func TestAnUpgradedAgentRestartsNoPod(t *testing.T) {
	for _, tt := range []struct {
		name string
		// lose takes something away between the two agents.
		lose func(f *fixture)
	}{
		{"with its state", func(*fixture) {}},
		{"without its kept template", func(f *fixture) {
			if err := f.region.Store().DropTemplate(templateKey("general")); err != nil {
				f.Fatal(err)
			}
		}},
		{"without the status", func(f *fixture) {
			pool := f.status()
			pool.Status = screeningv1.MatcherPoolStatus{}
			if err := env.Client.Status().Update(f.Context(), pool); err != nil {
				f.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			s := spec("intl.un-sc")
			f.order(&s)
			f.create(s)
			f.reconcile()
			var before, after appsv1.Deployment
			f.get("general-matcher", &before)
			tt.lose(f)
			f.start("example.test/frontline:v2")
			f.terms()
			f.reconcile()
			f.get("general-matcher", &after)
			if before.Generation != after.Generation {
				t.Errorf("the Deployment was changed by an upgrade: image %s", after.Spec.Template.Spec.Containers[0].Image)
			}
			if got := f.status().Status.EngineImage; got != "example.test/frontline:v1" {
				t.Errorf("the engine image is %s, want the one resolved first", got)
			}
		})
	}
}

// TestAnEngineOfAnotherMaker: an image in the spec is the engine's alone, and
// the loader beside it, which only the agent's own image has, stays with it.
func TestAnEngineOfAnotherMaker(t *testing.T) {
	f := newFixture(t)
	s := spec("intl.un-sc")
	f.order(&s)
	f.create(s)
	f.reconcile()
	var d appsv1.Deployment
	runs := func(when, engine, loader string) (generation int64) {
		t.Helper()
		f.get("general-matcher", &d)
		pod := d.Spec.Template.Spec
		if pod.Containers[0].Image != engine || pod.InitContainers[0].Image != loader {
			t.Errorf("%s: the engine runs %s and the loader %s, want %s and %s", when, pod.Containers[0].Image, pod.InitContainers[0].Image, engine, loader)
		}
		return d.Generation
	}
	upgrade := func(image string) {
		t.Helper()
		f.start(image)
		f.region.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	}
	runs("without an image", "example.test/frontline:v1", "example.test/frontline:v1")
	upgrade("example.test/frontline:v2")
	s.Engine = &screeningv1.PoolEngine{Image: new("example.test/engine:v3")}
	f.order(&s)
	f.reconcile()
	before := runs("with an image in the spec", "example.test/engine:v3", "example.test/frontline:v2")

	upgrade("example.test/frontline:v4")
	f.reconcile()
	if after := runs("after an upgrade", "example.test/engine:v3", "example.test/frontline:v2"); after != before {
		t.Error("the Deployment was changed by an upgrade")
	}
	if err := f.region.Store().DropTemplate(templateKey("general")); err != nil {
		t.Fatal(err)
	}
	f.reconcile()
	if after := runs("without its kept template", "example.test/engine:v3", "example.test/frontline:v2"); after != before {
		t.Error("the Deployment was changed by the loss of the kept template")
	}
	s.Resources = &screeningv1.PoolResources{CPU: new(resource.MustParse("1"))}
	f.order(&s)
	f.reconcile()
	runs("with other resources", "example.test/engine:v3", "example.test/frontline:v2")
	s.Engine.Image = new("example.test/engine:v5")
	f.order(&s)
	f.reconcile()
	runs("with another engine", "example.test/engine:v5", "example.test/frontline:v4")
}

func TestPlanLoader(t *testing.T) {
	const engine, own = "example.test/engine:v1", "example.test/frontline:v2"
	running := func(engine, loader string) *appsv1.Deployment {
		d := &appsv1.Deployment{}
		d.Spec.Template.Spec.Containers = []corev1.Container{{Image: engine}}
		d.Spec.Template.Spec.InitContainers = []corev1.Container{{Image: loader}}
		return d
	}
	tests := []struct {
		name   string
		engine string
		kept   *region.Template
		live   *appsv1.Deployment
		want   string
	}{
		{"a new pool of the agent's own engine", own, nil, nil, ""},
		{"a new pool of another engine", engine, nil, nil, own},
		{"one image for both, from before loaders had their own", engine, &region.Template{Image: engine}, running(engine, engine), ""},
		{"a loader of its own", engine, &region.Template{Image: engine, Loader: "old"}, running(engine, "old"), "old"},
		{"another engine than before", engine, &region.Template{Image: "before", Loader: "old"}, running("before", "old"), own},
		{"back to the agent's own", own, &region.Template{Image: "before", Loader: "old"}, running("before", "old"), ""},
		{"from the Deployment", engine, nil, running(engine, "old"), "old"},
		{"from the Deployment, one for both", engine, nil, running(engine, engine), ""},
		{"from a Deployment of another engine", engine, nil, running("before", "old"), own},
		{"from a Deployment that somebody emptied", engine, nil, &appsv1.Deployment{}, own},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := planLoader(tt.engine, tt.kept, tt.live, own); got != tt.want {
				t.Errorf("the loader runs %q, want %q", got, tt.want)
			}
		})
	}
}
