// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/conditions/conditionstest"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/erasure"
	signed "github.com/frontline-screening/frontline/internal/order"
	wire "github.com/frontline-screening/frontline/internal/report"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

// ask writes a request about a record, by the hash of its id.
func (b *bench) ask(t *testing.T, feed *screeningv1.WatchlistFeed, name string, action screeningv1.RecordAction, id string) *screeningv1.RecordRequest {
	t.Helper()
	keys, err := b.secrets.Feed(t.Context(), feed.ID())
	if err != nil {
		t.Fatal(err)
	}
	request := &screeningv1.RecordRequest{
		ObjectMeta: metav1.ObjectMeta{Namespace: feed.Namespace, Name: name},
		Spec: screeningv1.RecordRequestSpec{
			FeedRef: screeningv1.FeedReference{Name: feed.Name}, Action: action, Record: screeningv1.RecordHash(keys.Key.RecordHash(id)), Reference: "DPA-1",
		},
	}
	hubtest.Create(t, env.Client, request)
	return request
}

// follow calls what a request and its feed concern until all is settled.
func (b *bench) follow(t *testing.T, feed *screeningv1.WatchlistFeed, requests ...*screeningv1.RecordRequest) {
	t.Helper()
	for range 2 {
		for _, request := range requests {
			if _, err := b.requests.Reconcile(t.Context(), requestFor(request)); err != nil {
				t.Fatal(err)
			}
		}
		b.settle(t, feed)
	}
	for _, request := range requests {
		if _, err := b.requests.Reconcile(t.Context(), requestFor(request)); err != nil {
			t.Fatal(err)
		}
		hubtest.Get(t, env.Client, request)
		conditionstest.Conform(t, request, request.Status.ObservedGeneration)
	}
	hubtest.Get(t, env.Client, feed)
}

// serving is a bench with a feed of ten records that the region serves.
func serving(t *testing.T, name string) (*bench, *screeningv1.WatchlistFeed, *hubtest.Publisher) {
	t.Helper()
	b := newBench(t, name, "AL")
	feed, publisher := b.feed(t, "list", "AL")
	publisher.Set(hubtest.List(1, 10))
	hubtest.Create(t, env.Client, hubtest.Pool(name, "general", feed.ID()))
	b.settle(t, feed)
	b.join(t)
	b.settle(t, feed)
	b.obey(t)
	b.settle(t, feed)
	return b, feed, publisher
}

// content opens what the order gives the region, with the region's keys.
func (b *bench) content(t *testing.T, listed *signed.Feed) []string {
	t.Helper()
	got, err := b.registry.FetchSnapshot(t.Context(), artifact.FeedRepository(b.region.Name, listed.ID), listed.Artifact,
		artifact.FetchOptions{Dir: t.TempDir(), Content: listed.Content, Identities: b.keysOf(*listed).identities[listed.Epoch-1:]})
	if err != nil {
		t.Fatal(err)
	}
	file, err := snapshot.Open(got.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var ids []string
	for row, err := range file.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		id, err := snapshot.RowID(row)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	return ids
}

// receipt is the region's word on an erasure that the published order asks for.
func (b *bench) receipt(t *testing.T, id string, key ed25519.PrivateKey, edit func(*erasure.Receipt)) []byte {
	t.Helper()
	o := b.published(t)
	f := o.Feed(id)
	r := erasure.Receipt{
		Region: b.region.Name, RegionUID: o.Region.UID, Feed: id, FeedUID: f.UID,
		Order: erasure.Order{Sequence: o.Sequence, Digest: o.IndexDigest}, Floor: f.Floor, KeyFloor: f.KeyFloor,
		KeysDestroyed: []int64{1}, Pods: 2, At: b.clock.Now(),
	}
	if edit != nil {
		edit(&r)
	}
	data, err := erasure.Sign(t.Context(), r, key)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// testify reports obedience with a receipt.
func (b *bench) testify(t *testing.T, receipt []byte) {
	t.Helper()
	if err := b.report(t, func(r *wire.Report) { r.Feeds[0].Receipt = receipt }); err != nil {
		t.Fatal(err)
	}
}

func copyOf(request *screeningv1.RecordRequest, place screeningv1.CopyPlace) screeningv1.RecordCopy {
	for _, one := range request.Status.Copies {
		if one.Place == place {
			return one
		}
	}
	return screeningv1.RecordCopy{}
}

func TestErasedRecordStaysGone(t *testing.T) {
	b, feed, publisher := serving(t, "erases")
	id := string(feed.ID())
	before := b.published(t).Feed(id)
	whole := string(hubtest.Get(t, env.Client, feed).Status.Release.Artifact)
	layers, err := b.registry.Blobs(t.Context(), depot.Repository(id), whole)
	if err != nil {
		t.Fatal(err)
	}
	sent := publisher.Sent.Load()
	request := b.ask(t, feed, "dpa-1", screeningv1.RecordErase, "T.0003")
	b.follow(t, feed, request)

	// A release without the record is out, without the publisher. The region
	// searches what it has until it holds that; the floors follow.
	listed := b.published(t).Feed(id)
	if listed.Release != 2 || listed.Epoch != before.Epoch+1 || listed.Floor != before.Floor || listed.KeyFloor != before.KeyFloor {
		t.Fatalf("the order first lists %+v, before it was %+v", listed, before)
	}
	b.obey(t)
	b.follow(t, feed, request)
	listed = b.published(t).Feed(id)
	if listed.Release != 2 || listed.Floor != 2 || listed.Epoch != before.Epoch+1 || listed.KeyFloor != listed.Epoch || feed.Status.Floor != "v2" {
		t.Fatalf("the order lists %+v, floor of the feed %s", listed, feed.Status.Floor)
	}
	if ids := b.content(t, listed); len(ids) != 9 || slices.Contains(ids, "T.0003") {
		t.Errorf("the region is given %v", ids)
	}
	if publisher.Sent.Load() != sent {
		t.Error("the publisher was asked for the file")
	}
	if c := conditions.Get(request, screeningv1.ConditionListed); c == nil || c.Status != metav1.ConditionTrue {
		t.Errorf("Listed is %+v", c)
	}
	// The hub has nothing of it any more, and no key to what it had.
	if one := copyOf(request, screeningv1.PlaceHub); one.State != screeningv1.CopyDone {
		t.Errorf("the hub's copy: %+v", one)
	}
	if left, err := b.registry.Gone(t.Context(), depot.Repository(id), append(layers, whole)); err != nil || len(left) != 0 {
		t.Errorf("the hub's registry still has %d of %d, %v", len(left), len(layers)+1, err)
	}
	if left, err := b.registry.Gone(t.Context(), artifact.FeedRepository("erases", id), []string{before.Artifact}); err != nil || len(left) != 0 {
		t.Errorf("the region's repository still has the old artifact, %v", err)
	}
	if keys, err := b.secrets.Feed(t.Context(), feed.ID()); err != nil || len(keys.Copies) != 1 || keys.Current().Epoch != 2 {
		t.Errorf("the hub has %d keys, newest of epoch %d, %v", len(keys.Copies), keys.Current().Epoch, err)
	}
	// The region has not confirmed.
	if one := copyOf(request, screeningv1.PlaceRegion); one.State != screeningv1.CopyPending || request.Status.State != screeningv1.RequestPending || request.Status.Progress != "1/2" {
		t.Errorf("before the receipt: %+v, %s %s", one, request.Status.State, request.Status.Progress)
	}
	for name, refused := range map[string][]byte{
		"another key":    b.receipt(t, id, newKey(t), nil),
		"another region": b.receipt(t, id, b.key, func(r *erasure.Receipt) { r.Region = "south" }),
		"joined before":  b.receipt(t, id, b.key, func(r *erasure.Receipt) { r.RegionUID = "0" }),
		"another feed":   b.receipt(t, id, b.key, func(r *erasure.Receipt) { r.Feed = "intl.other" }),
		"another order":  b.receipt(t, id, b.key, func(r *erasure.Receipt) { r.Order.Digest = "sha256:" + strings.Repeat("a", 64) }),
		"no order yet":   b.receipt(t, id, b.key, func(r *erasure.Receipt) { r.Order.Sequence++ }),
		"lower floor":    b.receipt(t, id, b.key, func(r *erasure.Receipt) { r.Floor = 1 }),
	} {
		b.testify(t, refused)
		b.follow(t, feed, request)
		if one := copyOf(request, screeningv1.PlaceRegion); one.State != screeningv1.CopyPending {
			t.Errorf("a receipt of %s made the copy %s", name, one.State)
		}
	}
	b.testify(t, b.receipt(t, id, b.key, nil))
	b.follow(t, feed, request)
	one := copyOf(request, screeningv1.PlaceRegion)
	if one.State != screeningv1.CopyDone || one.ReceiptDigest == "" || request.Status.State != screeningv1.RequestDone || request.Status.Progress != "2/2" || !conditions.IsTrue(request, screeningv1.ConditionReady) {
		t.Errorf("after the receipt: %+v, %s %s", one, request.Status.State, request.Status.Progress)
	}
	replica := hubtest.Get(t, env.Client, &screeningv1.WatchlistReplica{ObjectMeta: metav1.ObjectMeta{Namespace: "region-erases", Name: id}})
	if got := replica.Status.Erasure; got == nil || got.ReceiptDigest != one.ReceiptDigest || got.Receipt == "" || got.Floor != "v2" {
		t.Errorf("the replica says %+v", got)
	}

	// The publisher lists the person again, and more.
	publisher.Set(hubtest.List(1, 12))
	b.clock.Step(2 * time.Hour)
	b.settle(t, feed)
	listed = b.published(t).Feed(id)
	if ids := b.content(t, listed); len(ids) != 11 || slices.Contains(ids, "T.0003") || listed.Release != 3 || listed.Floor != 2 {
		t.Errorf("after the publisher listed it again: release %d, floor %d, %v", listed.Release, listed.Floor, ids)
	}
	// Nobody goes back below the floor.
	hubtest.Get(t, env.Client, feed)
	feed.Spec.Pin = new("v1")
	if err := env.Client.Update(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	b.settle(t, feed)
	hubtest.Get(t, env.Client, feed)
	if c := conditions.Get(feed, screeningv1.ConditionBuilt); c == nil || c.Reason != screeningv1.ReasonPinNotFound || !strings.Contains(c.Message, "floor to v2") {
		t.Errorf("Built is %+v, want that the pin is below the floor", c)
	}
	if listed := b.published(t).Feed(id); listed.Release != 3 {
		t.Errorf("the pin brought the region to v%d", listed.Release)
	}
}

// What was confirmed for one erasure says nothing of the next, also where the request
// sees the new release before the feed's status names it.
func TestEachErasureHasItsOwnReceipts(t *testing.T) {
	b, feed, _ := serving(t, "each")
	id := string(feed.ID())
	obey := func(requests ...*screeningv1.RecordRequest) {
		t.Helper()
		b.obey(t)
		b.follow(t, feed, requests...)
		b.testify(t, b.receipt(t, id, b.key, nil))
		b.follow(t, feed, requests...)
	}
	first := b.ask(t, feed, "dpa-1", screeningv1.RecordErase, "T.0003")
	b.follow(t, feed, first)
	obey(first)
	if first.Status.State != screeningv1.RequestDone || first.Status.Floor != "v2" {
		t.Fatalf("the first is %s with floor %s", first.Status.State, first.Status.Floor)
	}

	second := b.ask(t, feed, "dpa-2", screeningv1.RecordErase, "T.0004")
	hubtest.Call(t, b.requests, second.Namespace, second.Name)
	older := hubtest.Get(t, env.Client, feed).Status.DeepCopy()
	hubtest.Call(t, b.feeds, feed.Namespace, feed.Name)
	newer := hubtest.Get(t, env.Client, feed).Status.DeepCopy()
	if newer.Floor != "v3" {
		t.Fatalf("the floor of the feed is %s, want v3", newer.Floor)
	}
	feed.Status = *older
	if err := env.Client.Status().Update(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	hubtest.Call(t, b.requests, second.Namespace, second.Name)
	if hubtest.Get(t, env.Client, second); second.Status.Floor != "" || second.Status.State != screeningv1.RequestPending {
		t.Errorf("with the older status the second is %s with floor %s", second.Status.State, second.Status.Floor)
	}
	b.follow(t, feed, second)
	if one := copyOf(second, screeningv1.PlaceRegion); second.Status.Floor != "v3" || one.State != screeningv1.CopyPending || second.Status.State != screeningv1.RequestPending {
		t.Errorf("before the region followed, the second is %s with floor %s and %+v", second.Status.State, second.Status.Floor, one)
	}
	obey(second)
	if a, z := copyOf(first, screeningv1.PlaceRegion), copyOf(second, screeningv1.PlaceRegion); second.Status.State != screeningv1.RequestDone || a.ReceiptDigest == z.ReceiptDigest {
		t.Errorf("the second is %s by receipt %s, the first had %s", second.Status.State, z.ReceiptDigest, a.ReceiptDigest)
	}
}

func TestPinnedFeedLeavesWhatWasErased(t *testing.T) {
	b, feed, publisher := serving(t, "pinned")
	publisher.Set(hubtest.List(1, 11))
	hubtest.Get(t, env.Client, feed)
	feed.Spec.Pin = new("v1")
	if err := env.Client.Update(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	b.clock.Step(2 * time.Hour)
	b.settle(t, feed)
	b.follow(t, feed, b.ask(t, feed, "dpa-1", screeningv1.RecordErase, "T.0003"))
	if listed := b.published(t).Feed(string(feed.ID())); listed.Release != 3 || listed.Floor != 3 {
		t.Errorf("the order lists v%d with floor %d, want v3", listed.Release, listed.Floor)
	}
}

func TestRestoredHubKeepsErasures(t *testing.T) {
	b, feed, _ := serving(t, "forgets")
	id := string(feed.ID())
	keep := map[client.Object]client.Object{
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: keystore.LedgerSecret}}:          nil,
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: keystore.SecretName(feed.ID())}}: nil,
	}
	for o := range keep {
		keep[o] = hubtest.Get(t, env.Client, o).DeepCopyObject().(client.Object)
	}
	old := hubtest.Get(t, env.Client, feed).Status
	releases := &screeningv1.WatchlistReleaseList{}
	if err := env.Client.List(t.Context(), releases, client.InNamespace(feed.Namespace)); err != nil {
		t.Fatal(err)
	}
	request := b.ask(t, feed, "dpa-1", screeningv1.RecordErase, "T.0003")
	block := b.ask(t, feed, "block-1", screeningv1.RecordBlock, "T.0005")
	b.follow(t, feed, request, block)
	before := b.published(t).Feed(id)
	if before.Release != 2 || before.Blocks == nil {
		t.Fatalf("the order lists %+v", before)
	}

	// etcd comes back from before all of that. The registry does not.
	for o, was := range keep {
		now := hubtest.Get(t, env.Client, o)
		was.SetResourceVersion(now.GetResourceVersion())
		if err := env.Client.Update(t.Context(), was); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(env.Client.Delete(t.Context(), request), env.Client.Delete(t.Context(), block)); err != nil {
		t.Fatal(err)
	}
	if err := env.Client.DeleteAllOf(t.Context(), &screeningv1.WatchlistRelease{}, client.InNamespace(feed.Namespace)); err != nil {
		t.Fatal(err)
	}
	for i := range releases.Items {
		releases.Items[i].ResourceVersion = ""
		hubtest.Create(t, env.Client, &releases.Items[i])
	}
	hubtest.Get(t, env.Client, feed)
	feed.Status = old
	if err := env.Client.Status().Update(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	hubtest.Get(t, env.Client, b.region)
	b.region.Status.Order = nil
	if err := env.Client.Status().Update(t.Context(), b.region); err != nil {
		t.Fatal(err)
	}
	b.start(t)
	// The feed is looked at before any region.
	hubtest.Call(t, b.feeds, feed.Namespace, feed.Name)
	b.obey(t)
	b.settle(t, feed)
	b.obey(t)
	b.settle(t, feed)
	after := b.published(t).Feed(id)
	if after.Release <= before.Release || after.Floor < before.Floor {
		t.Fatalf("the restored hub went from v%d, floor %d to v%d, floor %d", before.Release, before.Floor, after.Release, after.Floor)
	}
	if ids := b.content(t, after); len(ids) != 9 || slices.Contains(ids, "T.0003") {
		t.Errorf("the restored hub gives out %v", ids)
	}
	if after.Blocks == nil || after.Blocks.Version < before.Blocks.Version {
		t.Errorf("the block is carried as %+v, it was %+v", after.Blocks, before.Blocks)
	}
	if keys, err := b.secrets.Feed(t.Context(), feed.ID()); err != nil || len(keys.Blocks.Records) != 1 {
		t.Errorf("the restored hub blocks %d records, %v", len(keys.Blocks.Records), err)
	}
}

func TestOfflineRegionIsOutstanding(t *testing.T) {
	b, feed, _ := serving(t, "cutoff")
	issued := b.clock.Now()
	b.clock.Step(30 * time.Minute)
	b.settle(t, feed)
	request := b.ask(t, feed, "dpa-1", screeningv1.RecordErase, "T.0003")
	b.follow(t, feed, request)
	one := copyOf(request, screeningv1.PlaceRegion)
	if one.State != screeningv1.CopyOutstanding || !one.Until.Time.Equal(issued.Add(48*time.Hour)) {
		t.Errorf("the copy is %+v, want Outstanding until %s", one, issued.Add(48*time.Hour))
	}
	if c := conditions.Get(request, screeningv1.ConditionReady); c.Reason != screeningv1.ReasonCopiesOutstanding || request.Status.State != screeningv1.RequestPending {
		t.Errorf("Ready is %+v, state %s", c, request.Status.State)
	}
	// It comes back, follows and says so.
	b.obey(t)
	b.settle(t, feed)
	b.testify(t, b.receipt(t, string(feed.ID()), b.key, nil))
	b.follow(t, feed, request)
	if request.Status.State != screeningv1.RequestDone {
		t.Errorf("state is %s with %+v", request.Status.State, request.Status.Copies)
	}
}
