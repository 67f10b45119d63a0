// SPDX-License-Identifier: Apache-2.0

// Package region states what the agent of a region may do; its controllers are
// in the folders below.
//
// `make generate` writes the markers of this file into config/rbac/agent.yaml
// and, from there, into the chart; nothing else grants the agent anything. The
// namespace region-name stands for that of the region, frontline-system for that
// of the installation and frontline-keys for that of --key-namespace, whatever
// their names. Nothing is granted cluster-wide: who takes an agent over has these
// namespaces.
package region

// What a verified order makes the agent apply, mark as orphaned, restore or
// withdraw.
//
// +kubebuilder:rbac:groups=screening.frontline.dev,namespace=region-name,resources=matcherpools;borderposts;watchlistreplicas,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=screening.frontline.dev,namespace=region-name,resources=matcherpools/status;borderposts/status;watchlistreplicas/status;regionterms/status,verbs=patch

// The region's own word, which the agent obeys and does not write.
//
// +kubebuilder:rbac:groups=screening.frontline.dev,namespace=region-name,resources=regionterms,verbs=get;list;watch

// Whether a hub keeps the region's namespace, in whose own cluster only a region
// with link Local may be. A Role grants its own namespace alone.
//
// +kubebuilder:rbac:groups=core,namespace=region-name,resources=namespaces,verbs=get

// The children of pools and posts. An update takes out of a pod template what
// somebody added to its lists, which applying cannot.
//
// +kubebuilder:rbac:groups=apps,namespace=region-name,resources=deployments,verbs=get;list;watch;create;patch;update;delete
// +kubebuilder:rbac:groups=core,namespace=region-name,resources=services;serviceaccounts,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,namespace=region-name,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,namespace=region-name,resources=networkpolicies,verbs=get;list;watch;create;patch;delete

// Why a pool has fewer pods than it should. Pods are never written, entered or
// attached to.
//
// +kubebuilder:rbac:groups=core,namespace=region-name,resources=pods,verbs=get;list;watch

// Certificates of pools and posts, each by its name, so neither list nor watch.
//
// +kubebuilder:rbac:groups=core,namespace=region-name,resources=secrets,verbs=get;create;patch;delete

// In the namespace of the installation: the invitation is read, the registry's
// certificate applied. Applying names its object also where that is not there
// yet, so even create is limited to the name.
//
// +kubebuilder:rbac:groups=core,namespace=frontline-system,resources=secrets,resourceNames=frontline-invitation,verbs=get
// +kubebuilder:rbac:groups=core,namespace=frontline-system,resources=secrets,resourceNames=frontline-registry-tls,verbs=get;create;patch

// In the key namespace, which may be that of the installation: the one Secret
// that makes the region itself, by its name and never deleted.
//
// +kubebuilder:rbac:groups=core,namespace=frontline-keys,resources=secrets,resourceNames=frontline-region,verbs=get;create;patch
