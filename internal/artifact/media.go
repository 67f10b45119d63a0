// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"fmt"
	"strings"
)

// Media types and artifact types.
const (
	// TypeSnapshot is the artifact type of one release of a feed for one region.
	TypeSnapshot = "application/vnd.frontline.snapshot.v1"
	// TypeSnapshotLayer is the single layer of a snapshot, a Zstandard frame (RFC 8878).
	TypeSnapshotLayer = "application/vnd.frontline.snapshot.v1+zstd"
	// TypeOrder is the artifact type of a region's order.
	TypeOrder = "application/vnd.frontline.order.v1"
	// TypeOrderFile is a layer of an order: one file of the TUF repository or one part.
	TypeOrderFile = "application/vnd.frontline.order.file.v1"
)

// Annotations of a snapshot's manifest, beside those of the OCI image
// specification.
const (
	annotationFeed    = "dev.frontline.feed"
	annotationRegion  = "dev.frontline.region"
	annotationRelease = "dev.frontline.release"
	annotationContent = "dev.frontline.content.digest"
	annotationSize    = "dev.frontline.content.size"
	annotationRecords = "dev.frontline.records"
)

// CurrentTag is the tag of a region's order. It moves with each publication.
const CurrentTag = "current"

// Limits of an order. An order beyond them is refused whole.
const (
	MaxOrderFiles = 4096
	MaxOrderFile  = 1 << 20  // bytes of one file
	MaxOrderTotal = 64 << 20 // bytes of all files
)

// MaxSnapshot is the limit of a snapshot's content when none is given, in bytes.
const MaxSnapshot = 4 << 30

// maxManifest bounds a manifest: MaxOrderFiles layers with their annotations
// stay below it, and registries take at least 4 MiB (distribution
// specification, "Pushing Manifests").
const maxManifest = 4 << 20

// OrderRepository names the repository of a region's order.
func OrderRepository(region string) string { return "regions/" + region + "/order" }

// FeedRepository names the repository of one feed of one region. Jurisdictions
// end at repository names: no two regions share one.
func FeedRepository(region, feedID string) string {
	return "regions/" + region + "/feeds/" + feedID
}

// ReleaseTag is the tag of a release: "v" and its number.
func ReleaseTag(release int64) string { return fmt.Sprintf("v%d", release) }

// FileName is the name of a content's file: its digest with ':' replaced by
// '-', as in "sha256-<hex>".
func FileName(digest string) string { return strings.Replace(digest, ":", "-", 1) }
