// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"crypto"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/frontline-screening/frontline/internal/canonical"
)

func TestVerify(t *testing.T) {
	h := north(t)
	first := h.sign(t, 7, start)
	c := open(t, t.TempDir(), h)
	got := must[Verified](t)(c.Verify(first, start.Add(time.Minute)))
	want := Verified{
		Index: index(7), IndexDigest: canonical.Digest(index(7)), HubUID: "hub-a", Term: 1, Region: "north", Sequence: 7,
		Issued: start, Expires: start.Add(15 * time.Minute),
		SourceChecked:    map[string]time.Time{"intl.un-sc": start.Add(-time.Minute)},
		Artifacts:        map[string]int64{served.Path(): served.Size},
		TimestampVersion: start.Unix() + 1, SnapshotVersion: 7, RootVersion: 1, RootExpires: start.AddDate(1, 0, 0),
		VerifiedAt: start.Add(time.Minute), Changed: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("first order (-want +got):\n%s", diff)
	}
	if !got.HasArtifact(served.Feed, served.Digest) || got.HasArtifact("other.feed", served.Digest) {
		t.Error("what is an artifact of the order is not told from what is not")
	}

	at := start.Add(5 * time.Minute)
	renewed := h.sign(t, 7, at)
	for name, data := range first {
		if name != timestampFile && !bytes.Equal(data, renewed[name]) {
			t.Errorf("%s changed although only the timestamp was due", name)
		}
	}
	got = must[Verified](t)(c.Verify(renewed, at))
	if got.Changed || got.TimestampVersion != want.TimestampVersion+1 || !got.Issued.Equal(at) {
		t.Errorf("renewed order: changed %v, timestamp version %d, issued %s", got.Changed, got.TimestampVersion, got.Issued)
	}

	next := h.sign(t, 8, at)
	got = must[Verified](t)(c.Verify(next, at))
	if !got.Changed || got.Sequence != 8 || got.SnapshotVersion != 8 {
		t.Errorf("next order: changed %v, sequence %d, snapshot version %d", got.Changed, got.Sequence, got.SnapshotVersion)
	}
	adopted := must[Published](t)(Adopt(h.roots, next))
	if adopted.Sequence != 8 || adopted.Term != 1 || !bytes.Equal(adopted.Index, index(8)) || len(adopted.Roots) != 1 {
		t.Errorf("Adopt() = %+v", adopted)
	}
	if size, ok := adopted.ArtifactSize(served.Feed, served.Digest); !ok || size != served.Size {
		t.Errorf("size of the artifact is %d, %v", size, ok)
	}
}

// TestTargetsRenewed: snapshot and targets that would end before the
// timestamp are signed again with a higher version and the same sequence.
func TestTargetsRenewed(t *testing.T) {
	h := north(t)
	c := open(t, t.TempDir(), h)
	must[Verified](t)(c.Verify(h.sign(t, 7, start), start))
	at := start.AddDate(0, 1, 0).Add(-time.Minute)
	got := must[Verified](t)(c.Verify(h.sign(t, 7, at), at))
	if got.Changed || got.SnapshotVersion != 8 || got.Sequence != 7 {
		t.Errorf("changed %v, snapshot version %d, sequence %d", got.Changed, got.SnapshotVersion, got.Sequence)
	}
	if got := must[Verified](t)(c.Verify(h.sign(t, 8, at), at)); got.SnapshotVersion != 9 || got.Sequence != 8 {
		t.Errorf("snapshot version %d, sequence %d", got.SnapshotVersion, got.Sequence)
	}
}

// TestRefusals are the attacks of the specification's section 1.5.2 and ours:
// each is refused for its own reason, changes nothing, and is in no good
// order's way.
func TestRefusals(t *testing.T) {
	h := north(t)
	// The order in force is signed under a second root, which withdrew the
	// first online keys.
	old := h.copy()
	h.rotate(t, signers(11))
	h.term, old.term = 2, 1
	timestamp, snapshot, targets := h.keys.Timestamp, h.keys.Snapshot, h.keys.Targets
	one := h.sign(t, 1, start)
	two := h.sign(t, 2, start.Add(time.Minute))
	atTwo := h.copy()
	three := h.sign(t, 3, start.Add(2*time.Minute))
	atThree := h.copy()
	now := start.Add(3 * time.Minute)
	four := h.sign(t, 4, now)
	fork := atTwo.copy().sign(t, 3, start.Add(2*time.Minute), func(in *SignInput) { in.Index = []byte("{}") })
	laterFork := resignTimestamp(t, timestamp, fork, func(s *metadata.TimestampType) { s.Version += 10 })

	south := newHub(t, "hub-a", "south", signers(41))
	southFiles := south.sign(t, 9, now)
	other := newHub(t, "hub-b", "north", signers(51))
	otherFiles := other.sign(t, 9, now)

	// root is a third root that all holders sign, whatever it says.
	root := func(change func(*metadata.RootType), by ...crypto.Signer) Files {
		if by == nil {
			by = h.holders
		}
		next := must[*metadata.Metadata[metadata.RootType]](t)(metadata.Root().FromBytes(h.roots.Newest()))
		next.Signed.Version, next.Signatures = 3, nil
		change(&next.Signed)
		var data []byte
		for _, holder := range by {
			data = must[[]byte](t)(sealed(holder, next))
		}
		return with(four, "3.root.json", data)
	}
	ids := func(role string) []string {
		return must[*metadata.Metadata[metadata.RootType]](t)(metadata.Root().FromBytes(h.roots.Newest())).Signed.Roles[role].KeyIDs
	}
	retarget := func(change func(*metadata.TargetsType)) Files {
		out := resign(t, targets, four, targetsFile(4), metadata.Targets(), change)
		out = resign(t, snapshot, out, snapshotFile(4), metadata.Snapshot(), func(s *metadata.SnapshotType) {
			s.Meta[targetsMeta] = must[*metadata.MetaFiles](t)(metaOf(out[targetsFile(4)], 4))
		})
		return resignTimestamp(t, timestamp, out, func(s *metadata.TimestampType) {
			s.Meta[snapshotMeta] = must[*metadata.MetaFiles](t)(metaOf(out[snapshotFile(4)], 4))
		})
	}

	tests := []struct {
		name  string
		files Files
		now   time.Time
		want  Reason
	}{
		{"rollback: an older order again", two, now, Rollback},
		{"rollback: the first order again", one, now, Rollback},
		{"rollback of the snapshot under a new timestamp", resignTimestamp(t, timestamp, two, func(s *metadata.TimestampType) { s.Version += 100 }), now, Rollback},
		{"rollback of targets under a new snapshot", func() Files {
			out := maps.Clone(two)
			in := h.input(2, now)
			meta := metadata.Snapshot(in.Expires)
			meta.Signed.Version = 9
			meta.Signed.Meta[targetsMeta] = must[*metadata.MetaFiles](t)(metaOf(two[targetsFile(2)], 2))
			if err := seal(snapshot, meta, out, snapshotFile(9)); err != nil {
				t.Fatal(err)
			}
			if err := signTimestamp(timestamp, out, start.Unix()+100, 9, in); err != nil {
				t.Fatal(err)
			}
			return out
		}(), now, Rollback},
		{"rollback of the sequence under risen versions", must[Files](t)(Sign(h.keys, h.roots, nil, func() SignInput {
			in := h.input(2, now)
			in.Floors = Floors{Timestamp: start.Unix() + 100, Snapshot: 50}
			return in
		}())), now, Rollback},
		{"freeze: the same order after its end", three, start.Add(time.Hour), Expired},
		{"freeze: a new order after its end", four, now.Add(16 * time.Minute), Expired},
		{"wall clock a day ahead", four, now.AddDate(0, 0, 1), Expired},
		{"expired root", four, start.AddDate(1, 0, 1), RootExpired},
		{"expired root at the end of a chain", root(func(s *metadata.RootType) { s.Expires = start }), now, RootExpired},
		{"mix and match: old snapshot and targets under the new timestamp", with(with(four, snapshotFile(4), two[snapshotFile(2)]), targetsFile(4), two[targetsFile(2)]), now, Mixed},
		{"mix and match: old targets under the new snapshot", with(four, targetsFile(4), three[targetsFile(3)]), now, Mixed},
		{"tampered index", with(four, indexFile(index(4)), []byte(`{"sequence":5}`)), now, Mixed},
		{"tampered targets", with(four, targetsFile(4), bytes.Replace(four[targetsFile(4)], []byte(`"north"`), []byte(`"south"`), 1)), now, Mixed},
		{"tampered custom of the timestamp", with(four, timestampFile, bytes.Replace(four[timestampFile], []byte(`"sequence":4`), []byte(`"sequence":5`), 1)), now, BadSignature},
		{"timestamp that stamps another sequence, signed", resignTimestamp(t, timestamp, four, func(s *metadata.TimestampType) {
			s.UnrecognizedFields[extension].(map[string]any)["sequence"] = 5
		}), now, Malformed},
		{"timestamp without its fields, signed", resignTimestamp(t, timestamp, four, func(s *metadata.TimestampType) { delete(s.UnrecognizedFields, extension) }), now, Malformed},
		{"timestamp signed with the key of snapshots", resignTimestamp(t, snapshot, four, func(*metadata.TimestampType) {}), now, BadSignature},
		{"timestamp signed by a stranger", resignTimestamp(t, key(99), four, func(*metadata.TimestampType) {}), now, BadSignature},
		{"timestamp signed with a revoked key", resignTimestamp(t, old.keys.Timestamp, four, func(s *metadata.TimestampType) { s.Version += 5 }), now, Revoked},
		{"whole order signed with revoked keys", old.sign(t, 9, now), now, Revoked},
		{"equal timestamp version with other bytes", fork, now, Equivocation},
		{"equal sequence with another content", laterFork, now, Equivocation},
		{"another hub", otherFiles, now, Foreign},
		{"another hub without its root", with(otherFiles, "1.root.json", nil), now, BadSignature},
		{"another region of the same holders", southFiles, now, WrongRegion},
		{"another region's order under our root", with(southFiles, "1.root.json", nil), now, BadSignature},
		{"another region's index, signed with our stolen keys", retarget(func(s *metadata.TargetsType) {
			*s.Targets[TargetPath].Custom = []byte(`{"x-frontline":{"region":"south","sequence":4}}`)
		}), now, Malformed},
		{"root of another hub, signed by our holders", root(func(s *metadata.RootType) {
			s.UnrecognizedFields[extension] = rootFields{HubUID: "hub-b", Term: 2, Region: "north"}
		}), now, Foreign},
		{"root of a lower term, signed by our holders", root(func(s *metadata.RootType) {
			s.UnrecognizedFields[extension] = rootFields{HubUID: "hub-a", Term: 1, Region: "north"}
		}), now, Foreign},
		{"root of another region, signed by our holders", root(func(s *metadata.RootType) {
			s.UnrecognizedFields[extension] = rootFields{HubUID: "hub-a", Term: 2, Region: "south"}
		}), now, WrongRegion},
		{"root signed by a stranger", root(func(*metadata.RootType) {}, key(99), key(98)), now, BadSignature},
		{"root signed by one holder of two", root(func(*metadata.RootType) {}, h.holders[2]), now, BadSignature},
		{"root signed with the online keys", root(func(*metadata.RootType) {}, timestamp, snapshot, targets), now, BadSignature},
		{"root that skips a version", root(func(s *metadata.RootType) { s.Version = 4 }), now, Rollback},
		{"root with threshold 0 for timestamps", root(func(s *metadata.RootType) { s.Roles[metadata.TIMESTAMP].Threshold = 0 }), now, BadRole},
		{"root with threshold 0 for roots", root(func(s *metadata.RootType) { s.Roles[metadata.ROOT].Threshold = 0 }), now, BadRole},
		{"root with a threshold beyond its keys", root(func(s *metadata.RootType) { s.Roles[metadata.TARGETS].Threshold = 2 }), now, BadRole},
		{"root with a key named twice", root(func(s *metadata.RootType) {
			s.Roles[metadata.ROOT].KeyIDs = []string{ids(metadata.ROOT)[0], ids(metadata.ROOT)[0]}
		}), now, BadRole},
		{"root with one key under two ids", root(func(s *metadata.RootType) {
			s.Keys["again"] = s.Keys[ids(metadata.ROOT)[0]]
			s.Roles[metadata.ROOT].KeyIDs = []string{ids(metadata.ROOT)[0], "again"}
		}), now, BadRole},
		{"root without a role", root(func(s *metadata.RootType) { delete(s.Roles, metadata.SNAPSHOT) }), now, BadRole},
		{"root with a null key", root(func(s *metadata.RootType) { s.Keys[ids(metadata.TIMESTAMP)[0]] = nil }), now, BadRole},
		{"root whose timestamps a holder signs", root(func(s *metadata.RootType) { s.Roles[metadata.TIMESTAMP].KeyIDs = ids(metadata.ROOT)[:1] }), now, BadRole},
		{"targets that delegate to another role, signed", retarget(func(s *metadata.TargetsType) { s.Delegations.Roles[0].Name = "a/b" }), now, Malformed},
		{"targets that delegate with threshold 0, signed", retarget(func(s *metadata.TargetsType) { s.Delegations.Roles[0].Threshold = 0 }), now, BadRole},
		{"artifact under a path that is not its hash, signed", retarget(func(s *metadata.TargetsType) {
			s.Targets["feeds/intl.un-sc/00"] = s.Targets[served.Path()]
		}), now, Malformed},
		{"targets without an index, signed", retarget(func(s *metadata.TargetsType) { delete(s.Targets, TargetPath) }), now, Malformed},
		{"timestamp missing", with(four, timestampFile, nil), now, Incomplete},
		{"snapshot missing", with(four, snapshotFile(4), nil), now, Incomplete},
		{"targets missing", with(four, targetsFile(4), nil), now, Incomplete},
		{"index missing", with(four, indexFile(index(4)), nil), now, Incomplete},
		{"timestamp is no JSON", with(four, timestampFile, []byte("<html>")), now, Malformed},
		{"timestamp is another role", with(four, timestampFile, four[snapshotFile(4)]), now, Malformed},
		{"null meta", with(four, timestampFile, []byte(`{"signed":{"_type":"timestamp","meta":{"snapshot.json":null}},"signatures":null}`)), now, BadSignature},
		{"root of nulls", with(four, "3.root.json", []byte(`{"signed":{"_type":"root","spec_version":"1.0.31","version":3,"expires":"2030-01-01T00:00:00Z","keys":{"a":null},"roles":{"root":null}},"signatures":[]}`)), now, BadRole},
		{"huge timestamp", with(four, timestampFile, bytes.Repeat([]byte(" "), maxMetadata+1)), now, Malformed},
		{"nothing", nil, now, Incomplete},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			c := open(t, dir, h)
			must[Verified](t)(c.Verify(atThree.files, now))
			before := must[[]byte](t)(os.ReadFile(c.store.path()))
			_, err := c.Verify(test.files, test.now)
			if ReasonOf(err) != test.want {
				t.Fatalf("refused as %q, want %q: %v", ReasonOf(err), test.want, err)
			}
			if after := must[[]byte](t)(os.ReadFile(c.store.path())); !bytes.Equal(before, after) {
				t.Error("a refused order changed the state on disk")
			}
			for _, client := range []*Client{c, open(t, dir, h)} {
				if last, ok := client.Last(); !ok || last.Sequence != 3 {
					t.Errorf("last good order is %d, %v", last.Sequence, ok)
				}
				// What was refused leaves nothing behind that refuses the good one.
				if _, err := client.Verify(four, now); err != nil {
					t.Errorf("the good order after it: %v", err)
				}
			}
		})
	}
}

// TestThresholds: k of n holders sign roots, whichever they are.
func TestThresholds(t *testing.T) {
	h := north(t)
	unsigned := must[[]byte](t)(NextRoot(h.roots.Newest(), h.spec(t, start.AddDate(2, 0, 0))))
	for name, test := range map[string]struct {
		by []crypto.Signer
		ok bool
	}{
		"nobody":           {nil, false},
		"one":              {h.holders[:1], false},
		"one, twice":       {[]crypto.Signer{h.holders[1], h.holders[1]}, false},
		"the last two":     {h.holders[1:], true},
		"all":              {h.holders, true},
		"one and stranger": {[]crypto.Signer{h.holders[0], key(77)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			root := unsigned
			for _, holder := range test.by {
				root = must[[]byte](t)(SignRoot(root, holder))
			}
			if _, err := CheckRoot(h.roots.Newest(), root); (err == nil) != test.ok {
				t.Errorf("CheckRoot: %v", err)
			}
		})
	}
	for _, k := range []int{-1, 0, maxHolders + 1} {
		if _, err := NewThreshold(k); err == nil {
			t.Errorf("threshold %d was taken", k)
		}
	}
	if (Threshold{}).Int() != 1 {
		t.Error("the zero threshold asks for no signature")
	}
	for name, change := range map[string]func(*RootSpec){
		"no holders":            func(s *RootSpec) { s.Holders = nil },
		"more than there are":   func(s *RootSpec) { s.Threshold = must[Threshold](t)(NewThreshold(4)) },
		"one holder twice":      func(s *RootSpec) { s.Holders = slices.Repeat(s.Holders[:1], 2) },
		"an online key":         func(s *RootSpec) { s.Holders = append(s.Holders, s.Online.Snapshot) },
		"no hub":                func(s *RootSpec) { s.HubUID = "" },
		"no region":             func(s *RootSpec) { s.Region = "" },
		"no term":               func(s *RootSpec) { s.Term = 0 },
		"no key for timestamps": func(s *RootSpec) { s.Online.Timestamp = nil },
		"another hub":           func(s *RootSpec) { s.HubUID = "hub-b" },
		"another region":        func(s *RootSpec) { s.Region = "south" },
	} {
		spec := h.spec(t, start)
		change(&spec)
		if _, err := NextRoot(h.roots.Newest(), spec); err == nil {
			t.Errorf("a root with %s was made", name)
		}
	}
}
