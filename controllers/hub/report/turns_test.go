// SPDX-License-Identifier: Apache-2.0

package report

import (
	"sync"
	"testing"
)

func TestTurns(t *testing.T) {
	var all turns
	leave := all.enter("slow")
	all.enter("other")() // another region does not wait
	var in, most int
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			defer all.enter("slow")()
			in++
			most = max(most, in)
			in--
		})
	}
	leave()
	group.Wait()
	if most != 1 {
		t.Errorf("%d were in at once, want 1", most)
	}
	if len(all.taken) != 0 {
		t.Errorf("%d regions are kept with nobody in, want none", len(all.taken))
	}
}
