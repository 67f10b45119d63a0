// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/snapshot/snapshottest"
)

// spreads are the changes that are measured.
var spreads = []struct {
	name   string
	share  float64
	spread snapshottest.Spread
	// most is what the patch may have, in percent of a compressed copy.
	most float64
}{
	{"scattered 0.1 %", 0.001, snapshottest.Scattered, 0.2},
	{"scattered 1 %", 0.01, snapshottest.Scattered, 1.5},
	{"scattered 5 %", 0.05, snapshottest.Scattered, 7},
	{"neighbours 1 %", 0.01, snapshottest.Neighbours, 1.5},
	{"one shard 1 %", 0.01, snapshottest.OneShard, 1},
}

// copySize is the size of the file compressed as a registry holds it.
func copySize(t testing.TB, s *snapshot.Snapshot) int64 {
	t.Helper()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return int64(len(enc.EncodeAll(s.Raw(), nil)))
}

func BenchmarkCut(b *testing.B) {
	for _, wide := range []bool{false, true} {
		before := snapshottest.Build(b, snapshottest.List(200_000, wide))
		for _, tc := range spreads {
			b.Run(fmt.Sprintf("wide=%v/%s", wide, tc.name), func(b *testing.B) {
				after := snapshottest.Build(b, snapshottest.Later(200_000, wide, tc.share, tc.spread))
				var patch bytes.Buffer
				b.SetBytes(after.Size())
				for b.Loop() {
					patch.Reset()
					if err := Cut(b.Context(), before, after, &patch); err != nil {
						b.Fatal(err)
					}
				}
				full := copySize(b, after)
				b.ReportMetric(float64(patch.Len()), "patch-bytes")
				b.ReportMetric(float64(full), "full-bytes")
				b.ReportMetric(100*float64(patch.Len())/float64(full), "%-of-full")
			})
		}
	}
}

func BenchmarkApply(b *testing.B) {
	before := snapshottest.Build(b, snapshottest.List(200_000, false))
	after := snapshottest.Build(b, snapshottest.Later(200_000, false, 0.01, snapshottest.Scattered))
	var patch bytes.Buffer
	if err := Cut(b.Context(), before, after, &patch); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(after.Size())
	b.ReportAllocs()
	for b.Loop() {
		if err := Apply(b.Context(), before, bytes.NewReader(patch.Bytes()), io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
