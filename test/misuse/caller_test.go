// SPDX-License-Identifier: Apache-2.0

package misuse

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// Accounts of the installation, of Kubernetes, and of people.
const (
	hubAccount          = "system:serviceaccount:" + install + ":frontline-hub"
	agentAccount        = "system:serviceaccount:" + install + ":frontline-agent"
	registryAccount     = "system:serviceaccount:" + install + ":frontline-registry"
	namespaceController = "system:serviceaccount:kube-system:namespace-controller"

	viewer         = "viewer"
	regionalAdmin  = "regional-admin"
	platform       = "platform"
	auditor        = "auditor"
	namespaceAdmin = "namespace-admin" // by the cluster's own role, not by one of Frontline's
	clusterAdmin   = "cluster-admin"   // whom RBAC refuses nothing
)

// grant binds a ClusterRole to a person, in a namespace or, where that is
// empty, in the cluster.
func (s *site) grant(t *testing.T, who, role, namespace string) {
	t.Helper()
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role}
	subjects := []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: who}}
	name := metav1.ObjectMeta{Name: who + "-" + role, Namespace: namespace}
	name.Name = strings.ReplaceAll(name.Name, ":", "-")
	var binding client.Object = &rbacv1.RoleBinding{ObjectMeta: name, RoleRef: ref, Subjects: subjects}
	if namespace == "" {
		binding = &rbacv1.ClusterRoleBinding{ObjectMeta: name, RoleRef: ref, Subjects: subjects}
	}
	s.make(t, binding)
}

// make creates an object for all tests of the package that need it.
func (s *site) make(t *testing.T, object client.Object) {
	t.Helper()
	copied, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		t.Fatalf("%T cannot be copied", object)
	}
	if err := s.admin.Create(t.Context(), copied); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatalf("create %T %s: %v", object, object.GetName(), err)
	}
}

// caller is somebody at a site.
type caller struct {
	client.Client
	raw rest.Interface
}

func (s *site) as(t *testing.T, who string) *caller {
	t.Helper()
	config := rest.CopyConfig(s.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: who, Groups: []string{"system:authenticated"}}
	if who == clusterAdmin {
		config.Impersonate.Groups = append(config.Impersonate.Groups, "system:masters")
	}
	c, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	web, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := apiutil.RESTClientForGVK(corev1.SchemeGroupVersion.WithKind("Pod"), false, false, config, clientgoscheme.Codecs, web)
	if err != nil {
		t.Fatal(err)
	}
	return &caller{Client: c, raw: raw}
}

// An act is one attempt.
type act func(ctx context.Context, c *caller) error

// object is one named object of a kind: pool/region-north/general.
func object(name string) *unstructured.Unstructured {
	kinds := map[string]schema.GroupVersionKind{
		"secret":     corev1.SchemeGroupVersion.WithKind("Secret"),
		"namespace":  corev1.SchemeGroupVersion.WithKind("Namespace"),
		"pod":        corev1.SchemeGroupVersion.WithKind("Pod"),
		"node":       corev1.SchemeGroupVersion.WithKind("Node"),
		"deployment": {Group: "apps", Version: "v1", Kind: "Deployment"},
		"policies":   {Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
		"role":       rbacv1.SchemeGroupVersion.WithKind("Role"),
		"binding":    rbacv1.SchemeGroupVersion.WithKind("ClusterRoleBinding"),
		"refusal":    {Group: "admissionregistration.k8s.io", Version: "v1", Kind: "ValidatingAdmissionPolicyBinding"},
		"region":     screeningv1.GroupVersion.WithKind("RegionalCluster"),
		"feed":       screeningv1.GroupVersion.WithKind("WatchlistFeed"),
		"replica":    screeningv1.GroupVersion.WithKind("WatchlistReplica"),
		"pool":       screeningv1.GroupVersion.WithKind("MatcherPool"),
		"post":       screeningv1.GroupVersion.WithKind("BorderPost"),
		"terms":      screeningv1.GroupVersion.WithKind("RegionTerms"),
		"approval":   screeningv1.GroupVersion.WithKind("Approval"),
	}
	parts := strings.Split(name, "/")
	kind, known := kinds[parts[0]]
	if !known || len(parts) != 3 {
		panic("no such object: " + name)
	}
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	u.SetNamespace(parts[1])
	u.SetName(parts[2])
	return u
}

func get(name string) act {
	return func(ctx context.Context, c *caller) error {
		o := object(name)
		return c.Get(ctx, client.ObjectKeyFromObject(o), o)
	}
}

// list names the namespace, and no object: secret/region-north/.
func list(name string) act {
	return func(ctx context.Context, c *caller) error {
		o := object(name)
		all := &unstructured.UnstructuredList{}
		all.SetGroupVersionKind(o.GroupVersionKind())
		return c.List(ctx, all, client.InNamespace(o.GetNamespace()))
	}
}

func create(o *unstructured.Unstructured) act {
	return func(ctx context.Context, c *caller) error { return c.Create(ctx, o.DeepCopy()) }
}

func remove(name string) act {
	return func(ctx context.Context, c *caller) error { return c.Delete(ctx, object(name)) }
}

// patch merges JSON into an object, or into a subresource that is named.
func patch(name, body string, subresource ...string) act {
	return func(ctx context.Context, c *caller) error {
		merge := client.RawPatch(types.MergePatchType, []byte(body))
		if len(subresource) > 0 {
			return c.SubResource(subresource[0]).Patch(ctx, object(name), merge)
		}
		return c.Patch(ctx, object(name), merge)
	}
}

// connect asks for a stream to a pod or Service below region-north.
func connect(path string) act {
	return func(ctx context.Context, c *caller) error {
		return c.raw.Post().RequestURI("/api/v1/namespaces/region-north/" + path).Do(ctx).Error()
	}
}

// by names who refuses: a policy, or rbac.
const rbac = "rbac"

// refusedBy reports whether the error is the refusal of one of them.
func refusedBy(err error, by string) bool {
	if !apierrors.IsForbidden(err) {
		return false
	}
	if by == rbac {
		return strings.Contains(err.Error(), " cannot ")
	}
	return strings.Contains(err.Error(), "ValidatingAdmissionPolicy '"+by+"' ")
}

// awaitPolicy waits until the API server enforces a policy, which it does a
// moment after the policy was made. The attempt is made without effect.
func (s *site) awaitPolicy(t *testing.T, policy, who string, do act) {
	t.Helper()
	c := s.as(t, who)
	c.Client = client.NewDryRunClient(c.Client)
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 250*time.Millisecond, startTimeout, true, func(context.Context) (bool, error) {
		last = do(t.Context(), c)
		return refusedBy(last, policy), nil
	})
	if err != nil {
		t.Fatalf("the API server does not enforce %s: %v; it answered %v", policy, err, last)
	}
}
