// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/frontline-screening/frontline/internal/canonical"
)

// published is a repository whose signatures, hashes and versions agree.
type published struct {
	root   rootFields
	fields timestampFields
	index  []byte
	// roots holds each root version walked through, oldest first.
	roots       [][]byte
	rootVersion int64
	// timestamp, snapshot and targets are the bytes that were verified.
	timestamp, snapshot, targets                      []byte
	timestampVersion, snapshotVersion, targetsVersion int64
	expires                                           time.Time // of the timestamp
	ends                                              time.Time // the earlier of snapshot and targets
}

// walk is one run of the client workflow (section 5) over a set of files.
type walk struct {
	files    Files
	identity Identity
	trusted  *trustedmetadata.TrustedMetadata
	out      published
}

// loadRoot starts from a root that is trusted already.
func loadRoot(root []byte) (*trustedmetadata.TrustedMetadata, error) {
	if len(root) > maxMetadata {
		return nil, refuse(Malformed, "root.json", "it has %d bytes, at most %d are read", len(root), maxMetadata)
	}
	trusted, err := trustedmetadata.New(root)
	if err != nil {
		return nil, classify("root.json", err)
	}
	return trusted, nil
}

// verify runs the workflow from a trusted root over files at a time. old is
// the last verified repository, or nil: its timestamp and snapshot make older
// ones be refused.
func verify(root []byte, old *published, files Files, identity Identity, now time.Time) (p *published, err error) {
	// The library dereferences what a hostile file leaves null, some of it
	// before signatures are checked.
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, refuse(Malformed, "", "the metadata cannot be read: %v", r)
		}
	}()
	trusted, err := loadRoot(root)
	if err != nil {
		return nil, err
	}
	trusted.RefTime = now
	w := &walk{files: files, identity: identity, trusted: trusted}
	w.out.roots = [][]byte{root}
	for _, step := range []func(*published) error{w.rootStep, w.timestampStep, w.snapshotStep, w.targetsStep, w.indexStep} {
		if err := step(old); err != nil {
			return nil, err
		}
	}
	return &w.out, nil
}

// rootStep is section 5.3: follow the chain of roots as far as it leads.
func (w *walk) rootStep(*published) error {
	version := w.trusted.Root.Signed.Version
	if same, ok := w.files[rootFile(version)]; ok && !bytes.Equal(same, w.out.roots[0]) {
		return refuse(Foreign, rootFile(version), "it is not the root this region trusts")
	}
	if err := w.checkRoot(); err != nil {
		return err
	}
	for {
		name := rootFile(w.trusted.Root.Signed.Version + 1)
		if _, ok := w.files[name]; !ok {
			return nil
		}
		data, err := w.files.get(name)
		if err != nil {
			return err
		}
		if _, err := w.trusted.UpdateRoot(data); err != nil {
			return classify(name, err)
		}
		if err := w.checkRoot(); err != nil {
			return err
		}
		w.out.roots = append(w.out.roots, data)
	}
}

// checkRoot fences: the hub stays the same and the term does not go down.
func (w *walk) checkRoot() error {
	root := w.trusted.Root
	name := rootFile(root.Signed.Version)
	fields, err := readRootFields(root)
	if err != nil {
		return err
	}
	if w.identity.HubUID != "" && fields.HubUID != w.identity.HubUID {
		return refuse(Foreign, name, "it is of hub %s, this region joined hub %s", fields.HubUID, w.identity.HubUID)
	}
	if floor := max(w.identity.Term, w.out.root.Term); fields.Term < floor {
		return refuse(Foreign, name, "it is of term %d, this region has seen term %d", fields.Term, floor)
	}
	if !root.Signed.ConsistentSnapshot {
		return refuse(Malformed, name, "it does not use consistent snapshots")
	}
	w.out.root, w.out.rootVersion = fields, root.Signed.Version
	return nil
}

// timestampStep is section 5.4.
func (w *walk) timestampStep(old *published) error {
	data, err := w.files.get(timestampFile)
	if err != nil {
		return err
	}
	if old != nil {
		// It was verified once. An error now means that it has expired, which
		// does not matter here, or that its key was rotated out, after which
		// section 5.3.11 wants it forgotten.
		_, _ = w.trusted.UpdateTimestamp(old.timestamp)
	}
	_, err = w.trusted.UpdateTimestamp(data)
	var equal *metadata.ErrEqualVersionNumber
	switch {
	case errors.As(err, &equal):
		if !bytes.Equal(data, old.timestamp) {
			return refuse(Equivocation, timestampFile, "version %d was verified before with other bytes", w.trusted.Timestamp.Signed.Version)
		}
		if w.trusted.Timestamp.Signed.IsExpired(w.trusted.RefTime) {
			return refuse(Expired, timestampFile, "it expired on %s", w.trusted.Timestamp.Signed.Expires.UTC().Format(time.RFC3339))
		}
	case err != nil:
		return classify(timestampFile, err)
	}
	signed := w.trusted.Timestamp.Signed
	if signed.Meta[snapshotMeta] == nil {
		return refuse(Malformed, timestampFile, "it does not name %s", snapshotMeta)
	}
	if err := extract(timestampFile, signed.UnrecognizedFields, &w.out.fields); err != nil {
		return err
	}
	w.out.timestamp, w.out.timestampVersion, w.out.expires = data, signed.Version, signed.Expires
	return nil
}

// snapshotStep is section 5.5.
func (w *walk) snapshotStep(old *published) error {
	version := w.trusted.Timestamp.Signed.Meta[snapshotMeta].Version
	name := snapshotFile(version)
	data, err := w.files.get(name)
	if err != nil {
		return err
	}
	if old != nil {
		_, _ = w.trusted.UpdateSnapshot(old.snapshot, true) // as in timestampStep
	}
	if _, err := w.trusted.UpdateSnapshot(data, false); err != nil {
		return classify(name, err)
	}
	signed := w.trusted.Snapshot.Signed
	if signed.Meta[targetsMeta] == nil {
		return refuse(Malformed, name, "it does not name %s", targetsMeta)
	}
	w.out.snapshot, w.out.snapshotVersion, w.out.ends = data, signed.Version, signed.Expires
	return nil
}

// targetsStep is section 5.6.
func (w *walk) targetsStep(*published) error {
	name := targetsFile(w.trusted.Snapshot.Signed.Meta[targetsMeta].Version)
	data, err := w.files.get(name)
	if err != nil {
		return err
	}
	targets, err := w.trusted.UpdateTargets(data)
	if err != nil {
		return classify(name, err)
	}
	w.out.targets, w.out.targetsVersion = data, targets.Signed.Version
	if targets.Signed.Expires.Before(w.out.ends) {
		w.out.ends = targets.Signed.Expires
	}
	return nil
}

// indexStep is section 5.7, and what binds the target to region and sequence.
func (w *walk) indexStep(*published) error {
	name := targetsFile(w.out.targetsVersion)
	target := w.trusted.Targets[metadata.TARGETS].Signed.Targets[TargetPath]
	if target == nil || target.Custom == nil || len(target.Hashes["sha256"]) == 0 {
		return refuse(Malformed, name, "it does not name the target %s with a sha256 hash and its custom fields", TargetPath)
	}
	file := target.Hashes["sha256"].String() + "." + TargetPath
	index, err := w.files.get(file)
	if err != nil {
		return err
	}
	if err := target.VerifyLengthHashes(index); err != nil {
		return classify(file, err)
	}
	var custom map[string]targetFields
	if err := json.Unmarshal(*target.Custom, &custom); err != nil {
		return refuse(Malformed, name, "custom fields of %s: %w", TargetPath, err)
	}
	bound, stamp := custom[extension], w.out.fields
	if err := versionInRange("sequence", bound.Sequence); err != nil {
		return refuse(Malformed, name, "%w", err)
	}
	if bound.Sequence != stamp.Sequence || bound.Region != stamp.Region || canonical.Digest(index) != stamp.Digest {
		return refuse(Malformed, timestampFile, "it stamps order %d of region %s, the target is order %d of region %s", stamp.Sequence, stamp.Region, bound.Sequence, bound.Region)
	}
	if w.identity.Region != "" && bound.Region != w.identity.Region {
		return refuse(Foreign, name, "the order is for region %s, this is %s", bound.Region, w.identity.Region)
	}
	w.out.index = index
	return nil
}

// parsePublished verifies files against a root whatever their expiry: the
// beginning of time is before every end.
func parsePublished(root []byte, files Files) (*published, error) {
	p, err := verify(root, nil, files, Identity{}, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("published order: %w", err)
	}
	return p, nil
}
