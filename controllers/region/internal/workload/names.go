// SPDX-License-Identifier: Apache-2.0

// Package workload holds what the controllers of a region share to run pods:
// names and labels, pods that pass Pod Security restricted, pod templates that
// an upgrade leaves alone, certificates and network policies.
//
// Children carry no owner reference. A region withdraws a workload on a signed
// tombstone alone, so deleting the object that describes it, by a pruned folder
// of manifests or by mistake, must not take its pods along; the controllers
// remove children themselves.
package workload

import (
	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// Ports of the region's pods.
const (
	PortTLS          int32 = 8443
	PortHealth       int32 = 8081
	PortLoaderHealth int32 = 8082
	PortAgent        int32 = 9443
	PortRegistry     int32 = 5000
)

// Components of the region, as the label app.kubernetes.io/component names them.
const (
	ComponentMatcher = "matcher"
	ComponentFront   = "front"
)

const labelComponent = "app.kubernetes.io/component"

// AnnotationTemplateHash names, on a Deployment, what its pod template was
// made of: the version of the scheme and a hash of the inputs, such as v2:3f8a….
const AnnotationTemplateHash = screeningv1.GroupName + "/template-hash"

// Child returns the name of the child objects of a pool or post. The suffix
// keeps a pool and a post of one name apart.
func Child(owner, component string) string { return owner + "-" + component }

// TLSSecret returns the name of the Secret with a component's certificate.
func TLSSecret(owner, component string) string { return owner + "-" + component + "-tls" }

// Owner says whose child an object is.
type Owner struct {
	// Component is ComponentMatcher or ComponentFront.
	Component string
	// Region is the region's name, Name that of the pool or post.
	Region, Name string
}

// label is the label that carries the owner's name.
func (o Owner) label() string {
	if o.Component == ComponentFront {
		return screeningv1.LabelPost
	}
	return screeningv1.LabelPool
}

// Namespace is where the owner and its children live.
func (o Owner) Namespace() string { return screeningv1.RegionNamespace(o.Region) }

// Child is the name of the owner's children.
func (o Owner) Child() string { return Child(o.Name, o.Component) }

// Selector returns the labels that select the owner's pods. It never changes:
// a Deployment's selector cannot.
func (o Owner) Selector() map[string]string {
	return map[string]string{labelComponent: o.Component, o.label(): o.Name}
}

// Labels returns the labels of each child.
func (o Owner) Labels() map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":       "frontline",
		"app.kubernetes.io/part-of":    "frontline",
		"app.kubernetes.io/managed-by": "frontline-agent",
		labelComponent:                 o.Component,
		screeningv1.LabelRegion:        o.Region,
		o.label():                      o.Name,
	}
}

// ServiceHost is the DNS name of the Service of a pool or post.
func ServiceHost(region, owner, component string) string {
	return Child(owner, component) + "." + screeningv1.RegionNamespace(region) + ".svc"
}
