// SPDX-License-Identifier: Apache-2.0

package region

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/pki"
)

// Vault keeps what makes a region itself: its identity, its authority, its
// joining and how far its reports are numbered. Who loses it is another region;
// who loses the rest of the state directory fetches its lists anew.
type Vault interface {
	// Read returns what is kept, nothing in a new vault. It must not be changed.
	Read() (Documents, error)
	// Change edits what is kept. What edit leaves is kept whole or not at all;
	// edit may be called again, with what somebody else kept meanwhile. When it
	// changes nothing, nothing is written.
	Change(edit func(Documents) error) error
}

// Documents are the content of a vault by name.
type Documents map[string][]byte

// Names of the documents of a vault.
const (
	documentIdentityKey = "identity.key"
	documentIdentity    = "identity.crt"
	documentCAKey       = "ca.key"
	// documentCA begins with the authority's own certificate; those of the
	// authorities before it follow.
	documentCA      = "ca.crt"
	documentJoined  = "joined.json"
	documentReports = "reports.json"
)

// volumeFiles are the documents as files of the state directory, in the order in
// which they are written: a certificate comes after its key.
var volumeFiles = []struct{ document, file string }{
	{documentIdentityKey, identityKeyFile},
	{documentIdentity, identityCertFile},
	{documentCAKey, caKeyFile},
	{documentCA, caCertFile},
	{documentJoined, joinedFile},
	{documentReports, reportFile},
}

// read decodes a document into v and reports whether it is there.
func (d Documents) read(name string, v any) (bool, error) {
	data, ok := d[name]
	if !ok {
		return false, nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fmt.Errorf("what makes the region itself: %s is damaged: %w; restore it from its backup, or remove it and join again", name, err)
	}
	return true, nil
}

func (d Documents) write(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	d[name] = append(data, '\n')
	return nil
}

func (d Documents) equal(other Documents) bool { return maps.EqualFunc(d, other, bytes.Equal) }

// Replaced reports whether others are of another identity than these.
func (d Documents) Replaced(others Documents) bool {
	return d[documentIdentityKey] != nil && !bytes.Equal(d[documentIdentityKey], others[documentIdentityKey])
}

func (d Documents) digest() (string, error) {
	data, err := canonical.Marshal(map[string][]byte(d))
	return canonical.Digest(data), err
}

// volume is the vault in the state directory itself, and the copy of another.
type volume struct{ store *Store }

// Read implements Vault.
func (v volume) Read() (Documents, error) {
	kept := Documents{}
	for _, f := range volumeFiles {
		data, err := v.store.read(f.file)
		if err != nil {
			return nil, err
		}
		if data != nil {
			kept[f.document] = data
		}
	}
	return kept, nil
}

// Change implements Vault. A file is replaced at a time, so that a crash can
// leave a key without its certificate and never the other way round.
func (v volume) Change(edit func(Documents) error) error {
	kept, err := v.Read()
	if err != nil {
		return err
	}
	next := maps.Clone(kept)
	if err := edit(next); err != nil {
		return err
	}
	for _, f := range volumeFiles {
		if data, ok := next[f.document]; ok && !bytes.Equal(data, kept[f.document]) {
			if err := v.store.write(f.file, data); err != nil {
				return err
			}
		}
	}
	return nil
}

// Keep lets a vault keep what makes the region itself. What the state directory
// has of it moves there; the directory goes on holding a copy, with which the
// release before this one, which knows no vault, takes up where this one ends.
// It can be repeated after a crash at any point.
func (s *Store) Keep(v Vault) error {
	files := volume{s}
	here, err := files.Read()
	if err != nil {
		return err
	}
	copied, err := s.read(copiedFile)
	if err != nil {
		return err
	}
	s.vaultMu.Lock()
	defer s.vaultMu.Unlock()
	if err := v.Change(func(kept Documents) error {
		if moves(here, kept, string(copied)) {
			return kept.succeed(here)
		}
		return nil
	}); err != nil {
		return err
	}
	s.vault = v
	return s.copy()
}

// moves says whether the vault takes what is on the volume for its own: it has
// nothing, or somebody who knew only the volume went on there since. copied is
// the digest of what the volume was given last as a copy of the vault.
func moves(here, kept Documents, copied string) bool {
	if here[documentIdentityKey] == nil || here.equal(kept) {
		return false
	}
	if kept[documentIdentityKey] == nil {
		return true
	}
	var ours, theirs Joined
	if joined, err := here.read(documentJoined, &ours); err != nil || !joined {
		return false
	}
	if joined, err := kept.read(documentJoined, &theirs); err != nil || !joined {
		return true
	}
	if ours.HubUID == theirs.HubUID && ours.RegionUID == theirs.RegionUID {
		var counted, before reportCounter
		_, err := here.read(documentReports, &counted)
		if _, other := kept.read(documentReports, &before); err != nil || other != nil {
			return false
		}
		return cmp.Or(cmp.Compare(ours.Incarnation, theirs.Incarnation),
			cmp.Compare(counted.Incarnation, before.Incarnation), cmp.Compare(counted.Number, before.Number)) > 0
	}
	digest, err := here.digest()
	return err == nil && digest != copied
}

// succeed puts other documents in the place of these. Pods still hold what the
// authority issued that goes.
func (d Documents) succeed(other Documents) error {
	former := d[documentCA]
	clear(d)
	maps.Copy(d, other)
	if former == nil || other[documentCA] == nil {
		return nil
	}
	ca, err := pki.ParseCA(other[documentCA], other[documentCAKey])
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	ca.Succeed(former)
	d[documentCA] = ca.BundlePEM()
	return nil
}

// change edits what makes the region itself, and its copy on the volume.
func (s *Store) change(edit func(Documents) error) error {
	s.vaultMu.Lock()
	defer s.vaultMu.Unlock()
	if err := s.vault.Change(edit); err != nil {
		return err
	}
	return s.copy()
}

// ensure is change for what is there but for its first time: without a change
// nobody is asked.
func (s *Store) ensure(edit func(Documents) error) error {
	kept, err := s.vault.Read()
	if err != nil {
		return err
	}
	attempt := Documents{}
	maps.Copy(attempt, kept)
	if err := edit(attempt); err != nil || attempt.equal(kept) {
		return err
	}
	return s.change(edit)
}

// copy makes the volume hold what the vault does, and notes that it is a copy.
func (s *Store) copy() error {
	if _, itself := s.vault.(volume); itself {
		return nil
	}
	kept, err := s.vault.Read()
	if err != nil {
		return err
	}
	if err := (volume{s}).Change(func(d Documents) error { maps.Copy(d, kept); return nil }); err != nil {
		return err
	}
	digest, err := kept.digest()
	if err != nil {
		return err
	}
	if before, err := s.read(copiedFile); err != nil || string(before) == digest {
		return err
	}
	return s.write(copiedFile, []byte(digest))
}
