// SPDX-License-Identifier: Apache-2.0

// Package report is what a region says of itself: numbered, signed by the
// region's key, carried over a line or in a file. The format holds states,
// digests, counts and times, and never anything of a person.
package report

import (
	"encoding/json"
	"time"
)

// Format names the version of the report; a hub refuses any other.
const Format = "frontline.report/v1"

// MaxBytes is the size in bytes of the largest envelope a hub reads. The report
// of a region of ten thousand posts stays below it.
const MaxBytes = 16 << 20

// Report is one region's account of what it observed, holds and serves.
type Report struct {
	Format    string `json:"format"`
	Region    string `json:"region"`
	RegionUID string `json:"regionUID"`
	HubUID    string `json:"hubUID"`
	// Incarnation is raised by each join, Number by each report of an
	// incarnation; a hub takes only what is newer than the last it took.
	Incarnation int64 `json:"incarnation"`
	Number      int64 `json:"number"`
	// Observed is the newest order the region verified; nil before the first.
	Observed *Observed `json:"observed,omitempty"`
	Feeds    []Feed    `json:"feeds,omitempty"`
	Pools    []Object  `json:"pools,omitempty"`
	Posts    []Object  `json:"posts,omitempty"`
	// Orphans run in the region although the order neither lists nor withdraws them.
	Orphans  []Orphan  `json:"orphans,omitempty"`
	Terms    *Terms    `json:"terms,omitempty"`
	Refusals []Refusal `json:"refusals,omitempty"`
	Versions Versions  `json:"versions"`
	// Resumed is set from when the region lost a part of its memory.
	Resumed *Resumed `json:"resumed,omitempty"`
}

// Observed names an order.
type Observed struct {
	Term     int64     `json:"term"`
	Sequence int64     `json:"sequence"`
	Digest   string    `json:"digest"`
	Issued   time.Time `json:"issued"`
}

// Feed is the region's copy of one feed.
type Feed struct {
	ID    string `json:"id"`
	UID   string `json:"uid"`
	State string `json:"state"`
	// Wanted is the release ordered, Held the one in the regional registry.
	Wanted  int64  `json:"wanted,omitempty"`
	Held    int64  `json:"held,omitempty"`
	Content string `json:"content,omitempty"`
	// ListDate is the publisher's date of the list that is held, as the order named it.
	ListDate string `json:"listDate,omitempty"`
	Records  int64  `json:"records,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"`
	// Served is the lowest release that any pod serving the feed has mapped.
	Served int64 `json:"served,omitempty"`
	// Servers counts the pods that search the feed, by Served or a newer release.
	Servers int `json:"servers"`
	// Keys are the public halves of the region's keys of this feed.
	Keys *Keys `json:"keys,omitempty"`
	// Retained are the releases that the regional registry holds whole, ascending.
	Retained []int64 `json:"retained,omitempty"`
	// NeedsFull says that the region holds nothing of the feed, and that what
	// the order offers is more than a full copy.
	NeedsFull bool `json:"needsFull,omitempty"`
	// Blocks is the version of the overlay of blocked records that is ordered,
	// once every pod searching the feed applies it; zero before that, or when
	// none is ordered.
	Blocks int64 `json:"blocks,omitempty"`
	// Receipt is the newest receipt of an erasure, an envelope of its own.
	Receipt json.RawMessage `json:"receipt,omitempty"`
	// Reason and Message say why Held is not Wanted.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// Keys are what the hub seals a feed's content for a region to: the epoch in
// use, and the one that the next rotation turns to.
type Keys struct {
	Current Key `json:"current"`
	Next    Key `json:"next"`
}

// Key is the public half of a region's key for one feed and epoch.
type Key struct {
	// Epoch counts from 1.
	Epoch int64 `json:"epoch"`
	// Recipient is an age X25519 recipient, "age1…".
	Recipient string `json:"recipient"`
}

// Object is the status of a pool or post in the region.
type Object struct {
	Name string `json:"name"`
	// UID and Generation are the hub's, as the order named them.
	UID        string          `json:"uid"`
	Generation int64           `json:"generation"`
	Status     json.RawMessage `json:"status"`
}

// Orphan is an object that the order no longer lists.
type Orphan struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	UID  string `json:"uid"`
}

// Terms repeats the region's own terms.
type Terms struct {
	Feeds    []string `json:"feeds,omitempty"`
	Purposes []string `json:"purposes,omitempty"`
}

// Refusal is something ordered that the region does not do.
type Refusal struct {
	// Subject is the kind and name of what was refused, or "order".
	Subject string `json:"subject"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Versions of what runs in the region.
type Versions struct {
	Agent string `json:"agent"`
	// Level is what the agent reads of orders, Pods the least of what the
	// loaders read that acknowledged a set: package level. Zero is the first.
	Level int64 `json:"level,omitempty"`
	Pods  int64 `json:"pods,omitempty"`
}
