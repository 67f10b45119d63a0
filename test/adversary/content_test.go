// SPDX-License-Identifier: Apache-2.0

package adversary_test

import (
	"cmp"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/loader"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/trust"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// only changes the bodies of paths that contain a part.
func only(part string, change func([]byte) []byte) func(*http.Request, []byte) []byte {
	return func(r *http.Request, body []byte) []byte {
		if strings.Contains(r.URL.Path, part) {
			return change(body)
		}
		return body
	}
}

// truncated ends layers in the middle, however often the rest is asked for.
func truncated(part string) func(*http.Request, []byte) []byte {
	return func(r *http.Request, body []byte) []byte {
		switch {
		case !strings.Contains(r.URL.Path, part):
			return body
		case r.Header.Get("Range") != "":
			return nil
		}
		return body[:len(body)/2]
	}
}

// layers are the digests of the layers of an artifact at the hub, the largest last.
func (s *stage) layers(f order.Feed) []string {
	s.t.Helper()
	blobs, err := s.hub.Registry().Parts(s.t.Context(), artifact.FeedRepository(here, f.ID), f.Artifact)
	s.must(err)
	slices.SortFunc(blobs, func(a, b ocispec.Descriptor) int { return cmp.Compare(a.Size, b.Size) })
	var out []string
	for _, b := range blobs {
		out = append(out, b.Digest.String())
	}
	return out
}

// swapped answers requests for one blob with another, fetched beside.
func (s *stage) swapped(host, repo, kind, want, instead string) func(*http.Request, []byte) []byte {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+host+"/v2/"+repo+"/"+kind+"/"+instead, nil)
	s.must(err)
	request.Header.Set("Accept", ocispec.MediaTypeImageManifest)
	resp, err := http.DefaultClient.Do(request)
	s.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("blob %s: %v, %s", instead, err, resp.Status)
	}
	return only("/"+kind+"/"+want, func(own []byte) []byte {
		// A size that the manifest does not say would be refused by itself.
		return append(slices.Clone(body), make([]byte, max(len(own)-len(body), 0))...)[:len(own)]
	})
}

// TestLine are attacks on the line between the hub's registry and the region's.
// The copy fails with its reason, and release 2 is searched meanwhile.
func TestLine(t *testing.T) {
	t.Parallel()
	repo := artifact.FeedRepository(here, feed)
	tests := []struct {
		name   string
		attack func(s *stage, f order.Feed) func(*http.Request, []byte) []byte
		reason string
	}{
		{"a swapped layer", func(s *stage, f order.Feed) func(*http.Request, []byte) []byte {
			now, before := s.layers(f), s.layers(s.feeds[2])
			return s.swapped(s.hub.Registry().Host(), repo, "blobs", fresh(s.t, now, before), now[0])
		}, region.FailureDigest},
		{"a truncated layer", func(s *stage, f order.Feed) func(*http.Request, []byte) []byte {
			return truncated(fresh(s.t, s.layers(f), s.layers(s.feeds[2])))
		}, region.FailurePull},
		{"a layer of the release before", func(s *stage, f order.Feed) func(*http.Request, []byte) []byte {
			now, before := s.layers(f), s.layers(s.feeds[2])
			return s.swapped(s.hub.Registry().Host(), repo, "blobs", fresh(s.t, now, before), before[len(before)-1])
		}, region.FailureDigest},
		{"the manifest of the release before", func(s *stage, f order.Feed) func(*http.Request, []byte) []byte {
			return s.swapped(s.hub.Registry().Host(), repo, "manifests", f.Artifact, s.feeds[2].Artifact)
		}, region.FailureDigest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.feeds[3] = s.release(3)
			s.up.set(tt.attack(s, s.feeds[3]))
			s.hub.Push(t, s.sign(s.feeds[3]))
			s.must(s.follower.Pull(t.Context()))
			if err := s.replicator.Sync(t.Context()); err == nil {
				t.Fatal("the copy was made")
			}
			if got := s.region.Failure(feed); got.Reason != tt.reason || got.Message == "" {
				t.Errorf("the failure is %+v, want %s with a sentence", got, tt.reason)
			}
			if held := s.region.Copies()[feed]; held.Release != 2 {
				t.Errorf("release %d is held, want 2", held.Release)
			}
			s.nothingNew(t)
			s.up.set(nil)
			s.must(s.replicator.Sync(t.Context()))
			s.eventually("release 3 is searched once the line is sound", func() bool { return s.searched() == 3 })
		})
	}
}

// fresh is the largest of the blobs that are not among others.
func fresh(t *testing.T, blobs, others []string) string {
	t.Helper()
	for _, b := range slices.Backward(blobs) {
		if !slices.Contains(others, b) {
			return b
		}
	}
	t.Fatal("the releases share every blob")
	return ""
}

// nothingNew: release 2 is searched, and no content but that of releases 1 and 2 is mapped.
func (s *stage) nothingNew(t *testing.T) {
	t.Helper()
	if got := s.searched(); got != 2 {
		t.Errorf("release %d is searched, want 2: %+v", got, s.ask())
	}
	for _, content := range s.mapped() {
		if content != s.feeds[1].Content && content != s.feeds[2].Content {
			t.Errorf("%s was mapped", content)
		}
	}
}

// TestRegionalRegistry are attacks by whoever can write to the region's own
// registry, or sits before it. The loader refuses and says why.
func TestRegionalRegistry(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		attack func(s *stage, f order.Feed) func(*http.Request, []byte) []byte
		reason string
	}{
		{"swapped layers", func(*stage, order.Feed) func(*http.Request, []byte) []byte {
			damage := func(body []byte) []byte { return append([]byte("x"), body[1:]...) }
			return only("/blobs/", damage)
		}, artifact.ErrDigest.Error()},
		{"truncated layers", func(*stage, order.Feed) func(*http.Request, []byte) []byte { return truncated("/blobs/") }, "mismatch Content-Length"},
		{"the manifest of the release before", func(s *stage, f order.Feed) func(*http.Request, []byte) []byte {
			return s.swapped(s.hub.Registry().Host(), artifact.FeedRepository(here, feed), "manifests", f.Artifact, s.feeds[2].Artifact)
		}, artifact.ErrDigest.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.feeds[3] = s.release(3)
			s.down.set(tt.attack(s, s.feeds[3]))
			s.publish(s.feeds[3])
			s.eventually("the loader says that the release cannot be had", func() bool {
				return s.ack().Error != "" && strings.Contains(s.ack().Error, tt.reason)
			})
			s.nothingNew(t)
			s.down.set(nil)
			s.eventually("release 3 is searched once the registry is sound", func() bool { return s.searched() == 3 })
		})
	}
}

func (s *stage) acknowledges(what, reason string) {
	s.t.Helper()
	s.eventually(what, func() bool { return strings.Contains(s.ack().Error, reason) })
}

// forge publishes an artifact that says of itself what the cut says and shows it
// to the region as the feed's: somebody has the hub's keys and not its care.
func (s *stage) forge(change func(*artifact.Cut)) order.Feed {
	s.t.Helper()
	key := feedkey.New()
	dir := s.t.TempDir()
	b, err := snapshot.NewBuilder(snapshot.Meta{Format: watchlist.FrontlineJSONL}, snapshot.BuilderOptions{Dir: dir, Salt: key.Salt()})
	s.must(err)
	defer b.Close()
	s.must(b.Add(&watchlist.Record{ID: "forged", Type: watchlist.Person, Names: []watchlist.Name{{Full: wanted}}}))
	built, err := b.Finish(filepath.Join(dir, "snapshot"))
	s.must(err)
	keys, err := s.region.Store().FeedKeys(feed, 0)
	s.must(err)
	_, reader := seal.NewIdentity()
	cut := artifact.Cut{
		Snapshot: artifact.Snapshot{Path: built.Path, Digest: built.Digest, Size: built.Size, Feed: feed, Region: here, Version: 3, Records: 1},
		Epoch:    1, Key: key, Recipients: []string{keys.Current.Recipient}, Readers: []string{reader}, Dir: dir,
	}
	change(&cut)
	repo := artifact.FeedRepository(cut.Snapshot.Region, cut.Snapshot.Feed)
	desc, _, err := s.hub.Registry().CutSnapshot(s.t.Context(), repo, cut)
	s.must(err)
	s.up.redirect(artifact.FeedRepository(here, feed), repo)
	f := s.feeds[2]
	f.Release, f.Content, f.Artifact, f.Size, f.Records = 3, built.Digest, desc.Digest.String(), built.Size, 1
	return f
}

// TestForgedArtifacts are artifacts that a signed order names and that are not
// what it says: of another region, of another feed, of another release, or
// sealed to somebody else.
func TestForgedArtifacts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*artifact.Cut)
		reason string
	}{
		{"an artifact of another region", func(c *artifact.Cut) { c.Snapshot.Region = "south" }, artifact.ErrMalformed.Error()},
		{"an artifact of another feed", func(c *artifact.Cut) { c.Snapshot.Feed = other }, artifact.ErrMalformed.Error()},
		{"an artifact of another release", func(c *artifact.Cut) { c.Snapshot.Version = 2 }, artifact.ErrMalformed.Error()},
		{"an artifact sealed to another region's key", func(c *artifact.Cut) {
			_, recipient := seal.NewIdentity()
			c.Recipients = []string{recipient}
		}, artifact.ErrKey.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			f := s.forge(tt.change)
			s.hub.Push(t, s.sign(f))
			s.must(s.follower.Pull(t.Context()))
			if err := s.replicator.Sync(t.Context()); err != nil {
				if got := s.region.Failure(feed); got.Reason != region.FailureDigest || !strings.Contains(got.Message, tt.reason) {
					t.Errorf("the region says %+v, want %s with %q", got, region.FailureDigest, tt.reason)
				}
			} else {
				s.acknowledges("the loader says what is wrong with the artifact", tt.reason)
			}
			s.nothingNew(t)
		})
	}
}

// TestArtifactThatIsNoTarget: an order whose index serves an artifact that the
// signed targets do not list mixes two orders.
func TestArtifactThatIsNoTarget(t *testing.T) {
	s := newStage(t)
	s.feeds[3] = s.release(3)
	in := input(s.feeds[3])
	in.HubUID, in.Term, in.Region = s.hub.UID, s.hub.Term(), s.hub.Region
	body, err := order.Compile(in)
	s.must(err)
	index, err := body.At(3)
	s.must(err)
	s.refuses(s.hub.SignIndex(t, index, body.Parts, 3, s.feeds[2]))
	if got := s.region.Refusal(); got == nil || got.Reason != region.RefusedSignature {
		t.Errorf("refused as %+v, want %s", got, region.RefusedSignature)
	}
	s.servesOn(t)
}

// TestLyingAgent: the agent was taken over. Its loaders hold what it says
// against the root that is pinned in their pods. What it could say is tested in
// internal/loader; here are the lies that would change answers.
func TestLyingAgent(t *testing.T) {
	t.Parallel()
	south := newSouth(t)
	tests := []struct {
		name   string
		lie    func(s *stage) func(*dataset.Target)
		reason trust.Reason
	}{
		{"a target without proof", func(*stage) func(*dataset.Target) {
			return func(t *dataset.Target) { t.Proofs = nil }
		}, loader.NoProof},
		{"another region's target with its proof", func(*stage) func(*dataset.Target) {
			return func(t *dataset.Target) { t.Set.Feeds, t.Proofs = south.Set.Feeds, south.Proofs }
		}, trust.BadSignature},
		{"content that no order names", func(s *stage) func(*dataset.Target) {
			f := s.forge(func(*artifact.Cut) {})
			return func(t *dataset.Target) {
				t.Set.Feeds[0].Content, t.Set.Feeds[0].Size, t.Sources[0].Artifact = f.Content, f.Size, f.Artifact
			}
		}, loader.NotOrdered},
		{"an earlier release of an earlier order", func(s *stage) func(*dataset.Target) {
			before, f := s.before, s.feeds[1]
			return func(t *dataset.Target) {
				t.Proofs = append(t.Proofs, before.Proofs...)
				one := &t.Set.Feeds[0]
				one.Release, one.Content, one.Size, one.Records, one.ListDate = 1, f.Content, f.Size, f.Records, f.ListDate
				t.Sources[0].Artifact = f.Artifact
			}
		}, trust.Rollback},
		{"an earlier order", func(s *stage) func(*dataset.Target) {
			before := s.before
			return func(t *dataset.Target) { *t = before }
		}, trust.Rollback},
		{"data that looks fresher than it is", func(*stage) func(*dataset.Target) {
			return func(t *dataset.Target) { t.Clocks.OrderIssued = t.Clocks.OrderIssued.AddDate(1, 0, 0) }
		}, loader.ClockForged},
		{"no limit of age", func(*stage) func(*dataset.Target) {
			return func(t *dataset.Target) { t.Set.Feeds[0].StopSeconds = 0 }
		}, loader.TermsChanged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.liar.set(tt.lie(s))
			s.hub.Push(t, s.renew(s.feeds[2])) // wakes the loader
			s.must(s.follower.Pull(t.Context()))
			s.acknowledges("the loader says why it does not believe its agent", "("+string(tt.reason)+")")
			s.nothingNew(t)
			s.liar.set(nil)
			s.publish(s.release(3))
			s.eventually("release 3 is searched once the agent tells the truth", func() bool { return s.searched() == 3 })
			s.eventually("the refusal is taken back", func() bool { return s.ack().Error == "" })
		})
	}
}

// newSouth is a target of another region with the same feed.
func newSouth(t *testing.T) dataset.Target {
	t.Helper()
	hub := regiontest.NewHub(t, regiontest.NewClock(), "south", "AL")
	r := regiontest.NewRegion(t, hub, t.TempDir())
	r.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	f := hub.PushFeed(t, feed, 7, wanted, "AL")
	hub.Publish(t, input(f))
	follower, err := region.NewFollower(r, hub, logr.Discard())
	if err == nil {
		err = follower.Pull(t.Context())
	}
	target, ok := r.Target(pool)
	if err != nil || !ok || len(target.Proofs) != 1 {
		t.Fatalf("the other region has no target: %v", err)
	}
	target.Set.Feeds[0] = dataset.Feed{ID: feed, State: dataset.Serve, Release: 7, Content: f.Content, Size: f.Size, Records: f.Records}
	return target
}
