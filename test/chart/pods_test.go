// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	psapi "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// What the apiserver's own plugin would say of each pod.
func TestPodsPassPodSecurityRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := psapi.LevelVersion{Level: psapi.LevelRestricted, Version: psapi.LatestVersion()}
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			for _, pod := range podTemplates(t, render(t, role.values...)) {
				for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
					if !result.Allowed {
						t.Errorf("%s: %s: %s", pod.workload, result.ForbiddenReason, result.ForbiddenDetail)
					}
				}
			}
		})
	}
}

// What restricted does not ask for and the project does.
func TestPodsAreHardened(t *testing.T) {
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			for _, pod := range podTemplates(t, render(t, role.values...)) {
				if pod.Spec.EnableServiceLinks == nil || *pod.Spec.EnableServiceLinks {
					t.Errorf("%s: addresses of all Services are in its environment", pod.workload)
				}
				if user := pod.Spec.SecurityContext.RunAsUser; user == nil || *user != 65532 {
					t.Errorf("%s: runs as user %v, want 65532, whom the image names", pod.workload, user)
				}
				for _, container := range pod.Spec.Containers {
					if root := container.SecurityContext.ReadOnlyRootFilesystem; root == nil || !*root {
						t.Errorf("%s: the root file system of %s can be written", pod.workload, container.Name)
					}
					if container.Resources.Requests.Memory().IsZero() || container.Resources.Limits.Memory().IsZero() {
						t.Errorf("%s: the memory of %s is not bounded", pod.workload, container.Name)
					}
					if container.LivenessProbe == nil || container.ReadinessProbe == nil {
						t.Errorf("%s: %s lacks a probe", pod.workload, container.Name)
					}
				}
				if pod.workload == "frontline-registry" && (pod.Spec.AutomountServiceAccountToken == nil || *pod.Spec.AutomountServiceAccountToken) {
					t.Error("the registry holds a token of Kubernetes")
				}
			}
		})
	}
}

// The flags are the interface between the chart and internal/cli.
func TestArguments(t *testing.T) {
	const (
		registry = "--registry=https://frontline-registry.frontline-system.svc:5000"
		image    = "registry.example/frontline:v1"
	)
	common := []string{
		"--install-namespace=frontline-system", registry, "--state-dir=/var/lib/frontline",
		"--metrics-bind=:8080", "--health-bind=:8081", "--log-level=info",
	}
	// A local region is in the hub's own process: nothing to bind a gateway for.
	gateway := []string{"--gateway-bind=:8443", "--gateway-address=hub.example:30443", "--download-bytes-per-second=125000000"}
	// Nor is there another process to elect.
	elect := []string{"--leader-elect=true", "--leader-lease=15s", "--leader-renew-deadline=10s", "--leader-retry=2s", "--advertise-ip=$(POD_IP)"}
	hub := []string{"--timestamp-interval=5m", "--timestamp-lifetime=15m", "--key-namespace=frontline-keys"}
	agent := []string{"--region=north", "--bind=:9443", "--image=" + image, "--engine-image=" + image, "--priority-class=frontline-matcher"}

	want := map[string][]string{
		"hub":    slices.Concat([]string{"hub"}, common, gateway, elect, hub),
		"region": slices.Concat([]string{"agent"}, common, agent, []string{"--key-namespace=frontline-keys-north"}),
		"all":    slices.Concat([]string{"all", "--link=Local"}, common, []string{"--leader-elect=false"}, hub, agent),
	}
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			values := append([]string{
				"image.repository=registry.example/frontline", "image.tag=v1", "hub.gateway.address=hub.example:30443",
				"hub.keyNamespace=frontline-keys", "hub.gateway.downloadBytesPerSecond=125000000",
			}, role.values...)
			pods := podTemplates(t, render(t, values...))
			for _, pod := range pods {
				container := pod.Spec.Containers[0]
				if container.Image != image {
					t.Errorf("%s: image is %s, want %s", pod.workload, container.Image, image)
				}
				wanted := want[role.name]
				if pod.workload == "frontline-registry" {
					wanted = []string{
						"registry", "--root=/var/lib/registry", "--bind=:5000", "--tls-dir=/etc/frontline/tls",
						"--health-bind=:8081", "--log-level=info",
						"--collect-every=1h", "--collect-grace=24h", "--collect-untagged-after=30m", "--reserve-bytes=67108864",
					}
				}
				if diff := cmp.Diff(wanted, container.Args); diff != "" {
					t.Errorf("%s: arguments (-want +got):\n%s", pod.workload, diff)
				}
			}
			if len(pods) != 2 {
				t.Errorf("%d workloads, want the registry and one more", len(pods))
			}
		})
	}
}

// Plain content of lists is in memory, bounded, and within what its container
// may use; what outlives the pod is beside it.
func TestPlainContentIsInMemory(t *testing.T) {
	const folder = "/var/lib/frontline"
	for _, tc := range []struct {
		name, workload string
		values         []string
		lasting        string
	}{
		{name: "hub", workload: "frontline-hub", values: []string{"role=hub"}},
		{
			name: "all", workload: "frontline-all", values: []string{"role=all", "region.name=north"},
			lasting: folder + "/region",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, pod := range podTemplates(t, render(t, tc.values...)) {
				if pod.workload != tc.workload {
					continue
				}
				container := pod.Spec.Containers[0]
				mounted := map[string]string{}
				for _, m := range container.VolumeMounts {
					mounted[m.Name] = m.MountPath
				}
				found := false
				for _, v := range pod.Spec.Volumes {
					switch {
					case v.PersistentVolumeClaim != nil:
						if mounted[v.Name] != tc.lasting || tc.lasting == "" {
							t.Errorf("volume %s, which outlives the pod, is mounted at %s", v.Name, mounted[v.Name])
						}
					case mounted[v.Name] == folder:
						found = true
						if v.EmptyDir == nil || v.EmptyDir.Medium != corev1.StorageMediumMemory || v.EmptyDir.SizeLimit == nil {
							t.Fatalf("%s is on %+v, want memory with a limit", folder, v.VolumeSource)
						}
						beside := container.Resources.Limits.Memory().DeepCopy()
						beside.Sub(*v.EmptyDir.SizeLimit)
						if beside.Cmp(resource.MustParse("1Gi")) < 0 {
							t.Errorf("the limit of memory leaves %s beside content, want 1Gi", beside.String())
						}
					}
				}
				if !found {
					t.Errorf("nothing is mounted at %s", folder)
				}
				return
			}
			t.Fatalf("no workload %s", tc.workload)
		})
	}
}

// A Service or a policy whose selector or port matches nothing is a silent one.
func TestSelectorsAndPortsMatchPods(t *testing.T) {
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			objects := render(t, append([]string{"metrics.serviceMonitor.enabled=true"}, role.values...)...)
			pods := podTemplates(t, objects)

			check := func(name string, selector labels.Selector, ports ...string) {
				t.Helper()
				for _, pod := range pods {
					if selector.Empty() || !selector.Matches(labels.Set(pod.Labels)) {
						continue
					}
					for _, port := range ports {
						if !hasPort(pod.Spec, port) {
							t.Errorf("%s: pods of %s have no port %q", name, pod.workload, port)
						}
					}
					return
				}
				t.Errorf("%s selects no pod", name)
			}

			for _, object := range ofKind(objects, "Service") {
				var service corev1.Service
				convert(t, object.Object, &service)
				for _, port := range service.Spec.Ports {
					check("Service "+service.Name, labels.SelectorFromSet(service.Spec.Selector), port.TargetPort.String())
				}
			}
			for _, object := range ofKind(objects, "NetworkPolicy") {
				var networkPolicy networkingv1.NetworkPolicy
				convert(t, object.Object, &networkPolicy)
				selector, err := metav1.LabelSelectorAsSelector(&networkPolicy.Spec.PodSelector)
				if err != nil {
					t.Fatal(err)
				}
				for _, rule := range networkPolicy.Spec.Ingress {
					for _, port := range rule.Ports {
						check("NetworkPolicy "+networkPolicy.Name, selector, port.Port.String())
					}
				}
			}
		})
	}
}

func hasPort(spec corev1.PodSpec, name string) bool {
	for _, container := range spec.Containers {
		for _, port := range container.Ports {
			if port.Name == name {
				return true
			}
		}
	}
	return false
}

// Names are fixed, because certificates and pods of the region refer to them.
func TestNamesDoNotFollowTheRelease(t *testing.T) {
	for _, role := range roles {
		for _, object := range render(t, role.values...) {
			if object.GetKind() == "CustomResourceDefinition" || object.GetName() == "region-north" {
				continue
			}
			if !strings.HasPrefix(object.GetName(), "frontline-") {
				t.Errorf("%s: %s %s does not carry the project's name", role.name, object.GetKind(), object.GetName())
			}
		}
	}
}

// Of two hubs a drain takes one at a time, from two nodes where there are two, and
// each says where the other hands over to it.
func TestTwoHubsStandByEachOther(t *testing.T) {
	objects := render(t, "role=hub")
	budgets := ofKind(objects, "PodDisruptionBudget")
	if len(budgets) != 1 {
		t.Fatalf("%d disruption budgets, want one", len(budgets))
	}
	var budget policyv1.PodDisruptionBudget
	convert(t, budgets[0].Object, &budget)
	selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range podTemplates(t, objects) {
		if hub := pod.workload == "frontline-hub"; selector.Matches(labels.Set(pod.Labels)) != hub {
			t.Errorf("the budget covers %s: %v", pod.workload, !hub)
		}
		if pod.workload != "frontline-hub" {
			continue
		}
		if len(pod.Spec.TopologySpreadConstraints) != 1 {
			t.Errorf("the hubs are spread by %+v", pod.Spec.TopologySpreadConstraints)
		}
		env := pod.Spec.Containers[0].Env
		if len(env) != 1 || env[0].Name != "POD_IP" || env[0].ValueFrom.FieldRef.FieldPath != "status.podIP" {
			t.Errorf("a hub knows its address by %+v", env)
		}
	}
	if one := ofKind(render(t, "role=hub", "hub.replicas=1"), "PodDisruptionBudget"); len(one) != 0 {
		t.Error("the drain of one hub is held up")
	}
}
