// SPDX-License-Identifier: Apache-2.0

package regiontest

import (
	"crypto"
	"maps"

	"github.com/frontline-screening/frontline/internal/trust"
)

// Stolen is what a thief can take of a hub: its keys and what it published last.
type Stolen struct {
	Holder crypto.Signer
	Online trust.Signers
	Roots  trust.Roots
	Files  trust.Files
}

// Stolen returns a copy of the hub's keys of now.
func (h *Hub) Stolen() Stolen {
	return Stolen{Holder: h.holder, Online: h.keys, Roots: append(trust.Roots(nil), h.roots...), Files: maps.Clone(h.files)}
}

// Forget makes the hub count from nothing that it published: what it signs next
// has the versions of a first order, above the clock's.
func (h *Hub) Forget() { h.files = nil }
