// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Over any stretch a region gets no more than its burst and what its rate gives
// in that time, whatever it tries; one that keeps to its rate is never refused,
// whatever the others do.
func TestPaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all paces
		start := time.Unix(1_700_000_000, 0)
		now, taken := start, 0
		modest := start
		for i := range rapid.IntRange(1, 300).Draw(t, "tries") {
			now = now.Add(time.Duration(rapid.IntRange(0, 500).Draw(t, "pause")) * time.Millisecond)
			if all.allow("flood", now) {
				taken++
			}
			if now.Sub(modest) >= time.Second {
				modest = now
				if !all.allow("modest", now) {
					t.Fatalf("after %s and %d tries of another region, one that keeps to its rate was refused", now.Sub(start), i)
				}
			}
		}
		most := float64(reportsAtOnce) + reportsPerSecond*now.Sub(start).Seconds()
		if float64(taken) > most {
			t.Fatalf("%d were taken within %s, at most %.1f may be", taken, now.Sub(start), most)
		}
	})
}

func TestPacesKeepNothingOfThoseThatRest(t *testing.T) {
	var all paces
	now := time.Unix(1_700_000_000, 0)
	for i := range 100 {
		all.allow(fmt.Sprint("region-", i), now)
	}
	all.allow("last", now.Add(time.Hour))
	if len(all.buckets) != 1 {
		t.Errorf("%d regions are kept an hour later, want the last alone", len(all.buckets))
	}
}

func TestReportsArePaced(t *testing.T) {
	b := newBench(t)
	flood, other := b.client(t, "flood"), b.client(t, "other")
	refused := 0
	for range 3 * reportsAtOnce {
		if status, _ := b.do(t, flood, "POST", "/v1/reports", "one"); status == 429 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("a region that floods the hub with reports was never told to wait")
	}
	if status, body := b.do(t, other, "POST", "/v1/reports", "one"); status != 202 {
		t.Errorf("the report of another region: %d %s", status, body)
	}
}
