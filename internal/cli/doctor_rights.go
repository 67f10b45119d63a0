// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/doctor"
)

// asked is a right to ask about: a verb, a resource with its group as in
// deployments.apps, and where.
type asked struct {
	verb, resource, namespace string
}

// The places that a right is asked for in, beside the whole cluster.
const (
	inInstall = "install"
	inRegion  = "region"
)

const ourGroup = "." + screeningv1.GroupName

// installing is what `helm install` does that not everybody may.
var installing = []asked{
	{"create", "customresourcedefinitions.apiextensions.k8s.io", ""},
	{"create", "clusterroles.rbac.authorization.k8s.io", ""},
	{"create", "clusterrolebindings.rbac.authorization.k8s.io", ""},
	{"create", "namespaces", ""},
	{"create", "roles.rbac.authorization.k8s.io", inInstall},
	{"create", "rolebindings.rbac.authorization.k8s.io", inInstall},
	{"create", "serviceaccounts", inInstall},
	{"create", "services", inInstall},
	{"create", "secrets", inInstall},
	{"create", "deployments.apps", inInstall},
	{"create", "statefulsets.apps", inInstall},
	{"create", "networkpolicies.networking.k8s.io", inInstall},
}

// The rights of a process, one of each binding: they come and go as a whole.
var (
	hubLives = []asked{
		{"list", "regionalclusters" + ourGroup, ""},
		{"patch", "watchlistreplicas" + ourGroup, ""},
		{"create", "secrets", inInstall},
		{"update", "leases.coordination.k8s.io", inInstall},
	}
	agentLives = []asked{
		{"patch", "matcherpools" + ourGroup, inRegion},
		{"patch", "deployments.apps", inRegion},
		{"create", "secrets", inRegion},
	}
)

// attributes are the right as the API server is asked for it.
func (g *gatherer) attributes(a asked, region string) *authorizationv1.ResourceAttributes {
	resource, group, _ := strings.Cut(a.resource, ".")
	attributes := &authorizationv1.ResourceAttributes{Verb: a.verb, Group: group, Resource: resource}
	switch a.namespace {
	case inInstall:
		attributes.Namespace = g.namespace
	case inRegion:
		attributes.Namespace = screeningv1.RegionNamespace(region)
	}
	return attributes
}

// rights asks what whoever runs this may do.
func (g *gatherer) rights(ctx context.Context) ([]doctor.Right, error) {
	return ask(installing, func(a asked) (*authorizationv1.ResourceAttributes, bool, error) {
		review := &authorizationv1.SelfSubjectAccessReview{}
		review.Spec.ResourceAttributes = g.attributes(a, "")
		err := g.client.Create(ctx, review)
		return review.Spec.ResourceAttributes, review.Status.Allowed, err
	})
}

// granted asks what the account of the process may do.
func (g *gatherer) granted(ctx context.Context, p process, region string) ([]doctor.Right, error) {
	lives := map[string][]asked{"hub": hubLives, "agent": agentLives, "all": slices.Concat(hubLives, agentLives)}[p.component]
	return ask(lives, func(a asked) (*authorizationv1.ResourceAttributes, bool, error) {
		review := &authorizationv1.SubjectAccessReview{}
		review.Spec.User = "system:serviceaccount:" + g.namespace + ":" + p.account
		review.Spec.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:" + g.namespace, "system:authenticated"}
		review.Spec.ResourceAttributes = g.attributes(a, region)
		err := g.client.Create(ctx, review)
		return review.Spec.ResourceAttributes, review.Status.Allowed, err
	})
}

func ask(list []asked, review func(asked) (*authorizationv1.ResourceAttributes, bool, error)) ([]doctor.Right, error) {
	out := make([]doctor.Right, 0, len(list))
	for _, a := range list {
		where, allowed, err := review(a)
		if err != nil {
			return nil, err
		}
		out = append(out, doctor.Right{Verb: a.verb, Resource: a.resource, Namespace: where.Namespace, Allowed: allowed})
	}
	return out, nil
}
