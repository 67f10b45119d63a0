// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"os"
	"testing"
	"time"
)

func TestOpenRefuses(t *testing.T) {
	h := north(t)
	dir := t.TempDir()
	c := open(t, dir, h)
	must[Verified](t)(c.Verify(h.sign(t, 1, start), start))
	south := newHub(t, "hub-a", "south", signers(41))
	tests := []struct {
		name string
		root []byte
		pin  Identity
		want Reason
	}{
		{"another hub", h.roots[0], Identity{"hub-b", 1, "north"}, Foreign},
		{"a term not reached", h.roots[0], Identity{"hub-a", 2, "north"}, Foreign},
		{"another region", h.roots[0], Identity{"hub-a", 1, "south"}, WrongRegion},
		{"another region's root", south.roots[0], Identity{"hub-a", 1, "north"}, WrongRegion},
		{"the state of another root", h.nextRoot(t, start.AddDate(2, 0, 0)), Identity{"hub-a", 1, "north"}, Foreign},
		{"no identity", h.roots[0], Identity{}, ""},
		{"no root", []byte("{}"), Identity{"hub-a", 1, "north"}, Malformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Open(dir, test.root, test.pin); err == nil || ReasonOf(err) != test.want {
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
			if _, err := Open(dir, h.roots[0], Identity{"hub-a", 1, "north"}); ReasonOf(err) == "" {
				t.Errorf("opened a damaged state: %v", err)
			}
		}
	})
}

// TestLostState: a region whose volume is lost takes what is valid now, unless
// somebody else remembers that a newer order was in force.
func TestLostState(t *testing.T) {
	h := north(t)
	one := h.sign(t, 1, start)
	old := h.copy()
	two := h.sign(t, 2, start.Add(time.Hour))
	c := open(t, t.TempDir(), h)
	if _, ok := c.Last(); ok || c.Files() != nil {
		t.Error("a new client has a last order")
	}
	if _, err := c.Verify(one, start.Add(time.Hour)); ReasonOf(err) != Expired {
		t.Errorf("old order: %v", err)
	}
	// Within its lifetime an older order would be taken; the mirrored floor
	// knows better, and is kept when a lower one is given.
	again := old.sign(t, 1, start.Add(time.Hour))
	c.RaiseFloor(Floor{Term: 1, Sequence: 2})
	c.RaiseFloor(Floor{Term: 1, Sequence: 1})
	if _, err := c.Verify(again, start.Add(time.Hour)); ReasonOf(err) != BelowFloor {
		t.Errorf("older order without local state: %v", err)
	}
	if _, ok := c.Last(); ok {
		t.Error("what was refused is the last order")
	}
	must[Verified](t)(c.Verify(two, start.Add(time.Hour)))
	if _, err := open(t, t.TempDir(), h).Verify(again, start.Add(time.Hour)); err != nil {
		t.Errorf("without a floor: %v", err)
	}
}

// TestOfflineStart: an order stays known long after its metadata expired.
func TestOfflineStart(t *testing.T) {
	h := north(t)
	dir := t.TempDir()
	must[Verified](t)(open(t, dir, h).Verify(h.sign(t, 1, start), start))
	c := open(t, dir, h)
	last, ok := c.Last()
	if !ok || last.Sequence != 1 || !last.VerifiedAt.Equal(start) {
		t.Fatalf("Last() = %+v, %v", last, ok)
	}
	if _, err := c.Verify(h.sign(t, 2, start.Add(time.Minute)), start.AddDate(0, 0, 3)); ReasonOf(err) != Expired {
		t.Errorf("new content under expired metadata: %v", err)
	}
}

// TestRootChainOutlivesItsLinks: a region that was cut off follows roots that
// expired long ago to the one that has not.
func TestRootChainOutlivesItsLinks(t *testing.T) {
	h := north(t)
	c := open(t, t.TempDir(), h)
	must[Verified](t)(c.Verify(h.sign(t, 1, start), start))
	for year := 1; year <= 4; year++ {
		h.signRoot(t, start.AddDate(year+1, 0, 0))
	}
	at := start.AddDate(4, 6, 0)
	files := h.sign(t, 2, at)
	got := must[Verified](t)(c.Verify(files, at))
	if got.RootVersion != 5 || got.Sequence != 2 {
		t.Errorf("root version %d, sequence %d", got.RootVersion, got.Sequence)
	}
	for version := int64(1); version <= 5; version++ {
		if files[rootFile(version)] == nil {
			t.Errorf("%s was collected; a region that trusts it cannot follow", rootFile(version))
		}
	}
	fresh := open(t, t.TempDir(), h)
	if _, err := fresh.Verify(with(files, "3.root.json", nil), at); ReasonOf(err) != RootExpired {
		t.Errorf("a chain with a hole: %v", err)
	}
}

// TestClockMovedADay: behind, the last signed time counts; ahead, nothing new
// is taken, and after it was set right everything is as before.
func TestClockMovedADay(t *testing.T) {
	h := north(t)
	dir := t.TempDir()
	c := open(t, dir, h)
	one := h.sign(t, 1, start)
	must[Verified](t)(c.Verify(one, start))
	day := 24 * time.Hour

	two := h.sign(t, 2, start.Add(5*time.Minute))
	frozen := h.copy()
	if _, err := c.Verify(two, start.Add(day)); ReasonOf(err) != Expired {
		t.Errorf("a day ahead: %v", err)
	}
	if r := c.Clock().Read(start.Add(day)); r.Reason != "" || !r.Passed.Equal(start) {
		t.Errorf("a clock that ran ahead counts for what destroys: %+v", r)
	}
	got := must[Verified](t)(c.Verify(two, start.Add(5*time.Minute)))
	if got.Sequence != 2 {
		t.Errorf("after the clock was set right: order %d", got.Sequence)
	}

	three := h.sign(t, 3, start.Add(10*time.Minute))
	c = open(t, dir, h) // the mark outlives a restart
	behind := start.Add(10*time.Minute - day)
	if r := c.Clock().Read(behind); r.Reason != ClockSuspect || r.Behind != day-5*time.Minute {
		t.Errorf("a day behind: %+v", r)
	}
	if got := must[Verified](t)(c.Verify(three, behind)); got.Sequence != 3 {
		t.Errorf("a day behind: order %d", got.Sequence)
	}
	// Signed once more in the future that has passed, an old state is not fresh
	// because the wall clock says so.
	later := h.sign(t, 4, start.Add(2*time.Hour))
	must[Verified](t)(c.Verify(later, behind))
	late := frozen.sign(t, 5, start.Add(6*time.Minute), func(in *SignInput) {
		in.Floors = Floors{Timestamp: start.Unix() + 100, Snapshot: 50}
	})
	if _, err := c.Verify(late, behind); ReasonOf(err) != Expired {
		t.Errorf("an order that ended before the last signed time: %v", err)
	}
}
