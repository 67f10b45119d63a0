// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// granted is one rule and where it holds; namespace is empty for a ClusterRole.
type granted struct {
	role, namespace string
	rbacv1.PolicyRule
}

func grants(t *testing.T, objects []unstructured.Unstructured) []granted {
	t.Helper()
	var all []granted
	for _, object := range ofKind(objects, "Role", "ClusterRole") {
		var role struct {
			Rules []rbacv1.PolicyRule `json:"rules"`
		}
		content := map[string]any{"rules": object.Object["rules"]}
		convert(t, content, &role)
		for _, rule := range role.Rules {
			all = append(all, granted{role: object.GetName(), namespace: object.GetNamespace(), PolicyRule: rule})
		}
	}
	if len(all) == 0 {
		t.Fatal("no roles")
	}
	return all
}

func TestRolesAreLeast(t *testing.T) {
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			for _, grant := range grants(t, render(t, role.values...)) {
				for _, words := range [][]string{grant.APIGroups, grant.Resources, grant.Verbs} {
					if slices.Contains(words, "*") {
						t.Errorf("%s grants a wildcard: %v", grant.role, grant.PolicyRule)
					}
				}
				for _, verb := range []string{"escalate", "bind", "impersonate", "deletecollection", "approve", "sign", "proxy"} {
					if slices.Contains(grant.Verbs, verb) {
						t.Errorf("%s grants %s", grant.role, verb)
					}
				}
				for _, resource := range grant.Resources {
					if resource != "pods/log" && strings.HasPrefix(resource, "pods/") || strings.HasPrefix(resource, "nodes") {
						t.Errorf("%s grants %s", grant.role, resource)
					}
					if resource == "secrets" && grant.namespace == "" {
						t.Errorf("%s grants Secrets of the whole cluster", grant.role)
					}
					watches := slices.Contains(grant.Verbs, "list") || slices.Contains(grant.Verbs, "watch")
					if resource == "secrets" && watches {
						t.Errorf("%s lists Secrets, where by name is enough", grant.role)
					}
					if strings.HasSuffix(resource, "/exec") || strings.HasSuffix(resource, "/token") {
						t.Errorf("%s grants %s", grant.role, resource)
					}
					if !slices.Contains(grant.APIGroups, "rbac.authorization.k8s.io") && !slices.Contains(grant.APIGroups, "admissionregistration.k8s.io") {
						continue
					}
					for _, verb := range grant.Verbs {
						if !slices.Contains([]string{"get", "list", "watch"}, verb) {
							t.Errorf("%s may %s %s, which limit it", grant.role, verb, resource)
						}
					}
				}
			}
		})
	}
}

// People have roles of Frontline's own. What a cluster's own roles grant is left
// as it is: whoever may edit what runs in a namespace edits no list by that.
func TestRolesForPeople(t *testing.T) {
	const prefix = "screening.frontline.dev/aggregate-to-"
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			missing := map[string]bool{"viewer": true, "regional-admin": true, "platform": true, "auditor": true}
			for _, object := range ofKind(render(t, role.values...), "ClusterRole") {
				for label := range object.GetLabels() {
					if strings.HasPrefix(label, "rbac.authorization.k8s.io/aggregate-to-") {
						t.Errorf("%s adds to a role of the cluster: %s", object.GetName(), label)
					}
					if name, found := strings.CutPrefix(label, prefix); found && object.GetName() == "frontline-"+name {
						delete(missing, name)
					}
				}
			}
			for name := range missing {
				t.Errorf("no ClusterRole frontline-%s with the label %s%s", name, prefix, name)
			}
		})
	}
	for _, object := range ofKind(render(t, "rbac.roles=false"), "ClusterRole") {
		if object.GetName() != "frontline-hub" {
			t.Errorf("%s although rbac.roles is false", object.GetName())
		}
	}
}

// A policy without a binding refuses nothing, silently, and one that fails open
// or only warns refuses nobody who means it.
func TestPoliciesAreBound(t *testing.T) {
	want := map[string][]string{
		"hub":    {"frontline-hub-finalizer", "frontline-hub-namespaces", "frontline-replicas"},
		"region": {"frontline-applied-north", "frontline-pods-north", "frontline-replicas-north"},
		"all":    {"frontline-hub-finalizer", "frontline-hub-namespaces", "frontline-pods-north", "frontline-replicas"},
	}
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			objects := render(t, role.values...)
			var policies, bound []string
			for _, object := range ofKind(objects, "ValidatingAdmissionPolicy") {
				var policy admissionv1.ValidatingAdmissionPolicy
				convert(t, object.Object, &policy)
				policies = append(policies, policy.Name)
				if policy.Spec.FailurePolicy == nil || *policy.Spec.FailurePolicy != admissionv1.Fail {
					t.Errorf("%s fails open", policy.Name)
				}
			}
			for _, object := range ofKind(objects, "ValidatingAdmissionPolicyBinding") {
				var binding admissionv1.ValidatingAdmissionPolicyBinding
				convert(t, object.Object, &binding)
				bound = append(bound, binding.Spec.PolicyName)
				if !slices.Contains(binding.Spec.ValidationActions, admissionv1.Deny) || !slices.Contains(binding.Spec.ValidationActions, admissionv1.Audit) {
					t.Errorf("%s does %v, want Deny and Audit", binding.Name, binding.Spec.ValidationActions)
				}
			}
			slices.Sort(policies)
			slices.Sort(bound)
			if d := cmp.Diff(want[role.name], policies); d != "" {
				t.Errorf("policies (-want +got):\n%s", d)
			}
			if d := cmp.Diff(policies, bound); d != "" {
				t.Errorf("bindings (-policies +bound):\n%s", d)
			}
			if left := ofKind(render(t, append(role.values, "policies.enabled=false")...), "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"); len(left) > 0 {
				t.Errorf("%d objects although policies.enabled is false", len(left))
			}
		})
	}
}

// Whoever takes over a region's agent has that region's namespace, the agent's
// own and one Secret beside them, and nothing of the cluster.
func TestAgentReachesItsNamespaces(t *testing.T) {
	objects := render(t, "role=region", "region.name=north")
	for _, grant := range grants(t, objects) {
		if grant.namespace == "frontline-keys-north" && !slices.Equal(grant.ResourceNames, []string{"frontline-region"}) {
			t.Errorf("in the key namespace %s is granted %v", grant.role, grant.PolicyRule)
		}
	}
	for _, binding := range ofKind(objects, "ClusterRoleBinding") {
		t.Errorf("ClusterRoleBinding %s", binding.GetName())
	}
	for _, binding := range ofKind(objects, "RoleBinding") {
		if where := binding.GetNamespace(); !slices.Contains([]string{namespace, "region-north", "frontline-keys-north"}, where) {
			t.Errorf("RoleBinding %s in namespace %s", binding.GetName(), where)
		}
	}
}

// A binding to a role or an account that is not there grants nothing, silently.
func TestBindingsResolve(t *testing.T) {
	for _, role := range roles {
		t.Run(role.name, func(t *testing.T) {
			objects := render(t, role.values...)
			there := map[string]bool{}
			for _, object := range objects {
				there[object.GetKind()+"/"+object.GetNamespace()+"/"+object.GetName()] = true
			}
			for _, object := range ofKind(objects, "RoleBinding", "ClusterRoleBinding") {
				var binding rbacv1.RoleBinding
				convert(t, object.Object, &binding)
				where := binding.Namespace
				if binding.RoleRef.Kind == "ClusterRole" {
					where = ""
				}
				if !there[binding.RoleRef.Kind+"/"+where+"/"+binding.RoleRef.Name] {
					t.Errorf("%s refers to %s %s, which is not there", binding.Name, binding.RoleRef.Kind, binding.RoleRef.Name)
				}
				for _, subject := range binding.Subjects {
					if !there[subject.Kind+"/"+subject.Namespace+"/"+subject.Name] {
						t.Errorf("%s binds %s %s, which is not there", binding.Name, subject.Kind, subject.Name)
					}
				}
			}
			for _, pod := range podTemplates(t, objects) {
				if !there["ServiceAccount/"+namespace+"/"+pod.Spec.ServiceAccountName] {
					t.Errorf("%s runs as %s, which is not there", pod.workload, pod.Spec.ServiceAccountName)
				}
			}
		})
	}
}

// What the chart grants the hub and the agent is what the markers in controllers/
// say, rule for rule; a role written by hand would drift from the code.
func TestRolesAreGenerated(t *testing.T) {
	generated := map[string][]rbacv1.PolicyRule{}
	for _, file := range []string{"hub.yaml", "agent.yaml"} {
		f, err := os.Open(filepath.Join(repository, "config/rbac", file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, grant := range grants(t, decode(t, f)) {
			where := strings.Replace(grant.namespace, "region-name", "region-north", 1)
			generated[grant.role+"/"+where] = append(generated[grant.role+"/"+where], grant.PolicyRule)
		}
	}
	for _, tc := range []struct {
		name   string
		values []string
		roles  []string
		// beside says that what the agent may in a key namespace it may in the installation's.
		beside bool
	}{
		{
			name: "keys apart", values: []string{"role=hub", "hub.keyNamespace=frontline-keys"},
			roles: []string{"frontline-hub/", "frontline-hub/" + namespace, "frontline-hub/frontline-keys"},
		},
		{name: "hub", values: []string{"role=hub"}, roles: []string{"frontline-hub/", "frontline-hub/" + namespace}},
		{
			name: "region", values: []string{"role=region", "region.name=north", "region.keyNamespace.name=frontline-keys"},
			roles: []string{"frontline-agent/region-north", "frontline-agent/" + namespace, "frontline-agent/frontline-keys"},
		},
		{
			name: "region with its keys beside it", values: []string{"role=region", "region.name=north", "region.keyNamespace.name=" + namespace},
			roles: []string{"frontline-agent/region-north", "frontline-agent/" + namespace}, beside: true,
		},
		{name: "all", values: []string{"role=all", "region.name=north"}, roles: []string{
			"frontline-hub/", "frontline-hub/" + namespace,
			"frontline-agent/region-north", "frontline-agent/" + namespace,
		}, beside: true},
		{name: "all with keys apart", values: []string{"role=all", "region.name=north", "hub.keyNamespace=frontline-keys"}, roles: []string{
			"frontline-hub/", "frontline-hub/" + namespace, "frontline-hub/frontline-keys",
			"frontline-agent/region-north", "frontline-agent/" + namespace, "frontline-agent/frontline-keys",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want, got := map[string][]rbacv1.PolicyRule{}, map[string][]rbacv1.PolicyRule{}
			for _, role := range tc.roles {
				want[role] = generated[role]
			}
			if install := "frontline-agent/" + namespace; tc.beside {
				want[install] = slices.Concat(generated[install], generated["frontline-agent/frontline-keys"])
			}
			for _, grant := range grants(t, render(t, append(tc.values, "rbac.roles=false")...)) {
				key := grant.role + "/" + grant.namespace
				got[key] = append(got[key], grant.PolicyRule)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("rules differ from config/rbac (-generated +chart); run make generate:\n%s", d)
			}
		})
	}
}
