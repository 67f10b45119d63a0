// SPDX-License-Identifier: Apache-2.0

package watchlist_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

// BenchmarkParse reads a list of 20,000 records in each format.
func BenchmarkParse(b *testing.B) {
	set := synthetic.List(1, 20000)
	for _, format := range watchlist.Formats() {
		b.Run(string(format), func(b *testing.B) {
			data, err := set.Bytes(format, time.Unix(0, 0))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := watchlist.Parse(context.Background(), format, watchlist.Source{Reader: bytes.NewReader(data)}, watchlist.Limits{}, func(watchlist.Record) error { return nil })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
