// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/frontline-screening/frontline/internal/canonical"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newRoot(t *testing.T, k ed25519.PrivateKey, hub string, term int64) []byte {
	t.Helper()
	return must[[]byte](t)(NewRoot(k, hub, term, start.AddDate(1, 0, 0)))
}

func index(sequence int64) []byte { return fmt.Appendf(nil, `{"sequence":%d}`, sequence) }

func input(sequence int64, at time.Time) SignInput {
	return SignInput{
		Region: "north", Index: index(sequence), Sequence: sequence,
		Issued: at, TimestampExpires: at.Add(15 * time.Minute), Expires: at.AddDate(0, 1, 0),
		SourceChecked: map[string]time.Time{"intl.un-sc": at.Add(-time.Minute)},
	}
}

func sign(t *testing.T, k ed25519.PrivateKey, root []byte, prev Files, in SignInput) Files {
	t.Helper()
	return must[Files](t)(Sign(k, root, prev, in))
}

func open(t *testing.T, dir string, root []byte) *Client {
	t.Helper()
	return must[*Client](t)(Open(dir, root, Identity{HubUID: "hub-a", Term: 1, Region: "north"}))
}

func with(files Files, name string, data []byte) Files {
	out := maps.Clone(files)
	if data == nil {
		delete(out, name)
	} else {
		out[name] = data
	}
	return out
}

func names(f Files, suffix string) string {
	for name := range f {
		if len(name) > len(suffix) && name[len(name)-len(suffix):] == suffix {
			return name
		}
	}
	return ""
}

func TestVerify(t *testing.T) {
	root := newRoot(t, key(1), "hub-a", 1)
	first := sign(t, key(1), root, nil, input(7, start))
	c := open(t, t.TempDir(), root)
	got := must[Verified](t)(c.Verify(first, start.Add(time.Minute)))
	want := Verified{
		Index: index(7), IndexDigest: canonical.Digest(index(7)), HubUID: "hub-a", Term: 1, Region: "north", Sequence: 7,
		Issued: start, Expires: start.Add(15 * time.Minute),
		SourceChecked:    map[string]time.Time{"intl.un-sc": start.Add(-time.Minute)},
		TimestampVersion: start.Unix() + 1, SnapshotVersion: 7, RootVersion: 1,
		VerifiedAt: start.Add(time.Minute), Changed: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("first order (-want +got):\n%s", diff)
	}

	at := start.Add(5 * time.Minute)
	renewed := sign(t, key(1), root, first, input(7, at))
	for name, data := range first {
		if name != timestampFile && !bytes.Equal(data, renewed[name]) {
			t.Errorf("%s changed although only the timestamp was due", name)
		}
	}
	got = must[Verified](t)(c.Verify(renewed, at))
	if got.Changed || got.TimestampVersion != want.TimestampVersion+1 || !got.Issued.Equal(at) {
		t.Errorf("renewed order: changed %v, timestamp version %d, issued %s", got.Changed, got.TimestampVersion, got.Issued)
	}

	next := sign(t, key(1), root, renewed, input(8, at))
	got = must[Verified](t)(c.Verify(next, at))
	if !got.Changed || got.Sequence != 8 || got.SnapshotVersion != 8 {
		t.Errorf("next order: changed %v, sequence %d, snapshot version %d", got.Changed, got.Sequence, got.SnapshotVersion)
	}
	sequence, version, err := AdoptSequence(next, root)
	if err != nil || sequence != 8 || version != got.TimestampVersion {
		t.Errorf("AdoptSequence() = %d, %d, %v", sequence, version, err)
	}
}

// TestTargetsRenewed: snapshot and targets that would end before the
// timestamp are signed again with a higher version and the same sequence.
func TestTargetsRenewed(t *testing.T) {
	root := newRoot(t, key(1), "hub-a", 1)
	first := sign(t, key(1), root, nil, input(7, start))
	c := open(t, t.TempDir(), root)
	must[Verified](t)(c.Verify(first, start))
	at := start.AddDate(0, 1, 0).Add(-time.Minute)
	second := sign(t, key(1), root, first, func() SignInput { in := input(7, at); in.Index = index(7); return in }())
	got := must[Verified](t)(c.Verify(second, at))
	if got.Changed || got.SnapshotVersion != 8 || got.Sequence != 7 {
		t.Errorf("changed %v, snapshot version %d, sequence %d", got.Changed, got.SnapshotVersion, got.Sequence)
	}
	third := sign(t, key(1), root, second, input(8, at))
	if got := must[Verified](t)(c.Verify(third, at)); got.SnapshotVersion != 9 || got.Sequence != 8 {
		t.Errorf("snapshot version %d, sequence %d", got.SnapshotVersion, got.Sequence)
	}
}

// resign signs a role of files again with a change, as somebody who holds the
// key would.
func resignTimestamp(t *testing.T, k ed25519.PrivateKey, files Files, change func(*metadata.TimestampType)) Files {
	t.Helper()
	meta := must[*metadata.Metadata[metadata.TimestampType]](t)(metadata.Timestamp().FromBytes(files[timestampFile]))
	change(&meta.Signed)
	meta.Signatures = nil
	out := maps.Clone(files)
	signer, err := newSigner(k)
	if err != nil {
		t.Fatal(err)
	}
	if err := seal(signer, meta, out, timestampFile); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRefusals(t *testing.T) {
	root := newRoot(t, key(1), "hub-a", 1)
	one := sign(t, key(1), root, nil, input(1, start))
	two := sign(t, key(1), root, one, input(2, start.Add(time.Minute)))
	three := sign(t, key(1), root, two, input(3, start.Add(2*time.Minute)))
	now := start.Add(3 * time.Minute)
	fork := sign(t, key(1), root, two, func() SignInput { in := input(3, start.Add(2*time.Minute)); in.Index = []byte("{}"); return in }())
	laterFork := resignTimestamp(t, key(1), fork, func(s *metadata.TimestampType) { s.Version += 10 })
	foreignRoot := newRoot(t, key(9), "hub-b", 1)
	south := sign(t, key(1), root, nil, func() SignInput {
		in := input(9, now)
		in.Region = "south"
		return in
	}())

	rotate := func(change func(*metadata.RootType), keys ...ed25519.PrivateKey) []byte {
		next := must[*metadata.Metadata[metadata.RootType]](t)(metadata.Root().FromBytes(root))
		next.Signed.Version, next.Signatures = 2, nil
		change(&next.Signed)
		return must[[]byte](t)(signRoot(next, keys...))
	}
	four := sign(t, key(1), root, three, input(4, now))
	tests := []struct {
		name  string
		files Files
		now   time.Time
		want  Reason
	}{
		{"replay of an older order", two, now, Rollback},
		{"rollback of the timestamp to the first", one, now, Rollback},
		{"rollback of the snapshot under a new timestamp", resignTimestamp(t, key(1), two, func(s *metadata.TimestampType) { s.Version += 100 }), now, Rollback},
		{"rollback of targets under a new snapshot", func() Files {
			out := maps.Clone(two)
			signer, _ := newSigner(key(1))
			in := input(2, now)
			snapshot := metadata.Snapshot(in.Expires)
			snapshot.Signed.Version = 9
			meta, _ := metaOf(two[targetsFile(2)], 2)
			snapshot.Signed.Meta[targetsMeta] = meta
			if err := seal(signer, snapshot, out, snapshotFile(9)); err != nil {
				t.Fatal(err)
			}
			if err := signTimestamp(signer, out, start.Unix()+100, 9, in); err != nil {
				t.Fatal(err)
			}
			return out
		}(), now, Rollback},
		{"lower sequence stamped under risen versions", func() Files {
			// Versions may run ahead of the sequence; the sequence alone decides.
			in := input(2, now)
			in.Floors = Floors{Timestamp: start.Unix() + 100, Snapshot: 50}
			return sign(t, key(1), root, nil, in)
		}(), now, Rollback},
		{"freeze: the same order after its end", three, start.Add(time.Hour), Expired},
		{"new order that has expired", four, now.Add(16 * time.Minute), Expired},
		{"root expired", four, start.AddDate(1, 0, 1), Expired},
		{"mix: old snapshot and targets under the new timestamp", with(with(four, snapshotFile(4), two[snapshotFile(2)]), targetsFile(4), two[targetsFile(2)]), now, BadSignature},
		{"mix: old targets under the new snapshot", with(four, targetsFile(4), three[targetsFile(3)]), now, BadSignature},
		{"tampered index", with(four, indexFile(index(4)), []byte(`{"sequence":5}`)), now, BadSignature},
		{"tampered custom of the timestamp", with(four, timestampFile, bytes.Replace(four[timestampFile], []byte(`"sequence":4`), []byte(`"sequence":5`), 1)), now, BadSignature},
		{"timestamp that stamps another sequence, signed", resignTimestamp(t, key(1), four, func(s *metadata.TimestampType) {
			s.UnrecognizedFields[extension].(map[string]any)["sequence"] = 5
		}), now, Malformed},
		{"timestamp without its fields, signed", resignTimestamp(t, key(1), four, func(s *metadata.TimestampType) { delete(s.UnrecognizedFields, extension) }), now, Malformed},
		{"tampered targets", with(four, targetsFile(4), bytes.Replace(four[targetsFile(4)], []byte(`"north"`), []byte(`"south"`), 1)), now, BadSignature},
		{"timestamp signed with another key", resignTimestamp(t, key(2), four, func(*metadata.TimestampType) {}), now, BadSignature},
		{"same timestamp version with other bytes", fork, now, Equivocation},
		{"same sequence with another content", laterFork, now, Equivocation},
		{"order of another hub", sign(t, key(9), foreignRoot, nil, input(9, now)), now, Foreign},
		{"order of another hub without its root", with(sign(t, key(9), foreignRoot, nil, input(9, now)), "1.root.json", nil), now, BadSignature},
		{"order of another region", south, now, Foreign},
		{"root of another hub signed with our key", with(four, "2.root.json", rotate(func(s *metadata.RootType) {
			s.UnrecognizedFields[extension] = rootFields{HubUID: "hub-b", Term: 1}
		}, key(1))), now, Foreign},
		{"root signed by a stranger", with(four, "2.root.json", rotate(func(*metadata.RootType) {}, key(2))), now, BadSignature},
		{"root that skips a version", with(four, "2.root.json", rotate(func(s *metadata.RootType) { s.Version = 3 }, key(1))), now, Rollback},
		{"root with threshold 0", with(four, "2.root.json", rotate(func(s *metadata.RootType) { s.Roles[metadata.TIMESTAMP].Threshold = 0 }, key(1))), now, Malformed},
		{"root with null keys", with(four, "2.root.json", []byte(`{"signed":{"_type":"root","spec_version":"1.0.31","version":2,"expires":"2030-01-01T00:00:00Z","keys":{"a":null},"roles":{"root":null}},"signatures":[]}`)), now, BadSignature},
		{"timestamp missing", with(four, timestampFile, nil), now, Incomplete},
		{"snapshot missing", with(four, snapshotFile(4), nil), now, Incomplete},
		{"targets missing", with(four, targetsFile(4), nil), now, Incomplete},
		{"index missing", with(four, indexFile(index(4)), nil), now, Incomplete},
		{"timestamp is no JSON", with(four, timestampFile, []byte("<html>")), now, Malformed},
		{"timestamp is another role", with(four, timestampFile, four[snapshotFile(4)]), now, Malformed},
		{"null meta", with(four, timestampFile, []byte(`{"signed":{"_type":"timestamp","meta":{"snapshot.json":null}},"signatures":null}`)), now, BadSignature},
		{"huge timestamp", with(four, timestampFile, bytes.Repeat([]byte(" "), maxMetadata+1)), now, Malformed},
		{"nothing", nil, now, Incomplete},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			c := open(t, dir, root)
			must[Verified](t)(c.Verify(three, now))
			before := must[[]byte](t)(os.ReadFile(c.store.path()))
			_, err := c.Verify(test.files, test.now)
			if ReasonOf(err) != test.want {
				t.Fatalf("refused as %q, want %q: %v", ReasonOf(err), test.want, err)
			}
			if after := must[[]byte](t)(os.ReadFile(c.store.path())); !bytes.Equal(before, after) {
				t.Error("a refused order changed the state on disk")
			}
			for _, client := range []*Client{c, open(t, dir, root)} {
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

func TestRootRotation(t *testing.T) {
	root := newRoot(t, key(1), "hub-a", 1)
	one := sign(t, key(1), root, nil, input(1, start))
	second := must[[]byte](t)(RotateRoot(key(1), key(2), root, 2, start.AddDate(2, 0, 0)))
	in := input(2, start.Add(time.Minute))
	in.PreviousRoot = root
	two := sign(t, key(2), second, one, in)
	dir := t.TempDir()
	c := open(t, dir, root)
	must[Verified](t)(c.Verify(one, start))
	got := must[Verified](t)(c.Verify(two, start.Add(time.Minute)))
	if got.RootVersion != 2 || got.Term != 2 || got.Sequence != 2 {
		t.Fatalf("root version %d, term %d, sequence %d", got.RootVersion, got.Term, got.Sequence)
	}
	// After a restart the chain still leads from the pinned root, and what the
	// old key signs is worth nothing.
	c = open(t, dir, root)
	if last, ok := c.Last(); !ok || last.RootVersion != 2 {
		t.Fatalf("after a restart: root version %d, %v", last.RootVersion, ok)
	}
	old := sign(t, key(1), root, one, input(3, start.Add(2*time.Minute)))
	if _, err := c.Verify(old, start.Add(2*time.Minute)); ReasonOf(err) != BadSignature {
		t.Errorf("order of the old key refused as %q: %v", ReasonOf(err), err)
	}
	// The rotated order keeps the sequence's floor although its keys are new.
	low := input(1, start.Add(3*time.Minute))
	low.Floors = Floors{Timestamp: 1 << 40, Snapshot: 1 << 20}
	rolled := sign(t, key(2), second, Files{"1.root.json": root}, low)
	if _, err := c.Verify(rolled, start.Add(3*time.Minute)); ReasonOf(err) != Rollback {
		t.Errorf("lower sequence refused as %q: %v", ReasonOf(err), err)
	}
	if _, err := RotateRoot(key(2), key(3), second, 1, start); ReasonOf(err) != Rollback {
		t.Errorf("lower term: %v", err)
	}
	if _, err := RotateRoot(key(7), key(3), second, 2, start); err == nil {
		t.Error("a root that the old one does not lead to was made")
	}
}

func TestOpenRefusals(t *testing.T) {
	root := newRoot(t, key(1), "hub-a", 3)
	dir := t.TempDir()
	c := must[*Client](t)(Open(dir, root, Identity{HubUID: "hub-a", Term: 3, Region: "north"}))
	must[Verified](t)(c.Verify(sign(t, key(1), root, nil, input(1, start)), start))
	tests := []struct {
		name     string
		root     []byte
		identity Identity
		want     Reason
	}{
		{"another root", newRoot(t, key(1), "hub-a", 4), Identity{"hub-a", 3, "north"}, Foreign},
		{"another hub", root, Identity{"hub-b", 3, "north"}, Foreign},
		{"higher term joined", root, Identity{"hub-a", 4, "north"}, Foreign},
		{"another region", root, Identity{"hub-a", 3, "south"}, Foreign},
		{"no root", []byte("{}"), Identity{"hub-a", 3, "north"}, Malformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Open(dir, test.root, test.identity); ReasonOf(err) != test.want {
				t.Errorf("refused as %q, want %q: %v", ReasonOf(err), test.want, err)
			}
		})
	}
	t.Run("damaged state", func(t *testing.T) {
		data := must[[]byte](t)(os.ReadFile(c.store.path()))
		for _, bad := range [][]byte{data[:len(data)/2], bytes.Replace(data, []byte(`"index":"`), []byte(`"index":"AAAA`), 1), []byte("{}")} {
			if err := os.WriteFile(c.store.path(), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(dir, root, Identity{"hub-a", 3, "north"}); ReasonOf(err) == "" {
				t.Errorf("opened a damaged state: %v", err)
			}
		}
	})
}

// TestLostState: a region whose volume is lost takes what is valid now, and
// is fenced again by it.
func TestLostState(t *testing.T) {
	root := newRoot(t, key(1), "hub-a", 1)
	one := sign(t, key(1), root, nil, input(1, start))
	two := sign(t, key(1), root, one, input(2, start.Add(time.Hour)))
	c := open(t, t.TempDir(), root)
	if _, ok := c.Last(); ok {
		t.Error("a new client has a last order")
	}
	if _, err := c.Verify(one, start.Add(time.Hour)); ReasonOf(err) != Expired {
		t.Errorf("old order: %v", err)
	}
	must[Verified](t)(c.Verify(two, start.Add(time.Hour)))
}

// TestOfflineStart: an order stays known long after its metadata expired.
func TestOfflineStart(t *testing.T) {
	root := newRoot(t, key(1), "hub-a", 1)
	dir := t.TempDir()
	one := sign(t, key(1), root, nil, input(1, start))
	must[Verified](t)(open(t, dir, root).Verify(one, start))
	c := open(t, dir, root)
	last, ok := c.Last()
	if !ok || last.Sequence != 1 || !last.VerifiedAt.Equal(start) {
		t.Fatalf("Last() = %+v, %v", last, ok)
	}
	two := sign(t, key(1), root, one, input(2, start.Add(time.Minute)))
	if _, err := c.Verify(two, start.AddDate(0, 0, 3)); ReasonOf(err) != Expired {
		t.Errorf("new content under expired metadata: %v", err)
	}
}

// TestHubRestored: a hub that lost everything but its key and a sequence from
// a report is still listened to.
func TestHubRestored(t *testing.T) {
	root := newRoot(t, key(1), "hub-a", 1)
	files := sign(t, key(1), root, nil, input(5, start))
	c := open(t, t.TempDir(), root)
	for i := range 20 {
		at := start.Add(time.Duration(i) * 5 * time.Minute)
		files = sign(t, key(1), root, files, input(5, at))
		must[Verified](t)(c.Verify(files, at))
	}
	at := start.Add(2 * time.Hour)
	got := must[Verified](t)(c.Verify(sign(t, key(1), root, nil, input(6, at)), at))
	if got.Sequence != 6 {
		t.Errorf("sequence %d", got.Sequence)
	}
}

func TestSignRefusals(t *testing.T) {
	root := newRoot(t, key(1), "hub-a", 1)
	prev := sign(t, key(1), root, nil, input(5, start))
	tests := []struct {
		name string
		prev Files
		in   func(*SignInput)
		want Reason
	}{
		{"lower sequence", prev, func(in *SignInput) { in.Sequence, in.Index = 4, index(4) }, Rollback},
		{"same sequence, other content", prev, func(in *SignInput) { in.Index = index(6) }, Equivocation},
		{"another region", prev, func(in *SignInput) { in.Region = "south" }, Foreign},
		{"tampered previous files", with(prev, timestampFile, bytes.Replace(prev[timestampFile], []byte(`"sequence":5`), []byte(`"sequence":1`), 1)), func(*SignInput) {}, BadSignature},
		{"previous files of another key", sign(t, key(2), newRoot(t, key(2), "hub-a", 1), nil, input(5, start)), func(*SignInput) {}, Foreign},
		{"no region", nil, func(in *SignInput) { in.Region = "" }, ""},
		{"no sequence", nil, func(in *SignInput) { in.Sequence = 0 }, ""},
		{"no index", nil, func(in *SignInput) { in.Index = nil }, ""},
		{"expired when issued", nil, func(in *SignInput) { in.TimestampExpires = in.Issued }, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := input(5, start.Add(time.Minute))
			test.in(&in)
			_, err := Sign(key(1), root, test.prev, in)
			if err == nil || ReasonOf(err) != test.want {
				t.Errorf("refused as %q, want %q: %v", ReasonOf(err), test.want, err)
			}
		})
	}
	if _, _, err := AdoptSequence(with(prev, snapshotFile(5), nil), root); ReasonOf(err) != Incomplete {
		t.Errorf("AdoptSequence of incomplete files: %v", err)
	}
	var refusal *Error
	if _, err := NewRoot(key(1), "", 1, start); err == nil || errors.As(err, &refusal) {
		t.Errorf("NewRoot without a hub: %v", err)
	}
}

func TestFileNames(t *testing.T) {
	root := newRoot(t, key(1), "hub-a", 1)
	files := sign(t, key(1), root, nil, input(5, start))
	for name := range files {
		if !IsRepositoryFile(name) {
			t.Errorf("%s is a file of the repository", name)
		}
	}
	if got := names(files, ".order.json"); got != canonical.Digest(index(5))[len("sha256:"):]+".order.json" {
		t.Errorf("target file is %q", got)
	}
	for _, name := range []string{"", "root.json", "x.root.json", "order.json", "1.order.json", "sha256:abc", "snapshot.json"} {
		if IsRepositoryFile(name) {
			t.Errorf("%q is no file of the repository", name)
		}
	}
}
