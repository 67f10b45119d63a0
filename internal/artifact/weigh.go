// SPDX-License-Identifier: Apache-2.0

package artifact

import "context"

// Weight is what an artifact's layers take on the line, in bytes.
type Weight struct {
	// Base is the full copy, Deltas what lies on top of it.
	Base, Deltas int64
	// Links is the number of deltas.
	Links int
}

// Weigh reads the manifest of an artifact and says what fetching all of it takes.
func (r *Registry) Weigh(ctx context.Context, repo, manifestDigest string) (Weight, error) {
	s, err := r.sealedManifest(ctx, repo, manifestDigest, MaxSnapshot)
	if err != nil {
		return Weight{}, r.fail("weigh snapshot", repo, manifestDigest, err)
	}
	var w Weight
	for _, layer := range s.m.Layers {
		if layer.MediaType == TypeDelta {
			w.Links, w.Deltas = w.Links+1, w.Deltas+layer.Size
		} else {
			w.Base += layer.Size
		}
	}
	return w, nil
}

// RecutDue says whether the deltas of an artifact have become so many, or so
// large, that a new base should be cut when nobody waits for it.
func (r *Registry) RecutDue(ctx context.Context, repo, manifestDigest string) (bool, error) {
	w, err := r.Weigh(ctx, repo, manifestDigest)
	return err == nil && due(w.Links, w.Deltas, w.Base), err
}
