// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of every kind in this package.
const GroupName = "screening.frontline.dev"

var (
	// GroupVersion is the group and version of every kind in this package.
	GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

	// SchemeGroupVersion is GroupVersion under the name that generated code expects.
	SchemeGroupVersion = GroupVersion

	schemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme adds every kind of this package to a scheme.
	AddToScheme = schemeBuilder.AddToScheme
)

// Resource returns the group-qualified form of an unqualified resource name.
func Resource(resource string) schema.GroupResource {
	return GroupVersion.WithResource(resource).GroupResource()
}

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&RegionalCluster{}, &RegionalClusterList{},
		&WatchlistFeed{}, &WatchlistFeedList{},
		&WatchlistRelease{}, &WatchlistReleaseList{},
		&MatcherPool{}, &MatcherPoolList{},
		&BorderPost{}, &BorderPostList{},
		&WatchlistReplica{}, &WatchlistReplicaList{},
		&RegionTerms{}, &RegionTermsList{},
		&Approval{}, &ApprovalList{},
		&RecordRequest{}, &RecordRequestList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
