// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestClock(t *testing.T) {
	day := 24 * time.Hour
	known := Clock{}.Observe(start)
	tests := []struct {
		name  string
		clock Clock
		wall  time.Time
		want  Reading
	}{
		{"nothing is known", Clock{}, start, Reading{Now: start}},
		{"right", known, start.Add(time.Second), Reading{Now: start.Add(time.Second), Passed: start}},
		{"a little behind", known, start.Add(-ClockTolerance), Reading{Now: start, Passed: start, Behind: ClockTolerance}},
		{"a day behind", known, start.Add(-day), Reading{Now: start, Passed: start, Behind: day, Reason: ClockSuspect}},
		{"a day ahead", known, start.Add(day), Reading{Now: start.Add(day), Passed: start}},
		{"boot time counts", known.Advance(day), start, Reading{Now: start.Add(day), Passed: start.Add(day), Behind: day, Reason: ClockSuspect}},
		{"time does not go back", known.Advance(-day), start, Reading{Now: start, Passed: start}},
		{"an older signature changes nothing", known.Observe(start.Add(-day)), start, Reading{Now: start, Passed: start}},
		{"the persisted mark is above the signature", Clock{HighWater: start.Add(day), Signed: start}, start, Reading{Now: start.Add(day), Passed: start.Add(day), Behind: day, Reason: ClockSuspect}},
		{"boot time alone proves nothing", Clock{}.Advance(day), start, Reading{Now: start}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.clock.Read(test.wall)); diff != "" {
				t.Errorf("reading (-want +got):\n%s", diff)
			}
		})
	}
}
