// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

// safe is a vault in memory. It fails once, before or after it kept a change,
// where a test says so.
type safe struct {
	kept          region.Documents
	writes        int
	before, after error
}

func (s *safe) Read() (region.Documents, error) { return s.kept, nil }

func (s *safe) Change(edit func(region.Documents) error) error {
	next := maps.Clone(s.kept)
	if next == nil {
		next = region.Documents{}
	}
	if err := edit(next); err != nil || maps.EqualFunc(next, s.kept, bytes.Equal) {
		return err
	}
	if err := s.before; err != nil {
		s.before = nil
		return err
	}
	s.kept = next
	s.writes++
	err := s.after
	s.after = nil
	return err
}

// open is a process over a state directory, and over a vault unless that is nil:
// the release before this one knew none.
func open(t testing.TB, dir string, v *safe) (*region.Store, error) {
	t.Helper()
	store, err := region.OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if v == nil {
		return store, nil
	}
	return store, store.Keep(v)
}

// who is what must never change of a region.
type who struct{ identity, authority string }

func whoIs(t testing.TB, store *region.Store) who {
	t.Helper()
	now := regiontest.NewClock().Now()
	identity, err := store.Identity("north", now)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := store.CA("north", now)
	if err != nil {
		t.Fatal(err)
	}
	return who{identity: pki.KeyPin(identity.Key.Public()), authority: pki.CertificatePin(ca.Certificate())}
}

// TestARegionStaysItself: whatever is lost, of volume and vault, in a crash, and
// by going back to the release before and forward again, the region keeps its
// identity, its authority and its joining, and uses no number twice.
func TestARegionStaysItself(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir := t.TempDir()
		// It begins with the release before this one.
		old, err := open(t, dir, nil)
		if err != nil {
			r.Fatal(err)
		}
		want := whoIs(t, old)
		joined := region.Joined{HubUID: "hub", RegionUID: "region", Incarnation: 1}
		if err := old.SetJoined(joined); err != nil {
			r.Fatal(err)
		}
		vault := &safe{}
		used := map[[2]int64]bool{}
		report := func(store *region.Store) {
			n, err := store.NextReport(joined.Incarnation)
			if err != nil {
				return // a crash; the number is nobody's
			}
			if used[[2]int64{joined.Incarnation, n}] {
				r.Fatalf("number %d of incarnation %d is used twice", n, joined.Incarnation)
			}
			used[[2]int64{joined.Incarnation, n}] = true
		}
		report(old)
		joinAgain := func(store *region.Store) {
			next := joined
			next.Incarnation++
			if store.SetJoined(next) == nil {
				joined = next
			}
		}
		start := func() *region.Store {
			store, err := open(t, dir, vault)
			if err != nil {
				store, err = open(t, dir, vault)
			}
			if err != nil {
				r.Fatal(err)
			}
			if got := whoIs(t, store); got != want {
				r.Fatalf("the region is %+v, was %+v", got, want)
			}
			got, err := store.Joined()
			if err != nil || got == nil || got.Incarnation < joined.Incarnation {
				r.Fatalf("joined as %+v, %v, was incarnation %d", got, err, joined.Incarnation)
			}
			joined = *got // a crash may have come after it was kept
			return store
		}
		crash := errors.New("crash")
		happens := map[string]func(){
			"report":     func() { s := start(); report(s); report(s) },
			"join again": func() { joinAgain(start()) },
			"lose the volume": func() {
				start()
				dir = t.TempDir()
			},
			"lose the vault":           func() { start(); vault.kept = nil },
			"crash before a change":    func() { s := start(); vault.before = crash; report(s); vault.before = nil },
			"crash after a change":     func() { s := start(); vault.after = crash; joinAgain(s); vault.after = nil },
			"crash before the move":    func() { vault.before = crash; start(); vault.before = nil },
			"crash after the move":     func() { vault.after = crash; start(); vault.after = nil },
			"go back for a while":      func() { start(); s, _ := open(t, dir, nil); report(s) },
			"go back and join anew":    func() { start(); s, _ := open(t, dir, nil); joinAgain(s); report(s) },
			"go back without a report": func() { start(); s, _ := open(t, dir, nil); _ = whoIs(t, s) },
		}
		names := rapid.SampledFrom(slices.Sorted(maps.Keys(happens)))
		for _, name := range rapid.SliceOfN(names, 1, 4).Draw(r, "happens") {
			happens[name]()
		}
		start()
	})
}

// TestKeepChooses: of two that differ the one that went on last makes the region.
func TestKeepChooses(t *testing.T) {
	now := regiontest.NewClock().Now()
	begin := func(t *testing.T, dir string, v *safe, joined region.Joined) who {
		t.Helper()
		store, err := open(t, dir, v)
		if err != nil {
			t.Fatal(err)
		}
		made := whoIs(t, store)
		if err := store.SetJoined(joined); err != nil {
			t.Fatal(err)
		}
		return made
	}
	one := region.Joined{HubUID: "one", RegionUID: "region", Incarnation: 2}
	two := region.Joined{HubUID: "two", RegionUID: "another", Incarnation: 1}
	before := one
	before.Incarnation = 1

	t.Run("the release before this one was made another region", func(t *testing.T) {
		vault, dir := &safe{}, t.TempDir()
		former := begin(t, t.TempDir(), vault, one)
		later := begin(t, dir, nil, two)
		store, err := open(t, dir, vault)
		if err != nil {
			t.Fatal(err)
		}
		if got := whoIs(t, store); got != later {
			t.Errorf("the region is %+v, want what the volume has, %+v", got, later)
		}
		ca, err := store.CA("north", now)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(ca.BundlePEM(), []byte("BEGIN CERTIFICATE")); n != 2 || former.authority == later.authority {
			t.Errorf("%d authorities are trusted, want the region's and the one before", n)
		}
	})
	t.Run("the volume was restored from a backup", func(t *testing.T) {
		vault, dir := &safe{}, t.TempDir()
		want := begin(t, dir, nil, before)
		if got := begin(t, dir, vault, one); got != want {
			t.Fatalf("the region is %+v, was %+v", got, want)
		}
		store, _ := open(t, dir, nil)
		if err := store.SetJoined(before); err != nil {
			t.Fatal(err)
		}
		store, err := open(t, dir, vault)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := store.Joined(); err != nil || got.Incarnation != one.Incarnation {
			t.Errorf("joined as %+v, %v; the older joining came back", got, err)
		}
	})
	t.Run("the volume is a copy of another vault", func(t *testing.T) {
		copied, dir, vault := &safe{}, t.TempDir(), &safe{}
		begin(t, dir, copied, two)
		want := begin(t, t.TempDir(), vault, one)
		store, err := open(t, dir, vault)
		if err != nil {
			t.Fatal(err)
		}
		if got := whoIs(t, store); got != want {
			t.Errorf("the region is %+v, want what its vault has, %+v", got, want)
		}
	})
	t.Run("the volume is damaged", func(t *testing.T) {
		vault, dir := &safe{}, t.TempDir()
		want := begin(t, dir, vault, one)
		if err := os.WriteFile(filepath.Join(dir, "joined.json"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		store, err := open(t, dir, vault)
		if err != nil {
			t.Fatal(err)
		}
		if got := whoIs(t, store); got != want {
			t.Errorf("the region is %+v, was %+v", got, want)
		}
		if old, err := open(t, dir, nil); err != nil || old == nil {
			t.Fatal(err)
		} else if got, err := old.Joined(); err != nil || got.Incarnation != one.Incarnation {
			t.Errorf("the copy says %+v, %v", got, err)
		}
	})
}

// TestAReportIsNoWrite: a settled region writes nothing for its heartbeat.
func TestAReportIsNoWrite(t *testing.T) {
	vault := &safe{}
	store, err := open(t, t.TempDir(), vault)
	if err != nil {
		t.Fatal(err)
	}
	whoIs(t, store)
	before := vault.writes
	for range 500 {
		if _, err := store.NextReport(1); err != nil {
			t.Fatal(err)
		}
	}
	if n := vault.writes - before; n != 1 {
		t.Errorf("500 reports were %d writes, want one", n)
	}
	var key ed25519.PrivateKey
	for range 2 {
		identity, err := store.Identity("north", regiontest.NewClock().Now())
		if err != nil || (key != nil && !key.Equal(identity.Key)) {
			t.Fatalf("another identity, or %v", err)
		}
		key = identity.Key
	}
	if n := vault.writes - before; n != 1 {
		t.Errorf("reading the identity made it %d writes", n)
	}
}
