// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"errors"
	"fmt"
	"slices"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Threshold is how many signatures a role needs. It counts those beyond the
// first, so that no value of it, also not the zero value, says none.
type Threshold struct{ more uint8 }

// maxHolders is far above what can gather for a ceremony.
const maxHolders = 32

// NewThreshold returns the threshold k, from 1 to 32.
func NewThreshold(k int) (Threshold, error) {
	if k < 1 || k > maxHolders {
		return Threshold{}, fmt.Errorf("threshold %d: give a number from 1 to %d", k, maxHolders)
	}
	return Threshold{more: uint8(k - 1)}, nil
}

// Int returns the threshold as a number, at least 1.
func (t Threshold) Int() int { return int(t.more) + 1 }

// checkRoles looks at what the library leaves to its caller: each role of a
// root has keys, each once and under its right id, and a threshold that they
// can meet; and no online key may also sign roots.
func checkRoles(root *metadata.Metadata[metadata.RootType]) error {
	name := rootFile(root.Signed.Version)
	if len(root.Signed.Keys) > 2*maxHolders {
		return refuse(BadRole, name, "it lists %d keys", len(root.Signed.Keys))
	}
	for _, role := range append([]string{metadata.ROOT}, onlineRoles...) {
		r := root.Signed.Roles[role]
		if r == nil {
			return refuse(BadRole, name, "role %s is missing", role)
		}
		if err := checkRole(root.Signed.Keys, r.KeyIDs, r.Threshold); err != nil {
			return refuse(BadRole, name, "role %s: %w", role, err)
		}
	}
	for _, role := range onlineRoles {
		for _, id := range root.Signed.Roles[role].KeyIDs {
			if slices.Contains(root.Signed.Roles[metadata.ROOT].KeyIDs, id) {
				return refuse(BadRole, name, "a key of role %s is a key of role root as well", role)
			}
		}
	}
	return nil
}

func checkRole(keys map[string]*metadata.Key, ids []string, threshold int) error {
	seen := map[string]bool{}
	for _, id := range ids {
		key := keys[id]
		if key == nil {
			return errors.New("a key is named and not listed")
		}
		public, err := key.ToPublicKey()
		if err != nil {
			return errors.New("a key cannot be read")
		}
		// The id of the bare key: what else the listing says makes no second key.
		_, right, err := tufKey(public)
		if err != nil {
			return err
		}
		if right != id {
			return errors.New("a key is listed under an id that is not its own")
		}
		if seen[id] {
			return errors.New("a key is named twice")
		}
		seen[id] = true
	}
	if threshold < 1 || threshold > len(ids) {
		return fmt.Errorf("threshold %d of %d keys", threshold, len(ids))
	}
	return nil
}
