// SPDX-License-Identifier: Apache-2.0

package watchlistfeed_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	testingclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/hub/watchlistfeed"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/seal"
)

type bench struct {
	*watchlistfeed.Reconciler
	clock     *testingclock.FakeClock
	publisher *hubtest.Publisher
	feed      *screeningv1.WatchlistFeed
}

func newBench(t *testing.T, content string) *bench {
	t.Helper()
	b := &bench{clock: hubtest.Clock(), publisher: hubtest.NewPublisher(t, content)}
	b.Reconciler = &watchlistfeed.Reconciler{
		Client: env.Client, Reader: env.Client, Registry: hubtest.Registry(t),
		Reports: &hub.Reports{}, Checks: &hub.Checks{}, StateDir: t.TempDir(), AllowPrivate: true, Clock: b.clock,
		Keys: newKeyring(), Erased: nothingErased,
	}
	b.Depot = newDepot(t, b.Registry, b.Keys)
	b.feed = hubtest.Feed(env.CreateNamespace(t, "owner"), "test", b.publisher.URL, "AL")
	b.feed.Spec.Gates = &screeningv1.FeedGates{MinRecords: 3}
	hubtest.Create(t, env.Client, b.feed)
	return b
}

func (b *bench) call(t *testing.T) *screeningv1.WatchlistFeed {
	t.Helper()
	hubtest.Call(t, b, b.feed.Namespace, b.feed.Name)
	return hubtest.Get(t, env.Client, b.feed)
}

// later steps over the interval and its jitter.
func (b *bench) later(t *testing.T) *screeningv1.WatchlistFeed {
	t.Helper()
	b.clock.Step(2 * time.Hour)
	return b.call(t)
}

func (b *bench) releases(t *testing.T) []string {
	t.Helper()
	list := &screeningv1.WatchlistReleaseList{}
	if err := env.Client.List(t.Context(), list, client.InNamespace(b.feed.Namespace)); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, release := range list.Items {
		names = append(names, release.Name)
	}
	return names
}

func TestFeedBecomesRelease(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	feed := b.call(t)
	if feed.Status.Release == nil || feed.Status.Release.Version != "v1" || ptr.Deref(feed.Status.Release.Records, 0) != 5 {
		t.Fatalf("release is %+v, want v1 with 5 records", feed.Status.Release)
	}
	if !conditions.IsTrue(feed, screeningv1.ConditionReady) || conditions.Get(feed, screeningv1.ConditionReady).Reason != screeningv1.ReasonNoRegion {
		t.Errorf("Ready is %+v, want True with NoRegion", conditions.Get(feed, screeningv1.ConditionReady))
	}
	has, err := b.Registry.HasSnapshot(t.Context(), depot.Repository(string(feed.ID())), string(feed.Status.Release.Artifact))
	if err != nil || !has {
		t.Errorf("the registry has the snapshot: %v, %v", has, err)
	}
	if at := b.Checks.All()[string(feed.ID())]; !at.Equal(hubtest.Start) {
		t.Errorf("source checked at %s, want %s", at, hubtest.Start)
	}
}

func TestUnchangedFileWritesNothing(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	before := b.call(t).DeepCopy()
	after := b.later(t)
	if after.ResourceVersion != before.ResourceVersion {
		t.Errorf("the feed was written although nothing changed:\n%s", cmp.Diff(before, after))
	}
	if sent, asked := b.publisher.Sent.Load(), b.publisher.Requests.Load(); sent != 1 || asked != 2 {
		t.Errorf("the publisher was asked %d times and sent %d times, want 2 and 1", asked, sent)
	}

	// A process that starts anew asks once and takes nothing again.
	b.Reconciler = &watchlistfeed.Reconciler{
		Client: env.Client, Reader: env.Client, Registry: b.Registry, Depot: newDepot(t, b.Registry, b.Keys), Keys: b.Keys, Erased: b.Erased,
		Reports: &hub.Reports{}, Checks: &hub.Checks{}, StateDir: t.TempDir(), AllowPrivate: true, Clock: b.clock,
	}
	if again := b.call(t); again.ResourceVersion != before.ResourceVersion {
		t.Errorf("the feed was written after a restart:\n%s", cmp.Diff(before, again))
	}
	if diff := cmp.Diff([]string{"test-1"}, b.releases(t)); diff != "" {
		t.Errorf("releases (-want +got):\n%s", diff)
	}
}

func TestChangedFileGetsNextNumber(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	b.call(t)
	b.publisher.Set(hubtest.List(3, 5))
	feed := b.later(t)
	if feed.Status.Release.Version != "v2" || feed.Status.HighestNumber != 2 {
		t.Fatalf("release is %+v, highest %d", feed.Status.Release, feed.Status.HighestNumber)
	}
	release := hubtest.Get(t, env.Client, &screeningv1.WatchlistRelease{ObjectMeta: objectMeta(feed.Namespace, "test-2")})
	changes := release.Spec.Changes
	if changes == nil || *changes.Added != 2 || *changes.Removed != 2 || *changes.Modified != 0 || changes.Base != "v1" {
		t.Errorf("changes are %+v, want 2 added and 2 removed since v1", changes)
	}
	old := hubtest.Get(t, env.Client, &screeningv1.WatchlistRelease{ObjectMeta: objectMeta(feed.Namespace, "test-1")})
	if old.Status.Verdict != screeningv1.VerdictSuperseded {
		t.Errorf("the verdict of v1 is %s, want Superseded", old.Status.Verdict)
	}
}

func TestBadFileKeepsLastGoodRelease(t *testing.T) {
	tests := []struct {
		name, content, condition, reason string
	}{
		{"garbage", "\x00\x01 not a list", screeningv1.ConditionBuilt, screeningv1.ReasonParseFailed},
		{"cut short", hubtest.List(1, 2), screeningv1.ConditionBuilt, screeningv1.ReasonGateFailed},
		{"empty", "", screeningv1.ConditionBuilt, screeningv1.ReasonGateFailed},
		{"an error page", "<html><body>503</body></html>", screeningv1.ConditionBuilt, screeningv1.ReasonParseFailed},
		{"one id twice", hubtest.List(1, 3) + hubtest.List(1, 1), screeningv1.ConditionBuilt, screeningv1.ReasonParseFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, hubtest.List(1, 5))
			b.call(t)
			b.publisher.Set(tt.content)
			feed := b.later(t)
			c := conditions.Get(feed, tt.condition)
			if c == nil || c.Status != metav1.ConditionFalse || c.Reason != tt.reason || !strings.Contains(c.Message, "v1 keeps serving") {
				t.Errorf("%s is %+v, want False with %s", tt.condition, c, tt.reason)
			}
			if feed.Status.Release.Version != "v1" || !conditions.IsTrue(feed, screeningv1.ConditionReady) {
				t.Errorf("release %s, Ready %+v; want v1 to stand", feed.Status.Release.Version, conditions.Get(feed, screeningv1.ConditionReady))
			}
			if !strings.Contains(conditions.Get(feed, screeningv1.ConditionReady).Message, "newest file was not taken") {
				t.Errorf("Ready does not name the trouble: %s", conditions.Get(feed, screeningv1.ConditionReady).Message)
			}
			version := feed.ResourceVersion
			if again := b.later(t); again.ResourceVersion != version {
				t.Error("the same bad file was written down twice")
			}
			b.publisher.Set(hubtest.List(1, 6))
			if healed := b.later(t); healed.Status.Release.Version != "v2" || !conditions.IsTrue(healed, screeningv1.ConditionBuilt) {
				t.Errorf("after a good file the release is %s", healed.Status.Release.Version)
			}
		})
	}
}

func TestNumbersAreNeverGivenTwice(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	b.call(t)
	b.publisher.Set(hubtest.List(1, 6))
	b.later(t)

	// The objects are restored from before everything, the registry is not.
	for _, name := range b.releases(t) {
		if err := env.Client.Delete(t.Context(), &screeningv1.WatchlistRelease{ObjectMeta: objectMeta(b.feed.Namespace, name)}); err != nil {
			t.Fatal(err)
		}
	}
	feed := hubtest.Get(t, env.Client, b.feed)
	feed.Status = screeningv1.WatchlistFeedStatus{}
	if err := env.Client.Status().Update(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	b.publisher.Set(hubtest.List(1, 7))
	if feed = b.later(t); feed.Status.Release.Version != "v3" {
		t.Errorf("the release is %s, want v3: v1 and v2 stand in the registry with other content", feed.Status.Release.Version)
	}
}

func TestRetentionDropsContent(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	b.feed.Spec.Retention.Releases = 2
	if err := env.Client.Update(t.Context(), b.feed); err != nil {
		t.Fatal(err)
	}
	first := b.call(t).Status.Release.Artifact
	for n := 6; n <= 8; n++ {
		b.publisher.Set(hubtest.List(1, n))
		b.later(t)
	}
	if diff := cmp.Diff([]string{"test-3", "test-4"}, b.releases(t)); diff != "" {
		t.Errorf("releases (-want +got):\n%s", diff)
	}
	if has, err := b.Registry.HasSnapshot(t.Context(), depot.Repository(string(b.feed.ID())), string(first)); err != nil || has {
		t.Errorf("the registry still has v1: %v, %v", has, err)
	}
}

func TestPinHoldsAndReturns(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	b.call(t)
	b.publisher.Set(hubtest.List(1, 6))
	feed := b.later(t)
	for _, tt := range []struct {
		name, pin, want string
		built           metav1.ConditionStatus
	}{
		{"back to v1", "v1", "v1", metav1.ConditionTrue},
		{"unknown", "v9", "v1", metav1.ConditionFalse},
		{"cleared", "", "v2", metav1.ConditionTrue},
	} {
		feed.Spec.Pin = new(tt.pin)
		if err := env.Client.Update(t.Context(), feed); err != nil {
			t.Fatal(err)
		}
		feed = b.call(t)
		if string(feed.Status.Release.Version) != tt.want || conditions.Get(feed, screeningv1.ConditionBuilt).Status != tt.built {
			t.Errorf("%s: release %s, Built %+v", tt.name, feed.Status.Release.Version, conditions.Get(feed, screeningv1.ConditionBuilt))
		}
	}
}

func TestUnreachableRegistryIsTriedAgain(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	good := b.Registry
	var err error
	if b.Registry, err = artifact.Connect("http://127.0.0.1:1", newClient()); err != nil {
		t.Fatal(err)
	}
	b.Depot = newDepot(t, b.Registry, b.Keys)
	if _, err := b.Reconcile(t.Context(), request(b.feed)); err == nil {
		t.Fatal("a registry that does not answer was not reported")
	}
	feed := hubtest.Get(t, env.Client, b.feed)
	if c := conditions.Get(feed, screeningv1.ConditionPublished); c == nil || c.Reason != screeningv1.ReasonPublishFailed {
		t.Errorf("Published is %+v, want PublishFailed", c)
	}
	b.Registry, b.Depot = good, newDepot(t, good, b.Keys)
	b.clock.Step(time.Minute)
	if feed = b.call(t); feed.Status.Release == nil || feed.Status.Release.Version != "v1" {
		t.Errorf("release is %+v, want v1 once the registry answers", feed.Status.Release)
	}
}

func TestMissingSecretIsNamed(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	b.feed.Spec.Source.HTTP.URL = strings.Replace(b.publisher.URL, "http:", "https:", 1)
	b.feed.Spec.Source.HTTP.HeadersSecretRef = &screeningv1.SecretReference{Name: "publisher-key"}
	if err := env.Client.Update(t.Context(), b.feed); err != nil {
		t.Fatal(err)
	}
	feed := b.call(t)
	c := conditions.Get(feed, screeningv1.ConditionFetched)
	if c == nil || c.Reason != screeningv1.ReasonSecretNotFound || !strings.Contains(c.Message, "publisher-key") {
		t.Errorf("Fetched is %+v, want SecretNotFound that names the Secret", c)
	}
}

// Whoever asks often need not say how long one answer may take.
func TestShortIntervalNeedsNoTimeout(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	b.feed.Spec.Interval, b.feed.Spec.Timeout = "10s", ""
	if err := env.Client.Update(t.Context(), b.feed); err != nil {
		t.Fatal(err)
	}
	if feed := b.call(t); feed.Spec.Timeout != "" || !conditions.IsTrue(feed, screeningv1.ConditionFetched) {
		t.Errorf("timeout %q, conditions %+v", feed.Spec.Timeout, feed.Status.Conditions)
	}
}

// A number whose copy has other content is passed over, though the candidate's
// content is at hand from an attempt that failed later.
func TestForeignCopyIsNotTaken(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	first := b.call(t).Status.Release
	b.publisher.Set(hubtest.List(1, 6))
	b.later(t)

	// The objects are restored from before v2, and the publisher went back to v1's
	// file: it is v3, and not v2, under which another list stands in the registry.
	release := &screeningv1.WatchlistRelease{ObjectMeta: objectMeta(b.feed.Namespace, "test-2")}
	old := &screeningv1.WatchlistRelease{ObjectMeta: objectMeta(b.feed.Namespace, "test-1")}
	for _, gone := range []*screeningv1.WatchlistRelease{release, old} {
		if err := env.Client.Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
	}
	feed := hubtest.Get(t, env.Client, b.feed)
	feed.Status = screeningv1.WatchlistFeedStatus{HighestNumber: 1}
	if err := env.Client.Status().Update(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	b.publisher.Set(hubtest.List(1, 5))
	feed = b.later(t)
	if feed.Status.Release.Version != "v3" || feed.Status.Release.Digest != first.Digest {
		t.Fatalf("the release is %+v, want the content of v1 as v3", feed.Status.Release)
	}
	// A process that starts has to read it from the registry.
	whole := depot.Release{Feed: string(feed.ID()), Number: 3, Content: string(first.Digest), Artifact: string(feed.Status.Release.Artifact)}
	if _, err := newDepot(t, b.Registry, b.Keys).Whole(t.Context(), whole); err != nil {
		t.Errorf("v3 is not what the registry has: %v", err)
	}
}

// A registry that lost its volume is filled again from the publisher's file,
// though that has not changed.
func TestLostCopyIsPublishedAgain(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	first := b.call(t).Status.Release
	if err := b.Registry.Delete(t.Context(), depot.Repository(string(b.feed.ID())), string(first.Artifact)); err != nil {
		t.Fatal(err)
	}
	b.Depot = newDepot(t, b.Registry, b.Keys)
	feed := b.later(t)
	if feed.Status.Release.Version != "v2" || feed.Status.Release.Digest != first.Digest {
		t.Fatalf("the release is %+v, want the same content as v2", feed.Status.Release)
	}
	if stands, err := b.Registry.HasSnapshot(t.Context(), depot.Repository(string(feed.ID())), string(feed.Status.Release.Artifact)); err != nil || !stands {
		t.Errorf("v2 is not in the registry: %v", err)
	}
	if feed = b.later(t); feed.Status.Release.Version != "v2" {
		t.Errorf("the release is %s, want v2 to stay", feed.Status.Release.Version)
	}
}

// What a lifted block kept out of releases is in the publisher's file alone: it is
// asked for whole each time a block is lifted, and once.
func TestLiftedBlockBringsTheRecordBack(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	keys, err := b.Keys(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	blocked := map[string]bool{}
	b.Blocked = func(context.Context, string) (map[string]bool, error) { return blocked, nil }
	b.call(t)
	for range 2 {
		sent := b.publisher.Sent.Load()
		blocked = map[string]bool{keys.Key.RecordKey().Hash("T.0003"): true}
		if feed := b.call(t); *feed.Status.Release.Records != 4 {
			t.Fatalf("with the block %s has %d records", feed.Status.Release.Version, *feed.Status.Release.Records)
		}
		blocked = nil
		if feed := b.call(t); *feed.Status.Release.Records != 5 {
			t.Errorf("without the block %s has %d records", feed.Status.Release.Version, *feed.Status.Release.Records)
		}
		b.call(t)
		if got := b.publisher.Sent.Load() - sent; got != 1 {
			t.Errorf("the publisher sent its file %d times, want once", got)
		}
	}
}

// Attempts that fail begin one key epoch, and not one each.
func TestFailingErasureRotatesOnce(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	keys, err := b.Keys(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	b.Keys = func(context.Context, string) (depot.Keys, error) { return keys, nil }
	b.Depot = newDepot(t, b.Registry, b.Keys)
	rotated := 0
	b.Rotate = func(context.Context, string) error {
		rotated++
		identity, recipient := seal.NewIdentity()
		keys.Epoch, keys.Recipient, keys.Identities = keys.Epoch+1, recipient, append([]string{identity}, keys.Identities...)
		return nil
	}
	b.call(t)
	erased := keys.Key.RecordKey().Hash("T.0003")
	b.Erased = func(context.Context, string) (map[string]bool, error) { return map[string]bool{erased: true}, nil }

	// The registry can be read, and takes nothing.
	good := b.Depot
	reader, err := artifact.Connect("http://"+b.Registry.Host(), &http.Client{Transport: readOnly{}})
	if err != nil {
		t.Fatal(err)
	}
	b.Depot = newDepot(t, reader, b.Keys)
	for range 3 {
		if _, err := b.Reconcile(t.Context(), request(b.feed)); err == nil {
			t.Fatal("the copy was stored")
		}
	}
	b.Depot = good
	if feed := b.call(t); feed.Status.Floor != "v2" || rotated != 1 {
		t.Errorf("floor %s after %d rotations, want v2 after one", feed.Status.Floor, rotated)
	}
}

// readOnly refuses to send anything.
type readOnly struct{}

func (readOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return nil, errors.New("read only")
	}
	return http.DefaultTransport.RoundTrip(req)
}
