// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

func records(n int) []watchlist.Record {
	out := make([]watchlist.Record, n)
	for i := range out {
		out[i] = watchlist.Record{
			ID: fmt.Sprintf("t-%d", i), Type: watchlist.Person, Nature: "Missing", Gender: "F",
			Names: []watchlist.Name{
				{Full: fmt.Sprintf("Ana Testova %d", i)},
				{Given: "Ana", Family: "Test", Quality: watchlist.Low, Kind: watchlist.Alias},
			},
			BirthDates: []string{"1970~", "1971-02-03"}, BirthPlaces: []watchlist.Place{{Text: "Testville", Country: "AL"}, {Country: "XK"}},
			Nationalities: []string{"AL", "XK"}, Programmes: []string{"Sample"},
			Documents:    []watchlist.Document{{Type: "passport", Number: "T1", Country: "AL"}, {Number: "2"}},
			Fingerprints: []watchlist.Fingerprint{{Position: "right-index", Format: "f", Template: []byte{0, 255}}},
			Faces:        []watchlist.Face{{Model: "m", Vector: []byte{1, 2, 3, 4}}},
			Handling:     &watchlist.Handling{Allow: []string{"AL"}, Deny: []string{"XX"}, Text: "call"},
			Issued:       "2030-01-02", Expires: "2040-01-01T00:00:00Z",
		}
	}
	return out
}

var meta = Meta{Format: watchlist.UNXML, ListDate: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)}

func build(t testing.TB, m Meta, r []watchlist.Record) Built {
	t.Helper()
	b, err := Build(m, r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	in := records(500)
	b := build(t, meta, in)
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, b.Bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(b.Digest); err != nil {
		t.Error(err)
	}
	if err := s.Verify("sha256:00"); !errors.Is(err, ErrDigest) {
		t.Errorf("wrong digest: %v", err)
	}
	if s.RowsDigest() != b.RowsDigest || s.Size() != b.Size || s.Records() != 500 || s.Meta().Persons != 500 {
		t.Errorf("meta %+v", s.Meta())
	}
	var got []watchlist.Record
	for r, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	byID := func(a, b watchlist.Record) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(got, byID)
	slices.SortFunc(in, byID)
	if d := cmp.Diff(in, got); d != "" {
		t.Error(d)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}

func TestSameRowsSameBytes(t *testing.T) {
	in := records(300)
	want := build(t, meta, in)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		rng.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		local := meta
		local.ListDate = meta.ListDate.In(time.FixedZone("x", 3600))
		if got := build(t, local, in); got.Digest != want.Digest || !bytes.Equal(got.Bytes, want.Bytes) {
			t.Fatal("another order gives other bytes")
		}
	}
	other := meta
	other.ListDate = other.ListDate.AddDate(0, 0, 1)
	if got := build(t, other, in); got.Digest == want.Digest || got.RowsDigest != want.RowsDigest {
		t.Error("a new list date must change the digest and keep that of the rows")
	}
	in[0].Gender = "M"
	if got := build(t, meta, in); got.RowsDigest == want.RowsDigest {
		t.Error("a changed row keeps the digest of the rows")
	}
}

func TestAChangeTouchesOneShard(t *testing.T) {
	in := records(2000)
	a, err := FromBytes(build(t, meta, in).Bytes)
	if err != nil {
		t.Fatal(err)
	}
	changed := 7
	in[changed].Gender = "M"
	b, err := FromBytes(build(t, meta, in).Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.shards {
		if same := bytes.Equal(a.shards[i].body, b.shards[i].body); same == (i == ShardOf(in[changed].ID, MinShards)) {
			t.Errorf("shard %d: same is %v", i, same)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	twice := append(records(3), records(1)...)
	for _, tc := range []struct {
		name, want string
		in         []watchlist.Record
	}{
		{"same id twice", "records 1 and 4 have the same id", twice},
		{"no id", "record 1 has no id", []watchlist.Record{{Type: watchlist.Person}}},
		{"no type", "record 1 has no known type", []watchlist.Record{{ID: "1"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := Build(meta, tc.in); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	good := build(t, meta, records(3)).Bytes
	for _, tc := range []struct {
		name string
		in   []byte
	}{
		{"empty", nil},
		{"other magic", append([]byte("X"), good[1:]...)},
		{"cut in the header", good[:20]},
		{"cut in the table", good[:600]},
		{"cut in the rows", good[:len(good)-1]},
		{"more at the end", append(slices.Clone(good), 0)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			if err := os.WriteFile(path, tc.in, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(path); err == nil {
				t.Error("opened")
			}
		})
	}
}

func FuzzOpen(f *testing.F) {
	b, err := Build(meta, records(3))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes)
	f.Add(b.Bytes[:len(b.Bytes)-40])
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := FromBytes(in)
		if err != nil {
			return
		}
		n := 0
		for _, err := range s.All() {
			if err != nil {
				return
			}
			n++
		}
		if n != s.Records() {
			t.Errorf("%d rows, header says %d", n, s.Records())
		}
	})
}
