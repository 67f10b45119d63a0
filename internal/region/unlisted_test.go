// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

// In a region with link Local a deleted pool is gone from the only API server
// there is, so the region's memory alone tells it from one that never was.
func TestWhatIsUnlistedServesOnUntilATombstone(t *testing.T) {
	listed := order.Input{
		Pools: []order.Workload{pool("general", "intl.un-sc"), pool("second", "intl.un-sc")},
		Posts: []order.Workload{pool("gate")},
	}
	again := pool("general", "intl.other")
	again.UID = "uid-of-another"
	running := []string{"general by uid-of-general", "gate by uid-of-gate"}
	tests := []struct {
		name string
		link string
		then []order.Input
		// want is what runs without being listed at the end.
		want []string
	}{
		{name: "listed", link: "Local", then: []order.Input{listed}},
		{name: "unlisted", link: "Local", then: []order.Input{{Pools: listed.Pools[1:]}}, want: running},
		{name: "everything unlisted, one by one", link: "Local", then: []order.Input{{Pools: listed.Pools[1:]}, {}}, want: []string{"second by uid-of-second", running[0], running[1]}},
		{
			name: "withdrawn", link: "Local",
			then: []order.Input{{Pools: listed.Pools[1:]}, {Pools: listed.Pools[1:], Tombstones: []order.Tombstone{{Kind: order.KindPool, Name: "general", UID: "uid-of-general"}}}},
			want: running[1:],
		},
		{
			name: "withdrawn at once", link: "Local",
			then: []order.Input{{Pools: listed.Pools, Tombstones: []order.Tombstone{{Kind: order.KindPost, Name: "gate", UID: "uid-of-gate"}}}},
		},
		{
			name: "a tombstone of another object of the name", link: "Local",
			then: []order.Input{{Pools: listed.Pools, Tombstones: []order.Tombstone{{Kind: order.KindPost, Name: "gate", UID: "uid-of-an-older"}}}},
			want: running[1:],
		},
		{name: "made again", link: "Local", then: []order.Input{{Pools: listed.Pools[1:]}, {Pools: append([]order.Workload{again}, listed.Pools[1:]...)}}, want: running[1:]},
		{name: "a region with objects of its own", link: "Remote", then: []order.Input{{Pools: listed.Pools[1:]}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hub := regiontest.NewHub(t, regiontest.NewClock(), "north", "AL")
			hub.Region.Link = tt.link
			dir := t.TempDir()
			r := regiontest.NewRegion(t, hub, dir)
			follower := newFollower(t, r, hub)
			for _, in := range append([]order.Input{listed}, tt.then...) {
				hub.Publish(t, in)
				mustPull(t, follower)
			}
			if diff := cmp.Diff(tt.want, unlisted(r)); diff != "" {
				t.Errorf("running unlisted (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, unlisted(regiontest.NewRegion(t, hub, dir))); diff != "" {
				t.Errorf("running unlisted after a restart (-want +got):\n%s", diff)
			}
			if slices.Contains(tt.want, running[0]) {
				if feeds, ok := r.PoolFeeds("general"); !ok || !cmp.Equal(feeds, []string{"intl.un-sc"}) {
					t.Errorf("the unlisted pool searches %v", feeds)
				}
			}
		})
	}
}

func unlisted(r *region.Region) []string {
	var out []string
	v := r.Verified()
	for _, w := range v.Unlisted.Pools {
		out = append(out, w.Name+" by "+v.RunningPool(w.Name).UID)
	}
	for _, w := range v.Unlisted.Posts {
		out = append(out, w.Name+" by "+v.RunningPost(w.Name).UID)
	}
	return out
}
