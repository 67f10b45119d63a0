// SPDX-License-Identifier: Apache-2.0

package hub

// What a hub may do, and why. `make generate` writes these markers into
// config/rbac/hub.yaml and, from there, into the chart; nothing else grants the
// hub anything. The namespace frontline-system stands for that of the
// installation, whatever its name.

// People write these; of feeds, pools and posts the hub patches the finalizer
// by which it witnesses their deletion, and never the spec.
//
// +kubebuilder:rbac:groups=screening.frontline.dev,resources=regionalclusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=screening.frontline.dev,resources=watchlistfeeds;matcherpools;borderposts,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=screening.frontline.dev,resources=approvals;recordrequests,verbs=get;list;watch

// The hub writes these. A release never changes; a replica is applied, which
// asks for create and patch.
//
// +kubebuilder:rbac:groups=screening.frontline.dev,resources=watchlistreleases,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups=screening.frontline.dev,resources=watchlistreplicas,verbs=get;list;watch;create;patch;delete

// Statuses come back with the object; they are only ever patched.
//
// +kubebuilder:rbac:groups=screening.frontline.dev,resources=regionalclusters/status;watchlistfeeds/status;watchlistreleases/status;watchlistreplicas/status;matcherpools/status;borderposts/status;approvals/status;recordrequests/status,verbs=patch

// A release blocks the deletion of the feed that owns it, which asks for this
// where the admission plugin OwnerReferencesPermissionEnforcement runs.
//
// +kubebuilder:rbac:groups=screening.frontline.dev,resources=watchlistfeeds/finalizers,verbs=update

// The namespace region-NAME of each region. The hub deletes none.
//
// +kubebuilder:rbac:groups=core,resources=namespaces,verbs=get;list;watch;create;patch

// In the namespace of the installation: the hub's authority, certificates and the
// records of regions, each by its name, so neither list nor watch. A
// publisher's credential stands in the namespace of its feed, whose owner
// grants it: see examples/feed-secret.yaml of the chart.
//
// +kubebuilder:rbac:groups=core,namespace=frontline-system,resources=secrets,verbs=get;create;update

// In the key namespace: what the hub signs with, the keys of feeds and the ledger
// of erasures, by name too, and never deleted. frontline-keys stands for the
// namespace of --key-namespace; without that flag it is the installation's.
//
// +kubebuilder:rbac:groups=core,namespace=frontline-keys,resources=secrets,verbs=get;create;update

// A Lease a region counts its reports; one more elects the process that leads.
//
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=frontline-system,resources=leases,verbs=get;list;watch;create;update
