// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/frontline-screening/frontline/controllers/internal/apply"
)

// counting counts requests that apply something.
func counting(t *testing.T) (client.Client, *int) {
	t.Helper()
	watched, err := client.NewWithWatch(env.Config, client.Options{Scheme: env.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	var sent int
	return interceptor.NewClient(watched, interceptor.Funcs{
		Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			sent++
			return c.Apply(ctx, o, opts...)
		},
	}), &sent
}

func service(namespace string, labels map[string]string) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service("web", namespace).WithLabels(labels).WithSpec(corev1ac.ServiceSpec().
		WithSelector(map[string]string{"app": "web"}).
		WithPorts(corev1ac.ServicePort().WithName("https").WithPort(443).WithTargetPort(intstr.FromString("https"))))
}

func deployment(namespace string, env ...string) *appsv1ac.DeploymentApplyConfiguration {
	container := corev1ac.Container().WithName("main").WithImage("image:1").
		WithPorts(corev1ac.ContainerPort().WithName("https").WithContainerPort(8443))
	for _, name := range env {
		container.WithEnv(corev1ac.EnvVar().WithName(name).WithValue("1"))
	}
	labels := map[string]string{"app": "web"}
	return appsv1ac.Deployment("web", namespace).WithSpec(appsv1ac.DeploymentSpec().
		WithReplicas(2).
		WithSelector(metav1ac.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(corev1ac.PodTemplateSpec().WithLabels(labels).WithSpec(corev1ac.PodSpec().WithContainers(container))))
}

func TestApplySendsNothingWhenNothingDiffers(t *testing.T) {
	c, sent := counting(t)
	namespace := env.CreateNamespace(t, "apply")
	both := func(a *apply.Applier) {
		t.Helper()
		if _, err := a.Apply(t.Context(), &corev1.Service{}, service(namespace, map[string]string{"a": "1"})); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Apply(t.Context(), &appsv1.Deployment{}, deployment(namespace, "A", "B")); err != nil {
			t.Fatal(err)
		}
	}
	first := apply.New(c, "test")
	both(first)
	if *sent != 2 {
		t.Fatalf("%d requests made two objects", *sent)
	}
	both(first)
	// A controller that starts anew remembers nothing and still sees it.
	both(apply.New(c, "test"))
	if *sent != 2 {
		t.Errorf("%d more requests although nothing differs", *sent-2)
	}
}

func TestApplyRepairs(t *testing.T) {
	c, _ := counting(t)
	namespace := env.CreateNamespace(t, "apply")
	a := apply.New(c, "test")
	live := &appsv1.Deployment{}
	if changed, err := a.Apply(t.Context(), live, deployment(namespace, "A", "B")); err != nil || !changed {
		t.Fatalf("made: %v, %v", changed, err)
	}
	if live.UID == "" || live.Spec.Template.Spec.Containers[0].TerminationMessagePath == "" {
		t.Errorf("the object returned is not the server's: %+v", live)
	}
	edit := func(change func(*appsv1.Deployment)) {
		t.Helper()
		edited := &appsv1.Deployment{}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(live), edited); err != nil {
			t.Fatal(err)
		}
		change(edited)
		if err := c.Update(t.Context(), edited, client.FieldOwner("kubectl-edit")); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		edit func(*appsv1.Deployment)
		good func(*appsv1.Deployment) bool
	}{
		{"a value", func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "evil:1" },
			func(d *appsv1.Deployment) bool { return d.Spec.Template.Spec.Containers[0].Image == "image:1" }},
		{"an entry removed", func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Env = nil },
			func(d *appsv1.Deployment) bool { return len(d.Spec.Template.Spec.Containers[0].Env) == 2 }},
		{"a count", func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32) },
			func(d *appsv1.Deployment) bool { return *d.Spec.Replicas == 2 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			edit(tt.edit)
			changed, err := a.Apply(t.Context(), live, deployment(namespace, "A", "B"))
			if err != nil || !changed || !tt.good(live) {
				t.Errorf("changed %v, %v; the object is %+v", changed, err, live.Spec)
			}
		})
	}
	t.Run("a field given up", func(t *testing.T) {
		if changed, err := a.Apply(t.Context(), live, deployment(namespace, "A")); err != nil || !changed || len(live.Spec.Template.Spec.Containers[0].Env) != 1 {
			t.Errorf("changed %v, %v; env %+v", changed, err, live.Spec.Template.Spec.Containers[0].Env)
		}
	})
	t.Run("nothing but fields given up", func(t *testing.T) {
		made := &corev1.Service{}
		for _, labels := range []map[string]string{{"a": "1", "b": "2", "c": "3"}, {"b": "2"}} {
			if changed, err := a.Apply(t.Context(), made, service(namespace, labels)); err != nil || !changed || len(made.Labels) != len(labels) {
				t.Errorf("changed %v, %v; labels %v, want %v", changed, err, made.Labels, labels)
			}
		}
	})
	t.Run("a deletion", func(t *testing.T) {
		if err := c.Delete(t.Context(), live); err != nil {
			t.Fatal(err)
		}
		if changed, err := a.Apply(t.Context(), live, deployment(namespace, "A")); err != nil || !changed {
			t.Errorf("changed %v, %v", changed, err)
		}
	})
}
