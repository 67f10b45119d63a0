// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/hub"
)

var (
	start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	limit = hub.Heartbeat{Degraded: 90 * time.Second, Offline: 5 * time.Minute}
)

func at(d time.Duration) time.Time { return start.Add(d) }

func TestFollow(t *testing.T) {
	connected := hub.Link{State: hub.Connected, Since: start}
	degraded := hub.Link{State: hub.Degraded, Since: start}
	offline := hub.Link{State: hub.Offline, Since: start}
	tests := []struct {
		name  string
		prev  hub.Link
		beats hub.Beats
		now   time.Time
		want  hub.Link
		again time.Duration
	}{
		{"never joined", hub.Link{State: hub.NotJoined, Since: start}, hub.Beats{}, at(time.Hour), hub.Link{State: hub.NotJoined, Since: start}, 0},
		{"joining connects", hub.Link{State: hub.NotJoined, Since: start}, hub.Beats{Last: at(time.Second), Streak: 1}, at(2 * time.Second),
			hub.Link{State: hub.Connected, Since: at(time.Second)}, 89 * time.Second},
		{"in time", connected, hub.Beats{Last: at(time.Hour), Streak: 2}, at(time.Hour + 30*time.Second), connected, time.Minute},
		{"one second before the limit", connected, hub.Beats{Last: start, Streak: 2}, at(89 * time.Second), connected, time.Second},
		{"at the limit", connected, hub.Beats{Last: start, Streak: 2}, at(90 * time.Second), degraded, 210 * time.Second},
		{"silence goes on", degraded, hub.Beats{Last: start, Streak: 2}, at(5 * time.Minute), offline, 0},
		{"silence of an hour", connected, hub.Beats{Last: start, Streak: 2}, at(time.Hour), offline, 0},
		{"one report does not connect", offline, hub.Beats{Last: at(time.Hour), Streak: 1}, at(time.Hour), degraded, 5 * time.Minute},
		{"two in a row do", degraded, hub.Beats{Last: at(time.Hour), Streak: 2}, at(time.Hour), hub.Link{State: hub.Connected, Since: at(time.Hour)}, 90 * time.Second},
		{"the first loss is kept", degraded, hub.Beats{Last: at(10 * time.Minute), Streak: 1}, at(20 * time.Minute), offline, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, again := hub.Follow(tt.prev, tt.beats, limit, start.Add(-time.Hour), tt.now)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("link (-want +got):\n%s", diff)
			}
			if again != tt.again {
				t.Errorf("looks again after %s, want %s", again, tt.again)
			}
		})
	}
}

// A hub that was away for an hour gives regions their time before it judges.
func TestFollowAfterTheHubWasAway(t *testing.T) {
	back := at(time.Hour)
	connected := hub.Link{State: hub.Connected, Since: start}
	degraded := hub.Link{State: hub.Degraded, Since: start}
	offline := hub.Link{State: hub.Offline, Since: start}
	before := hub.Beats{Last: start, Streak: 2}
	after := hub.Beats{Last: back.Add(time.Second), Streak: 1}
	tests := []struct {
		name  string
		prev  hub.Link
		beats hub.Beats
		since time.Duration
		want  hub.Link
		again time.Duration
	}{
		{"connected stays", connected, before, 10 * time.Second, connected, 80 * time.Second},
		{"degraded stays", degraded, before, 10 * time.Second, degraded, 290 * time.Second},
		{"offline stays", offline, before, 100 * time.Second, offline, 200 * time.Second},
		{"connected was heard", connected, after, 31 * time.Second, connected, time.Minute},
		{"offline was heard once", offline, after, 31 * time.Second, degraded, 270 * time.Second},
		{"not heard in time", connected, before, 90 * time.Second, degraded, 210 * time.Second},
		{"not heard at all", connected, before, 5 * time.Minute, offline, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, again := hub.Follow(tt.prev, tt.beats, limit, back, back.Add(tt.since))
			if diff := cmp.Diff(tt.want, got); diff != "" || again != tt.again {
				t.Errorf("looks again after %s, want %s; link (-want +got):\n%s", again, tt.again, diff)
			}
		})
	}
}

// A line that reports just too late never shows as Connected, and one in time
// never shows as anything else.
func TestFollowDoesNotFlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		late := rapid.Bool().Draw(t, "late")
		low, high := int64(1), int64(89)
		if late {
			low, high = 90, 299
		}
		now := start
		beats := hub.Beats{Last: now, Streak: 2}
		link := hub.Link{State: hub.Connected, Since: now}
		for range rapid.IntRange(1, 20).Draw(t, "reports") {
			gap := time.Duration(rapid.Int64Range(low, high).Draw(t, "gap")) * time.Second
			link, _ = hub.Follow(link, beats, limit, start, now.Add(gap))
			now = now.Add(gap)
			beats = beats.Beat(now, limit)
			link, _ = hub.Follow(link, beats, limit, start, now)
			if late != (link.State != hub.Connected) {
				t.Fatalf("after a gap of %s the line is %s", gap, link.State)
			}
			if late && !link.Since.Equal(start) {
				t.Fatalf("the first loss moved to %s", link.Since)
			}
		}
	})
}
