// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/registry"
)

// TestAReleaseThatCannotBeRemovedIsRemembered: the copy that replaced it is
// current all the while, and a restart forgets nothing.
func TestAReleaseThatCannotBeRemovedIsRemembered(t *testing.T) {
	hub := regiontest.NewHub(t, regiontest.NewClock(), "north", "AL")
	dir := t.TempDir()
	r := regiontest.NewRegion(t, hub, dir)
	r.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	handler, err := registry.NewUnprotected(context.WithoutCancel(t.Context()), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var readOnly atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if readOnly.Load() && req.Method == http.MethodDelete {
			http.Error(w, "read only", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	own, err := artifact.Connect(server.URL, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	replicate := func(r *region.Region) *region.Replicator {
		t.Helper()
		replicator, err := region.NewReplicator(r, hub.Registry(), own, logr.Discard())
		if err != nil {
			t.Fatal(err)
		}
		return replicator
	}
	f, replicator := newFollower(t, r, hub), replicate(r)
	var first, last order.Feed
	readOnly.Store(true)
	for release, content := range []string{"first list", "second list", "third list"} {
		last = hub.PushFeed(t, "intl.un-sc", int64(release+1), content, "AL")
		last.Retain = 2
		if release == 0 {
			first = last
		}
		hub.Publish(t, order.Input{Feeds: []order.Feed{last}})
		mustPull(t, f)
		if err := replicator.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := replicator.CleanUp(t.Context()); err == nil {
		t.Fatal("a registry that is read only removed something")
	}
	if failure := r.Failure("intl.un-sc"); failure != (region.Failure{}) {
		t.Errorf("a copy that is current has the failure %+v", failure)
	}

	again := regiontest.NewRegion(t, hub, dir)
	held := again.Copies()["intl.un-sc"]
	if held.Artifact != last.Artifact || len(held.Leftovers) != 1 || held.Leftovers[0] != first.Artifact {
		t.Fatalf("after a restart the copy is %+v, want release 3 with the first as leftover", held)
	}
	readOnly.Store(false)
	if err := replicate(again).CleanUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	repo := artifact.FeedRepository("north", "intl.un-sc")
	for _, tt := range []struct {
		artifact string
		want     bool
	}{{first.Artifact, false}, {held.Retained[0].Artifact, true}, {held.Artifact, true}} {
		if has, err := own.HasSnapshot(t.Context(), repo, tt.artifact); err != nil || has != tt.want {
			t.Errorf("the registry has %s: %v, %v; want %v", tt.artifact, has, err, tt.want)
		}
	}
	if left := regiontest.NewRegion(t, hub, dir).Copies()["intl.un-sc"].Leftovers; len(left) != 0 {
		t.Errorf("leftovers that were removed are still recorded: %v", left)
	}
}
