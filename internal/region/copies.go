// SPDX-License-Identifier: Apache-2.0

package region

import (
	"cmp"
	"maps"
	"slices"

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
	// Epoch is the epoch of the region's key that the artifact is sealed to.
	Epoch int64 `json:"epoch"`
	// KeyFloor is the key floor that was carried out: no key below it exists.
	KeyFloor int64 `json:"keyFloor,omitempty"`
	// Retained are older releases that the registry holds as well, newest first:
	// the hub may order the region back to one without sending it again.
	Retained []Retained `json:"retained,omitempty"`
	// Leftovers are artifacts that no pod is told to read any more and that the
	// registry has not removed yet.
	Leftovers []string `json:"leftovers,omitempty"`
}

// Retained is an older release that is still held.
type Retained struct {
	Release  int64  `json:"release"`
	Artifact string `json:"artifact"`
	Epoch    int64  `json:"epoch"`
}

// succeeds says what the copy of an ordered release keeps of the one held
// before it: releases that may still be ordered stay, the rest is left over.
func (c Copy) succeeds(before Copy, f *order.Feed) Copy {
	candidates := append([]Retained{{before.Release, before.Artifact, before.Epoch}}, before.Retained...)
	slices.SortStableFunc(candidates, func(a, b Retained) int { return cmp.Compare(b.Release, a.Release) })
	c.KeyFloor = before.KeyFloor
	c.Leftovers = slices.DeleteFunc(slices.Clone(before.Leftovers), func(a string) bool { return a == c.Artifact })
	for _, r := range candidates {
		switch {
		case r.Artifact == c.Artifact || r.Artifact == "":
		case r.Release == c.Release || r.Release < f.Floor || r.Epoch < f.KeyFloor || int64(len(c.Retained)) >= f.Retain-1:
			if !slices.Contains(c.Leftovers, r.Artifact) {
				c.Leftovers = append(c.Leftovers, r.Artifact)
			}
		default:
			c.Retained = append(c.Retained, r)
		}
	}
	return c
}

// trimmed is the copy without the retained releases that the order, which it
// is as ordered by, no longer allows: they are left over.
func (c Copy) trimmed(f *order.Feed) Copy {
	next := c
	next.Retained, next.Leftovers = nil, nil
	return next.succeeds(c, f)
}

// releases are the numbers of all releases held, ascending.
func (c Copy) releases() []int64 {
	out := []int64{c.Release}
	for _, r := range c.Retained {
		out = append(out, r.Release)
	}
	slices.Sort(out)
	return out
}

// artifacts are the manifests of all releases held and left over.
func (c Copy) artifacts() []string {
	var out []string
	if c.Artifact != "" {
		out = append(out, c.Artifact)
	}
	for _, r := range c.Retained {
		out = append(out, r.Artifact)
	}
	return append(out, c.Leftovers...)
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
