// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"crypto"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/keyring"
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
	rootExpires                                       time.Time
	// timestampKey is the key that the root names for timestamps.
	timestampKey crypto.PublicKey
	// artifacts are the lengths of the artifacts that are targets, by path.
	artifacts map[string]int64
	// delegator is targets.json as it was parsed: it delegates to bundles.
	delegator *metadata.Metadata[metadata.TargetsType]
}

// moment is the time of a verification: as it is trusted, and as the wall
// clock shows it.
type moment struct{ trusted, wall time.Time }

func exactly(t time.Time) moment { return moment{trusted: t, wall: t} }

// walk is one run of the client workflow (section 5) over a set of files.
type walk struct {
	files    Files
	identity Identity
	now      moment
	trusted  *trustedmetadata.TrustedMetadata
	// former are the roots before the trusted one, as far as they are known.
	former [][]byte
	out    published
}

// refusePanic: the library dereferences what a hostile file leaves null, some
// of it before signatures are checked.
func refusePanic(err *error) {
	if r := recover(); r != nil {
		*err = refuse(Malformed, "", "the metadata cannot be read: %v", r)
	}
}

// verify runs the workflow over files at a time, from the last of roots, which
// is trusted already. old is the last verified repository, or nil: its
// timestamp and snapshot make older ones be refused.
func verify(roots [][]byte, old *published, files Files, identity Identity, now moment) (p *published, err error) {
	defer refusePanic(&err)
	newest := roots[len(roots)-1]
	trusted, err := loadRoot(newest)
	if err != nil {
		return nil, err
	}
	trusted.RefTime = now.trusted
	w := &walk{files: files, identity: identity, now: now, trusted: trusted, former: slices.Clone(roots[:len(roots)-1])}
	w.out.roots = [][]byte{newest}
	for _, step := range []func(*published) error{w.rootStep, w.timestampStep, w.snapshotStep, w.targetsStep, w.indexStep} {
		if err := step(old); err != nil {
			return nil, err
		}
	}
	return &w.out, nil
}

// rootStep is section 5.3: follow the chain of roots as far as it leads.
func (w *walk) rootStep(*published) error {
	known := append(slices.Clone(w.former), w.out.roots[0])
	first := w.trusted.Root.Signed.Version - int64(len(w.former))
	for i, root := range known {
		name := rootFile(first + int64(i))
		theirs, ok := w.files[name]
		if !ok || bytes.Equal(theirs, root) {
			continue
		}
		if info, err := DescribeRoot(theirs); err == nil && info.Region != w.identity.Region && w.identity.Region != "" {
			return refuse(WrongRegion, name, "it is of region %s, this is %s", info.Region, w.identity.Region)
		}
		return refuse(Foreign, name, "it is not the root this region trusts")
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
		if err := w.nextRoot(name, data); err != nil {
			return err
		}
	}
}

// nextRoot takes one more root.
func (w *walk) nextRoot(name string, data []byte) error {
	if _, err := readRoot(data); err != nil {
		return err
	}
	if _, err := w.trusted.UpdateRoot(data); err != nil {
		return classify(name, err)
	}
	if err := w.checkRoot(); err != nil {
		return err
	}
	if last := len(w.out.roots); last > 0 {
		w.former = append(w.former, w.out.roots[last-1])
	}
	w.out.roots = append(w.out.roots, data)
	return nil
}

// checkRoot fences: hub and region stay the same and the term does not go down.
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
	if w.identity.Region != "" && fields.Region != w.identity.Region {
		return refuse(WrongRegion, name, "it is of region %s, this is %s", fields.Region, w.identity.Region)
	}
	if floor := max(w.identity.Term, w.out.root.Term); fields.Term < floor {
		return refuse(Foreign, name, "it is of term %d, this region has seen term %d", fields.Term, floor)
	}
	if !root.Signed.ConsistentSnapshot {
		return refuse(Malformed, name, "it does not use consistent snapshots")
	}
	w.out.root, w.out.rootVersion, w.out.rootExpires = fields, root.Signed.Version, root.Signed.Expires
	w.out.timestampKey = timestampKeyOf(root)
	return nil
}

// timestampStep is section 5.4.
func (w *walk) timestampStep(old *published) error {
	data, err := w.files.get(timestampFile)
	if err != nil {
		return err
	}
	if old != nil && !keyring.Equal(old.timestampKey, w.out.timestampKey) {
		// What a withdrawn key said of the time is forgotten with the rest.
		w.trusted.RefTime = w.now.wall
	}
	if old != nil {
		// It was verified once. An error now means that it has expired, which
		// does not matter here, or that its key was rotated out, after which
		// section 5.3.11 wants it forgotten.
		_, _ = w.trusted.UpdateTimestamp(old.timestamp)
	}
	if w.trusted.Root.Signed.IsExpired(w.trusted.RefTime) {
		return refuse(RootExpired, rootFile(w.out.rootVersion), "it expired on %s", w.out.rootExpires.UTC().Format(time.RFC3339))
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
		return w.classify(metadata.TIMESTAMP, timestampFile, data, err)
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
		return w.classify(metadata.SNAPSHOT, name, data, err)
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
		return w.classify(metadata.TARGETS, name, data, err)
	}
	if err := checkDelegations(name, targets.Signed.Delegations); err != nil {
		return err
	}
	if w.out.artifacts, err = readArtifacts(name, targets.Signed.Targets); err != nil {
		return err
	}
	w.out.delegator = targets
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
	if bound.Region != w.out.root.Region {
		return refuse(WrongRegion, name, "the order is for region %s, its root is of region %s", bound.Region, w.out.root.Region)
	}
	w.out.index = index
	return nil
}

// classify tells a withdrawn key from a stranger's.
func (w *walk) classify(role, file string, data []byte, cause error) error {
	err := classify(file, cause)
	if ReasonOf(err) != BadSignature {
		return err
	}
	for _, former := range w.former {
		root, err := readRoot(former)
		if err == nil && signedUnder(root, role, data) {
			return refuse(Revoked, file, "a key signed it that version %d of the root named and version %d withdrew", root.Signed.Version, w.out.rootVersion)
		}
	}
	return err
}

func signedUnder(root *metadata.Metadata[metadata.RootType], role string, data []byte) bool {
	switch role {
	case metadata.TIMESTAMP:
		meta, err := metadata.Timestamp().FromBytes(data)
		return err == nil && root.VerifyDelegate(role, meta) == nil
	case metadata.SNAPSHOT:
		meta, err := metadata.Snapshot().FromBytes(data)
		return err == nil && root.VerifyDelegate(role, meta) == nil
	}
	meta, err := metadata.Targets().FromBytes(data)
	return err == nil && root.VerifyDelegate(role, meta) == nil
}
