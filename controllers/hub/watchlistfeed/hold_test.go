// SPDX-License-Identifier: Apache-2.0

package watchlistfeed_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	approvals "github.com/frontline-screening/frontline/controllers/hub/approval"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/hub/watchlistfeed"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/conditions/conditionstest"
	"github.com/frontline-screening/frontline/internal/approval"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/report"
)

// guarded is a feed whose newest release a person may have to approve.
type guarded struct {
	*bench
	keys map[string]ed25519.PrivateKey
}

// newGuarded publishes ten people, and lets a release add or remove one of them.
func newGuarded(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{bench: newBench(t, hubtest.List(1, 10)), keys: map[string]ed25519.PrivateKey{}}
	g.HubUID = "hub-under-test"
	g.feed.Spec.Gates = &screeningv1.FeedGates{MinRecords: 3, MaxAddedPercent: new(int32(10)), MaxRemovedPercent: new(int32(10)), Approvals: 2}
	for _, name := range []string{"officer-1", "officer-2"} {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		g.keys[name] = private
		g.feed.Spec.Approvers = append(g.feed.Spec.Approvers, screeningv1.FeedApprover{
			Name: screeningv1.ApproverName(name), PublicKey: base64.StdEncoding.EncodeToString(der),
		})
	}
	if err := env.Client.Update(t.Context(), g.feed); err != nil {
		t.Fatal(err)
	}
	if feed := g.call(t); feed.Status.Release == nil || feed.Status.Release.Version != "v1" {
		t.Fatalf("release is %+v, want v1", feed.Status.Release)
	}
	return g
}

// approve signs what is held and puts the approval into the feed's namespace.
func (g *guarded) approve(t *testing.T, object, person string, change ...func(*approval.Statement)) *screeningv1.Approval {
	t.Helper()
	feed := hubtest.Get(t, env.Client, g.feed)
	statement := approval.Statement{
		HubUID: "hub-under-test", Action: approval.ReleaseStorm, Digest: "sha256:" + strings.Repeat("0", 64),
		Subject: approval.Subject{Kind: "WatchlistFeed", Namespace: feed.Namespace, Name: feed.Name, UID: string(feed.UID)},
	}
	if feed.Status.Held != nil {
		statement.Digest = string(feed.Status.Held.Digest)
	}
	for _, edit := range change {
		edit(&statement)
	}
	envelope, err := approval.Sign(statement, g.keys[person])
	if err != nil {
		t.Fatal(err)
	}
	a := &screeningv1.Approval{ObjectMeta: objectMeta(feed.Namespace, object), Spec: screeningv1.ApprovalSpec{Envelope: string(envelope)}}
	hubtest.Create(t, env.Client, a)
	return a
}

// verdict is what the approval's own controller says of it.
func (g *guarded) verdict(t *testing.T, a *screeningv1.Approval) string {
	t.Helper()
	hubtest.Call(t, &approvals.Reconciler{Client: env.Client, HubUID: g.HubUID, Clock: g.clock}, a.Namespace, a.Name)
	c := conditions.Get(hubtest.Get(t, env.Client, a), screeningv1.ConditionValid)
	conditionstest.Conform(t, a, a.Status.ObservedGeneration)
	if c == nil {
		t.Fatalf("approval %s was not judged", a.Name)
	}
	return c.Reason
}

// restart is a hub process that starts with an empty folder.
func (g *guarded) restart(t *testing.T) {
	t.Helper()
	g.Reconciler = &watchlistfeed.Reconciler{
		Client: env.Client, Reader: env.Client, Registry: g.Registry, Depot: newDepot(t, g.Registry, g.Keys), Keys: g.Keys, Erased: g.Erased, HubUID: g.HubUID,
		Reports: &hub.Reports{}, Checks: &hub.Checks{}, StateDir: t.TempDir(), AllowPrivate: true, Clock: g.clock,
	}
}

func TestStormIsHeldUntilTwoPeopleApprove(t *testing.T) {
	g := newGuarded(t)
	g.publisher.Set(hubtest.List(1, 20))
	feed := g.later(t)
	held := feed.Status.Held
	if held == nil || *held.Added != 10 || *held.AddedPercent != 100 || *held.Removed != 0 || *held.Records != 20 || held.Base != "v1" || held.HubUID != "hub-under-test" {
		t.Fatalf("held is %+v, want 10 added to v1", held)
	}
	if feed.Status.Release.Version != "v1" || !conditions.IsTrue(feed, screeningv1.ConditionReady) {
		t.Errorf("release %s, Ready %+v; want v1 to stand", feed.Status.Release.Version, conditions.Get(feed, screeningv1.ConditionReady))
	}
	c := conditions.Get(feed, screeningv1.ConditionReleaseHeld)
	if c == nil || c.Reason != screeningv1.ReasonStorm || !strings.Contains(c.Message, "0 of 2 approvals") || !strings.Contains(c.Message, "frontline approve test -n ") {
		t.Errorf("ReleaseHeld is %+v", c)
	}

	// The same file is not judged anew, and no interval writes anything.
	version, sent := feed.ResourceVersion, g.publisher.Sent.Load()
	if again := g.later(t); again.ResourceVersion != version || g.publisher.Sent.Load() != sent {
		t.Errorf("the same file was taken again: sent %d times, was %d", g.publisher.Sent.Load(), sent)
	}

	one := g.approve(t, "one", "officer-1")
	if got := g.verdict(t, one); got != screeningv1.ReasonValid {
		t.Errorf("the first approval is %s, want Valid", got)
	}
	if feed = g.call(t); feed.Status.Held == nil || cmp.Diff([]screeningv1.ApproverName{"officer-1"}, feed.Status.Held.Approvals) != "" {
		t.Fatalf("after one approval held is %+v", feed.Status.Held)
	}

	// The same person again, in words of another statement, is no second one.
	twice := g.approve(t, "twice", "officer-1", func(s *approval.Statement) { u := g.clock.Now().Add(time.Hour); s.Expires = &u })
	if got := g.verdict(t, twice); got != screeningv1.ReasonAlreadySigned {
		t.Errorf("the same person's second approval is %s, want AlreadySigned", got)
	}
	if message := conditions.Get(hubtest.Get(t, env.Client, twice), screeningv1.ConditionValid).Message; !strings.Contains(message, "another person has to sign") {
		t.Errorf("it says %q", message)
	}
	if feed = g.call(t); feed.Status.Held == nil || feed.Status.Release.Version != "v1" {
		t.Fatalf("one person alone let %s through", feed.Status.Release.Version)
	}

	two := g.approve(t, "two", "officer-2")
	feed = g.call(t)
	if feed.Status.Held != nil || feed.Status.Release.Version != "v2" || *feed.Status.Release.Records != 20 || conditions.Get(feed, screeningv1.ConditionReleaseHeld) != nil {
		t.Fatalf("after two approvals: release %+v, held %+v", feed.Status.Release, feed.Status.Held)
	}
	release := hubtest.Get(t, env.Client, &screeningv1.WatchlistRelease{ObjectMeta: objectMeta(feed.Namespace, "test-2")})
	if len(release.Spec.Approvals) != 2 || release.Spec.Approvals[0].Name != "officer-1" || release.Spec.Approvals[1].Name != "officer-2" || release.Spec.SourceDigest != held.SourceDigest {
		t.Errorf("the release names %+v of %s", release.Spec.Approvals, release.Spec.SourceDigest)
	}
	if got := g.verdict(t, two); got != screeningv1.ReasonUsed {
		t.Errorf("the second approval is %s, want Used", got)
	}
	if got := g.verdict(t, twice); got != screeningv1.ReasonNothingHeld {
		t.Errorf("the superfluous approval is %s, want NothingHeld", got)
	}
	g.vaultIsEmpty(t)
}

func (g *guarded) vaultIsEmpty(t *testing.T) {
	t.Helper()
	if _, err := g.Registry.Resolve(t.Context(), watchlistfeed.HeldRepository(string(g.feed.ID())), artifact.ReleaseTag(1)); err == nil {
		t.Error("the registry still has the held release")
	}
}

func TestHeldReleaseOutlivesRestart(t *testing.T) {
	g := newGuarded(t)
	g.publisher.Set(hubtest.List(1, 20))
	g.later(t)
	left, err := os.ReadDir(g.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if strings.HasPrefix(entry.Name(), "build-") {
			t.Errorf("%s was left in the folder of the hub", entry.Name())
		}
	}
	g.restart(t)
	// The publisher is of no help: only what the hub kept itself can be published.
	g.publisher.Set("no list")
	g.approve(t, "one", "officer-1")
	g.approve(t, "two", "officer-2")
	if feed := g.later(t); feed.Status.Release.Version != "v2" || *feed.Status.Release.Records != 20 || feed.Status.Held != nil {
		t.Errorf("release is %+v, held %+v; want v2 from what was kept", feed.Status.Release, feed.Status.Held)
	}
}

// A record that is erased while a release is held does not come back with it:
// the release is made again without it, and people look at it again.
func TestErasedRecordIsNotHeld(t *testing.T) {
	g := newGuarded(t)
	g.publisher.Set(hubtest.List(1, 20))
	first := g.later(t).Status.Held.Digest
	keys, err := g.Keys(t.Context(), string(g.feed.ID()))
	if err != nil {
		t.Fatal(err)
	}
	hash := keys.Key.RecordKey().Hash("T.0015")
	g.Erased = func(context.Context, string) (map[string]bool, error) { return map[string]bool{hash: true}, nil }
	g.approve(t, "one", "officer-1")
	g.approve(t, "two", "officer-2")
	feed := g.call(t)
	if feed.Status.Release.Version != "v2" || *feed.Status.Release.Records != 10 || feed.Status.Floor != "v2" {
		t.Errorf("release %+v, floor %s; want what served before, again as v2 and the floor", feed.Status.Release, feed.Status.Floor)
	}
	if feed.Status.Held == nil || feed.Status.Held.Digest == first || *feed.Status.Held.Records != 19 || len(feed.Status.Held.Approvals) != 0 {
		t.Errorf("held is %+v, want 19 records that nobody approved", feed.Status.Held)
	}
}

// Should the registry lose it, the publisher's file makes the same content
// again, and the approvals are about the content.
func TestLostHeldReleaseIsMadeAgain(t *testing.T) {
	g := newGuarded(t)
	g.publisher.Set(hubtest.List(1, 20))
	g.later(t)
	repository := watchlistfeed.HeldRepository(string(g.feed.ID()))
	desc, err := g.Registry.Resolve(t.Context(), repository, artifact.ReleaseTag(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Registry.Delete(t.Context(), repository, desc.Digest.String()); err != nil {
		t.Fatal(err)
	}
	g.approve(t, "one", "officer-1")
	g.approve(t, "two", "officer-2")
	g.call(t)
	if feed := g.later(t); feed.Status.Release.Version != "v2" || feed.Status.Held != nil {
		t.Errorf("release is %+v, held %+v", feed.Status.Release, feed.Status.Held)
	}
}

func TestChangedFileNeedsNewApprovals(t *testing.T) {
	g := newGuarded(t)
	g.publisher.Set(hubtest.List(1, 20))
	first := g.later(t).Status.Held.Digest
	one := g.approve(t, "one", "officer-1")
	g.call(t)
	g.publisher.Set(hubtest.List(1, 30))
	feed := g.later(t)
	if feed.Status.Held == nil || feed.Status.Held.Digest == first || len(feed.Status.Held.Approvals) != 0 {
		t.Fatalf("held is %+v, want another release without approvals", feed.Status.Held)
	}
	if got := g.verdict(t, one); got != screeningv1.ReasonNothingHeld {
		t.Errorf("the approval of the file before is %s, want NothingHeld", got)
	}
	g.approve(t, "two", "officer-2")
	if feed = g.call(t); feed.Status.Release.Version != "v1" {
		t.Errorf("approvals of two files together let %s through", feed.Status.Release.Version)
	}
}

func TestHoldingEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(*testing.T, *guarded)
		want screeningv1.ReleaseVersion
	}{
		{"the publisher goes back", func(_ *testing.T, g *guarded) { g.publisher.Set(hubtest.List(1, 10)) }, "v1"},
		{"the next file is harmless", func(_ *testing.T, g *guarded) { g.publisher.Set(hubtest.List(1, 11)) }, "v2"},
		{"the owner raises the limit", func(t *testing.T, g *guarded) {
			feed := hubtest.Get(t, env.Client, g.feed)
			feed.Spec.Gates.MaxAddedPercent = new(int32(100))
			if err := env.Client.Update(t.Context(), feed); err != nil {
				t.Fatal(err)
			}
		}, "v2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuarded(t)
			g.publisher.Set(hubtest.List(1, 20))
			if g.later(t).Status.Held == nil {
				t.Fatal("nothing is held")
			}
			tt.end(t, g)
			feed := g.later(t)
			if feed.Status.Held != nil || conditions.Get(feed, screeningv1.ConditionReleaseHeld) != nil || feed.Status.Release.Version != tt.want {
				t.Errorf("release %s, held %+v; want %s and nothing held", feed.Status.Release.Version, feed.Status.Held, tt.want)
			}
			g.vaultIsEmpty(t)
		})
	}
}

// A broken file after a held one is not taken, and what is held stays.
func TestBrokenFileKeepsHeldRelease(t *testing.T) {
	g := newGuarded(t)
	g.publisher.Set(hubtest.List(1, 20))
	held := g.later(t).Status.Held.Digest
	g.publisher.Set("no list")
	feed := g.later(t)
	if feed.Status.Held == nil || feed.Status.Held.Digest != held || !conditions.IsFalse(feed, screeningv1.ConditionBuilt) {
		t.Errorf("held is %+v, Built %+v", feed.Status.Held, conditions.Get(feed, screeningv1.ConditionBuilt))
	}
}

func TestApprovalsThatDoNotCount(t *testing.T) {
	g := newGuarded(t)
	g.publisher.Set(hubtest.List(1, 20))
	g.later(t)
	past := g.clock.Now().Add(-time.Minute)
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	g.keys["stranger"] = stranger
	tests := []struct {
		name, person, want string
		edit               func(*approval.Statement)
	}{
		{"stranger", "stranger", screeningv1.ReasonSignerUnknown, func(*approval.Statement) {}},
		{"another-hub", "officer-1", screeningv1.ReasonSubjectMismatch, func(s *approval.Statement) { s.HubUID = "another" }},
		{"another-object", "officer-1", screeningv1.ReasonSubjectMismatch, func(s *approval.Statement) { s.Subject.UID = "another" }},
		{"another-namespace", "officer-1", screeningv1.ReasonSubjectMismatch, func(s *approval.Statement) { s.Subject.Namespace = "another" }},
		{"no-such-feed", "officer-1", screeningv1.ReasonSubjectMismatch, func(s *approval.Statement) { s.Subject.Name = "another" }},
		{"ended", "officer-2", screeningv1.ReasonExpired, func(s *approval.Statement) { s.Expires = &past }},
		{"other-content", "officer-2", screeningv1.ReasonNothingHeld, func(s *approval.Statement) { s.Digest = "sha256:" + strings.Repeat("f", 64) }},
	}
	for _, tt := range tests {
		if got := g.verdict(t, g.approve(t, tt.name, tt.person, tt.edit)); got != tt.want {
			t.Errorf("%s is %s, want %s", tt.name, got, tt.want)
		}
	}
	garbage := &screeningv1.Approval{ObjectMeta: objectMeta(g.feed.Namespace, "garbage"), Spec: screeningv1.ApprovalSpec{Envelope: "{}"}}
	hubtest.Create(t, env.Client, garbage)
	if got := g.verdict(t, garbage); got != screeningv1.ReasonMalformed {
		t.Errorf("garbage is %s, want Malformed", got)
	}
	if feed := g.call(t); feed.Status.Release.Version != "v1" || len(feed.Status.Held.Approvals) != 0 {
		t.Errorf("release %s, approvals %v; want none to count", feed.Status.Release.Version, feed.Status.Held.Approvals)
	}
}

// A statement that ends before the second one comes does not count with it.
func TestApprovalsEnd(t *testing.T) {
	g := newGuarded(t)
	g.publisher.Set(hubtest.List(1, 20))
	g.later(t)
	g.approve(t, "one", "officer-1", func(s *approval.Statement) { u := g.clock.Now().Add(time.Minute); s.Expires = &u })
	if feed := g.call(t); len(feed.Status.Held.Approvals) != 1 {
		t.Fatalf("approvals are %v", feed.Status.Held.Approvals)
	}
	g.clock.Step(time.Hour)
	g.approve(t, "two", "officer-2")
	if feed := g.call(t); feed.Status.Held == nil || cmp.Diff([]screeningv1.ApproverName{"officer-2"}, feed.Status.Held.Approvals) != "" {
		t.Errorf("held is %+v, want it to wait for officer-1 again", feed.Status.Held)
	}
}

// What cannot be compared must not pass for harmless: people decide, and the feed is
// not stuck either.
func TestLostBaseDoesNotOpenTheGate(t *testing.T) {
	g := newGuarded(t)
	feed := hubtest.Get(t, env.Client, g.feed)
	if err := g.Registry.Delete(t.Context(), depot.Repository(string(feed.ID())), string(feed.Status.Release.Artifact)); err != nil {
		t.Fatal(err)
	}
	g.restart(t)
	g.publisher.Set(hubtest.List(1, 20))
	g.clock.Step(2 * time.Hour)
	if feed = g.call(t); feed.Status.Release.Version != "v1" {
		t.Errorf("the release is %s, want v1", feed.Status.Release.Version)
	}
	if held := feed.Status.Held; held == nil || *held.Added != 20 || *held.Removed != 10 || !conditions.IsTrue(feed, screeningv1.ConditionReleaseHeld) {
		t.Errorf("held is %+v, want a release that is other in every record", held)
	}
	g.publisher.Set(hubtest.List(1, 10))
	if feed = g.later(t); !conditions.IsTrue(feed, screeningv1.ConditionPublished) {
		t.Errorf("Published is %+v, though the publisher went back", conditions.Get(feed, screeningv1.ConditionPublished))
	}
}

func TestRetentionKeepsWhatRegionsUse(t *testing.T) {
	b := newBench(t, hubtest.List(1, 5))
	b.feed.Spec.Retention.Releases = 2
	if err := env.Client.Update(t.Context(), b.feed); err != nil {
		t.Fatal(err)
	}
	b.call(t)
	hubtest.Region(t, env, "retaining", "AL")
	replica := &screeningv1.WatchlistReplica{
		ObjectMeta: objectMeta("region-retaining", string(b.feed.ID())),
		Spec:       screeningv1.WatchlistReplicaSpec{Feed: b.feed.ID(), State: screeningv1.ReplicaLock},
	}
	hubtest.Create(t, env.Client, replica)
	b.Reports.Put("retaining", hub.Received{Report: report.Report{Feeds: []report.Feed{{ID: string(b.feed.ID()), Served: 1, Retained: []int64{1, 2}}}}})
	publish := func(n int) *screeningv1.WatchlistFeed {
		b.publisher.Set(hubtest.List(1, n))
		return b.later(t)
	}
	for n := 6; n <= 9; n++ {
		publish(n)
	}
	if diff := cmp.Diff([]string{"test-1", "test-2", "test-4", "test-5"}, b.releases(t)); diff != "" {
		t.Errorf("releases in use (-want +got):\n%s", diff)
	}
	b.Reports.Put("retaining", hub.Received{Report: report.Report{Feeds: []report.Feed{{ID: string(b.feed.ID()), Served: 5, Retained: []int64{1, 2, 4}}}}})
	publish(10)
	if diff := cmp.Diff([]string{"test-2", "test-4", "test-5", "test-6"}, b.releases(t)); diff != "" {
		t.Errorf("a region made the hub keep more than it is told to (-want +got):\n%s", diff)
	}
	// An erasure goes before what anybody uses.
	feed := hubtest.Get(t, env.Client, b.feed)
	feed.Status.Floor = "v6"
	if err := env.Client.Status().Update(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	feed.Spec.Pin = new("v4")
	if err := env.Client.Update(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	feed = b.call(t)
	if diff := cmp.Diff([]string{"test-6"}, b.releases(t)); diff != "" {
		t.Errorf("releases above the floor (-want +got):\n%s", diff)
	}
	if c := conditions.Get(feed, screeningv1.ConditionBuilt); c.Reason != screeningv1.ReasonPinNotFound || !strings.Contains(c.Message, "raised the floor to v6") || feed.Status.Release.Version != "v6" {
		t.Errorf("release %s, Built %+v; want the pin below the floor refused", feed.Status.Release.Version, c)
	}
}

func ExampleHeldRepository() {
	fmt.Println(watchlistfeed.HeldRepository("intl.un-sc"))
	// Output: regions/frontline.held/feeds/intl.un-sc
}
