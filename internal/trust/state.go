// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// state is what a region remembers, in one file so that it is replaced whole.
type state struct {
	VerifiedAt time.Time `json:"verifiedAt"`
	// Roots is the chain from the pinned root to the trusted one.
	Roots     [][]byte `json:"roots"`
	Timestamp []byte   `json:"timestamp"`
	Snapshot  []byte   `json:"snapshot"`
	Targets   []byte   `json:"targets"`
	Index     []byte   `json:"index"`
	// HighWater is the latest time that is known to have passed.
	HighWater time.Time `json:"highWater"`
	// Bundle is the highest number of a bundle that was imported.
	Bundle int64 `json:"bundle,omitempty"`
}

func newState(p *published, roots [][]byte, at time.Time, clock Clock, bundle int64) state {
	return state{
		VerifiedAt: at.UTC(), Roots: roots, Timestamp: p.timestamp, Snapshot: p.snapshot, Targets: p.targets, Index: p.index,
		HighWater: clock.highest().UTC(), Bundle: bundle,
	}
}

// files gives the state the names it had in the repository, so that it goes
// through the same verification again.
func (s state) files() (files Files, err error) {
	defer refusePanic(&err)
	files = Files{timestampFile: s.Timestamp, indexFile(s.Index): s.Index}
	first, err := metadata.Root().FromBytes(s.Roots[0])
	if err != nil {
		return nil, classify("root.json", err)
	}
	for i, data := range s.Roots {
		files[rootFile(first.Signed.Version+int64(i))] = data
	}
	snapshot, err := metadata.Snapshot().FromBytes(s.Snapshot)
	if err != nil {
		return nil, classify(snapshotMeta, err)
	}
	files[snapshotFile(snapshot.Signed.Version)] = s.Snapshot
	targets, err := metadata.Targets().FromBytes(s.Targets)
	if err != nil {
		return nil, classify(targetsMeta, err)
	}
	files[targetsFile(targets.Signed.Version)] = s.Targets
	return files, nil
}

// stateFile is the only file of the state directory.
const stateFile = "verified.json"

type store struct{ dir string }

func (s store) path() string { return filepath.Join(s.dir, stateFile) }

func (s store) load() (*state, error) {
	data, err := os.ReadFile(s.path())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("state of verified orders: %w", err)
	}
	var out state
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, refuse(Malformed, "", "the state in %s is damaged; restore the volume, or join the region again", s.dir)
	}
	return &out, nil
}

// save replaces the state: written beside it, synchronised, renamed, and the
// directory synchronised, so that a power cut leaves the old or the new one.
func (s store) save(next state) error {
	data, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("state of verified orders: %w", err)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("state of verified orders: %w", err)
	}
	if err := renameio.WriteFile(s.path(), data, 0o600, renameio.WithTempDir(s.dir)); err != nil {
		return fmt.Errorf("state of verified orders: %w", err)
	}
	dir, err := os.Open(s.dir)
	if err != nil {
		return fmt.Errorf("state of verified orders: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}
