// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"testing"
	"time"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

func TestTimeoutFollowsInterval(t *testing.T) {
	tests := []struct {
		name              string
		interval, timeout screeningv1.Duration
		want              time.Duration
	}{
		{"neither written", "", "", time.Minute},
		{"long interval", "2h", "", time.Minute},
		{"short interval", "10s", "", 10 * time.Second},
		{"written", "2h", "90s", 90 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			feed := &screeningv1.WatchlistFeed{Spec: screeningv1.WatchlistFeedSpec{Interval: tt.interval, Timeout: tt.timeout}}
			if got := timeoutOf(feed); got != tt.want {
				t.Errorf("timeout is %s, want %s", got, tt.want)
			}
		})
	}
}
