// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// newTargets is targets.json of an order: its index, its artifacts, and the
// delegation to the key of bundles.
func newTargets(version int64, in SignInput, bundle crypto.PublicKey) (*metadata.Metadata[metadata.TargetsType], error) {
	index, err := metadata.TargetFile().FromBytes(TargetPath, in.Index, "sha256")
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", TargetPath, err)
	}
	custom, err := json.Marshal(map[string]targetFields{extension: {Region: in.Region, Sequence: in.Sequence}})
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", TargetPath, err)
	}
	index.Custom = (*json.RawMessage)(&custom)
	targets := metadata.Targets(wholeSecond(in.Expires))
	targets.Signed.Version = version
	targets.Signed.Targets[TargetPath] = index
	for _, artifact := range in.Artifacts {
		sum, err := hex.DecodeString(strings.TrimPrefix(artifact.Digest, "sha256:"))
		if err != nil || len(sum) != 32 || artifact.Feed == "" || artifact.Size < 1 {
			return nil, fmt.Errorf("artifact %s of feed %q, %d bytes: it needs a feed, a sha256 digest and a size", artifact.Digest, artifact.Feed, artifact.Size)
		}
		targets.Signed.Targets[artifact.Path()] = &metadata.TargetFiles{Length: artifact.Size, Hashes: metadata.Hashes{"sha256": sum}, Path: artifact.Path()}
	}
	key, id, err := tufKey(bundle)
	if err != nil {
		return nil, fmt.Errorf("key of role %s: %w", BundleRole, err)
	}
	targets.Signed.Delegations = &metadata.Delegations{
		Keys:  map[string]*metadata.Key{id: key},
		Roles: []metadata.DelegatedRole{{Name: BundleRole, KeyIDs: []string{id}, Threshold: 1, Terminating: true, Paths: []string{TargetPath}}},
	}
	return targets, nil
}

// readArtifacts returns the lengths of the targets below feeds/, by path.
func readArtifacts(file string, targets map[string]*metadata.TargetFiles) (map[string]int64, error) {
	var out map[string]int64
	for name, target := range targets {
		if !strings.HasPrefix(name, "feeds/") {
			continue
		}
		if target == nil || target.Length < 1 || target.Hashes["sha256"].String() != path.Base(name) || strings.Count(name, "/") != 2 {
			return nil, refuse(Malformed, file, "a target below feeds/ is not named by its own sha256 and length")
		}
		if out == nil {
			out = map[string]int64{}
		}
		out[name] = target.Length
	}
	return out, nil
}

// checkDelegations allows the one delegation that there is, or none.
func checkDelegations(file string, d *metadata.Delegations) error {
	if d == nil {
		return nil
	}
	if d.SuccinctRoles != nil || len(d.Roles) != 1 || d.Roles[0].Name != BundleRole || !slices.Equal(d.Roles[0].Paths, []string{TargetPath}) {
		return refuse(Malformed, file, "it delegates to other roles than %s", BundleRole)
	}
	if err := checkRole(d.Keys, d.Roles[0].KeyIDs, d.Roles[0].Threshold); err != nil {
		return refuse(BadRole, file, "role %s: %w", BundleRole, err)
	}
	return nil
}
