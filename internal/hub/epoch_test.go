// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/report"
)

func TestChooseEpoch(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	keys := func(current int64) *report.Keys {
		return &report.Keys{Current: report.Key{Epoch: current, Recipient: "a"}, Next: report.Key{Epoch: current + 1, Recipient: "b"}}
	}
	const month = 720 * time.Hour
	tests := []struct {
		name string
		in   hub.EpochInput
		want int64 // zero: none may be used
		rot  bool
	}{
		{"the region announced nothing", hub.EpochInput{}, 0, false},
		{"first content", hub.EpochInput{Announced: keys(1)}, 1, false},
		{"the epoch is young", hub.EpochInput{Announced: keys(1), Ordered: 1, Since: now.Add(-month + time.Second), RotateAfter: month}, 1, false},
		{"the epoch's time is over", hub.EpochInput{Announced: keys(1), Ordered: 1, Since: now.Add(-month), RotateAfter: month}, 2, true},
		{"no rotation by time", hub.EpochInput{Announced: keys(1), Ordered: 1, Since: now.Add(-10 * month)}, 1, false},
		{"since is not known", hub.EpochInput{Announced: keys(1), Ordered: 1, RotateAfter: month}, 1, false},
		{"the next epoch is ordered, the report is older", hub.EpochInput{Announced: keys(1), Ordered: 2, Since: now, RotateAfter: month}, 2, false},
		{"an erasure ended the epoch", hub.EpochInput{Announced: keys(1), Ordered: 1, Floor: 2, Since: now, RotateAfter: month}, 2, true},
		{"an erasure before the region caught up with the last", hub.EpochInput{Announced: keys(1), Ordered: 2, Floor: 3, Since: now}, 0, false},
		{"the region lost its keys", hub.EpochInput{Announced: keys(5), Ordered: 3, Since: now, RotateAfter: month}, 5, true},
		{"an erasure is older than the region's keys", hub.EpochInput{Announced: keys(5), Floor: 3}, 5, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Now = now
			got, ok := hub.ChooseEpoch(tt.in)
			if ok != (tt.want > 0) || got.Epoch != tt.want || got.Rotated != tt.rot {
				t.Errorf("epoch %d (usable %v, rotated %v), want %d, rotated %v", got.Epoch, ok, got.Rotated, tt.want, tt.rot)
			}
			if ok && got.Recipient == "" {
				t.Error("the choice names no recipient")
			}
		})
	}
	t.Run("the time of the next rotation is told", func(t *testing.T) {
		got, _ := hub.ChooseEpoch(hub.EpochInput{Announced: keys(1), Ordered: 1, Since: now, RotateAfter: month, Now: now})
		if !got.Again.Equal(now.Add(month)) {
			t.Errorf("look again at %s, want %s", got.Again, now.Add(month))
		}
	})
}
