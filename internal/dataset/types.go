// SPDX-License-Identifier: Apache-2.0

// Package dataset is the directory contract between a loader, which writes,
// and an engine, which maps and answers. Any engine that follows it can serve
// a pool.
//
//	blobs/sha256-<hex>    the bytes of a snapshot, or of an overlay of blocked records; immutable
//	sets/<hex>.json       a Set, named by the digest of its bytes; immutable
//	current               link to sets/<hex>.json, replaced by rename
//	clocks.json           Clocks, replaced by rename
//
// and, in a directory that the engine writes and the loader reads,
//
//	ack.json              Ack, replaced by rename
package dataset

import (
	"encoding/json"
	"time"
)

// Formats of the documents in the directory.
const (
	SetFormat    = "frontline.set/v1"
	ClocksFormat = "frontline.clocks/v1"
	AckFormat    = "frontline.ack/v1"
	PinFormat    = "frontline.pin/v1"
)

// State says whether a feed of the set is searched.
type State string

const (
	// Serve: the feed's blob is there and is searched.
	Serve State = "Serve"
	// Unavailable: the feed is not searched, for Reason, and every answer names it.
	Unavailable State = "Unavailable"
)

// Set is everything a pool searches, swapped as one.
type Set struct {
	Format string `json:"format"`
	// Level is the level that the fields in use need, left out while it is the
	// first: package level. An engine that knows a lower one passes over what it
	// does not know, so no field that came later may be what closes a feed.
	Level  int64  `json:"level,omitempty" level:"2"`
	Region string `json:"region"`
	Pool   string `json:"pool"`
	// Feeds are sorted by id.
	Feeds []Feed `json:"feeds"`
}

// Feed is one feed of a set.
type Feed struct {
	ID    string `json:"id"`
	State State  `json:"state"`
	// Reason is a reason of the answer contract; empty when the state is Serve.
	Reason  string `json:"reason,omitempty"`
	Release int64  `json:"release,omitempty"`
	// Floor is the lowest release that may be searched while Release cannot be loaded.
	Floor int64 `json:"floor,omitempty"`
	// Content is the digest of the blob, Size its bytes, Records its records.
	Content  string   `json:"content,omitempty"`
	Size     int64    `json:"size,omitempty"`
	Records  int64    `json:"records,omitempty"`
	ListDate string   `json:"listDate,omitempty"`
	Grade    string   `json:"grade,omitempty"`
	Nature   string   `json:"nature,omitempty"`
	Purposes []string `json:"purposes,omitempty"`
	// Blocks is the digest of the blob with the overlay of blocked records; empty is none.
	Blocks string `json:"blocks,omitempty"`
	// ValidUntil is the first instant (RFC 3339) at which the legal basis no longer holds.
	ValidUntil string `json:"validUntil,omitempty"`
	// MarkSeconds and StopSeconds limit the age of the order; zero is no limit.
	MarkSeconds int64 `json:"markSeconds,omitempty"`
	StopSeconds int64 `json:"stopSeconds,omitempty"`
}

// Clocks are the times that move while the set stays the same.
type Clocks struct {
	Format string `json:"format"`
	// OrderIssued is when the newest verified order was signed.
	OrderIssued time.Time `json:"orderIssued"`
	// SourceChecked is when the hub last asked each feed's publisher.
	SourceChecked map[string]time.Time `json:"sourceChecked,omitempty"`
	// Connected says whether the region's link to the hub is up.
	Connected bool `json:"connected"`
}

// Ack is the engine's word on the set it serves.
type Ack struct {
	Format string `json:"format"`
	// Level is what the pod's loader reads; zero is the first. The engine leaves
	// it out, the loader puts it in as it passes the acknowledgement on.
	Level int64 `json:"level,omitempty"`
	// Set is the digest of the set in use; empty before the first.
	Set string `json:"set,omitempty"`
	// Feeds maps each feed searched to its release.
	Feeds map[string]int64 `json:"feeds,omitempty"`
	// Blocks maps each feed that has one to the digest of its overlay in effect.
	Blocks map[string]string `json:"blocks,omitempty"`
	// Refused is the digest of a newer set that was not taken, or not taken in full, Error the cause.
	Refused string `json:"refused,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Source says where a loader finds the blob of a feed.
type Source struct {
	Feed string `json:"feed"`
	// Repository and Artifact name the OCI manifest in the regional registry.
	Repository string `json:"repository"`
	Artifact   string `json:"artifact"`
}

// Target is what the agent tells a loader: the set to have, where its blobs
// are, and the clocks.
type Target struct {
	Set     Set      `json:"set"`
	Sources []Source `json:"sources,omitempty"`
	Clocks  Clocks   `json:"clocks"`
	// Overlays holds the overlays of blocked records by feed, sealed as the order
	// names them (order.Feed.Blocks). Feed.Blocks is the digest of what one of
	// the feed's keys opens: the loader proves the sealed bytes by the order and
	// writes the plain ones.
	Overlays map[string][]byte `json:"overlays,omitempty"`
	// Keys are the region's private keys by feed, newest epoch first, for the
	// feeds of this pool alone. A loader keeps them in memory and nowhere else.
	Keys map[string][]string `json:"keys,omitempty"`
	// Proofs let the loader verify by itself what the set follows from: the
	// order in force first, then earlier ones by which older content is held.
	Proofs []Proof `json:"proofs,omitempty"`
}

// Proof is an order as the region verified it.
type Proof struct {
	// Files are the files of the order's TUF repository, Feeds the order's part of feeds.
	Files map[string][]byte `json:"files"`
	Feeds []byte            `json:"feeds"`
	// Statement is the region's signed word on when it verified them.
	Statement json.RawMessage `json:"statement"`
}

// Pin is what a loader holds proofs against. It stands in the pool's Secret,
// which the agent writes and no target can change.
type Pin struct {
	Format string `json:"format"`
	// HubUID, Term and Region are what root-signed metadata must say, Root the
	// root.json that the region pinned when it joined.
	HubUID string `json:"hubUID"`
	Term   int64  `json:"term"`
	Region string `json:"region"`
	Root   []byte `json:"root"`
	// RegionKey is the public key that the region joined with, in PKIX form.
	RegionKey []byte `json:"regionKey"`
}

// PodAck is an Ack as a loader passes it to the agent.
type PodAck struct {
	Pod string `json:"pod"`
	Ack Ack    `json:"ack"`
}
