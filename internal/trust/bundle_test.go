// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/frontline-screening/frontline/internal/canonical"
)

func bundleOf(number, sequence int64, at time.Time) Bundle {
	return Bundle{
		Region: "north", Number: number, Sequence: sequence, Digest: canonical.Digest(index(sequence)),
		Floors: map[string]int64{"intl.un-sc": 5}, Created: at, Expires: at.Add(BundleLifetime),
	}
}

// TestBundle: an order that travelled for 60 hours is taken from a bundle, and
// is no younger for it.
func TestBundle(t *testing.T) {
	h := north(t)
	dir := t.TempDir()
	c := open(t, dir, h)
	must[Verified](t)(c.Verify(h.sign(t, 1, start), start))
	made := start.Add(time.Hour)
	files := h.sign(t, 2, made)
	want := bundleOf(10, 2, made)
	data := must[[]byte](t)(SignBundle(h.keys.Bundle, want))
	arrived := made.Add(60 * time.Hour)

	if _, err := c.Verify(with(files, BundleFile, data), arrived); ReasonOf(err) != Expired {
		t.Fatalf("a bundle made the line's order fresh: %v", err)
	}
	// A look at it keeps nothing.
	for range 2 {
		seen, b, err := c.CheckBundle(files, data, map[string]int64{"intl.un-sc": 5}, arrived)
		if err != nil || seen.Sequence != 2 || !seen.Changed || b.Number != 10 {
			t.Fatalf("looked at order %d of bundle %d: %v", seen.Sequence, b.Number, err)
		}
	}
	if last, _ := c.Last(); last.Sequence != 1 {
		t.Fatalf("a look put order %d in force", last.Sequence)
	}
	if described := must[Bundle](t)(DescribeBundle(data)); cmp.Diff(want, described) != "" {
		t.Errorf("described as %+v", described)
	}
	got, b, err := c.VerifyBundle(files, data, map[string]int64{"intl.un-sc": 5, "other.feed": 9}, arrived)
	if err != nil {
		t.Fatal(err)
	}
	if got.Sequence != 2 || !got.Changed || !got.Issued.Equal(made) || !got.Expires.Equal(made.Add(15*time.Minute)) {
		t.Errorf("imported order %d, issued %s, expires %s", got.Sequence, got.Issued, got.Expires)
	}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Errorf("bundle (-want +got):\n%s", diff)
	}
	// A restart starts from it, and remembers its number.
	c = open(t, dir, h)
	if last, ok := c.Last(); !ok || last.Sequence != 2 {
		t.Errorf("after a restart order %d, %v", last.Sequence, ok)
	}
	if _, _, err := c.VerifyBundle(files, data, nil, arrived); ReasonOf(err) != Replayed {
		t.Errorf("the same bundle again: %v", err)
	}
	next := must[[]byte](t)(SignBundle(h.keys.Bundle, bundleOf(11, 2, made)))
	if _, _, err := c.VerifyBundle(files, next, nil, arrived); err != nil {
		t.Errorf("a later bundle of the same order: %v", err)
	}
	// The line goes on from it.
	if got := must[Verified](t)(c.Verify(h.sign(t, 3, arrived), arrived)); got.Sequence != 3 {
		t.Errorf("order %d from the line", got.Sequence)
	}
}

func TestBundleRefused(t *testing.T) {
	h := north(t)
	old := h.keys
	one := h.sign(t, 1, start)
	h.rotate(t, signers(11))
	two := h.sign(t, 2, start)
	made := start.Add(time.Hour)
	three := h.sign(t, 3, made)
	arrived := made.Add(60 * time.Hour)
	south := newHub(t, "hub-a", "south", signers(41))
	seal := func(change func(*Bundle), keys Signers) []byte {
		b := bundleOf(10, 3, made)
		if change != nil {
			change(&b)
		}
		return must[[]byte](t)(SignBundle(keys.Bundle, b))
	}
	good := seal(nil, h.keys)
	raw := func(change func(*metadata.TargetsType)) []byte {
		return resign(t, h.keys.Bundle, Files{BundleFile: good}, BundleFile, metadata.Targets(), change)[BundleFile]
	}
	tests := []struct {
		name   string
		files  Files
		bundle []byte
		now    time.Time
		want   Reason
	}{
		{"replayed: a lower number", three, seal(func(b *Bundle) { b.Number = 9 }, h.keys), arrived, Replayed},
		{"expired", three, good, made.Add(BundleLifetime), Expired},
		{"targets expired", three, seal(func(b *Bundle) { b.Expires = made.AddDate(1, 0, 0) }, h.keys), made.AddDate(0, 2, 0), Expired},
		{"root expired", three, seal(func(b *Bundle) { b.Expires = made.AddDate(3, 0, 0) }, h.keys), start.AddDate(1, 0, 1), RootExpired},
		{"another region", three, seal(func(b *Bundle) { b.Region = "south" }, h.keys), arrived, WrongRegion},
		{"another region's files", south.sign(t, 9, made), good, arrived, WrongRegion},
		{"below the floor", three, seal(func(b *Bundle) { b.Floors["intl.un-sc"] = 4 }, h.keys), arrived, BelowFloor},
		{"made for another order", three, seal(func(b *Bundle) { b.Sequence, b.Digest = 2, canonical.Digest(index(2)) }, h.keys), arrived, Mixed},
		{"made for another body of the order", three, seal(func(b *Bundle) { b.Digest = canonical.Digest([]byte("{}")) }, h.keys), arrived, Mixed},
		{"an older order", one, seal(func(b *Bundle) { b.Sequence, b.Digest = 1, canonical.Digest(index(1)) }, h.keys), arrived, Revoked},
		{"signed with the key of timestamps", three, seal(nil, Signers{Bundle: h.keys.Timestamp}), arrived, BadSignature},
		{"signed with a key that was rotated", three, seal(nil, old), arrived, BadSignature},
		{"version and number differ, signed", three, raw(func(s *metadata.TargetsType) { s.Version = 77 }), arrived, Malformed},
		{"no statement, signed", three, raw(func(s *metadata.TargetsType) { delete(s.UnrecognizedFields, extension) }), arrived, Malformed},
		{"tampered order", with(three, indexFile(index(3)), []byte("{}")), good, arrived, Mixed},
		{"no timestamp", with(three, timestampFile, nil), good, arrived, Incomplete},
		{"no JSON", three, []byte("<html>"), arrived, Malformed},
		{"nothing", three, nil, arrived, Malformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := open(t, t.TempDir(), h)
			second := must[[]byte](t)(SignBundle(h.keys.Bundle, func() Bundle { b := bundleOf(9, 2, start); return b }()))
			if _, _, err := c.VerifyBundle(two, second, nil, made); err != nil {
				t.Fatal(err)
			}
			before := must[[]byte](t)(os.ReadFile(c.store.path()))
			if _, _, err := c.CheckBundle(test.files, test.bundle, map[string]int64{"intl.un-sc": 5}, test.now); ReasonOf(err) != test.want {
				t.Errorf("a look is refused as %q, want %q: %v", ReasonOf(err), test.want, err)
			}
			_, _, err := c.VerifyBundle(test.files, test.bundle, map[string]int64{"intl.un-sc": 5}, test.now)
			if ReasonOf(err) != test.want {
				t.Fatalf("refused as %q, want %q: %v", ReasonOf(err), test.want, err)
			}
			if after := must[[]byte](t)(os.ReadFile(c.store.path())); !bytes.Equal(before, after) {
				t.Error("a refused bundle changed the state on disk")
			}
			if last, ok := c.Last(); !ok || last.Sequence != 2 {
				t.Errorf("order %d is in force, %v", last.Sequence, ok)
			}
			if _, _, err := c.VerifyBundle(three, good, nil, arrived); err != nil {
				t.Errorf("the good bundle after it: %v", err)
			}
		})
	}
	for name, change := range map[string]func(*Bundle){
		"no region": func(b *Bundle) { b.Region = "" }, "no number": func(b *Bundle) { b.Number = 0 },
		"no order": func(b *Bundle) { b.Sequence = 0 }, "expired when made": func(b *Bundle) { b.Expires = b.Created },
	} {
		b := bundleOf(1, 1, start)
		change(&b)
		if _, err := SignBundle(h.keys.Bundle, b); err == nil {
			t.Errorf("a bundle with %s was signed", name)
		}
	}
}
