// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto"
	"errors"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/keyring"
)

// Floors are versions that must be exceeded although the metadata that had
// them is lost. Zero means none is known.
type Floors struct {
	Timestamp int64
	Snapshot  int64 // of snapshot and targets, which share theirs
}

// SignInput is one order to sign.
type SignInput struct {
	// Region the order is for; that of the root.
	Region string
	// Index is the content of the target order.json, at most 1 MiB.
	Index []byte
	// Artifacts are what the order serves; they are a function of Index.
	Artifacts []Artifact
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
}

// Sign returns the repository with the order. keys are those that the newest
// of roots names; prev are the files published before (nil when there are none
// or they are lost). They are verified, and files of theirs that still hold
// are taken over unchanged. Every version of the root is in the result: none
// is ever left out, so that a region that was cut off for years can follow.
//
// Sign refuses a sequence below the published one with Rollback, another
// content under the published one with Equivocation, and keys that the newest
// root, also a published one that the hub has lost, does not name with
// Revoked. A risen term counts sequences anew.
func Sign(keys Signers, roots Roots, prev Files, in SignInput) (Files, error) {
	if err := in.check(); err != nil {
		return nil, fmt.Errorf("sign order %d for region %s: %w", in.Sequence, in.Region, err)
	}
	state, err := readPrevious(roots, prev, in)
	if err != nil {
		return nil, err
	}
	roots = state.roots
	root, err := checkKeys(keys, roots, in.Region)
	if err != nil {
		return nil, err
	}
	files := Files{}
	for i, data := range roots {
		files[rootFile(int64(i)+1)] = data
	}
	if state.keep(in, root.Version, keys.Bundle.Public()) {
		for _, name := range []string{snapshotFile(state.snapshotVersion), targetsFile(state.targetsVersion), indexFile(in.Index)} {
			files[name] = prev[name]
		}
	} else {
		version := max(in.Sequence, state.snapshotVersion+1, state.targetsVersion+1)
		state.snapshotVersion = version
		if err := signTargets(keys, files, version, in); err != nil {
			return nil, err
		}
		if err := signSnapshot(keys.Snapshot, files, version, in); err != nil {
			return nil, err
		}
	}
	if err := signTimestamp(keys.Timestamp, files, state.timestampVersion+1, state.snapshotVersion, in); err != nil {
		return nil, err
	}
	return files, nil
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

// checkKeys makes sure that regions will accept what the keys sign.
func checkKeys(keys Signers, roots Roots, region string) (RootInfo, error) {
	info, err := DescribeRoot(roots.Newest())
	if err != nil {
		return info, err
	}
	name := rootFile(info.Version)
	if info.Region != region {
		return info, refuse(WrongRegion, name, "it is of region %s, the order is for %s", info.Region, region)
	}
	public := keys.Public()
	for _, role := range onlineRoles {
		if !keyring.Equal(info.Online[role], public.of(role)) {
			return info, refuse(Revoked, name, "it does not name this hub's key of role %s; restore the key, or run: frontline trust rotate %s", role, region)
		}
	}
	return info, nil
}

// previous is what the new files must exceed.
type previous struct {
	*published
	roots                                             Roots
	timestampVersion, snapshotVersion, targetsVersion int64
}

func readPrevious(roots Roots, prev Files, in SignInput) (previous, error) {
	if len(roots) == 0 {
		return previous{}, refuse(Incomplete, "root.json", "region %s has no signed root; run: frontline trust root add", in.Region)
	}
	// Nothing is known of what regions have seen but the floors. Seconds since
	// 1970 exceed any version that grew by less than one a second, so a hub
	// that lost everything is still listened to.
	fresh := previous{
		roots:            roots,
		timestampVersion: max(in.Floors.Timestamp, in.Issued.Unix()),
		snapshotVersion:  in.Floors.Snapshot,
	}
	if len(prev) == 0 || prev[timestampFile] == nil {
		return fresh, nil
	}
	p, chain, err := parsePublished(roots, prev)
	if err != nil {
		return previous{}, err
	}
	newest, err := DescribeRoot(chain.Newest())
	if err != nil {
		return previous{}, err
	}
	fresh.roots = chain
	if p.fields.Region != in.Region {
		return previous{}, refuse(WrongRegion, timestampFile, "the published order is for region %s, this one for %s", p.fields.Region, in.Region)
	}
	if newest.Term == p.root.Term {
		digest := canonical.Digest(in.Index)
		switch {
		case in.Sequence < p.fields.Sequence:
			return previous{}, refuse(Rollback, timestampFile, "sequence %d is published, %d was to be signed", p.fields.Sequence, in.Sequence)
		case in.Sequence == p.fields.Sequence && digest != p.fields.Digest:
			return previous{}, refuse(Equivocation, timestampFile, "sequence %d is published with %s, now with %s", in.Sequence, p.fields.Digest, digest)
		}
	}
	if !keyring.Equal(newest.Online[metadata.TIMESTAMP], p.timestampKey) {
		// Regions forget the versions of a key that was withdrawn (section
		// 5.3.11): whoever had it may have made them as high as can be.
		return fresh, nil
	}
	return previous{
		published: p, roots: chain,
		timestampVersion: max(p.timestampVersion, in.Floors.Timestamp),
		snapshotVersion:  max(p.snapshotVersion, in.Floors.Snapshot),
		targetsVersion:   p.targetsVersion,
	}, nil
}

// keep reports whether the published snapshot and targets say what the new
// order says under the newest root, and outlive its timestamp.
func (p previous) keep(in SignInput, rootVersion int64, bundle crypto.PublicKey) bool {
	return p.published != nil && p.rootVersion == rootVersion && p.fields.Sequence == in.Sequence &&
		p.snapshotVersion == p.published.snapshotVersion &&
		keyring.Equal(p.bundleKey(), bundle) &&
		!p.ends.Before(in.TimestampExpires)
}

func signTargets(keys Signers, files Files, version int64, in SignInput) error {
	targets, err := newTargets(version, in, keys.Bundle.Public())
	if err != nil {
		return err
	}
	files[indexFile(in.Index)] = in.Index
	return seal(keys.Targets, targets, files, targetsFile(version))
}

func signSnapshot(key crypto.Signer, files Files, version int64, in SignInput) error {
	snapshot := metadata.Snapshot(wholeSecond(in.Expires))
	snapshot.Signed.Version = version
	meta, err := metaOf(files[targetsFile(version)], version)
	if err != nil {
		return err
	}
	snapshot.Signed.Meta[targetsMeta] = meta
	return seal(key, snapshot, files, snapshotFile(version))
}

func signTimestamp(key crypto.Signer, files Files, version, snapshotVersion int64, in SignInput) error {
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
	return seal(key, timestamp, files, timestampFile)
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

// wholeSecond: section 4.2.1 of the specification knows no fractions.
func wholeSecond(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
