// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/opencontainers/go-digest"
)

func digestOf(text string) digest.Digest { return digest.Digest(text) }

// place is where a blob stands that can be read.
type place struct {
	repository, manifest string
	part                 *Part
}

func (p place) key() string { return Suspect(p.repository, p.part.Digest) }

// scrub reads blobs that are there, goes on where the audit before stopped,
// and notes what is damaged in found.
func (a *Auditor) scrub(ctx context.Context, found map[string]Found, o *Outcome) error {
	budget := a.ScrubBytes
	if budget == 0 {
		budget = ScrubBytes
	}
	places := readable(found)
	// Those after the last one read, then those up to it.
	start, _ := slices.BinarySearchFunc(places, a.scrubbed, func(p place, last string) int {
		if p.key() <= last {
			return -1
		}
		return 1
	})
	for _, p := range slices.Concat(places[start:], places[:start]) {
		if budget <= 0 {
			return nil
		}
		state, err := stateOf(a.Registry.CheckBlob(ctx, p.repository, p.part.descriptor(), true))
		if err != nil {
			return err
		}
		p.part.State = state
		budget -= max(p.part.Size, 1)
		o.Read += p.part.Size
		a.scrubbed = p.key()
	}
	return nil
}

// readable are the blobs found whole, in order.
func readable(found map[string]Found) []place {
	var places []place
	for _, repository := range slices.Sorted(maps.Keys(found)) {
		for manifest, m := range found[repository].Manifests {
			for i := range m.Parts {
				if m.Parts[i].State == Whole {
					places = append(places, place{repository, manifest, &m.Parts[i]})
				}
			}
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.key(), b.key()), cmp.Compare(a.manifest, b.manifest))
	})
	return places
}
