// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

func project(t *testing.T, full *Snapshot, jurisdiction string) (ids []string, excluded int, raw []byte) {
	t.Helper()
	built, excluded, err := Project(full, jurisdiction, filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = os.ReadFile(built.Path); err != nil {
		t.Fatal(err)
	}
	s, err := FromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		if h := r.Handling; h != nil && (h.Text == "" || len(h.Allow)+len(h.Deny) > 0) {
			t.Errorf("handling %+v", *h)
		}
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	if built.Records != len(ids) || s.Meta().Salt != full.Meta().Salt || s.Digest() != built.Digest {
		t.Errorf("built %+v", built)
	}
	return ids, excluded, raw
}

func TestProject(t *testing.T) {
	in := records(6)
	for i, h := range []*watchlist.Handling{
		nil,
		{},
		{Text: "call"},
		{Allow: []string{"AL"}},
		{Deny: []string{"al", "ME"}, Text: "call"},
		{Allow: []string{"AL", "ME"}, Deny: []string{"ME"}},
	} {
		in[i].Handling = h
	}
	_, raw := assemble(t, []byte("salt"), in)
	full, err := FromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	var same [][]byte
	for _, tc := range []struct {
		jurisdiction string
		want         []string
	}{
		{"AL", []string{"t-0", "t-1", "t-2", "t-3", "t-5"}},
		{"ME", []string{"t-0", "t-1", "t-2"}},
		{"XK", []string{"t-0", "t-1", "t-2", "t-4"}},
		{"RS", []string{"t-0", "t-1", "t-2", "t-4"}},
	} {
		got, excluded, raw := project(t, full, tc.jurisdiction)
		if d := cmp.Diff(tc.want, got); d != "" || excluded != 6-len(tc.want) {
			t.Errorf("%s: excluded %d\n%s", tc.jurisdiction, excluded, d)
		}
		if bytes.Contains(raw, []byte("ME")) {
			t.Errorf("%s: the variant names another jurisdiction", tc.jurisdiction)
		}
		if tc.jurisdiction == "XK" || tc.jurisdiction == "RS" {
			same = append(same, raw)
		}
	}
	if !bytes.Equal(same[0], same[1]) {
		t.Error("two regions with the same rows have different bytes")
	}
	if _, _, err := Project(full, "", filepath.Join(t.TempDir(), "s")); err == nil {
		t.Error("projected to nowhere")
	}
}

func TestProjectOfNothingToHideIsTheSame(t *testing.T) {
	in := records(500)
	for i := range in {
		in[i].Handling = nil
	}
	_, raw := assemble(t, nil, in)
	full, err := FromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, excluded, got := project(t, full, "AL"); excluded != 0 || !bytes.Equal(got, raw) {
		t.Error("the variant of a list without codes is another file")
	}
}

func TestCompare(t *testing.T) {
	open := func(r []watchlist.Record) *Snapshot {
		s, err := FromBytes(build(t, meta, r).Bytes)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := records(900)
	after := slices.Clone(before[10:])
	after[0].Gender, after[500].Gender = "M", "X"
	for i := range 7 {
		r := before[0]
		r.ID = fmt.Sprintf("new-%d", i)
		after = append(after, r)
	}
	more := append(slices.Clone(after), crowd()...)
	a, b, c := open(before), open(after), open(more)
	if c.ShardCount() == a.ShardCount() {
		t.Fatal("the larger list has as many shards")
	}
	for _, tc := range []struct {
		name     string
		from, to *Snapshot
		want     Changes
	}{
		{"same", a, a, Changes{}},
		{"forward", a, b, Changes{Added: 7, Removed: 10, Modified: 2}},
		{"back", b, a, Changes{Added: 10, Removed: 7, Modified: 2}},
		{"to more shards", a, c, Changes{Added: 10, Removed: 10, Modified: 2}},
		{"to fewer shards", c, a, Changes{Added: 10, Removed: 10, Modified: 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, err := Compare(tc.from, tc.to); err != nil || got != tc.want {
				t.Errorf("got %+v, want %+v: %v", got, tc.want, err)
			}
		})
	}
}
