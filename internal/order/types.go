// SPDX-License-Identifier: Apache-2.0

// Package order holds the complete, signed instruction to one region: what it
// may hold, run and answer. An order is an index and its parts, addressed by
// content. Compiling one is a pure function of its input; nothing in the body
// changes by itself, so an unchanged hub signs an unchanged order.
package order

import (
	"encoding/json"
	"time"
)

// Format names the version of the index; a region refuses any other.
const Format = "frontline.order/v1"

// MaxPart is the size in bytes that no part of pools or posts exceeds.
const MaxPart = 256 << 10

// MaxBlob is the size in bytes that no blob of an order exceeds.
const MaxBlob = 1 << 20

// PartKind names what a part of an order lists.
type PartKind string

// The parts of an order. A kind with nothing in it is left out.
const (
	PartFeeds      PartKind = "feeds"
	PartPools      PartKind = "pools"
	PartPosts      PartKind = "posts"
	PartApprovers  PartKind = "approvers"
	PartTombstones PartKind = "tombstones"
)

// Index is the body of an order. Its canonical JSON is the TUF target
// "order.json".
//
// Regions and loaders decode strictly, so whatever is added to an order later
// carries the level that brought it: package level.
type Index struct {
	Format string `json:"format"`
	// Level is the level that a reader must know, left out while it is the first.
	Level int64 `json:"level,omitempty" level:"2"`
	// HubUID and Term repeat what root-signed metadata says of the hub.
	HubUID string `json:"hubUID"`
	Term   int64  `json:"term"`
	// Sequence rises by one when, and only when, the rest of the body changes.
	Sequence int64  `json:"sequence"`
	Region   Region `json:"region"`
	// Parts are ordered by kind, then shard.
	Parts []Part `json:"parts"`
	// Erasures is the hub's append-only ledger of erased records, sealed to the
	// hub alone: regions carry it, so that a restored hub finds it again.
	Erasures *Blob `json:"erasures,omitempty"`
}

// Blob is opaque content of the order, addressed by digest: its reader is not
// the order.
type Blob struct {
	// Version rises by one with each change.
	Version int64 `json:"version"`
	// Digest is the OCI digest of the bytes, Size their number, at most MaxBlob.
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

// Region says whom the order is for and the limits that hold for all of it.
type Region struct {
	Name         string `json:"name"`
	UID          string `json:"uid"`
	Jurisdiction string `json:"jurisdiction"`
	// Profile is Standard or Edge, Link is Remote or Local.
	Profile string `json:"profile"`
	Link    string `json:"link"`
	// HeartbeatSeconds is the interval between two reports of a quiet region.
	HeartbeatSeconds int64     `json:"heartbeatSeconds"`
	Freshness        Freshness `json:"freshness"`
	// BytesPerSecond caps the transfer of content from the hub; zero is no cap.
	// Orders and other metadata are exempt.
	BytesPerSecond int64 `json:"bytesPerSecond,omitempty"`
}

// Freshness limits the age of data by the issue time of the newest order.
// Zero is no limit of its own. Limits only ever tighten: the smaller wins.
type Freshness struct {
	// MarkSeconds is the age beyond which answers are marked.
	MarkSeconds int64 `json:"markSeconds,omitempty"`
	// StopSeconds is the age beyond which the feed is no longer searched.
	StopSeconds int64 `json:"stopSeconds,omitempty"`
}

// Tighten returns the smaller of each limit of f and g.
func (f Freshness) Tighten(g Freshness) Freshness {
	return Freshness{
		MarkSeconds: tighter(f.MarkSeconds, g.MarkSeconds),
		StopSeconds: tighter(f.StopSeconds, g.StopSeconds),
	}
}

func tighter(a, b int64) int64 {
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}

// Part names one document of the order by content.
type Part struct {
	Kind   PartKind `json:"kind"`
	Shard  int      `json:"shard"`
	Shards int      `json:"shards"`
	// Digest is the OCI digest of the part's canonical JSON, Size its bytes.
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

// FeedState is what a region does with a feed.
type FeedState string

const (
	// Serve: hold the release and search it.
	Serve FeedState = "Serve"
	// Lock: keep what is held, search nothing of it.
	Lock FeedState = "Lock"
	// Erase: remove every copy.
	Erase FeedState = "Erase"
)

// Feed is what one region is told about one feed.
type Feed struct {
	// ID is NAMESPACE.NAME of the feed on the hub, UID the hub's object.
	ID    string    `json:"id"`
	UID   string    `json:"uid"`
	State FeedState `json:"state"`
	// Release is the number to serve; Floor the lowest that may ever be served
	// again. Both are zero when the feed has no release.
	Release int64 `json:"release,omitempty"`
	Floor   int64 `json:"floor,omitempty"`
	// Content is the digest of the snapshot's bytes as the matcher maps them,
	// Artifact that of the OCI manifest in the feed's repository.
	Content  string `json:"content,omitempty"`
	Artifact string `json:"artifact,omitempty"`
	// Epoch is the epoch of the region's key that the artifact is sealed to.
	// KeyFloor is the lowest epoch whose key may still exist once the release
	// is held; older ones are destroyed.
	Epoch    int64 `json:"epoch,omitempty"`
	KeyFloor int64 `json:"keyFloor,omitempty"`
	// Retain is how many releases, not below the floor, the region keeps.
	Retain int64 `json:"retain,omitempty"`
	// Blocks is the overlay of blocked records, sealed to the region's key.
	Blocks *Blob `json:"blocks,omitempty"`
	// Size is the snapshot's size in bytes, Records the number of its records.
	Size    int64 `json:"size,omitempty"`
	Records int64 `json:"records,omitempty"`
	// ListDate is the publisher's own date of the list, RFC 3339, or empty.
	ListDate      string     `json:"listDate,omitempty"`
	Grade         string     `json:"grade,omitempty"`
	Nature        string     `json:"nature,omitempty"`
	Purposes      []string   `json:"purposes,omitempty"`
	LegalBasis    LegalBasis `json:"legalBasis"`
	Jurisdictions []string   `json:"jurisdictions,omitempty"`
	Freshness     Freshness  `json:"freshness"`
}

// Day is the date, YYYY-MM-DD, of a time in RFC 3339.
func Day(t string) string { return t[:min(len(t), len(time.DateOnly))] }

// LegalBasis is the ground on which a feed may be held and searched.
type LegalBasis struct {
	Controller string `json:"controller,omitempty"`
	Reference  string `json:"reference,omitempty"`
	// ValidUntil is the first instant (RFC 3339) at which the feed may no longer be used.
	ValidUntil string `json:"validUntil,omitempty"`
}

// Workload is a pool or a post: the hub's identity of the object and its spec
// as the API defines it.
type Workload struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
	// Generation is the hub object's metadata.generation.
	Generation int64           `json:"generation"`
	Spec       json.RawMessage `json:"spec"`
	// Level is the level that Spec needs; zero is the first. Whoever compiles an
	// order knows it, and a reader has no use for it.
	Level int64 `json:"-"`
}

// Approver is a key that may sign Approvals for the region or one of its feeds.
type Approver struct {
	Name string `json:"name"`
	// Scope is "region" or a feed id.
	Scope string `json:"scope"`
	// PublicKey is base64 of the PKIX form.
	PublicKey string `json:"publicKey"`
}

// Tombstone withdraws one object. Silence withdraws nothing.
type Tombstone struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	UID  string `json:"uid"`
}

// Kinds that a tombstone may name.
const (
	KindPool = "MatcherPool"
	KindPost = "BorderPost"
	KindFeed = "WatchlistFeed"
)

// document is the stored form of a part.
type document struct {
	Kind       PartKind    `json:"kind"`
	Feeds      []Feed      `json:"feeds,omitempty"`
	Workloads  []Workload  `json:"workloads,omitempty"`
	Approvers  []Approver  `json:"approvers,omitempty"`
	Tombstones []Tombstone `json:"tombstones,omitempty"`
}
