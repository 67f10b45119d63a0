// SPDX-License-Identifier: Apache-2.0

package region

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/inventory"
	"github.com/frontline-screening/frontline/internal/order"
)

func TestWants(t *testing.T) {
	held := Copy{
		Release: 7, Artifact: "m7", Epoch: 2, Leftovers: []string{"m3"},
		Retained: []Retained{{Release: 6, Artifact: "m6", Epoch: 2}, {Release: 5, Artifact: "m5", Epoch: 1}},
	}
	const repo = "regions/north/feeds/a.b"
	tests := []struct {
		name string
		feed *order.Feed
		want inventory.Want
	}{
		{"no order says anything", nil, inventory.Want{Manifests: []string{"m7", "m6", "m5"}, Known: []string{"m3"}}},
		{"a newer release is ordered", &order.Feed{State: order.Serve, Artifact: "m8"}, inventory.Want{Manifests: []string{"m7", "m6", "m5"}, Known: []string{"m8", "m3"}}},
		{"below the floor", &order.Feed{State: order.Serve, Artifact: "m7", Floor: 7}, inventory.Want{Manifests: []string{"m7"}, Known: []string{"m7", "m3", "m6", "m5"}}},
		{"key ends", &order.Feed{State: order.Serve, Artifact: "m7", KeyFloor: 2}, inventory.Want{Manifests: []string{"m7", "m6"}, Known: []string{"m7", "m3", "m5"}}},
		{"to be erased", &order.Feed{State: order.Erase}, inventory.Want{Known: []string{"m3", "m7", "m6", "m5"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := &Verified{Order: &order.Order{}}
			if test.feed != nil {
				test.feed.ID = "a.b"
				v.Feeds = []order.Feed{*test.feed}
			}
			test.want.Feed, test.want.Repository = "a.b", repo
			if diff := cmp.Diff([]inventory.Want{test.want}, wants("north", v, Copies{"a.b": held})); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := wants("north", nil, Copies{}); len(got) > 0 {
		t.Errorf("before any order: %v", got)
	}
}
