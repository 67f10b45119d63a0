// SPDX-License-Identifier: Apache-2.0

package region

import (
	"github.com/frontline-screening/frontline/internal/report"
)

// setback is how what a process found on its volume is behind what was in force
// before: the volume was lost, or came back from a backup. The region goes
// forward from it only, to the newest order.
type setback struct {
	cause string
	order int64
}

// compare looks at what was found once, when the region first knows what it shall
// be held against.
func (r *Region) compare() {
	if r.started || !r.floor.of(r.joined) {
		return
	}
	switch {
	case r.found == (Floor{}):
		r.setback = &setback{cause: report.VolumeLost, order: r.floor.Sequence}
		r.rebuild()
	case !r.found.of(r.joined) || r.floor.above(r.found):
		r.setback = &setback{cause: report.VolumeRestored, order: r.floor.Sequence}
	}
}

// outdated reports whether the order in force is older than one that was: its
// keys are not those of today.
func (r *Region) outdated() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.verified != nil && r.floor.of(r.joined) && r.floor.above(floorOf(r.verified))
}

// noteSetback keeps for the reports what was found.
func (r *Region) noteSetback() error {
	r.mu.RLock()
	found, joined := r.setback, r.joined
	r.mu.RUnlock()
	if found == nil || joined == nil {
		return nil
	}
	why := report.Resumed{Cause: found.cause, Order: found.order}
	if _, err := r.store.resume(joined.Incarnation, 0, why, true); err != nil {
		return err
	}
	r.set(func() bool { r.setback = nil; return false })
	return nil
}

// resume goes on above what the hub took of this region's key, and reports
// whether there is anything to try again with.
func (p *Reporter) resume(taken *report.TakenError) (bool, error) {
	joined := p.region.Joined()
	if joined == nil || taken.Incarnation < joined.Incarnation {
		return false, nil
	}
	forgotten := taken.Incarnation > joined.Incarnation
	if forgotten {
		// The hub pinned this key once more than the region remembers.
		later := *joined
		later.Incarnation = taken.Incarnation
		if err := p.region.SetJoined(later); err != nil {
			return false, err
		}
	}
	said, err := p.region.store.resume(taken.Incarnation, taken.Number, report.Resumed{Cause: report.ReportsBehind}, forgotten)
	if err != nil {
		return false, err
	}
	if said != nil {
		p.log.Info("The hub has reports of this region that it does not remember: it was restored from a backup. It goes on above them",
			"region", p.region.name, "incarnation", taken.Incarnation, "from", said.From, "to", said.To)
	}
	return true, nil
}
