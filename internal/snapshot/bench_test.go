// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/snapshot/snapshottest"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// BenchmarkBuilder builds the longest list of the promises, with rows of the usual
// length and with long ones.
func BenchmarkBuilder(b *testing.B) {
	const n = 1_000_000
	for _, wide := range []bool{false, true} {
		b.Run(fmt.Sprintf("wide=%v", wide), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				dir := b.TempDir()
				builder, err := snapshot.NewBuilder(snapshot.Meta{Format: watchlist.FrontlineJSONL}, snapshot.BuilderOptions{Dir: dir})
				if err != nil {
					b.Fatal(err)
				}
				for r := range snapshottest.List(n, wide) {
					if err := builder.Add(&r); err != nil {
						b.Fatal(err)
					}
				}
				built, err := builder.Finish(filepath.Join(dir, "s"))
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(built.Size)/n, "B/row")
				_ = builder.Close()
			}
		})
	}
}

// BenchmarkBuilderAlone builds without the time that making records takes.
func BenchmarkBuilderAlone(b *testing.B) {
	records := make([]watchlist.Record, 0, 50_000)
	for r := range snapshottest.List(cap(records), true) {
		records = append(records, r)
	}
	dir := b.TempDir()
	b.ReportAllocs()
	for b.Loop() {
		builder, err := snapshot.NewBuilder(snapshot.Meta{Format: watchlist.FrontlineJSONL}, snapshot.BuilderOptions{Dir: dir, Memory: 4 << 20})
		if err != nil {
			b.Fatal(err)
		}
		for i := range records {
			if err := builder.Add(&records[i]); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := builder.Finish(filepath.Join(dir, "s")); err != nil {
			b.Fatal(err)
		}
		_ = builder.Close()
	}
}

func BenchmarkCompare(b *testing.B) {
	before := snapshottest.Build(b, snapshottest.List(200_000, false))
	after := snapshottest.Build(b, snapshottest.Later(200_000, false, 0.01, snapshottest.Scattered))
	b.SetBytes(after.Size())
	for b.Loop() {
		if _, err := snapshot.Compare(before, after); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProject(b *testing.B) {
	full := snapshottest.Build(b, snapshottest.List(200_000, false))
	path := filepath.Join(b.TempDir(), "s")
	b.SetBytes(full.Size())
	for b.Loop() {
		if _, _, err := snapshot.Project(full, "AL", path); err != nil {
			b.Fatal(err)
		}
	}
}
