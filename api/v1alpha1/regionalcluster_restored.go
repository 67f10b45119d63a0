// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// AnnotationAcknowledgeRestored, on a RegionalCluster, ends the condition
// RegionRestored. Its value is the number in the message of the condition.
const AnnotationAcknowledgeRestored = GroupName + "/acknowledge-restored"

// RegionRestored is present only while True: from when the region says that it
// lost a part of its memory until a person acknowledges it or the region joins
// anew. The region serves on and goes forward to the newest order.
const (
	// ConditionRegionRestored says that what the region remembers was lost, or
	// came from a backup.
	ConditionRegionRestored = "RegionRestored"

	// ReasonReportsBehind surfaces when the region knew nothing of reports that
	// it had sent: the Secret that makes it itself came from a backup.
	ReasonReportsBehind = "ReportsBehind"

	// ReasonVolumeRestored surfaces when the order that the region started with
	// was older than one it had obeyed: its volume came from a backup.
	ReasonVolumeRestored = "VolumeRestored"

	// ReasonVolumeLost surfaces when the region came back without its volume. It
	// goes on with the next keys and fetches its lists anew.
	ReasonVolumeLost = "VolumeLost"
)
