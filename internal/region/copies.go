// SPDX-License-Identifier: Apache-2.0

package region

import (
	"maps"

	"github.com/frontline-screening/frontline/internal/order"
)

// Copy is a release of a feed that stands, checked, in the region's registry.
type Copy struct {
	// UID is the hub's feed object.
	UID     string `json:"uid"`
	Release int64  `json:"release"`
	// Content is the digest of the snapshot, Artifact that of its OCI manifest.
	Content  string `json:"content"`
	Artifact string `json:"artifact"`
	// Size is the snapshot's bytes, Records its records.
	Size     int64  `json:"size"`
	Records  int64  `json:"records"`
	ListDate string `json:"listDate,omitempty"`
	// Previous is the artifact held before this one, which pods may still be
	// reading. It becomes a leftover when the next release has arrived.
	Previous string `json:"previous,omitempty"`
	// Leftovers are artifacts of earlier releases that no pod reads any more
	// and that the registry has not removed yet.
	Leftovers []string `json:"leftovers,omitempty"`
}

// Copies are the copies held, by feed id.
type Copies map[string]Copy

// usable reports whether the copy held of a feed may be searched under the
// order: it is of the same feed and not below the floor. A copy newer than the
// ordered release serves on while the ordered one is pulled.
func (c Copies) usable(f *order.Feed) bool {
	held, ok := c[f.ID]
	return ok && held.UID == f.UID && held.Release >= max(f.Floor, 1)
}

// current reports whether the copy held is exactly the one ordered.
func (c Copies) current(f *order.Feed) bool {
	held, ok := c[f.ID]
	return ok && held.UID == f.UID && held.Release == f.Release && held.Content == f.Content && held.Artifact == f.Artifact
}

// Copies returns the inventory of copies as it was recorded last.
func (s *Store) Copies() (Copies, error) {
	c := Copies{}
	if _, err := s.readJSON(copiesFile, &c); err != nil {
		return nil, err
	}
	return c, nil
}

// SetCopies records the inventory.
func (s *Store) SetCopies(c Copies) error { return s.writeJSON(copiesFile, c) }

func (c Copies) clone() Copies {
	if c == nil {
		return Copies{}
	}
	return maps.Clone(c)
}
