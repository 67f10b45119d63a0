// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

func pool(name string, feeds ...string) order.Workload {
	var spec struct {
		Feeds []map[string]string `json:"feeds"`
	}
	for _, id := range feeds {
		spec.Feeds = append(spec.Feeds, map[string]string{"id": id})
	}
	data, _ := json.Marshal(spec)
	return order.Workload{Name: name, UID: "uid-of-" + name, Generation: 1, Spec: data}
}

func newFollower(t *testing.T, r *region.Region, hub *regiontest.Hub) *region.Follower {
	t.Helper()
	f, err := region.NewFollower(r, hub, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mustPull(t *testing.T, f *region.Follower) {
	t.Helper()
	if err := f.Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestOrderIsPutInForceAndSurvivesARestartWithoutHub(t *testing.T) {
	clock := regiontest.NewClock()
	hub := regiontest.NewHub(t, clock, "north", "AL")
	dir := t.TempDir()
	r := regiontest.NewRegion(t, hub, dir)
	hub.Publish(t, order.Input{Pools: []order.Workload{pool("general", "intl.un-sc")}})
	mustPull(t, newFollower(t, r, hub))
	if v := r.Verified(); v == nil || v.Sequence != 1 || v.Pool("general") == nil {
		t.Fatalf("order in force is %+v, want sequence 1 with pool general", v)
	}

	hub.SetAway(true)
	clock.Add(48 * 60 * 60e9) // long past the expiry of the timestamp
	again := regiontest.NewRegion(t, hub, dir)
	v := again.Verified()
	if v == nil || v.Sequence != 1 || !v.Clocks.Issued.Equal(r.Verified().Clocks.Issued) {
		t.Fatalf("after a restart the order in force is %+v, want the one verified before", v)
	}
	if target, known := again.Target("general"); known {
		t.Errorf("before the terms are read, loaders are told %+v", target)
	}
	again.SetTerms(nil)
	if _, known := again.Target("general"); !known {
		t.Error("after a restart the pool has no target")
	}
	f := newFollower(t, again, hub)
	if err := f.Pull(t.Context()); err == nil {
		t.Error("a hub that is away answered")
	}
	if again.Refusal() != nil || again.Verified().Sequence != 1 {
		t.Error("a hub that is away changed what is in force")
	}
}

func TestRefusedOrdersLeaveTheOldOneInForce(t *testing.T) {
	tests := []struct {
		name string
		// publish makes the hub publish something bad.
		publish func(t *testing.T, hub *regiontest.Hub, good map[string][]byte)
		reason  string
	}{
		{"replayed", func(t *testing.T, hub *regiontest.Hub, good map[string][]byte) {
			hub.Push(t, good)
		}, "Rollback"},
		{"of another hub", func(t *testing.T, hub *regiontest.Hub, _ map[string][]byte) {
			other := regiontest.NewHub(t, hub.Clock, "north", "AL")
			hub.Push(t, other.Sign(t, order.Input{}, 9))
		}, "Foreign"},
		{"for another region", func(t *testing.T, hub *regiontest.Hub, _ map[string][]byte) {
			elsewhere := hub.Region
			elsewhere.Name = "south"
			hub.Push(t, hub.Sign(t, order.Input{Region: elsewhere}, 9))
		}, region.RefusedForeign},
		{"for an earlier region of this name", func(t *testing.T, hub *regiontest.Hub, _ map[string][]byte) {
			earlier := hub.Region
			earlier.UID = "another"
			hub.Push(t, hub.Sign(t, order.Input{Region: earlier}, 9))
		}, region.RefusedForeign},
		{"of another jurisdiction", func(t *testing.T, hub *regiontest.Hub, _ map[string][]byte) {
			moved := hub.Region
			moved.Jurisdiction = "RS"
			hub.Push(t, hub.Sign(t, order.Input{Region: moved}, 9))
		}, region.RefusedJurisdiction},
		{"index changed after signing", func(t *testing.T, hub *regiontest.Hub, _ map[string][]byte) {
			files := hub.Sign(t, order.Input{}, 9)
			for name, data := range files {
				if strings.HasSuffix(name, ".order.json") {
					files[name] = append(data, ' ')
				}
			}
			hub.Push(t, files)
		}, "Mixed"},
		{"part changed after signing", func(t *testing.T, hub *regiontest.Hub, _ map[string][]byte) {
			files := hub.Sign(t, order.Input{Pools: []order.Workload{pool("other")}}, 9)
			for name, data := range files {
				if strings.HasPrefix(name, "sha256-") {
					files[name] = append(data, ' ')
				}
			}
			hub.Push(t, files)
		}, region.RefusedFormat},
		{"sequence in the body other than signed", func(t *testing.T, hub *regiontest.Hub, _ map[string][]byte) {
			body, err := order.Compile(order.Input{HubUID: hub.UID, Term: 1, Region: hub.Region})
			if err != nil {
				t.Fatal(err)
			}
			index, err := body.At(99)
			if err != nil {
				t.Fatal(err)
			}
			hub.Push(t, hub.SignIndex(t, index, nil, 9))
		}, region.RefusedSignature},
		{"unknown field", func(t *testing.T, hub *regiontest.Hub, _ map[string][]byte) {
			index, err := canonical.Marshal(map[string]any{"format": order.Format, "surprise": true})
			if err != nil {
				t.Fatal(err)
			}
			hub.Push(t, hub.SignIndex(t, index, nil, 9))
		}, region.RefusedFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hub := regiontest.NewHub(t, regiontest.NewClock(), "north", "AL")
			r := regiontest.NewRegion(t, hub, t.TempDir())
			f := newFollower(t, r, hub)
			good := hub.Sign(t, order.Input{}, 1)
			hub.Push(t, hub.Sign(t, order.Input{Pools: []order.Workload{pool("general")}}, 2))
			mustPull(t, f)

			tt.publish(t, hub, good)
			if err := f.Pull(t.Context()); err == nil {
				t.Fatal("the order was put in force")
			}
			if v := r.Verified(); v.Sequence != 2 || v.Pool("general") == nil {
				t.Errorf("in force is order %d, want the old one, 2", v.Sequence)
			}
			refusal := r.Refusal()
			if refusal == nil || refusal.Reason != tt.reason || refusal.Message == "" {
				t.Errorf("refusal is %+v, want reason %s with a sentence", refusal, tt.reason)
			}

			hub.Push(t, hub.Sign(t, order.Input{Pools: []order.Workload{pool("mended")}}, 10))
			mustPull(t, f)
			if r.Verified().Sequence != 10 || r.Refusal() != nil {
				t.Error("a good order after a bad one was not put in force")
			}
		})
	}
}

func TestCopiesFollowTheOrder(t *testing.T) {
	hub := regiontest.NewHub(t, regiontest.NewClock(), "north", "AL")
	r := regiontest.NewRegion(t, hub, t.TempDir())
	r.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	own, _ := regiontest.NewRegistry(t)
	f := newFollower(t, r, hub)
	replicator, err := region.NewReplicator(r, hub.Registry(), own, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	sync := func(feeds ...order.Feed) error {
		t.Helper()
		hub.Publish(t, order.Input{Feeds: feeds, Pools: []order.Workload{pool("general", "intl.un-sc")}})
		mustPull(t, f)
		return replicator.Sync(t.Context())
	}

	first := hub.PushFeed(t, "intl.un-sc", 1, "first list", "AL")
	if err := sync(first); err != nil {
		t.Fatal(err)
	}
	target, _ := r.Target("general")
	if got := target.Set.Feeds[0]; got.State != "Serve" || got.Release != 1 || got.Content != first.Content {
		t.Errorf("the target's feed is %+v, want release 1", got)
	}
	if ok, err := own.HasSnapshot(t.Context(), artifact.FeedRepository("north", "intl.un-sc"), first.Artifact); !ok || err != nil {
		t.Errorf("the region's registry has the snapshot: %v, %v", ok, err)
	}

	// A release that the hub's registry cannot show leaves the old one served.
	missing := hub.PushFeed(t, "intl.un-sc", 2, "second list", "AL")
	missing.Artifact = canonical.Digest([]byte("nowhere"))
	if err := sync(missing); err == nil {
		t.Fatal("a release that is nowhere was copied")
	}
	target, _ = r.Target("general")
	if got := target.Set.Feeds[0]; got.State != "Serve" || got.Release != 1 {
		t.Errorf("while the new release fails, the target's feed is %+v, want release 1", got)
	}
	if got := r.Failure("intl.un-sc"); got.Reason != region.FailurePull {
		t.Errorf("the failure is %+v, want %s", got, region.FailurePull)
	}

	erase := order.Feed{ID: "intl.un-sc", UID: first.UID, State: order.Erase}
	if err := sync(erase); err != nil {
		t.Fatal(err)
	}
	if held := r.Copies(); len(held) != 0 {
		t.Errorf("after Erase the copies are %+v, want none", held)
	}
	if ok, _ := own.HasSnapshot(t.Context(), artifact.FeedRepository("north", "intl.un-sc"), first.Artifact); ok {
		t.Error("after Erase the region's registry still has the snapshot")
	}
}
