// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"time"

	"github.com/frontline-screening/frontline/internal/report"
)

// EpochInput is what the choice of a key epoch for one feed in one region
// depends on.
type EpochInput struct {
	// Announced are the region's keys by its last report; nil when it announced none.
	Announced *report.Keys
	// Ordered is the epoch of the order that stands, zero when it lists no
	// content; Since is when the feed was first sealed to it, zero if unknown.
	Ordered int64
	Since   time.Time
	// RotateAfter is how long an epoch is used.
	RotateAfter time.Duration
	// Floor is the lowest epoch that may be used: an erasure raises it above
	// the epoch that sealed what is erased.
	Floor int64
	Now   time.Time
}

// EpochChoice is the epoch to seal to.
type EpochChoice struct {
	report.Key
	// Rotated says that the epoch is another than the one ordered before.
	Rotated bool
	// Again is when a rotation by time is due; zero when none is in sight.
	Again time.Time
}

// ChooseEpoch decides which of a region's keys a feed's content is sealed to;
// false when the region has announced no key that may be used. It is a pure
// function.
//
// An epoch is kept until its time is over or an erasure ended it. A region
// whose keys are newer than the order lost the older ones: its current key is
// taken. A region that has announced the key wanted neither as its current nor
// as its next one has not caught up: it keeps what it has until it reports.
func ChooseEpoch(in EpochInput) (EpochChoice, bool) {
	if in.Announced == nil {
		return EpochChoice{}, false
	}
	wanted := max(in.Ordered, in.Floor, 1)
	var again time.Time
	if in.Ordered > 0 && in.RotateAfter > 0 && !in.Since.IsZero() {
		if due := in.Since.Add(in.RotateAfter); !in.Now.Before(due) {
			wanted = max(wanted, in.Ordered+1)
		} else {
			again = due
		}
	}
	wanted = max(wanted, in.Announced.Current.Epoch)
	for _, key := range []report.Key{in.Announced.Current, in.Announced.Next} {
		if key.Epoch == wanted {
			return EpochChoice{Key: key, Rotated: in.Ordered > 0 && wanted != in.Ordered, Again: again}, true
		}
	}
	return EpochChoice{}, false
}
