// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/level"
)

const (
	blobsDir    = "blobs"
	setsDir     = "sets"
	currentLink = "current"
	clocksFile  = "clocks.json"
	ackFile     = "ack.json"
)

// Dir is a dataset directory.
type Dir struct{ root string }

// OpenDir returns the directory at root. It writes nothing.
func OpenDir(root string) Dir { return Dir{root: root} }

// Root is the directory's path.
func (d Dir) Root() string { return d.root }

// Prepare makes the folders of the contract.
func (d Dir) Prepare() error {
	for _, name := range []string{blobsDir, setsDir} {
		if err := os.MkdirAll(filepath.Join(d.root, name), 0o755); err != nil { //nolint:gosec // the engine reads it under another user
			return fmt.Errorf("dataset directory: %w", err)
		}
	}
	return nil
}

// BlobPath is where the bytes with the digest are, or belong.
func (d Dir) BlobPath(digest string) string {
	return filepath.Join(d.root, blobsDir, strings.Replace(digest, ":", "-", 1))
}

// HasBlob reports whether the blob is there in full. Blobs arrive by rename,
// so one that is there is whole.
func (d Dir) HasBlob(digest string) bool {
	info, err := os.Stat(d.BlobPath(digest))
	return err == nil && info.Mode().IsRegular()
}

// Encode returns the bytes of the set as they are stored, feeds sorted by id,
// and their digest: the name by which an Ack speaks of the set.
func Encode(set Set) (data []byte, digest string, err error) {
	set.Format, set.Level = SetFormat, 0
	if needs := level.Of(set); needs > level.First {
		set.Level = needs
	}
	set.Feeds = slices.SortedFunc(slices.Values(set.Feeds), func(a, b Feed) int { return cmp.Compare(a.ID, b.ID) })
	data, err = canonical.Marshal(set)
	if err != nil {
		return nil, "", fmt.Errorf("set of pool %s: %w", set.Pool, err)
	}
	return data, canonical.Digest(data), nil
}

// Install writes the set and turns the current link to it. The blobs of the
// set's served feeds, and of their overlays, must be there. It returns the set's digest.
func (d Dir) Install(set Set) (string, error) {
	data, digest, err := Encode(set)
	if err != nil {
		return "", err
	}
	for _, f := range set.Feeds {
		for _, blob := range f.blobs() {
			if !d.HasBlob(blob) {
				return "", fmt.Errorf("set of pool %s: the blob %s of feed %s is not in the directory; fetch it before the set is installed", set.Pool, blob, f.ID)
			}
		}
	}
	name := filepath.Join(setsDir, setName(digest))
	if err := writeFile(filepath.Join(d.root, name), data); err != nil {
		return "", err
	}
	if err := renameio.Symlink(name, filepath.Join(d.root, currentLink)); err != nil {
		return "", fmt.Errorf("set of pool %s: turn the current link: %w", set.Pool, err)
	}
	return digest, nil
}

// Current reads the set that the link names and its digest. The error is
// fs.ErrNotExist before the first set.
func (d Dir) Current() (Set, string, error) {
	path, err := filepath.EvalSymlinks(filepath.Join(d.root, currentLink))
	if err != nil {
		return Set{}, "", fmt.Errorf("current set: %w", err)
	}
	set, err := d.set(path)
	if err != nil {
		return Set{}, "", fmt.Errorf("current set: %w", err)
	}
	return set, "sha256:" + strings.TrimSuffix(filepath.Base(path), ".json"), nil
}

// set reads the set in the file path and compares it with the digest the file is named by.
func (d Dir) set(path string) (Set, error) {
	var set Set
	data, err := os.ReadFile(path) //nolint:gosec // the path is of the contract
	if err != nil {
		return set, err
	}
	if got := canonical.Digest(data); setName(got) != filepath.Base(path) {
		return set, fmt.Errorf("%s holds %s; it was damaged, remove it and let the loader install it again", filepath.Base(path), got)
	}
	if err := decode(data, &set); err != nil {
		return set, err
	}
	if set.Format != SetFormat {
		return set, fmt.Errorf("its format is not %s; loader and engine differ in version", SetFormat)
	}
	return set, nil
}

// decode reads a set. Up to the level that this build knows, a field that it
// does not know is a mistake; above, it is passed over: a loader may be newer
// than the engine beside it.
func decode(data []byte, set *Set) error {
	var needs struct {
		Level int64 `json:"level"`
	}
	if err := json.Unmarshal(data, &needs); err == nil && needs.Level > level.Known {
		return json.Unmarshal(data, set)
	}
	return canonical.UnmarshalStrict(data, set)
}

// WriteClocks replaces the clocks.
func (d Dir) WriteClocks(c Clocks) error {
	c.Format = ClocksFormat
	return writeJSON(filepath.Join(d.root, clocksFile), c)
}

// Clocks reads the clocks.
func (d Dir) Clocks() (Clocks, error) {
	var c Clocks
	err := readJSON(filepath.Join(d.root, clocksFile), &c)
	if err == nil && c.Format != ClocksFormat {
		err = fmt.Errorf("clocks: the format is not %s; loader and engine differ in version", ClocksFormat)
	}
	return c, err
}

// Collect removes the blobs and sets that neither the current set nor the one
// with the digest inUse names, except blobs of the content digests wanted: a
// set that needs them is on its way. An empty inUse says that the engine uses
// none. Overlays are blobs as snapshots are. The engine keeps a removed file
// mapped until its last reader is through. Collect and Install must not run at the same time.
func (d Dir) Collect(inUse string, wanted ...string) error {
	current, digest, err := d.Current()
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, content := range wanted {
		keep[filepath.Base(d.BlobPath(content))] = true
	}
	d.keep(keep, current, digest)
	if inUse != "" && inUse != digest {
		used, err := d.set(filepath.Join(d.root, setsDir, setName(inUse)))
		if err != nil {
			return fmt.Errorf("set in use: %w", err)
		}
		d.keep(keep, used, inUse)
	}
	var errs []error
	for _, dir := range []string{blobsDir, setsDir} {
		entries, err := os.ReadDir(filepath.Join(d.root, dir))
		if err != nil {
			return fmt.Errorf("dataset directory: %w", err)
		}
		for _, e := range entries {
			if !keep[e.Name()] {
				errs = append(errs, os.Remove(filepath.Join(d.root, dir, e.Name())))
			}
		}
	}
	return errors.Join(errs...)
}

// keep marks the names of the files that belong to the set.
func (d Dir) keep(names map[string]bool, set Set, digest string) {
	names[setName(digest)] = true
	for _, f := range set.Feeds {
		for _, blob := range f.blobs() {
			names[filepath.Base(d.BlobPath(blob))] = true
		}
	}
}

// blobs are the digests of what must be in the directory for the feed to be searched.
func (f *Feed) blobs() []string {
	switch {
	case f.State != Serve:
		return nil
	case f.Blocks == "":
		return []string{f.Content}
	}
	return []string{f.Content, f.Blocks}
}

func setName(digest string) string { return strings.TrimPrefix(digest, "sha256:") + ".json" }

// WriteAck replaces the acknowledgement in the engine's directory dir.
func WriteAck(dir string, a Ack) error {
	a.Format = AckFormat
	return writeJSON(filepath.Join(dir, ackFile), a)
}

// ReadAck reads the acknowledgement in dir; before the first it is empty.
func ReadAck(dir string) (Ack, error) {
	var a Ack
	err := readJSON(filepath.Join(dir, ackFile), &a)
	if errors.Is(err, fs.ErrNotExist) {
		return Ack{}, nil
	}
	if err == nil && a.Format != AckFormat {
		return Ack{}, fmt.Errorf("acknowledgement: the format is not %s; loader and engine differ in version", AckFormat)
	}
	return a, err
}

func writeJSON(path string, v any) error {
	data, err := canonical.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return writeFile(path, data)
}

func writeFile(path string, data []byte) error {
	if err := renameio.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("dataset directory: write %s: %w", filepath.Base(path), err)
	}
	return nil
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path) //nolint:gosec // the path is of the contract
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}
