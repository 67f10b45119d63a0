// SPDX-License-Identifier: Apache-2.0

package hub

import "time"

// LinkState says how a region's line to the hub fares.
type LinkState string

// The states of a line, spelled as in RegionalCluster.status.link.
const (
	NotJoined LinkState = "NotJoined"
	Connected LinkState = "Connected"
	Degraded  LinkState = "Degraded"
	Offline   LinkState = "Offline"
)

// Recovery is how many reports in a row must arrive in time before a line
// that was lost counts as Connected again.
const Recovery = 2

// Link is the state of a line and since when. For Degraded and Offline it is
// the time of first loss: the last report before the silence.
type Link struct {
	State LinkState
	Since time.Time
}

// Beats is what is kept of a region's reports.
type Beats struct {
	// Last is when the newest report arrived, or when the region joined.
	Last time.Time
	// Streak counts reports in a row that arrived in time, the newest included.
	Streak int
}

// Heartbeat bounds a region's silence.
type Heartbeat struct {
	Degraded, Offline time.Duration
}

// Beat adds a report that arrives at now.
func (b Beats) Beat(now time.Time, h Heartbeat) Beats {
	if b.Last.IsZero() || now.Sub(b.Last) >= h.Degraded {
		return Beats{Last: now, Streak: 1}
	}
	// More than Recovery tells nothing, and a number that stands still is not
	// a reason to write.
	return Beats{Last: now, Streak: min(b.Streak+1, Recovery)}
}

// Follow returns the state of the line at now and how long it stays so
// without another report; zero means for ever. A line is lost when a limit has
// passed, and found again only after Recovery reports in a row in time, so
// that a bad line does not flap. prev is the state decided last.
//
// listening is since when this hub could have taken a report: silence before
// is the hub's own, and until the region had its time to be heard the state
// stays what it was.
func Follow(prev Link, b Beats, h Heartbeat, listening, now time.Time) (Link, time.Duration) {
	if b.Last.IsZero() {
		if prev.State == NotJoined {
			return prev, 0
		}
		return Link{State: NotJoined, Since: now}, 0
	}
	heard, silence := !b.Last.Before(listening), now.Sub(b.Last)
	if !heard {
		silence = now.Sub(listening)
	}
	lost := prev.State == Degraded || prev.State == Offline
	firstLoss := b.Last
	if lost {
		firstLoss = prev.Since
	}
	switch {
	case silence >= h.Offline:
		return Link{State: Offline, Since: firstLoss}, 0
	case lost && !heard:
		return prev, h.Offline - silence
	case silence >= h.Degraded, lost && b.Streak < Recovery:
		return Link{State: Degraded, Since: firstLoss}, h.Offline - silence
	case prev.State == Connected:
		return prev, h.Degraded - silence
	default:
		return Link{State: Connected, Since: b.Last}, h.Degraded - silence
	}
}
