// SPDX-License-Identifier: Apache-2.0

package trust

import "time"

// ClockSuspect is the reason to give where a wall clock is behind a time that
// is known to have passed.
const ClockSuspect Reason = "ClockSuspect"

// ClockTolerance is how far a wall clock may be behind a signed time without
// being suspect: clocks of hub and region differ a little, and orders travel fast.
const ClockTolerance = time.Minute

// Clock is what is known of the time apart from the wall clock. Its zero value
// knows nothing. The wall clock never gets into it, so that one that ran ahead
// for an hour does no harm after it was set right.
type Clock struct {
	// HighWater is the persisted mark: a time that has passed. Signed is the
	// issue time of the newest order.
	HighWater, Signed time.Time
}

// Reading is what a wall clock is taken for.
type Reading struct {
	// Now is the later of the wall clock and what is known: the time by which
	// signatures expire and data grows old.
	Now time.Time
	// Passed is the time that has certainly passed, whatever the wall clock
	// shows. What destroys (a wipe of keys or copies) goes by it alone.
	Passed time.Time
	// Behind is how far the wall clock is behind Passed; zero when it is not.
	Behind time.Duration
	// Reason is ClockSuspect when Behind is more than ClockTolerance.
	Reason Reason
}

// Read judges what a wall clock shows.
func (c Clock) Read(wall time.Time) Reading {
	passed := c.highest()
	r := Reading{Now: wall, Passed: passed}
	if passed.After(wall) {
		r.Now, r.Behind = passed, passed.Sub(wall)
	}
	if r.Behind > ClockTolerance {
		r.Reason = ClockSuspect
	}
	return r
}

// Observe takes note of a time that was signed and verified.
func (c Clock) Observe(signed time.Time) Clock {
	if signed.After(c.Signed) {
		c.Signed = signed
	}
	return c.Advance(0)
}

// Advance takes note of time that passed by a clock that nobody sets, such as
// that since boot.
func (c Clock) Advance(elapsed time.Duration) Clock {
	if passed := c.highest(); !passed.IsZero() {
		c.HighWater = passed.Add(max(elapsed, 0))
	}
	return c
}

func (c Clock) highest() time.Time {
	if c.Signed.After(c.HighWater) {
		return c.Signed
	}
	return c.HighWater
}
