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
	// TypeSnapshotConfig is its configuration: Config as canonical JSON, sealed
	// with age to the region's key and to the hub's.
	TypeSnapshotConfig = "application/vnd.frontline.snapshot.config.v1+age"
	// TypeGroup is a piece of its base: a Zstandard frame (RFC 8878), sealed.
	TypeGroup = "application/vnd.frontline.group.v1+zstd+age"
	// TypeDelta is a delta of package delta, sealed.
	TypeDelta = "application/vnd.frontline.delta.v1+age"
	// TypeOrder is the artifact type of a region's order.
	TypeOrder = "application/vnd.frontline.order.v1"
	// TypeOrderFile is a layer of an order: one file of the TUF repository or one part.
	TypeOrderFile = "application/vnd.frontline.order.file.v1"
)

// Annotations of a snapshot's manifest. They say nothing of its content.
const (
	annotationFeed    = "dev.frontline.feed"
	annotationRegion  = "dev.frontline.region"
	annotationRelease = "dev.frontline.release"
	annotationEpoch   = "dev.frontline.epoch"
)

// annotationKeyed is the annotation of a layer by which the next cut finds the
// ciphertext of an equal plaintext: feedkey.Key.LayerDigest of it.
const annotationKeyed = "dev.frontline.keyed"

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
