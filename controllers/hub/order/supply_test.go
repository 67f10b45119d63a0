// SPDX-License-Identifier: Apache-2.0

package order

import (
	"testing"
	"time"
)

func TestSuppliesForget(t *testing.T) {
	var all supplies
	for _, region := range []string{"north", "south"} {
		all.put(region, "owner.list", supplied{manifest: "sha256:aa"})
		all.saw(region, "owner.list", "sha256:aa", time.Unix(1, 0))
	}
	all.forget("north")
	if len(all.by) != 1 || len(all.whole) != 1 {
		t.Errorf("%d artifacts and %d sights are kept, want one each", len(all.by), len(all.whole))
	}
	if _, known := all.get("south", "owner.list"); !known || all.seen("south", "owner.list", "sha256:aa").IsZero() {
		t.Error("what is known of the other region went too")
	}
}
