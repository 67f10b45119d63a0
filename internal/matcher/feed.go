// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"time"

	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

// Feed is one feed of a pool as the order and the loader give it.
type Feed struct {
	// ID is NAMESPACE.NAME.
	ID string
	// Version is the release number, Digest its content digest (sha256:HEX).
	Version int64
	Digest  string
	// Snapshot is the content. It is nil when Unavailable is set; the engine closes it
	// when the last search that uses it has ended.
	Snapshot *snapshot.Snapshot
	// Grade decides between candidates and leads; empty means Authoritative.
	Grade screen.Grade
	// Nature is that of records which state none; empty means Wanted.
	Nature screen.Nature
	// Purposes the feed may be used for; empty means any.
	Purposes []screen.Purpose
	// ListDate is the publisher's; SourceChecked and OrderIssued are overruled by Engine.SetClocks.
	ListDate, SourceChecked, OrderIssued time.Time
	// ValidUntil is the end of the legal basis; zero means none.
	ValidUntil time.Time
	// Mark and Stop are ages of OrderIssued: past Mark answers say Marked, past Stop the
	// feed is not searched. Zero means no limit.
	Mark, Stop time.Duration
	// Blocks are records that are no candidates; nil means none.
	Blocks *block.Overlay
	// Unavailable says why the feed has no snapshot.
	Unavailable screen.Reason
}

// Clocks are the times that move while the content stays.
type Clocks struct {
	// OrderIssued is when the hub last confirmed the order.
	OrderIssued time.Time
	// SourceChecked is when the hub last asked the publisher, by feed id.
	SourceChecked map[string]time.Time
	// Offline says that the region's link to its hub is down: answers say so.
	Offline bool
}

// trusted is the time, which is no earlier than the hub's last word: a clock that was
// put back brings back no record and no legal basis.
func (c *Clocks) trusted(now time.Time) time.Time {
	if c != nil && c.OrderIssued.After(now) {
		return c.OrderIssued
	}
	return now
}
