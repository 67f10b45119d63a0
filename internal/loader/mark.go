// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"

	"github.com/google/renameio/v2"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/trust"
)

// mark is what a loader remembers of the targets it took: the newest order and
// each feed's release.
type mark struct {
	trust.HighWater
	Taken map[string]taken `json:"taken,omitempty"`
}

// taken is the release of a feed that a target served last.
type taken struct {
	// UID is the hub's feed object: another feed of the name counts anew.
	UID     string `json:"uid"`
	Release int64  `json:"release"`
	// Sealed is the digest of the overlay of blocked records as the order named
	// it, Blocks that of its plain bytes; both empty when nothing was blocked.
	Sealed string `json:"sealed,omitempty"`
	Blocks string `json:"blocks,omitempty"`
}

func takes(ordered order.Feed, f dataset.Feed) taken {
	t := taken{UID: ordered.UID, Release: f.Release}
	if ordered.Blocks != nil {
		t.Sealed, t.Blocks = ordered.Blocks.Digest, f.Blocks
	}
	return t
}

func (m mark) raise(newest proven) mark {
	next := mark{HighWater: m.Raise(newest.Verified, nil), Taken: maps.Clone(m.Taken)}
	next.Releases = nil // Taken says it by feed object
	if next.Taken == nil {
		next.Taken = map[string]taken{}
	}
	return next
}

// forward refuses a release lower than the one taken last, unless that is what
// the hub wants: the newest order names it, or one that is news to this loader.
func (m mark) forward(newest, by proven, f dataset.Feed) error {
	before, ok := m.Taken[f.ID]
	ordered := newest.feeds[f.ID]
	news := later(by.Verified, trust.Verified{Term: m.Term, Sequence: m.Sequence})
	if !ok || before.UID != ordered.UID || f.Release >= before.Release || f.Release == ordered.Release || news {
		return nil
	}
	return unproven(trust.Rollback, "feed %s: v%d was taken before, now it is v%d, which order %d does not name", f.ID, before.Release, f.Release, newest.Sequence)
}

func (v *Verifier) load() (mark, error) {
	var m mark
	data, err := os.ReadFile(v.mark)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		return m, fmt.Errorf("memory of the newest order: %w; delete the pod", err)
	}
	return m, nil
}

func (v *Verifier) save(before, next mark) error {
	if reflect.DeepEqual(before, next) {
		return nil
	}
	data, err := canonical.Marshal(next)
	if err == nil {
		err = renameio.WriteFile(v.mark, data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("memory of the newest order: %w", err)
	}
	return nil
}
