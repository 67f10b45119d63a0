// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

// erasure holds v1 and v2 under epoch 1 and returns v3 without a record, under
// epoch 2 and as the floor.
func (l *lab) erasure() (old []order.Feed, next order.Feed) {
	l.t.Helper()
	for i, text := range []string{"one", "two"} {
		f := l.hub.PushFeed(l.t, labFeed, int64(i+1), text, "AL")
		old = append(old, f)
		l.must(l.obey(f))
	}
	next = l.hub.PushRelease(l.t, regiontest.Release{Feed: labFeed, Number: 3, Records: regiontest.People(39), Epoch: 2, Jurisdictions: []string{"AL"}})
	next.Floor = 3
	return old, next
}

func TestErasureOfARecord(t *testing.T) {
	l := newLab(t)
	old, next := l.erasure()
	l.serves("a", 2, "")
	l.serves("b", 1, "")
	l.must(l.obey(next))
	if got, _ := l.target(); got.Release != 3 {
		t.Errorf("pods are told %+v, want release 3", got)
	}
	l.serves("a", 3, "")
	l.must(l.round())
	if got := l.epochs(); !slices.Contains(got, 1) {
		t.Fatalf("while pod b searches v1, the keys left are %v, want epoch 1 too", got)
	}
	if got := l.reported(); got.Receipt != nil {
		t.Errorf("while pod b searches v1 there is the receipt %s", got.Receipt)
	}
	blobs, err := l.own.Blobs(t.Context(), labRepo, old[1].Artifact)
	l.must(err)
	l.serves("b", 3, "")
	l.must(l.round())

	got := l.receipt()
	manifests := []string{old[0].Artifact, old[1].Artifact}
	slices.Sort(manifests)
	v := l.region.Verified()
	if got.Blobs < int64(len(blobs)) || got.Order.Sequence != v.Sequence || got.Order.Digest != v.IndexDigest || got.RegionUID != l.hub.Region.UID {
		t.Errorf("receipt %+v, want at least %d blobs under order %d", got, len(blobs), v.Sequence)
	}
	if diff := cmp.Diff(manifests, got.Manifests); diff != "" || got.Floor != 3 || got.KeyFloor != 2 || got.Pods != 2 || !slices.Equal(got.KeysDestroyed, []int64{1}) || got.DeletionUnsupported {
		t.Errorf("receipt %+v, manifests (-want +got):\n%s", got, diff)
	}
	left, err := l.own.Gone(t.Context(), labRepo, append(blobs, manifests...))
	if err != nil || len(left) > 0 {
		t.Errorf("the registry still answers for %v, %v", left, err)
	}
	if got := l.epochs(); slices.Contains(got, 1) || !slices.Contains(got, 2) {
		t.Errorf("keys left are of epochs %v, want from 2 on", got)
	}
	if !l.holds(next.Artifact) || l.region.Copies()[labFeed].KeyFloor != 2 {
		t.Errorf("the copy is %+v", l.region.Copies()[labFeed])
	}
	if r := l.reported(); r.Receipt == nil || r.Current != 2 || r.Next != 3 {
		t.Errorf("the report says %+v", r)
	}
	// The next round does nothing more, and a restart neither.
	before := string(l.reported().Receipt)
	l.hub.Clock.Add(time.Hour)
	l.restart()
	l.must(l.round())
	if string(l.reported().Receipt) != before {
		t.Error("a second receipt was signed")
	}
}

// TestRotationByTime: releases under the old key are no longer retained, and
// no pod has to move for it.
func TestRotationByTime(t *testing.T) {
	l := newLab(t)
	old := l.hub.PushFeed(t, labFeed, 1, "one", "AL")
	l.must(l.obey(old))
	l.serves("a", 1, "")
	l.must(l.obey(l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 1, Text: "one", Epoch: 2, Jurisdictions: []string{"AL"}})))
	if got := l.epochs(); slices.Contains(got, 1) || l.holds(old.Artifact) {
		t.Errorf("after the rotation the keys are %v; the old artifact is held: %v", got, l.holds(old.Artifact))
	}
	if got := l.receipt(); got.KeyFloor != 2 || !slices.Equal(got.KeysDestroyed, []int64{1}) {
		t.Errorf("receipt %+v", got)
	}
}

// TestErasureIsRepeatable breaks it off at each of its steps. What comes out
// in the end is the same receipt, apart from its time.
func TestErasureIsRepeatable(t *testing.T) {
	refuse := func(method, path string) func(*lab) (undo func()) {
		return func(l *lab) func() {
			l.disturbing(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != method || !strings.Contains(r.URL.Path, path) {
					return false
				}
				http.Error(w, "out of order", http.StatusInternalServerError)
				return true
			})
			return func() { l.disturbing(nil) }
		}
	}
	// A folder in the place of a file makes its writing fail.
	blocked := func(name string) func(*lab) func() {
		return func(l *lab) func() {
			path := filepath.Join(l.dir, name)
			saved, err := os.ReadFile(path)
			if err != nil && !os.IsNotExist(err) {
				l.t.Fatal(err)
			}
			l.must(os.RemoveAll(path))
			l.must(os.MkdirAll(filepath.Join(path, "in the way"), 0o700))
			return func() {
				l.must(os.RemoveAll(path))
				if saved != nil {
					l.must(os.WriteFile(path, saved, 0o600))
				}
			}
		}
	}
	steps := []struct {
		name string
		fail func(*lab) func()
	}{
		{"before anything is written down", blocked("erasing/" + labFeed + ".json")},
		{"the manifests stay", refuse(http.MethodDelete, "/manifests/")},
		{"the blobs stay", refuse(http.MethodPost, "/collect")},
		{"the registry cannot be asked whether they are gone", refuse(http.MethodHead, "/blobs/")},
		{"no mark of the keys", blocked("keys/" + labFeed + "/destroyed")},
		{"the keys are gone and no receipt is written", blocked("receipts/" + labFeed + ".json")},
		{"the receipt is written and the copy not recorded", blocked("copies.json")},
	}
	l := newLab(t)
	_, next := l.erasure()
	l.must(l.obey(next))
	want := l.receipt()
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			l := newLab(t)
			_, next := l.erasure()
			l.order(next)
			l.must(l.copies.Sync(t.Context()))
			undo := step.fail(l)
			if err := l.copies.CleanUp(t.Context()); err == nil {
				t.Fatal("nothing failed")
			}
			undo()
			l.restart()
			l.must(l.copies.CleanUp(t.Context()))
			got := l.receipt()
			if got.Floor != want.Floor || got.KeyFloor != want.KeyFloor || got.Blobs != want.Blobs ||
				len(got.Manifests) != len(want.Manifests) || !slices.Equal(got.KeysDestroyed, want.KeysDestroyed) {
				t.Errorf("receipt %+v, want as %+v", got, want)
			}
			if held := l.region.Copies()[labFeed]; held.KeyFloor != 2 || len(held.Leftovers) > 0 || slices.Contains(l.epochs(), 1) {
				t.Errorf("in the end the copy is %+v, keys %v", held, l.epochs())
			}
			if left, _ := filepath.Glob(filepath.Join(l.dir, "erasing", "*.json")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestErasureThatWaits: an erasure that broke off is completed with all that it
// set out to do, also when the feed is locked under a newer release meanwhile.
func TestErasureThatWaits(t *testing.T) {
	l := newLab(t)
	old, next := l.erasure()
	l.order(next)
	l.must(l.copies.Sync(t.Context()))
	l.disturbing(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/collect") {
			return false
		}
		http.Error(w, "out of order", http.StatusInternalServerError)
		return true
	})
	if err := l.copies.CleanUp(t.Context()); err == nil {
		t.Fatal("nothing failed")
	}
	l.disturbing(nil)
	later := l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 4, Records: regiontest.People(38), Epoch: 2, Jurisdictions: []string{"AL"}})
	later.Floor = 3
	locked := later
	locked.State = order.Lock
	l.must(l.obey(locked))
	l.must(l.obey(later))
	got := l.receipt()
	for _, f := range old {
		if !slices.Contains(got.Manifests, f.Artifact) {
			t.Errorf("v%d is not in the receipt %+v", f.Release, got)
		}
	}
	if !slices.Equal(got.KeysDestroyed, []int64{1}) || got.Floor != 3 {
		t.Errorf("receipt %+v", got)
	}
}

// TestErasureWhereNothingIsDeleted: the receipt says so, and rests on the keys.
func TestErasureWhereNothingIsDeleted(t *testing.T) {
	l := newLab(t)
	old, next := l.erasure()
	l.order(next)
	l.must(l.copies.Sync(t.Context()))
	l.disturbing(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete && !strings.Contains(r.URL.Path, "/collect") {
			return false
		}
		w.WriteHeader(http.StatusMethodNotAllowed)
		return true
	})
	l.must(l.copies.CleanUp(t.Context()))
	got := l.receipt()
	if !got.DeletionUnsupported || got.Blobs != 0 || !slices.Equal(got.KeysDestroyed, []int64{1}) || slices.Contains(l.epochs(), 1) {
		t.Errorf("receipt %+v, keys left %v", got, l.epochs())
	}
	if !l.holds(old[0].Artifact) {
		t.Error("the test's registry deleted")
	}
}

// TestErasureInOneRegistryWithTheHub: the hub deletes, the region waits for it.
func TestErasureInOneRegistryWithTheHub(t *testing.T) {
	l := newLab(t)
	l.own = l.from
	l.restart()
	old, next := l.erasure()
	if err := l.obey(next); err == nil {
		t.Fatal("the erasure is complete while the hub still has the old releases")
	}
	if slices.Contains(l.epochs(), 1) || !l.holds(old[0].Artifact) {
		t.Fatal("the region deleted what the hub deletes, or kept the keys to it")
	}
	for _, f := range old {
		l.hub.Remove(t, f)
	}
	l.must(l.round())
	if got := l.receipt(); got.DeletionUnsupported || got.Blobs == 0 || slices.Contains(l.epochs(), 1) {
		t.Errorf("receipt %+v, keys left %v", got, l.epochs())
	}
}

// TestAFeedDisallowedAfterTheFact: every copy and every key goes, what was
// being copied too.
func TestAFeedDisallowedAfterTheFact(t *testing.T) {
	l := newLab(t)
	first := l.hub.PushFeed(t, labFeed, 1, "one", "AL")
	l.must(l.obey(first))
	l.serves("a", 1, "")
	// A copy that was broken off before it was recorded, and a part on its way.
	second := l.hub.PushFeed(t, labFeed, 2, "two", "AL")
	_, err := copySnapshot(t, l, second.Artifact)
	l.must(err)
	part := filepath.Join(l.dir, "spool", labFeed, "x.part")
	l.must(os.MkdirAll(filepath.Dir(part), 0o700))
	l.must(os.WriteFile(part, []byte("part"), 0o600))

	erase := order.Feed{ID: labFeed, UID: first.UID, State: order.Erase, Jurisdictions: []string{"RS"}}
	l.must(l.obey(erase))
	if got, target := l.target(); got.State != "Unavailable" || len(target.Keys) > 0 || len(target.Sources) > 0 {
		t.Errorf("pods are told %+v with %d keys", got, len(target.Keys))
	}
	if !l.holds(first.Artifact) {
		t.Fatal("the copy is gone while a pod still searches it")
	}
	l.serves("a", 0, "")
	l.must(l.round())
	if len(l.region.Copies()) > 0 || len(l.epochs()) > 0 || l.holds(first.Artifact) || l.holds(second.Artifact) {
		t.Errorf("left are copies %v, keys %v", l.region.Copies(), l.epochs())
	}
	if _, err := os.Stat(part); !os.IsNotExist(err) {
		t.Errorf("what was on its way is still there: %v", err)
	}
	if got := l.receipt(); len(got.Manifests) != 2 || !slices.Equal(got.KeysDestroyed, []int64{1, 2}) || got.Floor != 0 {
		t.Errorf("receipt %+v", got)
	}
	if r := l.reported(); r.Receipt == nil || r.Current != 0 {
		t.Errorf("the report says %+v, want a receipt and no keys", r)
	}
	// Allowed again, it starts with keys that never were.
	again := first
	again.Release, again.Content, again.Artifact, again.Epoch, again.KeyFloor = 0, "", "", 0, 0
	l.must(l.obey(again))
	if r := l.reported(); r.Current != 3 || r.Next != 4 {
		t.Errorf("allowed again, the keys are %d and %d, want 3 and 4", r.Current, r.Next)
	}
	// And before anything was copied, keys alone go.
	l.must(l.obey(erase))
	if len(l.epochs()) > 0 {
		t.Errorf("keys left: %v", l.epochs())
	}
}

// TestNothingToErase: a region that never had anything says so, once.
func TestNothingToErase(t *testing.T) {
	l := newLab(t)
	l.must(l.obey(order.Feed{ID: labFeed, UID: "uid", State: order.Erase, Jurisdictions: []string{"RS"}}))
	if got := l.receipt(); len(got.Manifests) > 0 || got.Blobs != 0 || len(got.KeysDestroyed) > 0 {
		t.Errorf("receipt %+v, want one of nothing", got)
	}
	before := string(l.reported().Receipt)
	l.hub.Clock.Add(time.Hour)
	l.must(l.round())
	if string(l.reported().Receipt) != before {
		t.Error("a second receipt was signed")
	}
}
