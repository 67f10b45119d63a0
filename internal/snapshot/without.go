// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
)

// Without writes to path what is left of a list when the records that drop names
// by their ids are taken out, and counts those it took out. All else stays as it
// is: a list that loses nothing has the same bytes.
func Without(full *Snapshot, drop func(id string) bool, path string) (built Built, dropped int, err error) {
	salt, err := hex.DecodeString(full.meta.Salt)
	if err != nil {
		return Built{}, 0, fmt.Errorf("snapshot: salt: %w", err)
	}
	b, err := NewBuilder(full.meta, BuilderOptions{Dir: filepath.Dir(path), Salt: salt})
	if err != nil {
		return Built{}, 0, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	for row, err := range full.Rows() {
		if err != nil {
			return Built{}, 0, err
		}
		p, err := lookAt(row)
		if err != nil {
			return Built{}, 0, err
		}
		if drop(string(p.id)) {
			dropped++
			continue
		}
		if err := b.add(p.typ, p.id, row); err != nil {
			return Built{}, 0, err
		}
	}
	built, err = b.Finish(path)
	return built, dropped, err
}
