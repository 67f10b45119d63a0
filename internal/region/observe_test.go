// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"sync/atomic"
	"testing"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/region"
)

// TestWhatReplicatorsCount: bytes by kind are those of the layers that moved,
// each once; an erasure counts when it is completed.
func TestWhatReplicatorsCount(t *testing.T) {
	l := newLab(t)
	pulled := map[string]int64{}
	var erased atomic.Int64
	l.copies.Pulled = func(kind string, bytes int64) { pulled[kind] += bytes }
	l.copies.Erased = func() { erased.Add(1) }
	old, next := l.erasure()
	if len(pulled) != 2 || pulled[region.LayerGroup] == 0 || pulled[region.LayerDelta] == 0 {
		t.Errorf("after a full copy and a change, %v bytes were pulled", pulled)
	}
	parts, err := l.own.Parts(t.Context(), labRepo, old[1].Artifact)
	l.must(err)
	want := map[string]int64{}
	for _, part := range parts {
		switch part.MediaType {
		case artifact.TypeGroup:
			want[region.LayerGroup] += part.Size
		case artifact.TypeDelta:
			want[region.LayerDelta] += part.Size
		}
	}
	for kind, bytes := range want {
		if pulled[kind] != bytes {
			t.Errorf("%d bytes of kind %s were pulled, want %d", pulled[kind], kind, bytes)
		}
	}
	before, err := l.region.Store().KeysHeld()
	l.must(err)
	if before != len(l.epochs()) || before == 0 {
		t.Errorf("%d keys are held, want %d", before, len(l.epochs()))
	}
	if erased.Load() != 0 {
		t.Errorf("%d erasures before the first", erased.Load())
	}
	l.must(l.obey(next))
	if erased.Load() != 1 {
		t.Errorf("%d erasures were counted, want 1", erased.Load())
	}
	if after, err := l.region.Store().KeysHeld(); err != nil || after != len(l.epochs()) {
		t.Errorf("%d keys are held, want %d: %v", after, len(l.epochs()), err)
	}
}
