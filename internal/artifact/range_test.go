// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"fmt"
	"testing"
)

func FuzzRangeStart(f *testing.F) {
	f.Add("bytes 100-199/200")
	f.Add("bytes */200")
	f.Add("bytes -1-5/6")
	f.Fuzz(func(t *testing.T, header string) {
		start, ok := rangeStart(header)
		if ok && start < 0 {
			t.Errorf("%q starts at %d", header, start)
		}
		if again, ok := rangeStart(fmt.Sprintf("bytes %d-%d/%d", max(start, 0), 9, 10)); !ok || again != max(start, 0) {
			t.Errorf("%d is read as %d, %v", start, again, ok)
		}
	})
}
