// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/opencontainers/go-digest"
)

// maxManifest is the most bytes the library takes as a manifest.
const maxManifest = 4 << 20

var errUnreadable = errors.New("manifest is unreadable")

// mark marks the manifests of a repository that stay and what they refer to.
// One that cannot be read goes too, with its bytes: it serves nobody, and a
// push does not replace bytes that are there.
func (c *collection) mark(name string, held map[digest.Digest]time.Time, going map[digest.Digest]bool) (referred map[digest.Digest]bool, whole bool, err error) {
	referred, whole = map[digest.Digest]bool{}, true
	for d := range held {
		if going[d] {
			continue
		}
		parts, err := readReferences(c.data(d), d)
		if errors.Is(err, errUnreadable) {
			c.result.Unreadable = append(c.result.Unreadable, name+"@"+d.String())
			going[d], whole = true, false
			if err := c.remove(c.blob(d)); err != nil {
				return nil, false, err
			}
			continue
		}
		if err != nil {
			return nil, false, err
		}
		c.marked[d] = true
		for _, part := range parts {
			referred[part], c.marked[part] = true, true
		}
	}
	return referred, whole, nil
}

// readReferences returns what a manifest or index refers to (OCI image
// specification, "manifest.md" and "image-index.md"; Docker's schema 2 has the
// same members). A subject is no part of a manifest and is not returned.
func readReferences(path string, want digest.Digest) ([]digest.Digest, error) {
	file, err := os.Open(path) //nolint:gosec // below the registry's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: its blob is missing", errUnreadable)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxManifest+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxManifest || digest.FromBytes(data) != want {
		return nil, fmt.Errorf("%w: its bytes have another digest", errUnreadable)
	}
	return references(data)
}

func references(data []byte) ([]digest.Digest, error) {
	type descriptor struct {
		Digest digest.Digest `json:"digest"`
	}
	var m struct {
		Config    *descriptor  `json:"config"`
		Layers    []descriptor `json:"layers"`
		Blobs     []descriptor `json:"blobs"`
		Manifests []descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	all := append(append(m.Layers, m.Blobs...), m.Manifests...)
	if m.Config != nil {
		all = append(all, *m.Config)
	}
	out := make([]digest.Digest, 0, len(all))
	for _, part := range all {
		out = append(out, part.Digest)
	}
	return out, nil
}

// verify reads the blobs asked for and removes those that are not what their
// digest says. Their links stay: a push makes them whole.
func (c *collection) verify(ctx context.Context) error {
	for _, text := range c.options.Verify {
		if err := ctx.Err(); err != nil {
			return err
		}
		d, err := parseDigest(text)
		if err != nil {
			return err
		}
		ok, err := sound(c.data(d), d)
		if err != nil {
			return err
		}
		if ok {
			continue
		}
		if err := c.remove(filepath.Clean(c.blob(d))); err != nil {
			return err
		}
		c.result.Damaged = append(c.result.Damaged, d.String())
	}
	return nil
}

// sound says whether a blob is missing or has its digest. A file that the disk
// cannot read any more is not sound.
func sound(path string, want digest.Digest) (bool, error) {
	file, err := os.Open(path) //nolint:gosec // below the registry's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return false, nil
	}
	return digest.NewDigest(digest.SHA256, sum) == want, nil
}
