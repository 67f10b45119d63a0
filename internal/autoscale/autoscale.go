// SPDX-License-Identifier: Apache-2.0

// Package autoscale decides how many pods a pool needs by how busy they are. It
// is a function of what was counted and when, and knows nothing of where either
// comes from.
package autoscale

import (
	"math"
	"time"
)

const (
	// spare is by how much the load of pods that are taken away may rise before
	// they are wanted back: load that goes up and down by a fifth moves nothing,
	// since 1.2 is 1.5 times 0.8.
	spare = 1.5
	// lostAfter is how long nothing may be known before that is said.
	lostAfter = time.Minute
)

// Limits are what the number of pods keeps to.
type Limits struct {
	// Target is how busy pods shall be, between 0 and 1.
	Target float64
	// Floor and Max bound the number. Max wins.
	Floor, Max int32
	// DownAfter is how long load must have been low before pods are taken away.
	DownAfter time.Duration
}

func (l Limits) clamp(n int32) int32 { return min(max(n, l.Floor), l.Max) }

// pods is how many pods a demand asks for.
func (l Limits) pods(demand float64) int32 {
	// What is left over by rounding asks for no pod.
	n := math.Ceil(demand/l.Target - 1e-9)
	return int32(min(max(n, 0), float64(l.Max)))
}

// State is what is remembered from one sample to the next.
type State struct {
	// Wanted is the number of pods.
	Wanted int32
	// Utilization is how busy pods were when load last changed Wanted; negative
	// before it did.
	Utilization float64
	// Lost says that nothing has been known of any pod for a while.
	Lost bool

	// before is the demand of the sample before.
	before float64
	// low is since when fewer pods would have done, and every one was seen; peak
	// is the highest demand since then.
	low  time.Time
	peak float64
	// known is when something was last known.
	known time.Time
}

// Start is the state of a pool that has so many pods.
func Start(pods int32, limits Limits, now time.Time) State {
	return State{Wanted: limits.clamp(pods), Utilization: -1, low: now, known: now}
}

// Next takes one sample into account.
//
// There will be more pods when two samples in a row ask for them, with pods that
// were not seen taken for idle. There will be fewer when every pod that answers
// was seen, and fewer would have done, for as long as the limits say: as many as
// the highest load of that time asks for with something to spare. When nothing is
// known, nothing changes but to keep the limits.
func Next(s State, limits Limits, sample Sample) State {
	s.Wanted = limits.clamp(s.Wanted)
	if sample.Seen == 0 {
		s.before, s.low, s.peak = 0, sample.At, 0
		s.Lost = sample.At.Sub(s.known) >= lostAfter
		return s
	}
	s.known, s.Lost = sample.At, false
	steady := min(sample.Demand, s.before)
	s.before = sample.Demand
	if up := limits.clamp(limits.pods(steady)); up > s.Wanted {
		return s.decide(up, sample)
	}
	if !sample.Whole || !low(s.Wanted, limits, sample) {
		s.low, s.peak = sample.At, 0
		return s
	}
	s.peak = max(s.peak, sample.Demand)
	if sample.At.Sub(s.low) < limits.DownAfter {
		return s
	}
	// The limits may have changed meanwhile.
	return s.decide(min(limits.clamp(limits.pods(spare*s.peak)), s.Wanted), sample)
}

// low reports whether fewer pods would do. Pods that are full say nothing about
// that: when others are away, theirs is not all of the load.
func low(wanted int32, limits Limits, sample Sample) bool {
	return sample.Demand <= limits.Target*float64(sample.Seen) && limits.clamp(limits.pods(spare*sample.Demand)) < wanted
}

func (s State) decide(wanted int32, sample Sample) State {
	s.Wanted, s.Utilization = wanted, sample.Demand/float64(sample.Seen)
	s.low, s.peak = sample.At, 0
	return s
}
