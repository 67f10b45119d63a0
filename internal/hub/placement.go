// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"maps"
	"slices"
)

// Verdict is what the hub decides about one feed in one region.
type Verdict string

// The verdicts.
const (
	// Serve: the region is ordered to hold and search the feed.
	Serve Verdict = "Serve"
	// Erase: the region is ordered to remove every copy.
	Erase Verdict = "Erase"
	// Keep: the feed is gone from the hub and nobody withdrew it; the region
	// keeps what the last order said.
	Keep Verdict = "Keep"
	// Remove: the region has nothing of the feed any more; its entry ends.
	Remove Verdict = "Remove"
	// NotAllowed: a pool names the feed, its owner does not share it with the
	// region's jurisdiction, and the region has nothing of it. The order lists
	// it as erased, so that the region can say where it may be held; it has no
	// entry in the ledger.
	NotAllowed Verdict = "NotAllowed"
	// NotFound: a pool names the feed, and there is no such feed. The order
	// says nothing of it.
	NotFound Verdict = "NotFound"
	// NoRelease: a pool names the feed, and it has no release as yet. The order
	// lists it without one, so that the region can say what it waits for.
	NoRelease Verdict = "NoRelease"
)

// Feed is what placement needs of a feed.
type Feed struct {
	ID string
	// Allow lists the jurisdictions that may hold a copy.
	Allow []string
	// Released says whether a release stands that can be ordered.
	Released bool
}

// PlacementInput is what placement in one region depends on.
type PlacementInput struct {
	Jurisdiction string
	// Feeds that stand on the hub, by id.
	Feeds map[string]Feed
	// Named are the feeds that the region's pools name.
	Named []string
	// Placed are the feeds the region was given a release of before, by the
	// hub's ledger or by its last order.
	Placed []string
	// Withdrawn are deleted feeds whose erasure is ordered.
	Withdrawn []string
	// Empty reports whether the region is known to hold nothing of a feed: it
	// never joined, or it said so on an order that told it to erase.
	Empty func(feed string) bool
}

// Place decides about every feed that the region names or was given. A region
// gets a feed when the owner allows its jurisdiction and a pool names it; once
// placed it stays while allowed.
func Place(in PlacementInput) map[string]Verdict {
	out := map[string]Verdict{}
	for _, id := range in.Named {
		feed, exists := in.Feeds[id]
		switch {
		case !exists:
			out[id] = NotFound
		case !slices.Contains(feed.Allow, in.Jurisdiction):
			out[id] = NotAllowed
		case !feed.Released:
			out[id] = NoRelease
		default:
			out[id] = Serve
		}
	}
	for _, id := range in.Placed {
		feed, exists := in.Feeds[id]
		switch {
		case exists && slices.Contains(feed.Allow, in.Jurisdiction) && feed.Released:
			out[id] = Serve
		case exists && slices.Contains(feed.Allow, in.Jurisdiction):
			// It had a release once, or it would not be placed: the objects
			// that describe it are missing, not the copy.
			out[id] = Keep
		case !exists && !slices.Contains(in.Withdrawn, id):
			out[id] = Keep
		case in.Empty(id) && out[id] == NotAllowed:
			// A pool still names it: the order goes on saying where it may be held.
		case in.Empty(id):
			out[id] = Remove
		default:
			out[id] = Erase
		}
	}
	return out
}

// IDs returns the feeds with the verdict, sorted.
func IDs(placement map[string]Verdict, verdict Verdict) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(placement)) {
		if placement[id] == verdict {
			ids = append(ids, id)
		}
	}
	return ids
}
