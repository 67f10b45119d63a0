// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// FetchOptions says where a snapshot goes and what it may be.
type FetchOptions struct {
	// Dir receives the content as the file FileName(content digest). While it is
	// on the way it holds plain content too, under that name of what is being
	// made with ".part" or ".step": Dir is for memory, such as a tmpfs.
	Dir string
	// Spool receives layers on their way, sealed as they are; Dir when empty.
	Spool string
	// Content is the digest the content must have, from the signed order.
	// When empty, the manifest's word is taken, which its digest covers.
	Content string
	// MaxSize limits the content, in bytes; MaxSnapshot when zero.
	MaxSize int64
	// Identities are the private age keys that may open it.
	Identities []string
	// Have returns the file of a content that is at hand, to apply deltas to. It
	// is read and left alone. It may be nil.
	Have func(content string) (path string, ok bool)
	// Observe is told at the end what was transferred, also when it failed.
	Observe func(Transfer)
}

// Transfer is an account of one fetch.
type Transfer struct {
	// Bytes of the layers that were fetched, sealed.
	Bytes int64
	// Groups and Patches are how many layers of each kind were used.
	Groups, Patches int
	// Fallbacks is how often a way was given up for another.
	Fallbacks int
	// Cause is why the first way was given up; nil when none was.
	Cause error
}

// FetchSnapshot brings a snapshot's content into a directory and returns what
// its configuration says of it, with Path set. It takes the way of fewest
// bytes: deltas from what is at hand, or the base. Manifest, configuration and
// layers are compared with their digests and so is every file made of them
// before it has its name; a file that has its name already is checked and used.
// When a delta does not make what it promises, the next way is taken.
//
// An interrupted transfer is continued by the next call. Beside the file at
// hand, Dir holds the new one and a layer; while more than one delta is
// applied, also the file between.
func (r *Registry) FetchSnapshot(ctx context.Context, repo, manifestDigest string, o FetchOptions) (Snapshot, error) {
	const op = "fetch snapshot"
	limit := limitOr(o.MaxSize)
	s, err := r.sealedManifest(ctx, repo, manifestDigest, MaxSnapshot)
	if err != nil {
		return Snapshot{}, r.fail(op, repo, manifestDigest, err)
	}
	c, err := r.open(ctx, repo, s, o.Identities)
	if err != nil {
		return Snapshot{}, r.fail(op, repo, manifestDigest, err)
	}
	if o.Content != "" && c.Content != o.Content {
		return Snapshot{}, r.fail(op, repo, manifestDigest, fmt.Errorf("it announces content %s, the order wants %s: %w", c.Content, o.Content, ErrDigest))
	}
	if c.Size > limit {
		return Snapshot{}, r.fail(op, repo, manifestDigest, fmt.Errorf("content of %d bytes, at most %d: %w", c.Size, limit, ErrTooLarge))
	}
	a := newAssembly(r, repo, s, c, o)
	err = a.run(ctx)
	if o.Observe != nil {
		o.Observe(a.transfer)
	}
	if err != nil {
		return Snapshot{}, r.fail(op, repo, manifestDigest, err)
	}
	got := c.snapshot()
	got.Path = a.final(c.Content)
	return got, nil
}

// holds reports whether the file is there with the content. A file that is not
// what its name says is removed.
func holds(path, content string) (bool, error) {
	got, err := digestOf(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if got == content {
		return true, nil
	}
	return false, os.Remove(path)
}

func digestOf(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // below the caller's directory, named after a digest
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

// Suffixes of files that hold plain content on its way.
const (
	growingSuffix = ".part" // the base, as far as its groups have arrived
	stepSuffix    = ".step" // whole, and on the way to the content asked for
	resultSuffix  = ".next" // what a delta is making
)

func (a *assembly) final(content string) string { return filepath.Join(a.o.Dir, FileName(content)) }
