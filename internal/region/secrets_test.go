// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/seal"
)

func copySnapshot(t *testing.T, l *lab, manifest string) (ocispec.Descriptor, error) {
	t.Helper()
	return artifact.CopySnapshot(t.Context(), l.from, l.own, labRepo, manifest, artifact.CopyOptions{Spool: t.TempDir()})
}

// fetch reads the release that pods are told, with the keys that they are given.
func (l *lab) fetch() (artifact.Snapshot, error) {
	feed, target := l.target()
	if len(target.Sources) == 0 {
		return artifact.Snapshot{}, errors.New("pods are told of no source")
	}
	return l.own.FetchSnapshot(l.t.Context(), target.Sources[0].Repository, target.Sources[0].Artifact, artifact.FetchOptions{
		Dir: l.t.TempDir(), Content: feed.Content, Identities: target.Keys[labFeed],
	})
}

// TestLostKeys: a region that lost its keys announces the next ones, pulls
// nothing that it cannot open, and goes on with what the hub seals to them.
func TestLostKeys(t *testing.T) {
	l := newLab(t)
	l.must(l.obey(l.hub.PushFeed(t, labFeed, 1, "one", "AL")))
	if _, err := l.fetch(); err != nil {
		t.Fatal(err)
	}
	l.must(os.RemoveAll(filepath.Join(l.dir, "keys")))
	l.restart()
	if r := l.reported(); r.Reason != region.FailureKey || r.Current != 2 || r.Next != 3 {
		t.Errorf("the report says %+v, want KeyMissing, and keys 2 and 3", r)
	}
	l.line.take()
	err := l.obey(l.hub.PushFeed(t, labFeed, 2, "two", "AL"))
	if err == nil || l.line.take() > 0 {
		t.Errorf("what cannot be opened was pulled, %v", err)
	}
	if got := l.region.Failure(labFeed); got.Reason != region.FailureKey || !strings.Contains(got.Message, "epoch 1") {
		t.Errorf("failure %+v", got)
	}
	l.must(l.obey(l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 2, Text: "two", Epoch: 2, Jurisdictions: []string{"AL"}})))
	if _, err := l.fetch(); err != nil {
		t.Error(err)
	}
	if r := l.reported(); r.Reason != "" || r.Held != 2 {
		t.Errorf("in the end the report says %+v", r)
	}
}

// TestLostStateDirectory: everything of it is gone, the registry and the hub are not.
func TestLostStateDirectory(t *testing.T) {
	l := newLab(t)
	old := l.hub.PushFeed(t, labFeed, 1, "one", "AL")
	l.must(l.obey(old))
	l.dir = t.TempDir()
	l.restart()
	mustPull(t, l.follower)
	if r := l.reported(); r.Current != 2 || r.Next != 3 {
		t.Errorf("the keys announced are %d and %d, want those after the order's", r.Current, r.Next)
	}
	next := l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 1, Text: "one", Epoch: 2, Jurisdictions: []string{"AL"}})
	l.must(l.obey(next))
	if _, err := l.fetch(); err != nil {
		t.Error(err)
	}
	if l.holds(old.Artifact) {
		t.Error("what nobody can open any more is still held")
	}
}

// TestNeedsFull: with nothing held, a long chain of deltas is not pulled before
// the hub had its time to make a full copy.
func TestNeedsFull(t *testing.T) {
	l := newLab(t)
	people := regiontest.People(200)
	var last order.Feed
	for i := range 6 {
		regiontest.Alter(people, i, 6)
		last = l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: int64(i + 1), Records: people, Jurisdictions: []string{"AL"}})
	}
	w, err := l.from.Weigh(t.Context(), labRepo, last.Artifact)
	if err != nil || w.Deltas*20 <= w.Base {
		t.Fatalf("the chain weighs %+v, %v; the test needs a longer one", w, err)
	}
	l.must(l.obey(last))
	if r := l.reported(); !r.NeedsFull || r.Held != 0 || r.Reason != "Pulling" {
		t.Errorf("the report says %+v, want that a full copy is needed", r)
	}
	full := l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 6, Records: people, Rebase: true, Jurisdictions: []string{"AL"}})
	l.must(l.obey(full))
	if r := l.reported(); r.NeedsFull || r.Held != 6 {
		t.Errorf("with a full copy the report says %+v", r)
	}

	// A hub that makes none is not waited for beyond a minute.
	l.dir = t.TempDir()
	l.restart()
	late := l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 7, Records: people, Epoch: 2, Jurisdictions: []string{"AL"}})
	for i := range 6 {
		regiontest.Alter(people, i+20, 6)
		late = l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: int64(i + 8), Records: people, Jurisdictions: []string{"AL"}})
	}
	_, err = l.region.Store().FeedKeys(labFeed, 1)
	l.must(err)
	l.must(l.obey(late))
	if r := l.reported(); !r.NeedsFull {
		t.Fatalf("the report says %+v, want that a full copy is needed", r)
	}
	l.hub.Clock.Add(61e9)
	l.must(l.round())
	if r := l.reported(); r.NeedsFull || r.Held != late.Release {
		t.Errorf("after a minute the report says %+v, want v%d", r, late.Release)
	}
}

func TestBlocks(t *testing.T) {
	l := newLab(t)
	f := l.hub.PushFeed(t, labFeed, 1, "one", "AL")
	l.must(l.obey(f))
	l.serves("a", 1, "")
	l.hub.Blocks(t, &f, 4, "t-1", "t-9")
	l.must(l.obey(f))
	feed, target := l.target()
	plain, err := seal.OpenBytes(target.Overlays[labFeed], block.MaxBytes, target.Keys[labFeed]...)
	l.must(err)
	if feed.Blocks != canonical.Digest(plain) || !strings.Contains(string(plain), l.hub.RecordHash(labFeed, "t-9")) {
		t.Fatalf("pods are told %+v with %d overlays", feed, len(target.Overlays))
	}
	l.serves("b", 1, feed.Blocks)
	if r := l.reported(); r.Blocks != 0 {
		t.Errorf("while pod a does not apply them, the report says that blocks %d are live", r.Blocks)
	}
	l.serves("a", 1, feed.Blocks)
	if r := l.reported(); r.Blocks != 4 || r.Reason != "" {
		t.Errorf("the report says blocks %d, %s; want 4", r.Blocks, r.Reason)
	}

	// What cannot be opened takes the feed out of search, and says so.
	l.hub.Blocks(t, &f, 5, "t-1")
	l.must(os.RemoveAll(filepath.Join(l.dir, "keys")))
	l.must(l.obey(f))
	if feed, target := l.target(); feed.State != "Unavailable" || len(target.Sources) > 0 || len(target.Keys) > 0 {
		t.Errorf("with blocks that cannot be opened pods are told %+v", feed)
	}
	if r := l.reported(); r.Reason != region.FailureKey || !strings.Contains(r.Message, labFeed) || r.Blocks != 0 {
		t.Errorf("the report says %+v, want KeyMissing of the feed", r)
	}
}

// TestNothingSecretIsTold goes through keys, blocks, failures and an erasure,
// and looks at all that was logged, reported and answered as an error.
func TestNothingSecretIsTold(t *testing.T) {
	l := newLab(t)
	old, next := l.erasure()
	l.hub.Blocks(t, &old[1], 1, "t-1")
	l.must(l.obey(old[1]))
	var secrets []string
	_, target := l.target()
	for _, keys := range target.Keys {
		secrets = append(secrets, keys...)
	}
	for id, overlay := range target.Overlays {
		plain, err := seal.OpenBytes(overlay, block.MaxBytes, target.Keys[id]...)
		l.must(err)
		var o struct {
			Key     string   `json:"key"`
			Records []string `json:"records"`
		}
		l.must(json.Unmarshal(plain, &o))
		secrets = append(append(secrets, o.Key), o.Records...)
	}
	if len(secrets) < 4 {
		t.Fatalf("the test knows %d secrets", len(secrets))
	}
	var told strings.Builder
	tell := func(err error) {
		data, marshalErr := json.Marshal(l.region.Report(region.Objects{}, "test"))
		l.must(marshalErr)
		told.Write(data)
		if err != nil {
			told.WriteString(err.Error())
		}
	}
	tell(nil)
	l.disturbing(func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "out of order", http.StatusInternalServerError)
		return true
	})
	tell(l.obey(next))
	l.disturbing(nil)
	damaged, err := filepath.Glob(filepath.Join(l.dir, "keys", labFeed, "1.age"))
	if err != nil || len(damaged) != 1 {
		t.Fatal(damaged, err)
	}
	whole, err := os.ReadFile(damaged[0])
	l.must(err)
	l.must(os.WriteFile(damaged[0], whole[:len(whole)-3], 0o600))
	tell(l.obey(next))
	l.must(os.WriteFile(damaged[0], whole, 0o600))
	tell(l.obey(next))
	tell(nil)
	told.WriteString(l.logged())
	for _, name := range []string{"copies.json", "receipts/" + labFeed + ".json", "order/verified.json"} {
		data, err := os.ReadFile(filepath.Join(l.dir, name))
		l.must(err)
		told.Write(data)
	}
	for i, secret := range append(secrets, "AGE-SECRET-KEY", strings.TrimSpace(string(whole[:len(whole)-3]))) {
		if strings.Contains(told.String(), secret) {
			t.Errorf("secret %d was told", i)
		}
	}
	if !strings.Contains(told.String(), "Erased") || !strings.Contains(told.String(), "age1") {
		t.Error("the test looked at nothing")
	}
}
