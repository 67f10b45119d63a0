// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// framed are rows with their lengths, as a shard holds them.
func framed(rows [][]byte) []byte {
	var out []byte
	for _, r := range rows {
		out = append(binary.AppendUvarint(out, uint64(len(r))), r...)
	}
	return out
}

// Rows that stand the same in both are passed over, all of them and none besides.
func TestSkipEqual(t *testing.T) {
	skipped := 0
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.SliceOfN(rapid.ByteRange('a', 'c'), 1, 300)
		common := rapid.SliceOfN(row, 0, 40).Draw(t, "common")
		a := slices.Concat(common, rapid.SliceOfN(row, 0, 3).Draw(t, "one"))
		b := slices.Concat(common, rapid.SliceOfN(row, 0, 3).Draw(t, "other"))
		want := 0
		for want < min(len(a), len(b)) && bytes.Equal(a[want], b[want]) {
			want++
		}
		x := Cursor{rows: uint32(len(a)), rest: framed(a)} //nolint:gosec // few
		y := Cursor{rows: uint32(len(b)), rest: framed(b)} //nolint:gosec // few
		if got := SkipEqual(&x, &y); got != want {
			t.Fatalf("%d rows passed over, want %d", got, want)
		}
		skipped += want
		for _, c := range []struct {
			cursor *Cursor
			rows   [][]byte
		}{{&x, a[want:]}, {&y, b[want:]}} {
			for _, r := range c.rows {
				if !c.cursor.Next() || !bytes.Equal(c.cursor.Row(), r) {
					t.Fatalf("after %d rows comes %q, want %q", want, c.cursor.Row(), r)
				}
			}
			if c.cursor.Next() || c.cursor.Err() != nil {
				t.Fatalf("after the last row: %q, %v", c.cursor.Row(), c.cursor.Err())
			}
		}
	})
	if skipped < 100 {
		t.Errorf("%d rows were passed over; the rows are too different", skipped)
	}
}

// Damage stays where it is: the cursor says so that gets to it.
func TestSkipEqualStopsAtDamage(t *testing.T) {
	rest := append(framed([][]byte{[]byte("one")}), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	a, b := Cursor{rows: 2, rest: rest}, Cursor{rows: 2, rest: rest}
	if n := SkipEqual(&a, &b); n != 1 {
		t.Errorf("%d rows passed over, want 1", n)
	}
	if a.Next() || a.Err() == nil {
		t.Error("a damaged row is read")
	}
}
