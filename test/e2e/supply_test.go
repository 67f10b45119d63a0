// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/hack/stage"
	"github.com/frontline-screening/frontline/internal/erasure"
)

// editFeed changes the feed of the samples on the hub.
func (s *suite) editFeed(t *testing.T, edit func(*screeningv1.WatchlistFeed)) {
	t.Helper()
	within(t, 30*time.Second, "the feed is edited", func(ctx context.Context) error {
		f := feed(feedName)
		if err := s.clients["hub"].Get(ctx, client.ObjectKeyFromObject(f), f); err != nil {
			return err
		}
		before := f.DeepCopy()
		edit(f)
		return s.clients["hub"].Patch(ctx, f, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	})
}

// feedStatus reads the feed of the samples.
func (s *suite) feedStatus(ctx context.Context) (*screeningv1.WatchlistFeed, error) {
	f := feed(feedName)
	return f, s.clients["hub"].Get(ctx, client.ObjectKeyFromObject(f), f)
}

// knows expects a person to be found, or not to be, by every pod of every region.
func (s *suite) knows(t *testing.T, limit time.Duration, number int, found bool) {
	t.Helper()
	id := fmt.Sprintf("SYi.%03d", number)
	for _, r := range s.Regions {
		within(t, limit, fmt.Sprintf("%s answers about %s as it should (found: %v)", r.Name, id, found), func(ctx context.Context) error {
			// Several answers, because a pool has several pods.
			for range 8 {
				answer, err := s.posts[r.Name].Screen(ctx, person(t, number).Request)
				if err != nil {
					return err
				}
				with, without := id, ""
				if !found {
					with, without = "", id
				}
				if err := stage.Check(answer, with, without); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// approver is a person with a key in a file.
type approver struct {
	name, keyFile, public string
}

func newApprover(t *testing.T, name string) approver {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	must(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	path := filepath.Join(t.TempDir(), name+".pem")
	must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), 0o600))
	spki, err := x509.MarshalPKIXPublicKey(public)
	must(t, err)
	return approver{name: name, keyFile: path, public: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))}
}

// approve lets a person sign for what is held, and applies that under a name.
func (s *suite) approve(t *testing.T, who approver, object string) (manifest string) {
	t.Helper()
	manifest, err := s.Frontline(t.Context(), s.Hub, "approve", feedName, "-n", feedSpace, "--key", who.keyFile, "--yes")
	must(t, err)
	s.applyAs(t, manifest, object)
	return manifest
}

func (s *suite) applyAs(t *testing.T, manifest, object string) {
	t.Helper()
	must(t, s.Apply(t.Context(), s.Hub, strings.Replace(manifest, "name: ", "name: "+object+" # ", 1)))
}

// holdsStorm publishes a list with a third more people: it is held, one person
// alone cannot let it through, two can.
func holdsStorm(t *testing.T, s *suite) {
	first, second := newApprover(t, "duty-officer-1"), newApprover(t, "duty-officer-2")
	s.editFeed(t, func(f *screeningv1.WatchlistFeed) {
		if f.Spec.Gates == nil {
			f.Spec.Gates = &screeningv1.FeedGates{}
		}
		f.Spec.Gates.MaxAddedPercent, f.Spec.Gates.MaxRemovedPercent, f.Spec.Gates.Approvals = new(int32(20)), new(int32(20)), 2
		f.Spec.Approvers = []screeningv1.FeedApprover{
			{Name: screeningv1.ApproverName(first.name), PublicKey: first.public},
			{Name: screeningv1.ApproverName(second.name), PublicKey: second.public},
		}
	})
	before := s.answers(t, "north")
	newcomer := s.people[1] + 50
	s.publish(t, s.people[0], s.people[1]+100)
	within(t, time.Minute, "the release is held", func(ctx context.Context) error {
		return s.hasCondition(ctx, "hub", feed(feedName), screeningv1.ConditionReleaseHeld, "True", screeningv1.ReasonStorm)
	})
	s.applyAs(t, s.approve(t, first, "storm-first"), "storm-first-again")
	within(t, 30*time.Second, "the same person twice is one person", func(ctx context.Context) error {
		again := &screeningv1.Approval{}
		again.Namespace, again.Name = feedSpace, "storm-first-again"
		one := again.DeepCopy()
		one.Name = "storm-first"
		return errors.Join(
			s.hasCondition(ctx, "hub", one, screeningv1.ConditionValid, "True", ""),
			s.hasCondition(ctx, "hub", again, screeningv1.ConditionValid, "False", screeningv1.ReasonAlreadySigned),
		)
	})
	if _, err := s.Frontline(t.Context(), s.Hub, "approve", feedName, "-n", feedSpace, "--key", first.keyFile, "--yes"); err == nil {
		s.fault(t, "the same person was let sign again")
	}
	if now := s.answers(t, "north"); now != before {
		t.Fatalf("one person let release %d through", now)
	}
	s.knows(t, 5*time.Second, newcomer, false)
	s.approve(t, second, "storm-second")
	for _, r := range s.Regions {
		must(t, s.WaitRelease(t.Context(), s.posts[r.Name], person(t, 50), before+1))
	}
	s.knows(t, 20*time.Second, newcomer, true)
	s.editFeed(t, func(f *screeningv1.WatchlistFeed) {
		f.Spec.Gates.MaxAddedPercent, f.Spec.Gates.MaxRemovedPercent, f.Spec.Approvers = nil, nil, nil
	})
}

// goesBack pins the release before: every region answers from it within ten
// seconds, and no content crosses the line.
func goesBack(t *testing.T, s *suite) {
	f, err := s.feedStatus(t.Context())
	must(t, err)
	newest := f.Status.Release.Number
	held := map[string]map[string]bool{}
	for _, r := range s.Regions {
		held[r.Name] = s.settledBlobs(t, r.Name)
	}
	begin := time.Now()
	s.editFeed(t, func(f *screeningv1.WatchlistFeed) {
		f.Spec.Pin = new(string(screeningv1.NewReleaseVersion(newest - 1)))
	})
	for _, r := range s.Regions {
		within(t, 30*time.Second, r.Name+" answers from the release before", func(context.Context) error {
			if now := s.answers(t, r.Name); now != newest-1 {
				return fmt.Errorf("it answers from release %d", now)
			}
			return nil
		})
		if took := time.Since(begin); took > 10*time.Second {
			s.fault(t, "%s went back after %.1f s", r.Name, took.Seconds())
		} else {
			t.Logf("%s went back after %.1f s", r.Name, took.Seconds())
		}
		for blob := range s.blobs(t, r.Name) {
			if !held[r.Name][blob] {
				s.fault(t, "%s pulled %s to go back", r.Name, blob)
			}
		}
	}
	s.editFeed(t, func(f *screeningv1.WatchlistFeed) { f.Spec.Pin = nil })
	for _, r := range s.Regions {
		must(t, s.WaitRelease(t.Context(), s.posts[r.Name], person(t, s.people[1]), newest))
	}
}

// blobs are the contents in a region's registry, by digest.
func (s *suite) blobs(t *testing.T, name string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	s.walkVolumes(t, name, func(path string) {
		if filepath.Base(path) == "data" && strings.Contains(path, "/blobs/sha256/") {
			out[filepath.Base(filepath.Dir(path))] = true
		}
	})
	if len(out) == 0 {
		t.Fatalf("%s: its registry's volume holds no blob; the test looks in the wrong place", name)
	}
	return out
}

// settledBlobs waits until a region's registry takes nothing more: a full copy
// may follow a chain of deltas.
func (s *suite) settledBlobs(t *testing.T, name string) map[string]bool {
	t.Helper()
	last := s.blobs(t, name)
	for quiet := 0; quiet < 6; {
		s.quiet(t, time.Second)
		if now := s.blobs(t, name); maps.Equal(now, last) {
			quiet++
		} else {
			last, quiet = now, 0
		}
	}
	return last
}

// keysKept counts the private keys of the feed in an agent's volume.
func (s *suite) keysKept(t *testing.T, name string) int {
	t.Helper()
	n := 0
	s.walkVolumes(t, name, func(path string) {
		if strings.Contains(path, "/keys/"+feedSpace+"."+feedName+"/") && strings.HasSuffix(path, ".age") {
			n++
		}
	})
	return n
}

// walkVolumes visits the files of all volumes of a cluster, as its node has them.
func (s *suite) walkVolumes(t *testing.T, name string, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(s.clusters[name].VolumesDir(), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed while we looked
		}
		if err == nil && d.Type().IsRegular() {
			visit(path)
		}
		return err
	})
	must(t, err)
}

// recordRequest asks for a record and returns the object.
func (s *suite) recordRequest(t *testing.T, name string, action screeningv1.RecordAction, number int) *screeningv1.RecordRequest {
	t.Helper()
	hash, err := s.Frontline(t.Context(), s.Hub, "record", "hash", "--feed", feedSpace+"/"+feedName, fmt.Sprintf("SYi.%03d", number))
	must(t, err)
	request := &screeningv1.RecordRequest{}
	request.Namespace, request.Name = feedSpace, name
	request.Spec = screeningv1.RecordRequestSpec{
		FeedRef: screeningv1.FeedReference{Name: feedName}, Action: action,
		Record: screeningv1.RecordHash(strings.TrimSpace(hash)), Reference: "DPA-2026-0117",
	}
	must(t, s.clients["hub"].Create(t.Context(), request))
	return request
}

func (s *suite) requestDone(t *testing.T, limit time.Duration, request *screeningv1.RecordRequest) {
	t.Helper()
	within(t, limit, request.Name+" is done", func(ctx context.Context) error {
		if err := s.clients["hub"].Get(ctx, client.ObjectKeyFromObject(request), request); err != nil {
			return err
		}
		if request.Status.State != screeningv1.RequestDone {
			ready := meta.FindStatusCondition(request.Status.Conditions, screeningv1.ConditionReady)
			return fmt.Errorf("it is %s: %+v", request.Status.State, ready)
		}
		return nil
	})
}

// blocks hides a record in every region and shows it again.
func blocks(t *testing.T, s *suite) {
	number := s.people[1] - 5
	s.knows(t, 5*time.Second, number, true)
	begin := time.Now()
	request := s.recordRequest(t, "block-one", screeningv1.RecordBlock, number)
	s.knows(t, 30*time.Second, number, false)
	t.Logf("blocked everywhere after %.1f s", time.Since(begin).Seconds())
	s.requestDone(t, 30*time.Second, request)
	lifted := s.recordRequest(t, "unblock-one", screeningv1.RecordUnblock, number)
	s.knows(t, 30*time.Second, number, true)
	s.requestDone(t, 30*time.Second, lifted)
}

// erases removes a record for ever: through a rollback, a new fetch, and with
// receipts of every region.
func erases(t *testing.T, s *suite) {
	number := s.people[1] - 7
	f, err := s.feedStatus(t.Context())
	must(t, err)
	before := f.Status.Release.Number
	first := s.erase(t, "erase-one", number)
	// What was confirmed for one erasure says nothing of the next.
	second := s.erase(t, "erase-two", number-2)
	if second.Status.Floor.Number() <= first.Status.Floor.Number() {
		s.fault(t, "the second erasure has floor %s, the first had %s", second.Status.Floor, first.Status.Floor)
	}
	s.knows(t, 5*time.Second, number, false)
	// Back to a release that held it: refused, because the floor is above it.
	s.editFeed(t, func(f *screeningv1.WatchlistFeed) { f.Spec.Pin = new(string(screeningv1.NewReleaseVersion(before))) })
	s.quiet(t, 8*time.Second)
	s.knows(t, 5*time.Second, number, false)
	s.editFeed(t, func(f *screeningv1.WatchlistFeed) { f.Spec.Pin = nil })
	// The publisher lists the record still: a new fetch does not bring it back.
	release := s.answers(t, "north")
	s.publish(t, s.people[0], s.people[1]+1)
	for _, r := range s.Regions {
		must(t, s.WaitRelease(t.Context(), s.posts[r.Name], person(t, s.people[1]), release+1))
	}
	s.knows(t, 20*time.Second, number, false)
	s.knows(t, 20*time.Second, s.people[1], true)
}

// erase erases one record and looks at what every region says of it.
func (s *suite) erase(t *testing.T, name string, number int) *screeningv1.RecordRequest {
	t.Helper()
	s.knows(t, 5*time.Second, number, true)
	request := s.recordRequest(t, name, screeningv1.RecordErase, number)
	s.knows(t, time.Minute, number, false)
	s.requestDone(t, 2*time.Minute, request)
	regions := 0
	for _, c := range request.Status.Copies {
		if c.State != screeningv1.CopyDone {
			s.fault(t, "the copy in %s is %s", c.Region, c.State)
		}
		if c.Place == screeningv1.PlaceRegion {
			regions++
			s.checkReceipt(t, c)
		}
	}
	if regions != len(s.Regions) {
		s.fault(t, "%d regions answered for their copies, want %d: %+v", regions, len(s.Regions), request.Status.Copies)
	}
	return request
}

// checkReceipt verifies the region's signature on what it says it erased.
func (s *suite) checkReceipt(t *testing.T, c screeningv1.RecordCopy) {
	t.Helper()
	replica := &screeningv1.WatchlistReplica{}
	key := client.ObjectKey{Namespace: screeningv1.RegionNamespace(c.Region), Name: feedSpace + "." + feedName}
	must(t, s.clients["hub"].Get(t.Context(), key, replica))
	if replica.Status.Erasure == nil || replica.Status.Erasure.ReceiptDigest != c.ReceiptDigest || c.ReceiptDigest == "" {
		s.fault(t, "%s: the replica's receipt is not the one of the request: %+v", c.Region, replica.Status.Erasure)
		return
	}
	r := region(c.Region)
	must(t, s.clients["hub"].Get(t.Context(), client.ObjectKeyFromObject(r), r))
	receipt, err := verifyReceipt(t.Context(), r, replica)
	must(t, err)
	if len(receipt.KeysDestroyed) == 0 || receipt.Blobs == 0 || receipt.Feed != feedSpace+"."+feedName {
		shown, _ := json.Marshal(receipt)
		s.fault(t, "%s: the receipt says too little: %s", c.Region, shown)
	}
}

// withdrawsConsent takes a jurisdiction off the feed's sharing: the region's
// copy goes, with its keys, and it says so. Then it is shared again.
func withdrawsConsent(t *testing.T, s *suite) {
	var allowed []screeningv1.CountryCode
	s.resetStreams()
	s.streams["north"].Stop() // its answers change with right
	s.editFeed(t, func(f *screeningv1.WatchlistFeed) {
		allowed = f.Spec.Sharing.Allow
		f.Spec.Sharing.Allow = nil
		for _, j := range allowed {
			if j != "AL" {
				f.Spec.Sharing.Allow = append(f.Spec.Sharing.Allow, j)
			}
		}
	})
	within(t, 2*time.Minute, "the copy in north is erased, with a receipt", func(ctx context.Context) error {
		receipt, err := s.erasedIn(ctx, "north")
		if err != nil {
			return err
		}
		if len(receipt.KeysDestroyed) == 0 || receipt.Floor != 0 {
			return fmt.Errorf("the receipt is %+v", receipt)
		}
		return nil
	})
	if kept := s.keysKept(t, "north"); kept != 0 {
		s.fault(t, "north still has %d keys of the feed", kept)
	}
	if kept := s.keysKept(t, "south"); kept == 0 {
		t.Error("south has no keys of the feed; the test looks in the wrong place")
	}
	s.editFeed(t, func(f *screeningv1.WatchlistFeed) { f.Spec.Sharing.Allow = allowed })
	within(t, 2*time.Minute, "north has the feed again", func(context.Context) error {
		answer, err := s.posts["north"].Screen(t.Context(), person(t, s.people[1]).Request)
		if err != nil {
			return err
		}
		return stage.Check(answer, fmt.Sprintf("SYi.%03d", s.people[1]), "")
	})
	s.restartStream(t, "north")
}

// erasedIn returns the receipt for the whole feed in a region.
func (s *suite) erasedIn(ctx context.Context, name string) (erasure.Receipt, error) {
	replica := &screeningv1.WatchlistReplica{}
	key := client.ObjectKey{Namespace: screeningv1.RegionNamespace(name), Name: feedSpace + "." + feedName}
	if err := s.clients["hub"].Get(ctx, key, replica); err != nil {
		if apierrors.IsNotFound(err) {
			return erasure.Receipt{}, errors.New("the replica is gone, and with it the receipt")
		}
		return erasure.Receipt{}, err
	}
	if replica.Status.Erasure == nil || replica.Status.Erasure.State != screeningv1.CopyDone {
		return erasure.Receipt{}, fmt.Errorf("its erasure is %+v", replica.Status.Erasure)
	}
	r := region(name)
	if err := s.clients["hub"].Get(ctx, client.ObjectKeyFromObject(r), r); err != nil {
		return erasure.Receipt{}, err
	}
	return verifyReceipt(ctx, r, replica)
}

func verifyReceipt(ctx context.Context, r *screeningv1.RegionalCluster, replica *screeningv1.WatchlistReplica) (erasure.Receipt, error) {
	spki, err := base64.StdEncoding.DecodeString(r.Status.Identity.PublicKey)
	if err != nil {
		return erasure.Receipt{}, err
	}
	public, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return erasure.Receipt{}, err
	}
	key, ok := public.(ed25519.PublicKey)
	if !ok {
		return erasure.Receipt{}, errors.New("the region's key is no Ed25519 key")
	}
	return erasure.Verify(ctx, []byte(replica.Status.Erasure.Receipt), key)
}
