// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/frontline-screening/frontline/internal/canonical"
)

// Floors are versions that must be exceeded although the metadata that had
// them is lost. Zero means none is known.
type Floors struct {
	Timestamp int64
	Snapshot  int64 // of snapshot and targets, which share theirs
}

// SignInput is one order to sign.
type SignInput struct {
	// Region the order is for. A region refuses the order of another, although
	// all are signed under the same root.
	Region string
	// Index is the target's content, at most 1 MiB.
	Index []byte
	// Sequence of the order, from 1. It rises exactly when Index changes.
	Sequence int64
	// Issued is the time of signing.
	Issued time.Time
	// TimestampExpires ends the acceptance of new content.
	TimestampExpires time.Time
	// Expires is when snapshot and targets end. They are signed again, with
	// raised versions, when that would be before the timestamp's end.
	Expires time.Time
	// SourceChecked is when each feed's source was last checked, by feed id.
	SourceChecked map[string]time.Time
	// Floors count beside the previous files, and alone when there are none.
	Floors Floors
	// PreviousRoot is the root.json under which the previous files were
	// signed when root has other keys; from the hub's own keeping. Nil else.
	PreviousRoot []byte
}

// Sign returns the repository with the order. root is the newest root.json,
// prev the files published before (nil when there are none or they are lost);
// they are verified against root, and files of theirs that still hold are
// taken over unchanged. Sign refuses a sequence below the published one with
// Rollback and another content under the published one with Equivocation.
func Sign(key ed25519.PrivateKey, root []byte, prev Files, in SignInput) (Files, error) {
	signer, err := newSigner(key)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, fmt.Errorf("sign order %d for region %s: %w", in.Sequence, in.Region, err)
	}
	files, err := rootChain(root, prev, in.PreviousRoot)
	if err != nil {
		return nil, err
	}
	state, err := readPrevious(root, prev, in)
	if err != nil {
		return nil, err
	}
	if state.keep(in) {
		for _, name := range []string{snapshotFile(state.snapshotVersion), targetsFile(state.targetsVersion), indexFile(in.Index)} {
			files[name] = prev[name]
		}
	} else {
		state.snapshotVersion = max(in.Sequence, state.snapshotVersion+1, state.targetsVersion+1)
		state.targetsVersion = state.snapshotVersion
		if err := signTargets(signer, files, state.targetsVersion, in); err != nil {
			return nil, err
		}
		if err := signSnapshot(signer, files, state.snapshotVersion, in); err != nil {
			return nil, err
		}
	}
	if err := signTimestamp(signer, files, state.timestampVersion+1, state.snapshotVersion, in); err != nil {
		return nil, err
	}
	return files, nil
}

// AdoptSequence returns the sequence and the timestamp version that published
// files carry, verified against the hub's own root whatever their expiry. A
// hub restored from a backup starts from them.
func AdoptSequence(files Files, root []byte) (sequence, timestampVersion int64, err error) {
	p, err := parsePublished(root, files)
	if err != nil {
		return 0, 0, err
	}
	return p.fields.Sequence, p.timestampVersion, nil
}

func (in SignInput) check() error {
	switch {
	case in.Region == "":
		return errors.New("no region given; a region refuses orders that do not name it")
	case len(in.Index) == 0 || len(in.Index) > maxMetadata:
		return fmt.Errorf("the index has %d bytes, expected 1 to %d", len(in.Index), maxMetadata)
	case in.Issued.IsZero() || !in.TimestampExpires.After(in.Issued) || !in.Expires.After(in.Issued):
		return errors.New("it would be expired when issued; give later ends")
	}
	return versionInRange("sequence", in.Sequence)
}

// previous is what the new files must exceed.
type previous struct {
	*published
	timestampVersion, snapshotVersion, targetsVersion int64
}

func readPrevious(root []byte, prev Files, in SignInput) (previous, error) {
	if len(prev) == 0 || prev[timestampFile] == nil {
		// Nothing is known of what regions have seen but the floors. Seconds
		// since 1970 exceed any version that grew by less than one a second,
		// so a hub that lost everything is still listened to.
		return previous{
			timestampVersion: max(in.Floors.Timestamp, in.Issued.Unix()),
			snapshotVersion:  in.Floors.Snapshot,
		}, nil
	}
	if in.PreviousRoot != nil {
		root = in.PreviousRoot
	}
	p, err := parsePublished(root, prev)
	if err != nil {
		return previous{}, err
	}
	switch digest := canonical.Digest(in.Index); {
	case in.Region != p.fields.Region:
		return previous{}, refuse(Foreign, timestampFile, "the published order is for region %s, this one for %s", p.fields.Region, in.Region)
	case in.Sequence < p.fields.Sequence:
		return previous{}, refuse(Rollback, timestampFile, "sequence %d is published, %d was to be signed", p.fields.Sequence, in.Sequence)
	case in.Sequence == p.fields.Sequence && digest != p.fields.Digest:
		return previous{}, refuse(Equivocation, timestampFile, "sequence %d is published with %s, now with %s", in.Sequence, p.fields.Digest, digest)
	}
	return previous{
		published:        p,
		timestampVersion: max(p.timestampVersion, in.Floors.Timestamp),
		snapshotVersion:  max(p.snapshotVersion, in.Floors.Snapshot),
		targetsVersion:   p.targetsVersion,
	}, nil
}

// keep reports whether the published snapshot and targets say what the new
// order says and outlive its timestamp.
func (p previous) keep(in SignInput) bool {
	return p.published != nil && in.PreviousRoot == nil && p.fields.Sequence == in.Sequence &&
		p.snapshotVersion == p.published.snapshotVersion &&
		!p.published.ends.Before(in.TimestampExpires)
}

func signTargets(signer signature.Signer, files Files, version int64, in SignInput) error {
	target, err := metadata.TargetFile().FromBytes(TargetPath, in.Index, "sha256")
	if err != nil {
		return fmt.Errorf("target %s: %w", TargetPath, err)
	}
	custom, err := json.Marshal(map[string]targetFields{extension: {Region: in.Region, Sequence: in.Sequence}})
	if err != nil {
		return fmt.Errorf("target %s: %w", TargetPath, err)
	}
	target.Custom = (*json.RawMessage)(&custom)
	targets := metadata.Targets(wholeSecond(in.Expires))
	targets.Signed.Version = version
	targets.Signed.Targets[TargetPath] = target
	files[indexFile(in.Index)] = in.Index
	return seal(signer, targets, files, targetsFile(version))
}

func signSnapshot(signer signature.Signer, files Files, version int64, in SignInput) error {
	snapshot := metadata.Snapshot(wholeSecond(in.Expires))
	snapshot.Signed.Version = version
	meta, err := metaOf(files[targetsFile(version)], version)
	if err != nil {
		return err
	}
	snapshot.Signed.Meta[targetsMeta] = meta
	return seal(signer, snapshot, files, snapshotFile(version))
}

func signTimestamp(signer signature.Signer, files Files, version, snapshotVersion int64, in SignInput) error {
	checked := make(map[string]time.Time, len(in.SourceChecked))
	for feed, at := range in.SourceChecked {
		checked[feed] = wholeSecond(at)
	}
	if err := versionInRange("timestamp version", version); err != nil {
		return err
	}
	timestamp := metadata.Timestamp(wholeSecond(in.TimestampExpires))
	timestamp.Signed.Version = version
	meta, err := metaOf(files[snapshotFile(snapshotVersion)], snapshotVersion)
	if err != nil {
		return err
	}
	timestamp.Signed.Meta[snapshotMeta] = meta
	timestamp.Signed.UnrecognizedFields, err = attach(nil, timestampFields{
		Region: in.Region, Sequence: in.Sequence, Digest: canonical.Digest(in.Index),
		Issued: wholeSecond(in.Issued), SourceChecked: checked,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", timestampFile, err)
	}
	return seal(signer, timestamp, files, timestampFile)
}

func metaOf(data []byte, version int64) (*metadata.MetaFiles, error) {
	target, err := metadata.TargetFile().FromBytes("", data, "sha256")
	if err != nil {
		return nil, fmt.Errorf("hash metadata: %w", err)
	}
	meta := metadata.MetaFile(version)
	meta.Length, meta.Hashes = target.Length, target.Hashes
	return meta, nil
}

func seal[T metadata.Roles](signer signature.Signer, meta *metadata.Metadata[T], files Files, name string) error {
	if _, err := meta.Sign(signer); err != nil {
		return fmt.Errorf("sign %s: %w", name, err)
	}
	data, err := meta.ToBytes(false)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	files[name] = data
	return nil
}

func newSigner(key ed25519.PrivateKey) (signature.Signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("signing key: %d bytes instead of %d; restore it from the Secret's backup", len(key), ed25519.PrivateKeySize)
	}
	signer, err := signature.LoadSigner(key, crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return signer, nil
}

// wholeSecond: section 4.2.1 of the specification knows no fractions.
func wholeSecond(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// rootChain returns a new set of files with every root version up to the
// newest.
func rootChain(root []byte, prev Files, previousRoot []byte) (Files, error) {
	newest, err := metadata.Root().FromBytes(root)
	if err != nil {
		return nil, classify("root.json", err)
	}
	files := Files{rootFile(newest.Signed.Version): root}
	for version := newest.Signed.Version - 1; version >= 1; version-- {
		data, ok := prev[rootFile(version)]
		if version == newest.Signed.Version-1 && previousRoot != nil {
			data, ok = previousRoot, true
		}
		if !ok {
			return nil, refuse(Incomplete, rootFile(version), "regions that trust it cannot follow to version %d; pass it with the previous files", newest.Signed.Version)
		}
		files[rootFile(version)] = data
	}
	return files, nil
}
