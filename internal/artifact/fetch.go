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

	"github.com/google/renameio/v2"
	"github.com/klauspost/compress/zstd"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// FetchOptions says where a snapshot goes and what it may be.
type FetchOptions struct {
	// Dir receives the content as the file FileName(content digest), and while
	// it is on the way FileName(layer digest) with ".part". It is on one file
	// system.
	Dir string
	// Content is the digest the content must have, from the signed order.
	// When empty, the manifest's word is taken, which its digest covers.
	Content string
	// MaxSize limits the content, in bytes; MaxSnapshot when zero.
	MaxSize int64
}

// FetchSnapshot brings a snapshot's content into a directory and returns what
// the manifest says of it, with Path set. The digests of manifest, layer and
// content are all checked before the file has its name; a file that has its
// name already is checked and used. An interrupted transfer is continued by
// the next call.
func (r *Registry) FetchSnapshot(ctx context.Context, repo, manifestDigest string, o FetchOptions) (Snapshot, error) {
	const op = "fetch snapshot"
	s, layer, err := r.snapshot(ctx, repo, manifestDigest, o.MaxSize)
	if err != nil {
		return Snapshot{}, r.fail(op, repo, manifestDigest, err)
	}
	if o.Content != "" && s.Digest != o.Content {
		return Snapshot{}, r.fail(op, repo, manifestDigest, fmt.Errorf("it announces content %s, the order wants %s: %w", s.Digest, o.Content, ErrDigest))
	}
	s.Path = filepath.Join(o.Dir, FileName(s.Digest))
	if has, err := holds(s.Path, s); err != nil || has {
		return s, r.fail(op, repo, manifestDigest, err)
	}
	packed := filepath.Join(o.Dir, FileName(layer.Digest.String())+".zst")
	if err := r.fetchBlob(ctx, repo, layer, packed); err != nil {
		return Snapshot{}, r.fail(op, repo, layer.Digest.String(), err)
	}
	err = decompress(packed, s)
	if err := errors.Join(err, os.Remove(packed)); err != nil {
		return Snapshot{}, r.fail(op, repo, manifestDigest, err)
	}
	return s, nil
}

// snapshot fetches the manifest with the digest and checks its limits.
func (r *Registry) snapshot(ctx context.Context, repo, manifestDigest string, limit int64) (Snapshot, ocispec.Descriptor, error) {
	if err := checkDigest(manifestDigest); err != nil {
		return Snapshot{}, ocispec.Descriptor{}, err
	}
	repository, err := r.repository(repo)
	if err != nil {
		return Snapshot{}, ocispec.Descriptor{}, err
	}
	_, m, _, err := manifest(ctx, repository, manifestDigest, TypeSnapshot)
	if err != nil {
		return Snapshot{}, ocispec.Descriptor{}, err
	}
	s, layer, err := readSnapshot(m)
	if err != nil {
		return Snapshot{}, ocispec.Descriptor{}, err
	}
	if limit <= 0 {
		limit = MaxSnapshot
	}
	// A Zstandard frame of incompressible content is a little larger than it.
	if s.Size > limit || layer.Size > limit+limit/256+1024 {
		return Snapshot{}, ocispec.Descriptor{}, fmt.Errorf("content of %d bytes in a layer of %d, at most %d: %w", s.Size, layer.Size, limit, ErrTooLarge)
	}
	return s, layer, nil
}

// holds reports whether the file is there with the snapshot's content. A file
// that is not what its name says is removed.
func holds(path string, s Snapshot) (bool, error) {
	file, err := os.Open(path) //nolint:gosec // below the caller's directory, named after a digest
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return false, err
	}
	if "sha256:"+hex.EncodeToString(sum.Sum(nil)) == s.Digest {
		return true, nil
	}
	return false, os.Remove(path)
}

func decompress(packed string, s Snapshot) error {
	source, err := os.Open(packed) //nolint:gosec // written by fetchBlob
	if err != nil {
		return err
	}
	defer source.Close()
	decoder, err := zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrMalformed, err)
	}
	defer decoder.Close()
	// The engine reads the file under another user.
	target, err := renameio.NewPendingFile(s.Path, renameio.WithTempDir(filepath.Dir(s.Path)), renameio.WithStaticPermissions(0o644))
	if err != nil {
		return err
	}
	defer target.Cleanup()
	sum := sha256.New()
	// One byte more than announced is enough to know that it is too much.
	size, err := io.Copy(io.MultiWriter(target, sum), io.LimitReader(decoder, s.Size+1))
	if err != nil {
		return fmt.Errorf("decompress: %w (%w)", ErrMalformed, err)
	}
	if size > s.Size {
		return fmt.Errorf("more than the %d bytes announced: %w", s.Size, ErrTooLarge)
	}
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); got != s.Digest || size != s.Size {
		return fmt.Errorf("content is %d bytes of %s instead of %d of %s: %w", size, got, s.Size, s.Digest, ErrDigest)
	}
	return target.CloseAtomicallyReplace()
}
