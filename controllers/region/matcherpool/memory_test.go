// SPDX-License-Identifier: Apache-2.0

package matcherpool

import "testing"

func TestPlanData(t *testing.T) {
	tests := []struct {
		name  string
		sizes []int64
		kept  int64
		want  int64
	}{
		{"nothing", nil, 0, 4 * mebibyte},
		{"small lists", []int64{230_000, 1_300_000}, 0, 4 * mebibyte},
		{"exactly a step", []int64{8 * mebibyte}, 0, 8 * mebibyte},
		{"one byte more", []int64{8 * mebibyte, 1}, 0, 16 * mebibyte},
		{"it shrank", []int64{mebibyte}, 32 * mebibyte, 32 * mebibyte},
		{"it grew", []int64{33 * mebibyte}, 32 * mebibyte, 64 * mebibyte},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := planData(tt.sizes, tt.kept)
			if got != tt.want {
				t.Errorf("there is room for %d bytes, want %d", got, tt.want)
			}
			var sum int64
			for _, s := range tt.sizes {
				sum += s
			}
			// Old and new fit side by side: on the volume, and as indexes.
			if volumeFor(got) < 2*sum || loaderLimit(got) < volumeFor(got) || matcherLimit(got)/10*9 < 2*indexFactor*sum {
				t.Errorf("volume %d, loader %d, matcher %d do not hold %d bytes twice", volumeFor(got), loaderLimit(got), matcherLimit(got), sum)
			}
		})
	}
}
