// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// assemble builds with a folder and little memory, so that rows are spilled.
func assemble(t testing.TB, salt []byte, in []watchlist.Record) (Built, []byte) {
	t.Helper()
	dir := t.TempDir()
	b, err := NewBuilder(meta, BuilderOptions{Dir: dir, Salt: salt, Memory: 4 << 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range in {
		if err := b.Add(&in[i]); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("rows stand in the folder under a name: %v %v", left, err)
	}
	built, err := b.Finish(filepath.Join(dir, "snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.Close(), b.Close()); err != nil {
		t.Error(err)
	}
	raw, err := os.ReadFile(built.Path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(built.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v: %v", info.Mode(), err)
	}
	return built, raw
}

func TestSpilledRowsAreTheSame(t *testing.T) {
	in := records(3000)
	want := build(t, meta, in)
	got, raw := assemble(t, nil, in)
	if !bytes.Equal(raw, want.Bytes) || got.Digest != want.Digest || got.RowsDigest != want.RowsDigest || got.Size != want.Size || got.Records != 3000 {
		t.Error("a builder that spills makes another file")
	}
	if d := cmp.Diff(want.Meta, got.Meta); d != "" {
		t.Error(d)
	}
}

func TestSaltIsPartOfEveryDigest(t *testing.T) {
	in := records(10)
	plain := build(t, meta, in)
	salted, raw := assemble(t, []byte("secret of a feed"), in)
	if salted.Digest == plain.Digest || salted.RowsDigest == plain.RowsDigest {
		t.Error("a digest does not depend on the salt")
	}
	s, err := FromBytes(raw)
	if err != nil || s.Meta().Salt != hex.EncodeToString([]byte("secret of a feed")) || s.RowsDigest() != salted.RowsDigest {
		t.Errorf("salt %v: %v", s, err)
	}
	if _, err := NewBuilder(meta, BuilderOptions{Salt: make([]byte, 65)}); err == nil {
		t.Error("a salt of 65 bytes was taken")
	}
}

// crowd is three records that are more than fits into one shard of MinShards.
func crowd() []watchlist.Record {
	var out []watchlist.Record
	for i := 0; len(out) < 3; i++ {
		r := records(1)[0]
		r.ID, r.Faces = fmt.Sprintf("large-%d", i), []watchlist.Face{{Model: "m", Vector: make([]byte, 400<<10)}}
		if ShardOf(r.ID, MinShards) == 0 {
			out = append(out, r)
		}
	}
	return out
}

func TestShardsStayBelowTheirSize(t *testing.T) {
	in := append(records(600), crowd()...)
	raw := build(t, meta, in).Bytes
	s, err := FromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	if s.ShardCount() <= MinShards {
		t.Fatalf("%d shards", s.ShardCount())
	}
	rows := 0
	for i := range s.ShardCount() {
		if len(s.Shard(i)) > ShardSize && s.ShardRows(i) > 1 {
			t.Errorf("shard %d has %d bytes", i, len(s.Shard(i)))
		}
		for c := s.Cursor(i); c.Next(); rows++ {
			if id, err := RowID(c.Row()); err != nil || ShardOf(string(id), s.ShardCount()) != i {
				t.Errorf("a row of shard %d belongs elsewhere: %v", i, err)
			}
		}
	}
	if rows != 603 {
		t.Errorf("%d rows", rows)
	}
	all := slices.Clone(s.Head())
	for i := range s.ShardCount() {
		all = append(all, s.Shard(i)...)
	}
	if !bytes.Equal(all, raw) || !bytes.Equal(s.Raw(), raw) {
		t.Error("head and shards are not the file")
	}
}

func TestOneLargeRowIsNoReasonForMoreShards(t *testing.T) {
	in := records(3)
	in[1].Faces = []watchlist.Face{{Model: "m", Vector: make([]byte, 3<<20)}}
	if got := build(t, meta, in).Meta.Shards; got != MinShards {
		t.Errorf("%d shards", got)
	}
	in[1].Faces[0].Vector = make([]byte, MaxRow)
	if _, err := Build(meta, in); err == nil || !strings.Contains(err.Error(), "record 2 has") {
		t.Errorf("row over the limit: %v", err)
	}
}

func TestBuilderRefuses(t *testing.T) {
	in := records(2000)
	in = append(in, in[1])
	b, err := NewBuilder(meta, BuilderOptions{Dir: t.TempDir(), Memory: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for i := range in {
		if err := b.Add(&in[i]); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "s")
	if _, err := b.Finish(path); err == nil || !strings.Contains(err.Error(), "records 2 and 2001 have the same id") {
		t.Errorf("same id twice: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused list has a file: %v", err)
	}
	if err := b.Add(&in[0]); err == nil {
		t.Error("added after the end")
	}
	gone, err := NewBuilder(meta, BuilderOptions{Dir: filepath.Join(t.TempDir(), "gone"), Memory: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Add(&in[0]); !errors.Is(err, ErrStorage) {
		t.Errorf("no folder: %v", err)
	}
}
