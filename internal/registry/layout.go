// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
)

// layout is the folder of the CNCF distribution as its storage/paths.go
// describes it:
//
//	blobs/sha256/<2 hex>/<hex>/data
//	repositories/<name>/_manifests/revisions/sha256/<hex>/link
//	repositories/<name>/_manifests/tags/<tag>/current/link
//	repositories/<name>/_manifests/tags/<tag>/index/sha256/<hex>/link
//	repositories/<name>/_layers/sha256/<hex>/link
//	repositories/<name>/_uploads/<id>/{data,startedat,hashstates/…}
//
// A link holds a digest. It is what makes a blob readable in a repository.
type layout struct{ root string }

func newLayout(root string) layout {
	return layout{root: filepath.Join(root, "docker", "registry", "v2")}
}

func (l layout) repositories() string { return filepath.Join(l.root, "repositories") }
func (l layout) blobs() string        { return filepath.Join(l.root, "blobs", "sha256") }

func (l layout) repository(name string) string {
	return filepath.Join(l.repositories(), filepath.FromSlash(name))
}

func (l layout) layers(name string) string {
	return filepath.Join(l.repository(name), "_layers", "sha256")
}

func (l layout) uploads(name string) string {
	return filepath.Join(l.repository(name), "_uploads")
}

func (l layout) revisions(name string) string {
	return filepath.Join(l.repository(name), "_manifests", "revisions", "sha256")
}

func (l layout) tags(name string) string {
	return filepath.Join(l.repository(name), "_manifests", "tags")
}

func (l layout) blob(d digest.Digest) string {
	return filepath.Join(l.blobs(), d.Encoded()[:2], d.Encoded())
}

func (l layout) data(d digest.Digest) string { return filepath.Join(l.blob(d), "data") }

// names returns the entries of a folder in order; none when it is missing.
func names(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	out := make([]string, 0, len(entries))
	for _, entry := range entries {
		out = append(out, entry.Name())
	}
	return out, err
}

// repositoryNames returns the names of all repositories, those without content too.
func (l layout) repositoryNames() ([]string, error) {
	var found []string
	err := filepath.WalkDir(l.repositories(), func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.IsDir() || path == l.repositories() {
			return err
		}
		if !strings.HasPrefix(entry.Name(), "_") {
			return nil
		}
		name, err := filepath.Rel(l.repositories(), filepath.Dir(path))
		if err != nil {
			return err
		}
		if name = filepath.ToSlash(name); !slices.Contains(found[max(0, len(found)-1):], name) {
			found = append(found, name)
		}
		return fs.SkipDir
	})
	slices.Sort(found)
	return slices.Compact(found), err
}

// links returns the digests that a folder of links holds, with the time of
// each. Folders whose link is missing, left by a deletion, have the zero time.
func links(folder string) (map[digest.Digest]time.Time, error) {
	hexes, err := names(folder)
	if err != nil {
		return nil, err
	}
	out := make(map[digest.Digest]time.Time, len(hexes))
	for _, hex := range hexes {
		d := digest.NewDigestFromEncoded(digest.SHA256, hex)
		if d.Validate() != nil {
			continue
		}
		info, err := os.Stat(filepath.Join(folder, hex, "link"))
		switch {
		case err == nil:
			out[d] = info.ModTime()
		case errors.Is(err, fs.ErrNotExist):
			out[d] = time.Time{}
		default:
			return nil, err
		}
	}
	return out, nil
}

// current returns the manifest a tag names; empty when it names none.
func (l layout) current(name, tag string) (digest.Digest, error) {
	data, err := os.ReadFile(filepath.Join(l.tags(name), tag, "current", "link")) //nolint:gosec // below the registry's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	d := digest.Digest(strings.TrimSpace(string(data)))
	if err != nil {
		return "", err
	}
	if sound := d.Validate() == nil; !sound {
		return "", nil // it names nothing
	}
	return d, nil
}

// lastWrite is when a file below the folder was last written.
func lastWrite(folder string) (time.Time, error) {
	var last time.Time
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.ModTime().After(last) {
			last = info.ModTime()
		}
		return nil
	})
	return last, err
}

// forBlobs calls f with each blob. A folder without data has size -1.
func (l layout) forBlobs(f func(d digest.Digest, size int64, modified time.Time) error) error {
	prefixes, err := names(l.blobs())
	if err != nil {
		return err
	}
	for _, prefix := range prefixes {
		hexes, err := names(filepath.Join(l.blobs(), prefix))
		if err != nil {
			return err
		}
		for _, hex := range hexes {
			d := digest.NewDigestFromEncoded(digest.SHA256, hex)
			if d.Validate() != nil {
				continue
			}
			size, modified := int64(-1), time.Time{}
			info, err := os.Stat(l.data(d))
			switch {
			case err == nil:
				size, modified = info.Size(), info.ModTime()
			case !errors.Is(err, fs.ErrNotExist):
				return err
			}
			if err := f(d, size, modified); err != nil {
				return err
			}
		}
	}
	return nil
}
