// SPDX-License-Identifier: Apache-2.0

package enqueue_test

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/event"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/enqueue"
)

func TestFeedsOfOrders(t *testing.T) {
	records := int64(5)
	before := &screeningv1.WatchlistFeed{}
	before.Generation = 1
	before.Status.Release = &screeningv1.FeedRelease{Number: 1, Records: &records}
	tests := []struct {
		name string
		edit func(*screeningv1.WatchlistFeed)
		want bool
	}{
		{"nothing", func(*screeningv1.WatchlistFeed) {}, false},
		{"another region serves it", func(f *screeningv1.WatchlistFeed) { f.Status.Regions = "1/2" }, false},
		{"its spec", func(f *screeningv1.WatchlistFeed) { f.Generation++ }, true},
		{"its release", func(f *screeningv1.WatchlistFeed) { f.Status.Release.Number++ }, true},
		{"its first release", func(f *screeningv1.WatchlistFeed) { f.Status.Release = nil }, true},
		{"its floor", func(f *screeningv1.WatchlistFeed) { f.Status.Floor = "v2" }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			after := before.DeepCopy()
			tt.edit(after)
			if got := enqueue.FeedsOfOrders().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != tt.want {
				t.Errorf("passed on: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestRequestsTakenUp(t *testing.T) {
	before := &screeningv1.RecordRequest{}
	before.Status.State = screeningv1.RequestPending
	counted, done := before.DeepCopy(), before.DeepCopy()
	counted.Status.Progress, done.Status.State = "1/2", screeningv1.RequestDone
	requests := enqueue.RequestsTakenUp()
	if requests.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: counted}) {
		t.Error("each copy that follows concerns every region's order")
	}
	if !requests.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: done}) || !requests.Update(event.UpdateEvent{ObjectOld: &screeningv1.RecordRequest{}, ObjectNew: before}) {
		t.Error("a change of state was not passed on")
	}
}

func TestBesideStatus(t *testing.T) {
	before := &screeningv1.BorderPost{}
	for name, test := range map[string]struct {
		edit func(*screeningv1.BorderPost)
		want bool
	}{
		"its status":     {func(p *screeningv1.BorderPost) { p.Status.Summary, p.ResourceVersion = "serving", "2" }, false},
		"its spec":       {func(p *screeningv1.BorderPost) { p.Generation++ }, true},
		"an annotation":  {func(p *screeningv1.BorderPost) { p.Annotations = map[string]string{"a": "b"} }, true},
		"a label":        {func(p *screeningv1.BorderPost) { p.Labels = map[string]string{"a": "b"} }, true},
		"a finalizer":    {func(p *screeningv1.BorderPost) { p.Finalizers = []string{"a/b"} }, true},
		"another object": {func(p *screeningv1.BorderPost) { p.UID = "other" }, true},
	} {
		after := before.DeepCopy()
		test.edit(after)
		if got := enqueue.BesideStatus().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != test.want {
			t.Errorf("%s: passed on: %v, want %v", name, got, test.want)
		}
	}
}
