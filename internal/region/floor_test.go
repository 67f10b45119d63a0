// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/trust"
)

// TestLostVolume: a region without a state directory takes no order that is
// older than what is remembered of it elsewhere, neither by the line nor in a file.
func TestLostVolume(t *testing.T) {
	l := newLab(t)
	f := l.hub.PushFeed(t, labFeed, 1, "one", "AL")
	l.must(l.obey(f))
	older := l.hub.Bundle(t, 1, time.Hour, nil)
	l.must(l.obey(l.hub.PushFeed(t, labFeed, 2, "two", "AL")))
	floor := l.region.Floor()
	if floor.Sequence != 2 || floor.HubUID != l.hub.UID || floor.RegionUID != l.hub.Region.UID {
		t.Fatalf("what is to be remembered is %+v", floor)
	}
	for _, tt := range []struct {
		name   string
		change func(*region.Floor)
		want   trust.Reason
	}{
		{"of the same hub and region", func(*region.Floor) {}, trust.BelowFloor},
		{"of a later term", func(f *region.Floor) { f.Term, f.Sequence = 2, 1 }, trust.BelowFloor},
		{"of another hub", func(f *region.Floor) { f.HubUID = "other" }, ""},
		{"of a region that was made anew", func(f *region.Floor) { f.RegionUID = "other" }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			known := floor
			tt.change(&known)
			l.dir = t.TempDir()
			l.restart()
			l.region.SetFloor(known)
			_, err := region.NewImporter(l.follower, l.own, logr.Discard()).Import(t.Context(), bytes.NewReader(older))
			if got := region.ImportReason(err); got != string(tt.want) {
				t.Errorf("an older order in a file: reason %q, want %q: %v", got, tt.want, err)
			}
		})
	}
}

// TestFloorNeverFalls: what is in force raises what is remembered.
func TestFloorNeverFalls(t *testing.T) {
	l := newLab(t)
	f := l.hub.PushFeed(t, labFeed, 1, "one", "AL")
	l.must(l.obey(f))
	now := l.region.Floor()
	for _, tt := range []struct {
		name        string
		known, want region.Floor
	}{
		{"nothing", region.Floor{}, now},
		{"of another hub", region.Floor{HubUID: "other", RegionUID: now.RegionUID, Term: 9, Sequence: 9}, now},
		{"newer than a state directory that was restored", region.Floor{HubUID: now.HubUID, RegionUID: now.RegionUID, Term: 1, Sequence: 9},
			region.Floor{HubUID: now.HubUID, RegionUID: now.RegionUID, Term: 1, Sequence: 9}},
	} {
		l.region.SetFloor(tt.known)
		if got := l.region.Floor(); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// TestFollowerWaitsForItsMemory: without an order in force a follower asks the
// region's own objects first; with one it asks nobody.
func TestFollowerWaitsForItsMemory(t *testing.T) {
	hub := regiontest.NewHub(t, regiontest.NewClock(), "north", "AL")
	dir := t.TempDir()
	in := order.Input{Pools: []order.Workload{pool("general", "intl.un-sc")}}
	hub.Publish(t, in)
	follow := func() *region.Region {
		r := regiontest.NewRegion(t, hub, dir)
		f := newFollower(t, r, hub)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		return r
	}
	until := func(what string, done func() bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("never happened: %s", what)
			}
		}
	}
	r := follow()
	time.Sleep(200 * time.Millisecond)
	if r.Verified() != nil {
		t.Fatal("an order was taken before anything was known of earlier ones")
	}
	r.SetFloor(region.Floor{HubUID: hub.UID, RegionUID: hub.Region.UID, Term: 1, Sequence: 2})
	r.SetTerms(nil)
	until("order 1 is refused", func() bool { return r.Refusal() != nil && r.Refusal().Reason == string(trust.BelowFloor) })
	hub.Publish(t, in)
	f := newFollower(t, r, hub)
	if err := f.Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	hub.Publish(t, in)
	again := follow() // its API server does not answer
	until("order 3 is in force", func() bool { return again.Verified().Sequence == 3 })
}

// TestOrderLowersNoFloor: what may never be served again does not come back with a
// signature, in one term of the hub.
func TestOrderLowersNoFloor(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lower func(*order.Feed)
		want  bool
	}{
		{"as it was", func(*order.Feed) {}, true},
		{"a lower floor", func(f *order.Feed) { f.Floor = 1 }, false},
		{"a lower key floor", func(f *order.Feed) { f.KeyFloor = 0 }, false},
		{"a feed that was made anew", func(f *order.Feed) { f.UID, f.Floor = "another", 1 }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			f := l.hub.PushFeed(t, labFeed, 2, "two", "AL")
			f.Floor, f.KeyFloor = 2, f.Epoch
			l.must(l.obey(f))
			before := l.region.Verified().Sequence
			tt.lower(&f)
			l.hub.Publish(t, order.Input{Feeds: []order.Feed{f}})
			err := l.follower.Pull(t.Context())
			if took := l.region.Verified().Sequence > before; took != tt.want {
				t.Errorf("the order was taken: %v, want %v: %v", took, tt.want, err)
			}
			if refused, ok := errors.AsType[*region.RefusedError](err); !tt.want && (!ok || refused.Reason != region.RefusedFloor) {
				t.Errorf("refused with %v, want %s", err, region.RefusedFloor)
			}
		})
	}
}
