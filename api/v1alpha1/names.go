// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels, annotations and finalizers of this group.
const (
	// LabelRegion names the region an object belongs to. A namespace
	// region-NAME that stood before its RegionalCluster is adopted only when it
	// carries this label with the value NAME.
	LabelRegion = GroupName + "/region"

	// LabelFeed carries the name of the WatchlistFeed a release belongs to.
	LabelFeed = GroupName + "/feed"

	// LabelPool carries the name of the MatcherPool a child object belongs to.
	LabelPool = GroupName + "/pool"

	// LabelPost carries the name of the BorderPost a child object belongs to.
	LabelPost = GroupName + "/post"

	// AnnotationHubUID carries, on an object applied in a region, the UID of
	// the object on the hub that the order named.
	AnnotationHubUID = GroupName + "/hub-uid"

	// AnnotationHubGeneration carries, on an object applied in a region, the
	// generation of the hub's object that the order named.
	AnnotationHubGeneration = GroupName + "/hub-generation"

	// AnnotationOrphaned marks an object in a region that the order no longer
	// lists and that no tombstone withdraws. It keeps serving.
	AnnotationOrphaned = GroupName + "/orphaned"

	// AnnotationApproveWithdrawals, on a RegionalCluster, releases the
	// withdrawals that are held. Its value is the short digest shown in the
	// message of the condition WithdrawalsHeld.
	AnnotationApproveWithdrawals = GroupName + "/approve-withdrawals"

	// AnnotationReconcileAt asks a controller to look at an object now. Any
	// change of its value counts; a time is customary. Once that was done,
	// status.lastHandledReconcileAt has the value.
	AnnotationReconcileAt = GroupName + "/reconcile-at"

	// AnnotationSuspend with the value "true" asks a controller to change nothing
	// because of the object, on a RegionalCluster, WatchlistFeed, MatcherPool,
	// BorderPost or RecordRequest. What serves goes on serving.
	AnnotationSuspend = GroupName + "/suspend"

	// AnnotationErased, on a WatchlistRelease, is a keyed digest of which erased
	// records were kept out of it, AnnotationBlocked of which blocked ones. They
	// are absent where there are none.
	AnnotationErased  = GroupName + "/erased"
	AnnotationBlocked = GroupName + "/blocked"

	// AnnotationFloor, on a WatchlistRelease, is the release by which the newest
	// erasure in it was carried out. No older one may be held.
	AnnotationFloor = GroupName + "/floor"

	// ManagerHubNamespace is the field manager under which a hub applies the
	// namespace region-NAME. Where it does, the cluster is the hub's own.
	ManagerHubNamespace = "frontline-regionalcluster"

	// FinalizerWitness lets the hub see a deletion before the object is gone.
	// It is removed as soon as the deletion is entered in the status of the
	// RegionalCluster and never waits for a region.
	FinalizerWitness = GroupName + "/witness"

	// RegionNamespacePrefix comes before a region's name in the name of its namespace.
	RegionNamespacePrefix = "region-"
)

// RegionNamespace returns the name of a region's namespace.
func RegionNamespace(region string) string { return RegionNamespacePrefix + region }

// podSecurityVersion is the release of Kubernetes whose rules for pods were tested:
// those of a newer one do not refuse what runs.
const podSecurityVersion = "v1.36"

// RegionNamespaceLabels are the labels of a region's namespace, whoever makes it.
func RegionNamespaceLabels(region string) map[string]string {
	labels := map[string]string{LabelRegion: region}
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = "restricted"
		labels["pod-security.kubernetes.io/"+mode+"-version"] = podSecurityVersion
	}
	return labels
}
