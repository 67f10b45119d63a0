// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The agent's rights in the namespace of its installation are limited to names,
// also where it makes an object: a real API server has to agree that applying
// names what it creates.
func TestAgentRightsByName(t *testing.T) {
	const install, account = "frontline-system", "system:serviceaccount:frontline-system:frontline-agent"
	for _, name := range []string{install, "region-name", "frontline-keys"} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if err := api.Create(t.Context(), namespace); err != nil {
			t.Fatal(err)
		}
	}
	for _, role := range rolesOf(t, "agent.yaml") {
		if err := api.Create(t.Context(), role); err != nil {
			t.Fatal(err)
		}
		binding := &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: role.GetNamespace(), Name: role.GetName()},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: role.GetKind(), Name: role.GetName()},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: account}},
		}
		if err := api.Create(t.Context(), binding); err != nil {
			t.Fatal(err)
		}
	}
	config := rest.CopyConfig(server.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: account}
	agent, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}

	apply := func(namespace, name string) func() error {
		return func() error {
			secret := corev1ac.Secret(name, namespace).WithData(map[string][]byte{"tls.crt": []byte("a certificate")})
			return agent.Apply(t.Context(), secret, client.FieldOwner("test"))
		}
	}
	get := func(namespace, name string) func() error {
		return func() error {
			return agent.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &corev1.Secret{})
		}
	}
	namespace := func(name string) func() error {
		return func() error { return agent.Get(t.Context(), client.ObjectKey{Name: name}, &corev1.Namespace{}) }
	}
	list := func(namespace string) func() error {
		return func() error { return agent.List(t.Context(), &corev1.SecretList{}, client.InNamespace(namespace)) }
	}
	for _, tc := range []struct {
		name    string
		do      func() error
		allowed bool
	}{
		{name: "make the registry's certificate", do: apply(install, "frontline-registry-tls"), allowed: true},
		{name: "renew the registry's certificate", do: apply(install, "frontline-registry-tls"), allowed: true},
		{name: "read the registry's certificate", do: get(install, "frontline-registry-tls"), allowed: true},
		{name: "look for an invitation", do: get(install, "frontline-invitation"), allowed: true},
		{name: "write an invitation", do: apply(install, "frontline-invitation")},
		{name: "make another Secret of the installation", do: apply(install, "another")},
		{name: "read another Secret of the installation", do: get(install, "frontline-trust")},
		{name: "list the installation's Secrets", do: list(install)},
		{name: "make a certificate of the region", do: apply("region-name", "main-matcher-tls"), allowed: true},
		{name: "read a certificate of the region", do: get("region-name", "main-matcher-tls"), allowed: true},
		{name: "list the region's Secrets", do: list("region-name")},
		{name: "make what makes the region itself", do: apply("frontline-keys", "frontline-region"), allowed: true},
		{name: "keep what makes the region itself", do: apply("frontline-keys", "frontline-region"), allowed: true},
		{name: "read what makes the region itself", do: get("frontline-keys", "frontline-region"), allowed: true},
		{name: "make another Secret beside it", do: apply("frontline-keys", "frontline-trust")},
		{name: "read another Secret beside it", do: get("frontline-keys", "frontline-trust")},
		{name: "list what is beside it", do: list("frontline-keys")},
		{name: "read it where it is not", do: get(install, "frontline-region")},
		{name: "look at the region's namespace", do: namespace("region-name"), allowed: true},
		{name: "look at another namespace", do: namespace("default")},
		{name: "make a Secret of another namespace", do: apply("default", "frontline-registry-tls")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := client.IgnoreNotFound(tc.do())
			if tc.allowed && err != nil {
				t.Errorf("refused: %v", err)
			}
			if !tc.allowed && !apierrors.IsForbidden(err) {
				t.Errorf("got %v, want Forbidden", err)
			}
		})
	}
}

// rolesOf reads the generated roles of a file of config/rbac.
func rolesOf(t *testing.T, file string) []*unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "config/rbac", file))
	if err != nil {
		t.Fatal(err)
	}
	var roles []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		role := &unstructured.Unstructured{}
		err := decoder.Decode(&role.Object)
		if errors.Is(err, io.EOF) {
			return roles
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(role.Object) > 0 {
			roles = append(roles, role)
		}
	}
}
