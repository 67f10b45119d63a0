// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

const keepAnnotation = "helm.sh/resource-policy"

func TestDefinitionsAreKept(t *testing.T) {
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			definitions := ofKind(render(t, role.values...), "CustomResourceDefinition")
			if len(definitions) == 0 {
				t.Fatal("no definitions")
			}
			for _, definition := range definitions {
				if got := definition.GetAnnotations()[keepAnnotation]; got != "keep" {
					t.Errorf("%s: %s is %q, want keep", definition.GetName(), keepAnnotation, got)
				}
			}
		})
	}
	for _, definition := range ofKind(render(t, "crds.keep=false"), "CustomResourceDefinition") {
		if got, found := definition.GetAnnotations()[keepAnnotation]; found {
			t.Errorf("%s: %s is %q although crds.keep is false", definition.GetName(), keepAnnotation, got)
		}
	}
	if definitions := ofKind(render(t, "crds.enabled=false"), "CustomResourceDefinition"); len(definitions) > 0 {
		t.Errorf("%d definitions although crds.enabled is false", len(definitions))
	}
}

func TestRegionNamespaces(t *testing.T) {
	const region = "screening.frontline.dev/region"
	for _, tc := range []struct {
		name   string
		values []string
		want   map[string]string // the label by which the hub adopts, by namespace
	}{
		{"both", []string{"role=region"}, map[string]string{"region-north": "north", "frontline-keys-north": ""}},
		{"not that of the region", []string{"role=region", "region.namespace.create=false"}, map[string]string{"frontline-keys-north": ""}},
		{"not that of its keys", []string{"role=region", "region.keyNamespace.create=false"}, map[string]string{"region-north": "north"}},
		{"keys elsewhere", []string{"role=region", "region.keyNamespace.name=vault"}, map[string]string{"region-north": "north", "vault": ""}},
		{"keys beside the agent", []string{"role=region", "region.keyNamespace.name=" + namespace}, map[string]string{"region-north": "north"}},
		{"with the hub", []string{"role=all"}, map[string]string{"region-north": "north"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			made := map[string]string{}
			for _, got := range ofKind(render(t, append(tc.values, "region.name=north")...), "Namespace") {
				made[got.GetName()] = got.GetLabels()[region]
				if got.GetAnnotations()[keepAnnotation] != "keep" {
					t.Errorf("uninstalling would delete %s", got.GetName())
				}
				// As the hub and the command line label the region's.
				for key, want := range screeningv1.RegionNamespaceLabels("north") {
					if label := got.GetLabels()[key]; key != region && label != want {
						t.Errorf("%s: label %s is %q, want %q", got.GetName(), key, label, want)
					}
				}
			}
			if diff := cmp.Diff(tc.want, made); diff != "" {
				t.Errorf("namespaces (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMatcherPriority(t *testing.T) {
	values := []string{"role=region", "region.name=north"}
	classes := ofKind(render(t, values...), "PriorityClass")
	if len(classes) != 1 {
		t.Fatalf("%d priority classes, want one", len(classes))
	}
	if got := classes[0].GetAnnotations()[keepAnnotation]; got != "keep" {
		t.Errorf("%s is %q: after uninstalling no matcher would start again", keepAnnotation, got)
	}
	for name, tt := range map[string]struct {
		more    []string
		argued  bool
		classes int
	}{
		"one that is there": {[]string{"agent.matcherPriority.create=false"}, true, 0},
		"none":              {[]string{"agent.matcherPriority.className="}, false, 0},
	} {
		objects := render(t, append(tt.more, values...)...)
		if got := len(ofKind(objects, "PriorityClass")); got != tt.classes {
			t.Errorf("%s: %d priority classes, want %d", name, got, tt.classes)
		}
		for _, pod := range podTemplates(t, objects) {
			argued := slices.ContainsFunc(pod.Spec.Containers[0].Args, func(arg string) bool { return strings.HasPrefix(arg, "--priority-class=") })
			if pod.workload == "frontline-agent" && argued != tt.argued {
				t.Errorf("%s: the agent is told of a class: %v", name, argued)
			}
		}
	}
	if classes := ofKind(render(t, "role=hub"), "PriorityClass"); len(classes) > 0 {
		t.Error("a hub, which runs no matcher, makes a priority class")
	}
}

// What no policy names is kept out of the namespaces of the installation and of
// the region, and in.
func TestNamespacesAreClosedByDefault(t *testing.T) {
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			missing := map[string]bool{namespace: true, "region-north": role.name != "hub"}
			for _, policy := range networkPolicies(t, role.values...) {
				if policy.Name != "frontline-default-deny" {
					continue
				}
				missing[policy.Namespace] = false
				if s := policy.Spec; len(s.PodSelector.MatchLabels)+len(s.PodSelector.MatchExpressions) > 0 || len(s.Ingress)+len(s.Egress) > 0 || len(s.PolicyTypes) != 2 {
					t.Errorf("%s is %+v, want all pods, both directions and no rule", policy.Namespace, s)
				}
			}
			for where, none := range missing {
				if none {
					t.Errorf("no policy for %s", where)
				}
			}
			for _, policy := range networkPolicies(t, append(role.values, "networkPolicy.enabled=false")...) {
				t.Errorf("%s although networkPolicy.enabled is false", policy.Name)
			}
		})
	}
}

// Each pod of the chart may call what it needs to, and its closed namespace lets
// out nothing else.
func TestEgress(t *testing.T) {
	const outside = "anywhere"
	agent := map[string][]string{
		"kube-system": {"53", "53"}, "registry": {"registry"}, outside: {"443", "6443", "8443"}, "region-north": {"8081", "8082"},
	}
	want := map[string]map[string][]string{
		"hub":    {"kube-system": {"53", "53"}, "registry": {"registry"}, outside: {"443", "6443", "8443"}},
		"region": agent,
		"all":    agent,
	}
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			for _, policy := range networkPolicies(t, role.values...) {
				got := map[string][]string{}
				for _, rule := range policy.Spec.Egress {
					to := outside
					for _, peer := range rule.To {
						if peer.NamespaceSelector != nil {
							to = peer.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]
						} else {
							to = peer.PodSelector.MatchLabels["app.kubernetes.io/component"]
						}
					}
					for _, port := range rule.Ports {
						got[to] = append(got[to], port.Port.String())
					}
				}
				wanted := want[role.name]
				if policy.Name == "frontline-registry" || policy.Name == "frontline-default-deny" {
					wanted = map[string][]string{}
				}
				if d := cmp.Diff(wanted, got); d != "" {
					t.Errorf("%s/%s lets out (-want +got):\n%s", policy.Namespace, policy.Name, d)
				}
				if len(policy.Spec.PolicyTypes) != 2 {
					t.Errorf("%s/%s is of %v, want both directions", policy.Namespace, policy.Name, policy.Spec.PolicyTypes)
				}
			}
		})
	}
}

func networkPolicies(t *testing.T, values ...string) []networkingv1.NetworkPolicy {
	t.Helper()
	var policies []networkingv1.NetworkPolicy
	for _, object := range ofKind(render(t, values...), "NetworkPolicy") {
		var policy networkingv1.NetworkPolicy
		convert(t, object.Object, &policy)
		policies = append(policies, policy)
	}
	return policies
}

func TestPersistence(t *testing.T) {
	claims := func(values ...string) (templates, mounted int) {
		objects := render(t, values...)
		for _, set := range ofKind(objects, "StatefulSet") {
			spec := set.Object["spec"].(map[string]any)
			list, _ := spec["volumeClaimTemplates"].([]any)
			templates += len(list)
		}
		for _, pod := range podTemplates(t, objects) {
			for _, volume := range pod.Spec.Volumes {
				if volume.PersistentVolumeClaim != nil {
					mounted++
				}
			}
		}
		return templates, mounted
	}
	tests := []struct {
		name               string
		values             []string
		templates, mounted int
	}{
		{"hub", []string{"role=hub"}, 1, 0},
		{"region", []string{"role=region", "region.name=north"}, 2, 0},
		{"all", []string{"role=all", "region.name=north"}, 1, 1},
		{"region with a claim of its own", []string{"role=region", "region.name=north", "agent.persistence.existingClaim=mine"}, 1, 1},
		{"region without", []string{"role=region", "region.name=north", "agent.persistence.enabled=false", "registry.persistence.enabled=false"}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			templates, mounted := claims(tt.values...)
			if templates != tt.templates || mounted != tt.mounted {
				t.Errorf("%d claim templates and %d claims mounted, want %d and %d", templates, mounted, tt.templates, tt.mounted)
			}
		})
	}
}

// A hub that uses a registry of its owner's installs none and logs in to that one.
func TestExternalRegistry(t *testing.T) {
	objects := render(t, "role=hub", "registry.external.url=https://registry.example/frontline",
		"registry.external.secretName=login", "registry.external.caKey=ca.crt")
	for _, object := range objects {
		if object.GetName() == "frontline-registry" && object.GetKind() != "ServiceAccount" {
			t.Errorf("%s frontline-registry is installed", object.GetKind())
		}
	}
	pods := podTemplates(t, objects)
	if len(pods) != 1 {
		t.Fatalf("%d workloads, want the hub alone", len(pods))
	}
	for _, want := range []string{
		"--registry=https://registry.example/frontline", "--registry-credential=/etc/frontline/registry", "--registry-ca=/etc/frontline/registry/ca.crt",
	} {
		if args := pods[0].Spec.Containers[0].Args; !slices.Contains(args, want) {
			t.Errorf("the hub's arguments %v lack %s", args, want)
		}
	}
	if !slices.ContainsFunc(pods[0].Spec.Volumes, func(v corev1.Volume) bool { return v.Secret != nil && v.Secret.SecretName == "login" }) {
		t.Error("the Secret is not mounted")
	}
}

func TestValuesRefused(t *testing.T) {
	tests := []struct {
		name   string
		values []string
		want   string
	}{
		{"unknown role", []string{"role=spoke"}, "/role"},
		{"region without a name", []string{"role=region"}, "/region/name"},
		{"all without a name", []string{"role=all"}, "/region/name"},
		{"name that is no label", []string{"role=region", "region.name=North"}, "/region/name"},
		{"misspelt value", []string{"hub.replica=2"}, "additional properties 'replica' not allowed"},
		{"two hubs without an election", []string{"hub.leaderElection=false"}, "needs hub.leaderElection"},
		{"lease without a unit", []string{"hub.lease.duration=15"}, "/hub/lease/duration"},
		{"gateway without a port", []string{"hub.gateway.address=hub.example"}, "/hub/gateway/address"},
		{"digest of another kind", []string{"image.digest=md5:00"}, "/image/digest"},
		{"unknown type of Service", []string{"hub.gateway.service.type=ExternalName"}, "/hub/gateway/service/type"},
		{"timestamp without a unit", []string{"hub.timestamps.interval=5"}, "/hub/timestamps/interval"},
		{"content without a unit", []string{"hub.content.size=2"}, "/hub/content/size"},
		{"rate below nothing", []string{"hub.gateway.downloadBytesPerSecond=-1"}, "/hub/gateway/downloadBytesPerSecond"},
		{"reserve of nothing", []string{"registry.reserveBytes=0"}, "/registry/reserveBytes"},
		{"collection without a unit", []string{"registry.collect.every=1"}, "/registry/collect/every"},
		{"keys in no namespace", []string{"hub.keyNamespace=Keys"}, "/hub/keyNamespace"},
		{"region's keys in no namespace", []string{"role=region", "region.name=north", "region.keyNamespace.name=Keys"}, "/region/keyNamespace/name"},
		{"registry without TLS", []string{"registry.external.url=http://registry.example"}, "/registry/external/url"},
		{"registry without a password", []string{"registry.external.url=https://registry.example"}, "registry.external.secretName is needed"},
		{"registry of its owner's in a region", []string{"role=region", "region.name=north", "registry.external.url=https://registry.example"}, "is for the role hub"},
		{"priority of the cluster's own", []string{"role=region", "region.name=north", "agent.matcherPriority.value=2000000000"}, "/agent/matcherPriority/value"},
		{"port of no number", []string{"networkPolicy.egressPorts={0}"}, "/networkPolicy/egressPorts"},
		{"unknown level of the log", []string{"logLevel=loud"}, "/logLevel"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := template(t, tt.values...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("helm said %v, want a message that contains %q", err, tt.want)
			}
		})
	}
}
