// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"crypto"
	"math"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// TestDrillLostOnlineKey: a new root withdraws a stolen key. Regions follow
// it, by restarts too, and what the old key signs is refused.
func TestDrillLostOnlineKey(t *testing.T) {
	h := north(t)
	dir := t.TempDir()
	c := open(t, dir, h)
	must[Verified](t)(c.Verify(h.sign(t, 1, start), start))
	thief := h.copy()
	h.rotate(t, signers(11))
	at := start.Add(time.Minute)
	got := must[Verified](t)(c.Verify(h.sign(t, 2, at), at))
	if got.RootVersion != 2 || got.Term != 2 || got.Sequence != 2 {
		t.Fatalf("root version %d, term %d, sequence %d", got.RootVersion, got.Term, got.Sequence)
	}
	later := at.Add(time.Minute)
	for name, files := range map[string]Files{
		"with the roots of before": thief.sign(t, 3, later),
		"with the new root":        with(thief.files, "2.root.json", h.roots[1]),
	} {
		for _, client := range []*Client{c, open(t, dir, h)} {
			if _, err := client.Verify(files, later); ReasonOf(err) != Revoked {
				t.Errorf("order of the old key %s refused as %q: %v", name, ReasonOf(err), err)
			}
			if last, ok := client.Last(); !ok || last.RootVersion != 2 || last.Sequence != 2 {
				t.Errorf("last good order is %+v, %v", last, ok)
			}
		}
	}
	// Under the same term the sequence's floor outlives a change of keys.
	h.keys = signers(21)
	h.signRoot(t, start.AddDate(1, 0, 0))
	low := h.input(1, later)
	rolled := must[Files](t)(Sign(h.keys, h.roots, nil, low))
	if _, err := c.Verify(rolled, later); ReasonOf(err) != Rollback {
		t.Errorf("lower sequence refused as %q: %v", ReasonOf(err), err)
	}
}

// TestDrillFastForward: a thief makes all numbers and the time as high as can
// be. Nothing of the hub's is news any more, until the keys are rotated.
func TestDrillFastForward(t *testing.T) {
	h := north(t)
	dir := t.TempDir()
	c := open(t, dir, h)
	must[Verified](t)(c.Verify(h.sign(t, 1, start), start))
	thief := h.copy()
	future := start.AddDate(0, 6, 0)
	in := thief.input(maxVersion-1, start)
	in.Issued, in.TimestampExpires, in.Expires = future, future.AddDate(50, 0, 0), future.AddDate(50, 0, 0)
	in.Floors = Floors{Timestamp: maxVersion - 10, Snapshot: maxVersion - 10}
	stolen := must[Files](t)(Sign(thief.keys, thief.roots, nil, in))
	must[Verified](t)(c.Verify(stolen, start.Add(time.Minute)))

	at := start.Add(2 * time.Minute)
	if _, err := c.Verify(h.sign(t, 2, at), at); err == nil {
		t.Fatal("a fast-forwarded region took the hub's order")
	}
	h.rotate(t, signers(11))
	at = at.Add(time.Minute)
	// The hub goes on from what is published, and does not count from it.
	h.files = stolen
	files := h.sign(t, 3, at)
	got := must[Verified](t)(c.Verify(files, at))
	if got.Sequence != 3 || got.Term != 2 || got.TimestampVersion > at.Unix()+1 || got.SnapshotVersion != 3 {
		t.Errorf("after the rotation: %+v", got)
	}
	if r := c.Clock().Read(at); r.Reason != "" || !r.Passed.Equal(at) {
		t.Errorf("the thief's time is still believed: %+v", r)
	}
	if _, err := c.Verify(stolen, at); ReasonOf(err) != Revoked {
		t.Errorf("the thief's order: %v", err)
	}
	if _, err := open(t, dir, h).Verify(h.sign(t, 4, at), at); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if _, err := Sign(h.keys, h.roots, nil, h.input(math.MaxInt64, at)); err == nil {
		t.Error("a sequence out of range was signed")
	}
}

// TestDrillRestoredHub: a hub restored from a backup adopts what stands in the
// registry, roots included, and never signs lower.
func TestDrillRestoredHub(t *testing.T) {
	h := north(t)
	c := open(t, t.TempDir(), h)
	files := h.sign(t, 5, start)
	backup := h.copy()
	for i := range 20 {
		at := start.Add(time.Duration(i) * 5 * time.Minute)
		files = h.sign(t, 5+int64(i), at)
		must[Verified](t)(c.Verify(files, at))
	}
	at := start.Add(2 * time.Hour)
	adopted := must[Published](t)(Adopt(backup.roots, files))
	if adopted.Sequence != 24 || !bytes.Equal(adopted.Index, index(24)) {
		t.Fatalf("adopted order %d", adopted.Sequence)
	}
	backup.files = files
	if _, err := Sign(backup.keys, backup.roots, backup.files, backup.input(6, at)); ReasonOf(err) != Rollback {
		t.Errorf("a lower order was signed: %v", err)
	}
	if _, err := Sign(backup.keys, backup.roots, backup.files, func() SignInput {
		in := backup.input(24, at)
		in.Index = []byte("{}")
		return in
	}()); ReasonOf(err) != Equivocation {
		t.Errorf("the same number with another body was signed: %v", err)
	}
	must[Verified](t)(c.Verify(backup.sign(t, 25, at), at))

	// The registry is lost as well: a sequence from a report is enough.
	backup.files = nil
	at = at.Add(time.Hour)
	if got := must[Verified](t)(c.Verify(backup.sign(t, 26, at), at)); got.Sequence != 26 {
		t.Errorf("sequence %d", got.Sequence)
	}

	// Holders signed a renewal since the backup: the roots come from the registry.
	h.files = backup.files
	h.signRoot(t, start.AddDate(3, 0, 0))
	must[Verified](t)(c.Verify(h.sign(t, 27, at), at))
	adopted = must[Published](t)(Adopt(backup.roots, h.files))
	if len(adopted.Roots) != 2 || !bytes.Equal(adopted.Roots[1], h.roots[1]) {
		t.Fatalf("adopted %d roots", len(adopted.Roots))
	}
	backup.files = h.files
	if got := must[Verified](t)(c.Verify(backup.sign(t, 28, at), at)); got.RootVersion != 2 {
		t.Errorf("the restored hub signed under root %d", got.RootVersion)
	}
	// Keys were rotated since the backup: the old ones sign nothing any more.
	h.rotate(t, signers(11))
	h.files = backup.files
	must[Verified](t)(c.Verify(h.sign(t, 29, at), at))
	if _, err := Sign(backup.keys, backup.roots, h.files, backup.input(30, at)); ReasonOf(err) != Revoked {
		t.Errorf("a restored hub signed with keys that were withdrawn: %v", err)
	}
}

// TestDrillSecondHub: two hubs of one backup. The one that the holders give
// new keys wins; the other is fenced, at the region and by itself.
func TestDrillSecondHub(t *testing.T) {
	h := north(t)
	dir := t.TempDir()
	c := open(t, dir, h)
	must[Verified](t)(c.Verify(h.sign(t, 1, start), start))
	second := h.copy()
	at := start.Add(time.Minute)
	must[Verified](t)(c.Verify(h.sign(t, 2, at), at))
	if _, err := c.Verify(second.sign(t, 2, at, func(in *SignInput) { in.Index = []byte("{}") }), at); ReasonOf(err) != Equivocation {
		t.Errorf("the same order of two hubs: %v", err)
	}
	h.rotate(t, signers(11))
	must[Verified](t)(c.Verify(h.sign(t, 3, at), at))
	if _, err := c.Verify(second.sign(t, 9, at), at); ReasonOf(err) != Revoked {
		t.Errorf("order of the second hub: %v", err)
	}
	if _, err := Sign(second.keys, second.roots, h.files, second.input(10, at)); ReasonOf(err) != Revoked {
		t.Errorf("the second hub saw the first one's root and signed on: %v", err)
	}
	// A hub of its own makes another UID, whatever its holders.
	stranger := newHub(t, "hub-b", "north", signers(31))
	if _, err := c.Verify(stranger.sign(t, 9, at), at); ReasonOf(err) != Foreign {
		t.Errorf("order of another hub: %v", err)
	}
	if _, err := Adopt(stranger.roots, h.files); ReasonOf(err) != Foreign {
		t.Errorf("another hub adopted: %v", err)
	}
}

// TestDrillStolenRegionKey: the keys of one region sign nothing for another.
func TestDrillStolenRegionKey(t *testing.T) {
	n, s := north(t), newHub(t, "hub-a", "south", signers(41))
	c := open(t, t.TempDir(), s)
	must[Verified](t)(c.Verify(s.sign(t, 1, start), start))
	at := start.Add(time.Minute)
	if _, err := Sign(n.keys, s.roots, nil, s.input(2, at)); ReasonOf(err) != Revoked {
		t.Errorf("signed for the other region: %v", err)
	}
	if _, err := Sign(n.keys, n.roots, nil, s.input(2, at)); ReasonOf(err) != WrongRegion {
		t.Errorf("signed the other region's order under the own root: %v", err)
	}
	// A thief does not use Sign. He re-signs south's order with north's keys.
	forged := resignTimestamp(t, n.keys.Timestamp, s.files, func(m *metadata.TimestampType) {
		m.Version, m.Expires = m.Version+1, at.AddDate(1, 0, 0)
	})
	if _, err := c.Verify(forged, at); ReasonOf(err) != BadSignature {
		t.Errorf("forged timestamp: %v", err)
	}
	if _, err := c.Verify(n.sign(t, 2, at), at); ReasonOf(err) != WrongRegion {
		t.Errorf("the other region's order: %v", err)
	}
	if last, _ := c.Last(); last.Sequence != 1 {
		t.Errorf("order %d is in force", last.Sequence)
	}
}

// TestDrillHolderReplaced: a holder leaves. Roots need the old ones' and the
// new ones' signatures once, and then the new ones' alone.
func TestDrillHolderReplaced(t *testing.T) {
	h := north(t)
	c := open(t, t.TempDir(), h)
	must[Verified](t)(c.Verify(h.sign(t, 1, start), start))
	left, stays := h.holders[0], h.holders[1]
	h.holders = []crypto.Signer{key(104), h.holders[2], stays}
	alone := must[[]byte](t)(NextRoot(h.roots.Newest(), h.spec(t, start.AddDate(1, 0, 0))))
	for _, holder := range []crypto.Signer{key(104), stays} {
		alone = must[[]byte](t)(SignRoot(alone, holder))
	}
	if _, err := CheckRoot(h.roots.Newest(), alone); ReasonOf(err) != BadSignature {
		t.Errorf("the new holders without the old threshold: %v", err)
	}
	h.signRoot(t, start.AddDate(1, 0, 0), stays)
	at := start.Add(time.Minute)
	if got := must[Verified](t)(c.Verify(h.sign(t, 2, at), at)); got.RootVersion != 2 || got.Term != 1 {
		t.Errorf("root version %d, term %d", got.RootVersion, got.Term)
	}
	h.holders, h.threshold = []crypto.Signer{left, stays, key(104)}, 2
	gone := must[[]byte](t)(NextRoot(h.roots.Newest(), h.spec(t, start.AddDate(1, 0, 0))))
	for _, holder := range []crypto.Signer{left, stays} {
		gone = must[[]byte](t)(SignRoot(gone, holder))
	}
	if _, err := CheckRoot(h.roots.Newest(), gone); ReasonOf(err) != BadSignature {
		t.Errorf("the holder who left came back by his own signature: %v", err)
	}
}
