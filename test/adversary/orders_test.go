// SPDX-License-Identifier: Apache-2.0

package adversary_test

import (
	"bytes"
	"crypto"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/trust"
)

// resign signs a role again with a change, as somebody who holds the key would.
func resign[T metadata.Roles](t *testing.T, key crypto.Signer, data []byte, blank *metadata.Metadata[T], change func(*T)) []byte {
	t.Helper()
	meta, err := blank.FromBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	change(&meta.Signed)
	meta.Signatures = nil
	var out []byte
	signer, err := signature.LoadSigner(key, crypto.Hash(0))
	if err == nil {
		_, err = meta.Sign(signer)
	}
	if err == nil {
		out, err = meta.ToBytes(false)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// file returns the name of the one file of a role.
func file(t *testing.T, files trust.Files, suffix string) string {
	t.Helper()
	for name := range files {
		if strings.HasSuffix(name, suffix) {
			return name
		}
	}
	t.Fatalf("no file %s", suffix)
	return ""
}

func with(files trust.Files, name string, data []byte) trust.Files {
	out := maps.Clone(files)
	out[name] = data
	return out
}

// next is an order that would bring release 3, signed and not published.
func (s *stage) next() trust.Files {
	s.t.Helper()
	s.feeds[3] = s.release(3)
	return s.sign(s.feeds[3])
}

// root is a next root, signed by the holder whatever it says.
func (s *stage) root(change func(*metadata.RootType)) []byte {
	s.t.Helper()
	stolen := s.hub.Stolen()
	return resign(s.t, stolen.Holder, stolen.Roots.Newest(), metadata.Root(), func(r *metadata.RootType) {
		r.Version++
		change(r)
	})
}

// TestOrders are attacks on what the hub publishes for the region. Each is
// refused for its reason, and release 2 is searched as if nothing had happened.
func TestOrders(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		attack func(t *testing.T, s *stage) trust.Files
		reason trust.Reason
	}{
		{"rollback of the order", func(_ *testing.T, s *stage) trust.Files { return s.files[1] }, trust.Rollback},
		{"rollback of the timestamp", func(_ *testing.T, s *stage) trust.Files {
			old := s.files[2]
			s.hub.Push(s.t, s.renew(s.feeds[2]))
			s.must(s.follower.Pull(s.t.Context()))
			return old
		}, trust.Rollback},
		{"rollback of the snapshot under a new timestamp", func(t *testing.T, s *stage) trust.Files {
			old := s.files[1]
			return with(old, "timestamp.json", resign(t, s.hub.Stolen().Online.Timestamp, old["timestamp.json"], metadata.Timestamp(), func(m *metadata.TimestampType) {
				m.Version += 100
			}))
		}, trust.Rollback},
		{"mix and match of two orders", func(t *testing.T, s *stage) trust.Files {
			files := s.next()
			files = with(files, file(t, files, ".targets.json"), s.files[2][file(t, s.files[2], ".targets.json")])
			return with(files, file(t, files, ".snapshot.json"), s.files[2][file(t, s.files[2], ".snapshot.json")])
		}, trust.Mixed},
		{"mix and match: the old targets in the new order", func(t *testing.T, s *stage) trust.Files {
			files := s.next()
			return with(files, file(t, files, ".targets.json"), s.files[2][file(t, s.files[2], ".targets.json")])
		}, trust.Mixed},
		{"an order of another region", func(t *testing.T, s *stage) trust.Files {
			south := regiontest.NewHub(t, s.clock, "south", "AL")
			return south.Sign(t, input(), 9)
		}, trust.WrongRegion},
		{"an order of another hub with a root of its own", func(t *testing.T, s *stage) trust.Files {
			return regiontest.NewHub(t, s.clock, here, "AL").Sign(t, input(), 9)
		}, trust.Foreign},
		{"threshold 0 for timestamps", func(_ *testing.T, s *stage) trust.Files {
			return with(s.next(), "2.root.json", s.root(func(r *metadata.RootType) { r.Roles[metadata.TIMESTAMP].Threshold = 0 }))
		}, trust.BadRole},
		{"threshold 0 for roots", func(_ *testing.T, s *stage) trust.Files {
			return with(s.next(), "2.root.json", s.root(func(r *metadata.RootType) { r.Roles[metadata.ROOT].Threshold = 0 }))
		}, trust.BadRole},
		{"an expired root at the end of the chain", func(_ *testing.T, s *stage) trust.Files {
			return with(s.next(), "2.root.json", s.root(func(r *metadata.RootType) { r.Expires = s.clock.Now().Add(-time.Hour) }))
		}, trust.RootExpired},
		{"a revoked online key", func(t *testing.T, s *stage) trust.Files {
			thief := s.hub.Stolen()
			s.hub.RotateKeys(t)
			s.publish(s.feeds[2])
			s.feeds[3] = s.release(3)
			return s.signedBy(thief, s.feeds[3], 9)
		}, trust.Revoked},
		{"a timestamp that a stranger signed", func(t *testing.T, s *stage) trust.Files {
			stranger := regiontest.NewHub(t, s.clock, here, "AL").Stolen()
			files := s.next()
			return with(files, "timestamp.json", resign(t, stranger.Online.Timestamp, files["timestamp.json"], metadata.Timestamp(), func(*metadata.TimestampType) {}))
		}, trust.BadSignature},
		{"freeze: an order that was held back until it ended", func(_ *testing.T, s *stage) trust.Files {
			files := s.next()
			s.clock.Add(16 * time.Minute)
			return files
		}, trust.Expired},
		{"the clock a day ahead", func(_ *testing.T, s *stage) trust.Files {
			files := s.next()
			s.clock.Add(24 * time.Hour)
			s.t.Cleanup(func() { s.clock.Add(-24 * time.Hour) })
			return files
		}, trust.Expired},
		{"the clock a day behind, to make an ended order count", func(_ *testing.T, s *stage) trust.Files {
			s.clock.Add(20 * time.Minute)
			s.hub.Push(s.t, s.renew(s.feeds[2]))
			s.must(s.follower.Pull(s.t.Context()))
			s.clock.Add(-19 * time.Minute)
			files := s.next() // it ended before the order in force was signed
			s.clock.Add(-24 * time.Hour)
			return files
		}, trust.Expired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.refuses(tt.attack(t, s))
			refusal := s.region.Refusal()
			if refusal == nil || refusal.Reason != string(tt.reason) || refusal.Message == "" {
				t.Errorf("refused as %+v, want reason %s with a sentence", refusal, tt.reason)
			}
			s.servesOn(t)
		})
	}
}

// signedBy is an order that a thief signs with what was stolen.
func (s *stage) signedBy(thief regiontest.Stolen, f order.Feed, sequence int64) trust.Files {
	s.t.Helper()
	in := input(f)
	in.HubUID, in.Term, in.Region = s.hub.UID, int64(len(thief.Roots)), s.hub.Region
	body, err := order.Compile(in)
	s.must(err)
	index, err := body.At(sequence)
	s.must(err)
	now := s.clock.Now()
	files, err := trust.Sign(thief.Online, thief.Roots, nil, trust.SignInput{
		Region: here, Index: index, Sequence: sequence, Issued: now, TimestampExpires: now.Add(15 * time.Minute), Expires: now.AddDate(1, 0, 0),
		Artifacts: []trust.Artifact{{Feed: f.ID, Digest: f.Artifact, Size: 1}},
	})
	s.must(err)
	for digest, data := range body.Parts {
		files[strings.Replace(digest, "sha256:", "sha256-", 1)] = data
	}
	return files
}

// servesOn: release 2 is held, mapped and searched, and nothing of release 3.
func (s *stage) servesOn(t *testing.T) {
	t.Helper()
	if v := s.region.Verified(); v.Feed(feed).Release != 2 {
		t.Errorf("in force is order %d with release %d, want 2", v.Sequence, v.Feed(feed).Release)
	}
	s.must(s.replicator.Sync(t.Context()))
	if held := s.region.Copies()[feed]; held.Release != 2 {
		t.Errorf("release %d is held, want 2", held.Release)
	}
	a := s.ask()
	switch stale := s.clock.Now().Sub(s.region.Verified().Clocks.Issued) > stop*time.Second; {
	case stale && (len(a.Unavailable) != 1 || a.Unavailable[0].Reason != screen.ReasonStale):
		t.Errorf("a day later the feed is not named as stale: %+v", a)
	case !stale && s.searched() != 2:
		t.Errorf("the answer is %+v, want one from release 2", a)
	}
	for _, content := range s.mapped() {
		if content != s.feeds[1].Content && content != s.feeds[2].Content {
			t.Errorf("%s was mapped", content)
		}
	}
}

// TestFreeze: a hub that is kept from being heard brings nothing new; the data's
// age grows and is told, until the limit says that it is too old.
func TestFreeze(t *testing.T) {
	s := newStage(t)
	issued := s.region.Verified().Clocks.Issued
	for range 3 {
		s.clock.Add(20 * time.Minute)
		s.hub.Push(t, s.files[2]) // the attacker shows what was good
		s.must(s.follower.Pull(t.Context()))
		if got := s.region.Verified().Clocks.Issued; !got.Equal(issued) {
			t.Fatalf("the order counts as issued at %s, it was at %s", got, issued)
		}
		if a := s.ask(); len(a.Searched) != 1 || !a.Searched[0].OrderIssued.Equal(issued) {
			t.Fatalf("the answer does not say how old the order is: %+v", a)
		}
	}
	s.servesOn(t)
	s.clock.Add(stop * time.Second)
	if a := s.ask(); a.Outcome != screen.OutcomeUnavailable || len(a.Unavailable) != 1 || a.Unavailable[0].Reason != screen.ReasonStale {
		t.Errorf("past the limit the answer is %+v, want that the feed is stale", a)
	}
	if v := s.region.Judge(feed); v.Reason != screen.ReasonStale || v.Message == "" {
		t.Errorf("past the limit the region's verdict is %+v", v)
	}
	s.publish(s.feeds[2])
	s.eventually("release 2 is searched when the hub is heard again", func() bool { return s.searched() == 2 })
}

// TestFastForward: a thief numbers an order as high as can be, so that the
// hub's own count as old, until the holders replace the keys.
func TestFastForward(t *testing.T) {
	s := newStage(t)
	s.hub.Push(t, s.signedBy(s.hub.Stolen(), s.feeds[2], 1<<50))
	s.must(s.follower.Pull(t.Context()))
	s.refuses(s.next())
	if got := s.region.Refusal(); got == nil || got.Reason != string(trust.Rollback) {
		t.Errorf("the hub's order is refused as %+v, want %s", got, trust.Rollback)
	}
	s.servesOn(t)
	s.hub.RotateKeys(t)
	s.hub.Forget()
	s.publish(s.feeds[3])
	s.eventually("release 3 is searched once the keys are replaced", func() bool { return s.searched() == 3 })
	if got := s.region.Refusal(); got != nil {
		t.Errorf("still refusing: %+v", got)
	}
}

// TestClockBehind: with the wall clock a day behind, orders are judged by the
// time the hub signed; what is good is obeyed, and data looks no fresher.
func TestClockBehind(t *testing.T) {
	s := newStage(t)
	files := s.next()
	s.clock.Add(-24 * time.Hour)
	s.servesOn(t)
	s.hub.Push(t, files)
	s.must(s.follower.Pull(t.Context()))
	s.must(s.replicator.Sync(t.Context()))
	s.eventually("release 3 is searched", func() bool { return s.searched() == 3 })
	if reading := s.follower.Clock().Read(s.clock.Now()); reading.Reason != trust.ClockSuspect {
		t.Errorf("the clock is read as %+v, want %s", reading, trust.ClockSuspect)
	}
}

// TestReplayedBundle: a bundle is imported once, and none before it any more.
func TestReplayedBundle(t *testing.T) {
	s := newStage(t)
	importer := region.NewImporter(s.follower, s.own, logr.Discard())
	first := s.hub.Bundle(t, 1, 7*24*time.Hour, nil)
	second := s.hub.Bundle(t, 2, 7*24*time.Hour, nil)
	if _, err := importer.Import(t.Context(), bytes.NewReader(second)); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"again": second, "the one before": first} {
		_, err := importer.Import(t.Context(), bytes.NewReader(data))
		if got := region.ImportReason(err); got != string(trust.Replayed) {
			t.Errorf("%s: refused as %q, want %s: %v", name, got, trust.Replayed, err)
		}
		s.servesOn(t)
	}
}
