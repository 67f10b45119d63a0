// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/frontline-screening/frontline/internal/keyring"
)

// Roots are the signed versions of a region's root.json from 1 on, in order.
type Roots [][]byte

// Newest returns the last version, or nil when there is none.
func (r Roots) Newest() []byte {
	if len(r) == 0 {
		return nil
	}
	return r[len(r)-1]
}

// RootSpec is what a version of a region's root.json says.
type RootSpec struct {
	HubUID string
	// Term, from 1, fences off hubs of a lower one.
	Term   int64
	Region string
	// Holders may sign the next root, Threshold of them together.
	Holders   []crypto.PublicKey
	Threshold Threshold
	// Online are the region's own keys; those of Bundle are not in the root.
	Online OnlineKeys
	// Expires ends the acceptance of anything new under this root.
	Expires time.Time
}

// NewRoot returns version 1 of a region's root.json, without signatures. Once
// signed it is what joining pins.
func NewRoot(spec RootSpec) ([]byte, error) { return newRoot(spec, 1) }

// NextRoot returns the version after current, without signatures. It needs
// those of current's holders and of its own (section 6.1). Hub and region stay,
// and the term does not go down.
func NextRoot(current []byte, spec RootSpec) ([]byte, error) {
	old, err := DescribeRoot(current)
	switch {
	case err != nil:
		return nil, err
	case spec.HubUID != old.HubUID:
		return nil, refuse(Foreign, rootFile(old.Version), "it is of hub %s, the next was to be of hub %s", old.HubUID, spec.HubUID)
	case spec.Region != old.Region:
		return nil, refuse(WrongRegion, rootFile(old.Version), "it is of region %s, the next was to be of region %s", old.Region, spec.Region)
	case spec.Term < old.Term:
		return nil, refuse(Rollback, rootFile(old.Version), "term %d is in force, %d was to be signed", old.Term, spec.Term)
	}
	return newRoot(spec, old.Version+1)
}

func newRoot(spec RootSpec, version int64) ([]byte, error) {
	if spec.HubUID == "" || spec.Term < 1 || spec.Region == "" {
		return nil, errors.New("root.json: it names no hub, no term or no region; they fence off other hubs and regions")
	}
	root := metadata.Root(wholeSecond(spec.Expires))
	root.Signed.Version = version
	fields, err := attach(nil, rootFields{HubUID: spec.HubUID, Term: spec.Term, Region: spec.Region})
	if err != nil {
		return nil, fmt.Errorf("root.json: %w", err)
	}
	root.Signed.UnrecognizedFields = fields
	for _, holder := range spec.Holders {
		if err := addKey(root, holder, metadata.ROOT); err != nil {
			return nil, err
		}
	}
	root.Signed.Roles[metadata.ROOT].Threshold = spec.Threshold.Int()
	for _, role := range onlineRoles {
		if err := addKey(root, spec.Online.of(role), role); err != nil {
			return nil, err
		}
	}
	if err := checkRoles(root); err != nil {
		return nil, err
	}
	data, err := root.ToBytes(false)
	if err != nil {
		return nil, fmt.Errorf("encode root.json: %w", err)
	}
	return data, nil
}

func addKey(root *metadata.Metadata[metadata.RootType], key crypto.PublicKey, role string) error {
	listed, _, err := tufKey(key)
	if err == nil {
		err = root.Signed.AddKey(listed, role)
	}
	if err != nil {
		return fmt.Errorf("root.json: key of role %s: %w", role, err)
	}
	return nil
}

// SignRoot adds a holder's signature to a root.json, in the place of an
// earlier one of the same key.
func SignRoot(root []byte, holder crypto.Signer) ([]byte, error) {
	parsed, err := readRoot(root)
	if err != nil {
		return nil, err
	}
	_, id, err := tufKey(holder.Public())
	if err != nil {
		return nil, fmt.Errorf("sign root.json: %w", err)
	}
	parsed.Signatures = slices.DeleteFunc(parsed.Signatures, func(s metadata.Signature) bool { return s.KeyID == id })
	data, err := sealed(holder, parsed)
	if err != nil {
		return nil, fmt.Errorf("root.json: %w", err)
	}
	return data, nil
}

// CheckRoot verifies a signed root.json: against the one before it, or, when
// previous is nil, as a version 1 that signs for itself. Its expiry is not
// looked at.
func CheckRoot(previous, root []byte) (RootInfo, error) {
	start := previous
	if start == nil {
		start = root
	}
	trusted, err := loadRoot(start)
	if err != nil {
		return RootInfo{}, err
	}
	w := &walk{trusted: trusted}
	if err := w.checkRoot(); err != nil {
		return RootInfo{}, err
	}
	if previous != nil {
		w.identity.HubUID, w.identity.Region = w.out.root.HubUID, w.out.root.Region
		if err := w.nextRoot("root.json", root); err != nil {
			return RootInfo{}, err
		}
	} else if trusted.Root.Signed.Version != 1 {
		return RootInfo{}, refuse(Incomplete, "root.json", "it is version %d, and the one before it was not given", trusted.Root.Signed.Version)
	}
	return describe(trusted.Root)
}

// CheckRoots verifies a whole chain and describes its newest root.
func CheckRoots(roots Roots) (RootInfo, error) {
	if len(roots) == 0 {
		return RootInfo{}, errors.New("there is no root.json; run: frontline trust root add")
	}
	info, err := CheckRoot(nil, roots[0])
	for i := 1; err == nil && i < len(roots); i++ {
		info, err = CheckRoot(roots[i-1], roots[i])
	}
	return info, err
}

// RootInfo is what a root.json says, for people and for planning the next.
type RootInfo struct {
	HubUID    string
	Term      int64
	Region    string
	Version   int64
	Expires   time.Time
	Threshold int
	Holders   []crypto.PublicKey
	// Online are the keys of targets, snapshot and timestamp, by role.
	Online map[string]crypto.PublicKey
}

// Lists reports whether the root names exactly these holders and this threshold.
func (i RootInfo) Lists(holders []crypto.PublicKey, threshold Threshold) bool {
	return len(holders) == len(i.Holders) && threshold.Int() == i.Threshold &&
		!slices.ContainsFunc(holders, func(k crypto.PublicKey) bool { return !i.Holder(k) })
}

// Holder reports whether the root names the key as a holder's.
func (i RootInfo) Holder(key crypto.PublicKey) bool {
	return slices.ContainsFunc(i.Holders, func(k crypto.PublicKey) bool { return keyring.Equal(k, key) })
}

// Uses reports whether the root names these online keys.
func (i RootInfo) Uses(keys OnlineKeys) bool {
	return !slices.ContainsFunc(onlineRoles, func(role string) bool { return !keyring.Equal(i.Online[role], keys.of(role)) })
}

// DescribeRoot reads a root.json, signed or not. Nothing is verified.
func DescribeRoot(root []byte) (RootInfo, error) {
	parsed, err := readRoot(root)
	if err != nil {
		return RootInfo{}, err
	}
	return describe(parsed)
}

func describe(root *metadata.Metadata[metadata.RootType]) (RootInfo, error) {
	fields, err := readRootFields(root)
	if err != nil {
		return RootInfo{}, err
	}
	info := RootInfo{
		HubUID: fields.HubUID, Term: fields.Term, Region: fields.Region, Version: root.Signed.Version, Expires: root.Signed.Expires,
		Threshold: root.Signed.Roles[metadata.ROOT].Threshold, Online: map[string]crypto.PublicKey{},
	}
	for _, id := range root.Signed.Roles[metadata.ROOT].KeyIDs {
		key, err := root.Signed.Keys[id].ToPublicKey()
		if err != nil {
			return RootInfo{}, classify("root.json", err)
		}
		info.Holders = append(info.Holders, key)
	}
	for _, role := range onlineRoles {
		if info.Online[role], err = root.Signed.Keys[root.Signed.Roles[role].KeyIDs[0]].ToPublicKey(); err != nil {
			return RootInfo{}, classify("root.json", err)
		}
	}
	return info, nil
}

// readRoot parses a root.json whose roles are in order.
func readRoot(data []byte) (root *metadata.Metadata[metadata.RootType], err error) {
	defer refusePanic(&err)
	if len(data) > maxMetadata {
		return nil, refuse(Malformed, "root.json", "it has %d bytes, at most %d are read", len(data), maxMetadata)
	}
	if root, err = metadata.Root().FromBytes(data); err != nil {
		return nil, classify("root.json", err)
	}
	if root.Signed.Version < 1 {
		return nil, refuse(Malformed, "root.json", "its version is %d, the first is 1", root.Signed.Version)
	}
	return root, checkRoles(root)
}

// loadRoot starts from a root that is trusted already.
func loadRoot(root []byte) (trusted *trustedmetadata.TrustedMetadata, err error) {
	defer refusePanic(&err)
	if _, err := readRoot(root); err != nil {
		return nil, err
	}
	trusted, err = trustedmetadata.New(root)
	if err != nil {
		return nil, classify("root.json", err)
	}
	return trusted, nil
}

// signatures counts the holders of by that have signed root.
func signatures(by, root *metadata.Metadata[metadata.RootType]) (int, error) {
	payload, err := cjson.EncodeCanonical(root.Signed)
	if err != nil {
		return 0, classify("root.json", err)
	}
	count := 0
	for _, id := range by.Signed.Roles[metadata.ROOT].KeyIDs {
		key, err := by.Signed.Keys[id].ToPublicKey()
		if err != nil {
			return 0, classify("root.json", err)
		}
		if slices.ContainsFunc(root.Signatures, func(s metadata.Signature) bool {
			return s.KeyID == id && keyring.Verify(key, payload, s.Signature)
		}) {
			count++
		}
	}
	return count, nil
}
