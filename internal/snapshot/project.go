// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// Project writes to path what of a full list may be in a jurisdiction, a country of
// ISO 3166-1 alpha-2: without the records whose handling codes keep them from it, and
// without the codes themselves, which say where else a record may be. excluded counts
// the records left out. Two jurisdictions with the same rows have the same bytes.
func Project(full *Snapshot, jurisdiction, path string) (built Built, excluded int, err error) {
	if jurisdiction == "" {
		return Built{}, 0, errors.New("snapshot: no jurisdiction to project to; set the region's")
	}
	salt, err := hex.DecodeString(full.meta.Salt)
	if err != nil {
		return Built{}, 0, fmt.Errorf("snapshot: salt: %w", err)
	}
	b, err := NewBuilder(full.meta, BuilderOptions{Dir: filepath.Dir(path), Salt: salt})
	if err != nil {
		return Built{}, 0, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	var own []byte
	for row, err := range full.Rows() {
		if err != nil {
			return Built{}, 0, err
		}
		p, err := lookAt(row)
		if err != nil {
			return Built{}, 0, err
		}
		if p.handling != nil {
			if !p.handling.allows(jurisdiction) {
				excluded++
				continue
			}
			own = append(own[:0], row[:p.start]...)
			if text := p.handling.Text; text != "" {
				own = putField(own, tagHandling, putString(nil, handlingText, text))
			}
			row = append(own, row[p.end:]...)
			own = row
		}
		if err := b.add(p.typ, p.id, row); err != nil {
			return Built{}, 0, err
		}
	}
	built, err = b.Finish(path)
	return built, excluded, err
}

// Coded tells whether any record names jurisdictions in its handling. What names
// none may be everywhere: no list needs to be projected.
func (s *Snapshot) Coded() (bool, error) {
	for row, err := range s.Rows() {
		if err != nil {
			return false, err
		}
		p, err := lookAt(row)
		if err != nil {
			return false, err
		}
		if p.handling != nil && len(p.handling.Allow)+len(p.handling.Deny) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// glance is what Project must know of a row.
type glance struct {
	id       []byte
	typ      watchlist.Type
	handling *codes
	// start and end are where the handling stands in the row.
	start, end int
}

type codes struct{ watchlist.Handling }

// allows tells whether the record may be in the jurisdiction. Codes are compared
// without regard to case: a slip of the publisher's must not let a record through.
func (h *codes) allows(jurisdiction string) bool {
	same := func(code string) bool { return strings.EqualFold(code, jurisdiction) }
	return !slices.ContainsFunc(h.Deny, same) && (len(h.Allow) == 0 || slices.ContainsFunc(h.Allow, same))
}

func lookAt(row []byte) (glance, error) {
	var g glance
	for rest := row; len(rest) > 0; {
		at := len(row) - len(rest)
		tag, v, after, err := nextField(rest)
		if err != nil {
			return g, err
		}
		switch tag {
		case tagID:
			g.id = v
		case tagType:
			g.typ = watchlist.Type(v)
		case tagHandling:
			h, err := decodeHandling(v)
			if err != nil || g.handling != nil {
				return g, errRow
			}
			g.handling, g.start, g.end = &codes{*h}, at, len(row)-len(after)
		}
		rest = after
	}
	return g, nil
}
