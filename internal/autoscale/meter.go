// SPDX-License-Identifier: Apache-2.0

package autoscale

import "time"

// Sample is how busy the pods of a pool were between two looks.
type Sample struct {
	At time.Time
	// Demand is how busy the pods were, added up: a pod that could not have
	// searched more counts one.
	Demand float64
	// Seen is the number of pods that this is known of.
	Seen int
	// Whole says that it is known of every pod that answers.
	Whole bool
}

// Meter turns counters into samples. The zero Meter has seen nothing.
type Meter struct {
	pods map[string]reading
}

type reading struct {
	at time.Time
	Counters
}

// Sample takes what was read of the pods that answer, by a name that no later
// pod has; nil is a pod that could not be read. A pod that is seen for the first
// time, or that started anew, counts as not seen.
func (m *Meter) Sample(at time.Time, pods map[string]*Counters) Sample {
	s := Sample{At: at}
	next := make(map[string]reading, len(pods))
	for name, now := range pods {
		before, known := m.pods[name]
		switch {
		case now == nil && known:
			next[name] = before
		case now != nil:
			next[name] = reading{at: at, Counters: *now}
			if busy, ok := utilization(before, next[name]); known && ok {
				s.Demand += busy
				s.Seen++
			}
		}
	}
	m.pods = next
	s.Whole = s.Seen > 0 && s.Seen == len(pods)
	return s
}

// utilization is the share of what a pod could have searched that it did, one at
// most: searches that wait for each other take longer, and say no more than that
// the pod was full. One that turned requests away was.
func utilization(before, now reading) (float64, bool) {
	passed := now.at.Sub(before.at).Seconds()
	busy, shed := now.Busy-before.Busy, now.Shed-before.Shed
	if passed <= 0 || busy < 0 || shed < 0 {
		return 0, false
	}
	if shed > 0 {
		return 1, true
	}
	return min(busy/passed/now.Processors, 1), true
}
