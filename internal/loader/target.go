// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/frontline-screening/frontline/internal/dataset"
)

// stored is the last target with its tag, as it is kept beside the dataset. It
// holds no keys: those are in memory alone.
type stored struct {
	ETag   string         `json:"etag"`
	Target dataset.Target `json:"target"`
}

func targetPath(dir dataset.Dir) string { return filepath.Join(dir.Root(), "target.json") }

func saveTarget(dir dataset.Dir, s stored) error {
	s.Target.Keys = nil
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("keep the target: %w", err)
	}
	if err := renameio.WriteFile(targetPath(dir), data, 0o600); err != nil {
		return fmt.Errorf("keep the target: %w", err)
	}
	return nil
}

// loadTarget returns the target kept; found is false when there is none that can be read.
func loadTarget(dir dataset.Dir) (s stored, found bool, err error) {
	data, err := os.ReadFile(targetPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return stored{}, false, fmt.Errorf("target kept on disk: %w; the agent is asked for it again", err)
	}
	return s, true, nil
}
