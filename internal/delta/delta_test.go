// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/snapshot/snapshottest"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

func cut(t testing.TB, before, after *snapshot.Snapshot) []byte {
	t.Helper()
	var patch bytes.Buffer
	if err := Cut(t.Context(), before, after, &patch); err != nil {
		t.Fatal(err)
	}
	return patch.Bytes()
}

func apply(t testing.TB, before *snapshot.Snapshot, patch []byte) ([]byte, error) {
	t.Helper()
	var out bytes.Buffer
	err := Apply(t.Context(), before, bytes.NewReader(patch), &out)
	return out.Bytes(), err
}

// TestPatchesAreSmallAndExact holds the promise on bytes, at a tenth of its size.
func TestPatchesAreSmallAndExact(t *testing.T) {
	const n = 20_000
	before := snapshottest.Build(t, snapshottest.List(n, false))
	for _, tc := range spreads {
		t.Run(tc.name, func(t *testing.T) {
			after := snapshottest.Build(t, snapshottest.Later(n, false, tc.share, tc.spread))
			patch := cut(t, before, after)
			got, err := apply(t, before, patch)
			if err != nil || !bytes.Equal(got, after.Raw()) {
				t.Errorf("the result is another file: %v", err)
			}
			if !bytes.Equal(patch, cut(t, before, after)) {
				t.Error("a second cut gives other bytes")
			}
			if share := 100 * float64(len(patch)) / float64(copySize(t, after)); share > tc.most {
				t.Errorf("patch has %.2f %% of a copy, want at most %.2f", share, tc.most)
			}
		})
	}
}

func without(records iter.Seq[watchlist.Record], drop func(i int) bool) iter.Seq[watchlist.Record] {
	return func(yield func(watchlist.Record) bool) {
		i := 0
		for r := range records {
			if !drop(i) && !yield(r) {
				return
			}
			i++
		}
	}
}

func TestEdges(t *testing.T) {
	const n = 3000
	full := snapshottest.Build(t, snapshottest.List(n, true))
	empty := snapshottest.Build(t, snapshottest.List(0, true))
	for _, tc := range []struct {
		name          string
		before, after *snapshot.Snapshot
	}{
		{"nothing changed", full, full},
		{"both empty", empty, empty},
		{"all removed", full, empty},
		{"all but the last", full, snapshottest.Build(t, without(snapshottest.List(n, true), func(i int) bool { return i < n-1 }))},
		{"a third removed", full, snapshottest.Build(t, without(snapshottest.List(n, true), func(i int) bool { return i%3 == 0 }))},
		{"one added", snapshottest.Build(t, snapshottest.List(n-1, true)), full},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// Small lists may be over MaxShare: the format serves them all the same.
			var patch bytes.Buffer
			if err := write(t.Context(), tc.before, tc.after, &patch); err != nil {
				t.Fatal(err)
			}
			got, err := apply(t, tc.before, patch.Bytes())
			if err != nil || !bytes.Equal(got, tc.after.Raw()) {
				t.Errorf("the result is another file: %v", err)
			}
		})
	}
}

func TestNoDelta(t *testing.T) {
	small := snapshottest.Build(t, snapshottest.List(100, false))
	other := snapshottest.Build(t, func(yield func(watchlist.Record) bool) {
		for i := range 2000 {
			if !yield(snapshottest.Record(i, 7, false)) {
				return
			}
		}
	})
	template := func(yield func(watchlist.Record) bool) {
		r := snapshottest.Record(1, 0, false)
		r.Faces = []watchlist.Face{{Model: "m", Vector: make([]byte, 900_000)}}
		same := snapshot.ShardOf("syn-0000001", snapshot.MinShards)
		yield(r)
		for i := 2; ; i++ {
			if twin := snapshottest.Record(i, 0, false); snapshot.ShardOf(twin.ID, snapshot.MinShards) == same {
				twin.Faces = r.Faces
				yield(twin)
				return
			}
		}
	}
	for _, tc := range []struct {
		name          string
		before, after *snapshot.Snapshot
	}{
		{"first copy", small, other},
		{"every row is another", snapshottest.Build(t, snapshottest.List(2000, false)), other},
		{"more shards", small, snapshottest.Build(t, template)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := Cut(t.Context(), tc.before, tc.after, io.Discard); !errors.Is(err, ErrNoDelta) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	before := snapshottest.Build(t, snapshottest.List(2000, false))
	after := snapshottest.Build(t, snapshottest.Later(2000, false, 0.02, snapshottest.Scattered))
	good := cut(t, before, after)
	if _, err := apply(t, after, good); !errors.Is(err, ErrBase) {
		t.Errorf("another base: %v", err)
	}
	for _, tc := range []struct {
		name string
		in   []byte
	}{
		{"empty", nil},
		{"other magic", append([]byte("X"), good[1:]...)},
		{"more at the end", append(slices.Clone(good), 0)},
		{"huge head", append(slices.Clone(good[:72]), 0xff, 0xff, 0xff, 0xff, 0x7f)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := apply(t, before, tc.in); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %v", err)
			}
		})
	}
	for i := 0; i < len(good); i += 5 {
		if _, err := apply(t, before, good[:i]); !errors.Is(err, ErrMalformed) {
			t.Fatalf("cut after %d of %d bytes: %v", i, len(good), err)
		}
	}
	for i := 0; i < len(good); i += 3 {
		damaged := slices.Clone(good)
		damaged[i] ^= 0x10
		// Damage in a frame may give other rows: then the digest of the result tells.
		if _, err := apply(t, before, damaged); err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrBase) {
			t.Fatalf("byte %d of %d: %v", i, len(good), err)
		}
	}
}

// TestApplyLimits forges patches that say more than there is.
func TestApplyLimits(t *testing.T) {
	before := snapshottest.Build(t, snapshottest.List(300, false))
	from := sha256.Sum256(before.Raw())
	start := slices.Concat(magic, from[:], make([]byte, hashSize))
	frame := func(plain, dict []byte) []byte {
		b, err := appendFrame(nil, plain, dict)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	head := func(moreRows, moreBytes int64) []byte {
		header := before.Header()
		plain := append(binary.AppendUvarint(nil, uint64(len(header))), header...)
		plain = binary.AppendVarint(binary.AppendVarint(plain, moreRows), moreBytes)
		plain = append(plain, make([]byte, 2*(before.ShardCount()-1))...)
		return slices.Concat(start, frame(plain, before.Header()))
	}
	steps := func(first uint64, rest ...uint64) []byte {
		plain := binary.AppendUvarint(nil, first)
		for _, v := range rest {
			plain = binary.AppendUvarint(plain, v)
		}
		return append([]byte{0x80, 0x02}, frame(plain, nil)...)
	}
	nothing := []byte{0}
	for _, tc := range []struct {
		name, want string
		in         []byte
	}{
		{"more rows than bytes", "impossible counts", head(1<<31, 0)},
		{"fewer than none", "impossible counts", head(-1<<31, 0)},
		{"a file out of all proportion", "it makes", head(0, 1<<31)},
		{"records and rows differ", "records", head(1, 100)},
		{"over the shards there are", "a number over 256", append(head(0, 0), 0x81, 0x02)},
		{"batch of nothing", "no shards", append(head(0, 0), 0)},
		{"more rows kept than there are", "over more rows", slices.Concat(head(0, 0), steps(1<<50))},
		{"more rows dropped than there are", "over more rows", slices.Concat(head(0, 0), steps(many, 1<<60, 0))},
		{"more rows inserted than there are", "cut short", slices.Concat(head(0, 0), steps(many, 0, 1<<60), nothing)},
		{"fewer bytes than said", "do not agree", slices.Concat(head(0, 0), steps(dropOne), nothing)},
		{"steps cut short", "steps end early", slices.Concat(head(0, 0), steps(many))},
		{"a bomb of steps", "a number over", append(head(0, 0), 0x80, 0x02, 0xff, 0xff, 0xff, 0x7f)},
		{"a frame of more than it says", "malformed", slices.Concat(head(0, 0), []byte{0x80, 0x02, 1}, frame(make([]byte, 9000), nil)[2:])},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := apply(t, before, tc.in); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	if got, err := apply(t, before, slices.Concat(head(0, 0), []byte{0x80, 0x02}, nothing, nothing)); err != nil || !bytes.Equal(got, before.Raw()) {
		t.Errorf("the forged patch that changes nothing: %v", err)
	}
}

func TestApplyStops(t *testing.T) {
	before := snapshottest.Build(t, snapshottest.List(2000, false))
	after := snapshottest.Build(t, snapshottest.Later(2000, false, 0.02, snapshottest.Scattered))
	good := cut(t, before, after)
	broken := errors.New("line went down")
	err := Apply(t.Context(), before, io.MultiReader(bytes.NewReader(good[:len(good)/2]), iotest.ErrReader(broken)), io.Discard)
	if !errors.Is(err, broken) || errors.Is(err, ErrMalformed) {
		t.Errorf("error of the patch's source: %v", err)
	}
	if err := Apply(t.Context(), before, bytes.NewReader(good), full{}); !errors.Is(err, errFull) {
		t.Errorf("error of the writer: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := Apply(ctx, before, bytes.NewReader(good), io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if err := Cut(ctx, before, after, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped cut: %v", err)
	}
}

var errFull = errors.New("disk is full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func FuzzApply(f *testing.F) {
	before := snapshottest.Build(f, snapshottest.List(300, false))
	from := sha256.Sum256(before.Raw())
	start := slices.Concat(magic, from[:])
	for _, share := range []float64{0, 0.01, 0.1} {
		var patch bytes.Buffer
		after := snapshottest.Build(f, snapshottest.Later(300, false, share, snapshottest.Scattered))
		if err := write(f.Context(), before, after, &patch); err != nil {
			f.Fatal(err)
		}
		f.Add(patch.Bytes()[len(start):])
		f.Add(patch.Bytes()[len(start) : patch.Len()-9])
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var out bytes.Buffer
		err := Apply(t.Context(), before, io.MultiReader(bytes.NewReader(start), bytes.NewReader(in)), &out)
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("unnamed error %v", err)
		}
		if err == nil && int64(out.Len()) > maxSize(before.Size()) {
			t.Errorf("%d bytes made of %d", out.Len(), before.Size())
		}
	})
}
