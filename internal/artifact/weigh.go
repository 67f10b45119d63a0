// SPDX-License-Identifier: Apache-2.0

package artifact

import "context"

// Weight is what an artifact's layers take on the line, in bytes.
type Weight struct {
	// Base is the full copy, Deltas what lies on top of it.
	Base, Deltas int64
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
			w.Deltas += layer.Size
		} else {
			w.Base += layer.Size
		}
	}
	return w, nil
}
