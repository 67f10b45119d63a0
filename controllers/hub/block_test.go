// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/block"
	signed "github.com/frontline-screening/frontline/internal/order"
	wire "github.com/frontline-screening/frontline/internal/report"
	"github.com/frontline-screening/frontline/internal/seal"
)

func requestFor(o client.Object) ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKeyFromObject(o)}
}

// overlay opens the blocks of an order with the region's keys.
func (b *bench) overlay(t *testing.T, o *signed.Order, id string) *block.Overlay {
	t.Helper()
	f := o.Feed(id)
	if f.Blocks == nil {
		return nil
	}
	plain, err := seal.OpenBytes(o.Blobs[f.Blocks.Digest], block.MaxBytes, b.keysOf(*f).identities[f.Epoch-1])
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := block.Decode(plain)
	if err != nil || overlay.Version != f.Blocks.Version {
		t.Fatalf("overlay version %d in an order that says %d: %v", overlay.Version, f.Blocks.Version, err)
	}
	return &overlay
}

func TestBlockAndItsLifting(t *testing.T) {
	b, feed, _ := serving(t, "blocks")
	id := string(feed.ID())
	before := b.published(t)
	blocked := b.ask(t, feed, "block-1", screeningv1.RecordBlock, "T.0003")
	b.follow(t, feed, blocked)
	o := b.published(t)
	if overlay := b.overlay(t, o, id); overlay == nil || !overlay.Blocks("T.0003") || overlay.Blocks("T.0004") {
		t.Fatalf("the order carries %+v", overlay)
	}
	if o.Sequence != before.Sequence+1 || o.Feed(id).Release != 1 || o.Feed(id).Artifact != before.Feed(id).Artifact {
		t.Errorf("a block made order %d of %d, release %d", o.Sequence, before.Sequence, o.Feed(id).Release)
	}
	b.settle(t, feed)
	if again := b.published(t); again.IndexDigest != o.IndexDigest {
		t.Error("another pass made another order of the same blocks")
	}
	// The region acts on the order, but a pod does not apply it.
	b.obey(t)
	b.follow(t, feed, blocked)
	if blocked.Status.State != screeningv1.RequestPending || copyOf(blocked, screeningv1.PlaceRegion).State != screeningv1.CopyPending {
		t.Errorf("before every pod applies it: %+v", blocked.Status)
	}
	apply := func() {
		t.Helper()
		version := b.published(t).Feed(id).Blocks.Version
		if err := b.report(t, func(r *wire.Report) { r.Feeds[0].Blocks = version }); err != nil {
			t.Fatal(err)
		}
	}
	apply()
	b.follow(t, feed, blocked)
	if blocked.Status.State != screeningv1.RequestDone || blocked.Status.Progress != "1/1" || !conditions.IsTrue(blocked, screeningv1.ConditionReady) {
		t.Errorf("once every pod applies it: %+v", blocked.Status)
	}
	version := blocked.ResourceVersion
	b.follow(t, feed, blocked)
	if blocked.ResourceVersion != version {
		t.Error("a settled request was written again")
	}

	// Deleting the request undoes nothing; nor does a hub that starts.
	if err := env.Client.Delete(t.Context(), blocked); err != nil {
		t.Fatal(err)
	}
	b.start(t)
	b.settle(t, feed)
	apply()
	b.settle(t, feed)
	if overlay := b.overlay(t, b.published(t), id); !overlay.Blocks("T.0003") {
		t.Error("the deletion of the request lifted the block")
	}

	lifted := b.ask(t, feed, "lift-1", screeningv1.RecordUnblock, "T.0003")
	b.follow(t, feed, lifted)
	if overlay := b.overlay(t, b.published(t), id); overlay.Blocks("T.0003") || overlay.Version != 2 {
		t.Errorf("after the lifting the order carries %+v", overlay)
	}
	apply()
	b.follow(t, feed, lifted)
	if lifted.Status.State != screeningv1.RequestDone {
		t.Errorf("the lifting is %+v", lifted.Status)
	}
}

func TestLaterRequestTakesThePlace(t *testing.T) {
	b, feed, _ := serving(t, "replaces")
	first := b.ask(t, feed, "block-1", screeningv1.RecordBlock, "T.0003")
	b.follow(t, feed, first)
	erased := b.ask(t, feed, "erase-1", screeningv1.RecordErase, "T.0003")
	b.follow(t, feed, erased, first)
	if first.Status.State != screeningv1.RequestSuperseded {
		t.Errorf("the block is %s, want Superseded", first.Status.State)
	}
	if erased.Status.State != screeningv1.RequestPending || erased.Status.Floor != "v2" {
		t.Errorf("the erasure is %+v", erased.Status)
	}
	// The overlay moves to the new key with the content.
	b.obey(t)
	b.settle(t, feed)
	if overlay := b.overlay(t, b.published(t), string(feed.ID())); overlay == nil || !overlay.Blocks("T.0003") {
		t.Errorf("under the new key the order carries %+v", overlay)
	}
}

func TestRequestThatNamesNothing(t *testing.T) {
	b, feed, _ := serving(t, "nothing")
	unlisted := b.ask(t, feed, "block-1", screeningv1.RecordBlock, "T.9999")
	b.follow(t, feed, unlisted)
	if c := conditions.Get(unlisted, screeningv1.ConditionListed); c == nil || c.Status != metav1.ConditionFalse || c.Reason != screeningv1.ReasonNotInRelease {
		t.Errorf("Listed is %+v, want that no record has the hash", c)
	}
	keys, err := b.secrets.Feed(t.Context(), feed.ID())
	if err != nil || !slices.Contains(keys.Blocks.Records, string(unlisted.Spec.Record)) {
		t.Errorf("it is not blocked for the future: %v", err)
	}
	nowhere := b.ask(t, feed, "block-2", screeningv1.RecordBlock, "T.0001")
	if err := env.Client.Delete(t.Context(), nowhere); err != nil {
		t.Fatal(err)
	}
	nowhere = &screeningv1.RecordRequest{ObjectMeta: metav1.ObjectMeta{Namespace: feed.Namespace, Name: "block-3"}, Spec: nowhere.Spec}
	nowhere.Spec.FeedRef.Name = "no-such"
	hubtest.Create(t, env.Client, nowhere)
	b.follow(t, feed, nowhere)
	if c := conditions.Get(nowhere, screeningv1.ConditionStalled); c == nil || c.Reason != screeningv1.ReasonFeedNotFound {
		t.Errorf("Stalled is %+v, want FeedNotFound", c)
	}
}
