// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/envelope"
)

func regionKey(seed byte) (ed25519.PrivateKey, ed25519.PublicKey) {
	private := key(seed).(ed25519.PrivateKey)
	return private, private.Public().(ed25519.PublicKey)
}

// TestProof: a pod that starts in a region that was cut off verifies the order
// as of the time the region did, and nothing newer.
func TestProof(t *testing.T) {
	h := north(t)
	private, pinned := regionKey(71)
	c := open(t, t.TempDir(), h)
	must[Verified](t)(c.Verify(h.sign(t, 1, start), start))
	h.rotate(t, signers(11))
	at := start.Add(time.Minute)
	v := must[Verified](t)(c.Verify(h.sign(t, 2, at), at))
	statement := must[[]byte](t)(SignLastVerified(t.Context(), v.Statement(), private))
	proof := Proof{
		Root: h.roots[0], Identity: Identity{"hub-a", 1, "north"}, RegionKey: pinned, Files: c.Files(), Statement: statement,
	}
	got := must[Verified](t)(proof.Verify(t.Context()))
	if got.Sequence != 2 || got.Term != 2 || !got.VerifiedAt.Equal(at) || got.IndexDigest != v.IndexDigest || !got.HasArtifact(served.Feed, served.Digest) {
		t.Errorf("proved %+v", got)
	}

	later := at.Add(24 * time.Hour)
	three := h.sign(t, 3, at.Add(time.Minute))
	stranger, _ := regionKey(72)
	forge := func(change func(*LastVerified), key ed25519.PrivateKey) []byte {
		s := v.Statement()
		change(&s)
		return must[[]byte](t)(SignLastVerified(t.Context(), s, key))
	}
	tests := []struct {
		name string
		edit func(*Proof)
		want Reason
	}{
		{"a newer order than was verified", func(p *Proof) { p.Files = three }, Mixed},
		{"a newer order under expired metadata", func(p *Proof) {
			p.Files = three
			p.Statement = forge(func(s *LastVerified) {
				s.Sequence, s.Digest, s.VerifiedAt = 3, canonical.Digest(index(3)), later
			}, private)
		}, Expired},
		{"another sequence", func(p *Proof) { p.Statement = forge(func(s *LastVerified) { s.Sequence = 1 }, private) }, Mixed},
		{"another digest", func(p *Proof) {
			p.Statement = forge(func(s *LastVerified) { s.Digest = canonical.Digest(index(1)) }, private)
		}, Mixed},
		{"another region's statement", func(p *Proof) { p.Statement = forge(func(s *LastVerified) { s.Region = "south" }, private) }, WrongRegion},
		{"another region's key", func(p *Proof) { p.Statement = forge(func(*LastVerified) {}, stranger) }, BadSignature},
		{"another format", func(p *Proof) { p.Statement = forge(func(s *LastVerified) { s.Format = "x" }, private) }, Malformed},
		{"a statement of another kind", func(p *Proof) {
			p.Statement = must[[]byte](t)(envelope.Sign(t.Context(), "application/cloudevents+json", []byte("{}"), private))
		}, BadSignature},
		{"another root", func(p *Proof) { p.Root = newHub(t, "hub-a", "north", signers(61)).roots[0] }, Foreign},
		{"another region", func(p *Proof) { p.Identity.Region = "south" }, WrongRegion},
		{"a file less", func(p *Proof) { p.Files = with(p.Files, timestampFile, nil) }, Incomplete},
		{"no files", func(p *Proof) { p.Files = nil }, Incomplete},
		{"no statement", func(p *Proof) { p.Statement = nil }, BadSignature},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := proof
			test.edit(&p)
			if _, err := p.Verify(t.Context()); ReasonOf(err) != test.want {
				t.Errorf("refused as %q, want %q: %v", ReasonOf(err), test.want, err)
			}
		})
	}
	if _, err := VerifyAt(h.roots[0], three, Identity{}, at); err == nil {
		t.Error("verified without an identity")
	}
}

func TestHighWater(t *testing.T) {
	order := func(term, sequence int64) Verified {
		return Verified{Term: term, Sequence: sequence, IndexDigest: canonical.Digest(index(sequence))}
	}
	mark := HighWater{}.Raise(order(2, 7), map[string]int64{"a": 4}).Raise(order(2, 7), map[string]int64{"b": 9})
	tests := []struct {
		name     string
		order    Verified
		releases map[string]int64
		want     Reason
	}{
		{"the same", order(2, 7), map[string]int64{"a": 4, "b": 9}, ""},
		{"a higher release under the same order", order(2, 7), map[string]int64{"a": 5}, ""},
		{"a newer order", order(2, 8), map[string]int64{"a": 5}, ""},
		{"a newer order that pins an earlier release", order(2, 8), map[string]int64{"a": 3}, ""},
		{"a newer term, whatever the number", order(3, 1), nil, ""},
		{"an older order", order(2, 6), map[string]int64{"a": 4}, Rollback},
		{"an older term, whatever the number", order(1, 99), nil, Rollback},
		{"a lower release under the same order", order(2, 7), map[string]int64{"a": 3}, Rollback},
		{"a lower release, mapped earlier", order(2, 7), map[string]int64{"b": 8}, Rollback},
		{"another order of this number", Verified{Term: 2, Sequence: 7, IndexDigest: "sha256:00"}, nil, Equivocation},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := ReasonOf(mark.Check(test.order, test.releases)); got != test.want {
				t.Errorf("refused as %q, want %q", got, test.want)
			}
			if test.want != "" && mark.Raise(test.order, test.releases).Sequence != 7 {
				t.Error("a refused order moved the mark")
			}
		})
	}
}
