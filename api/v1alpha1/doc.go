// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the API of Frontline, group screening.frontline.dev.
//
// One file holds one kind: its types, then the condition types and reasons its
// controllers write. A RegionalCluster stands for one jurisdiction. A
// WatchlistFeed, in its owner's namespace, is published as numbered
// WatchlistReleases. MatcherPools and BorderPosts, in the namespace
// region-NAME, say what the region runs; WatchlistReplicas show what it holds;
// its own RegionTerms say what it accepts. Approvals carry what people signed,
// and RecordRequests erase or block one record, named by a keyed hash.
//
// No object of this group ever holds a record of a list, a name of a person, a
// document number or a template.
//
// The package depends on k8s.io/apimachinery alone, so that other programs can
// import it at little cost.
//
// +kubebuilder:object:generate=true
// +kubebuilder:ac:generate=true
// +kubebuilder:ac:output:package="applyconfiguration"
// +groupName=screening.frontline.dev
package v1alpha1
