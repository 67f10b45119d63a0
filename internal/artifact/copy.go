// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// CopyOptions says how a snapshot is copied between registries.
type CopyOptions struct {
	// Spool is a directory for the layer on its way. What has arrived of it
	// stays there when the link breaks and is not transferred again, also by
	// another process. When empty, a temporary directory is used and removed.
	Spool string
	// MaxSize limits the content, in bytes; MaxSnapshot when zero.
	MaxSize int64
}

// CopySnapshot copies a snapshot into the repository of the same name of
// another registry, with the tag of its release. Blobs the destination has
// are not transferred.
func CopySnapshot(ctx context.Context, from, to *Registry, repo, manifestDigest string, o CopyOptions) (ocispec.Descriptor, error) {
	const op = "copy snapshot"
	s, layer, err := from.snapshot(ctx, repo, manifestDigest, o.MaxSize)
	if err != nil {
		return ocispec.Descriptor{}, from.fail(op, repo, manifestDigest, err)
	}
	desc, err := copySnapshot(ctx, from, to, repo, manifestDigest, s, layer, o.Spool)
	if isUnknownBlob(err) {
		desc, err = copySnapshot(ctx, from, to, repo, manifestDigest, s, layer, o.Spool)
	}
	return desc, to.fail(op, repo, manifestDigest, err)
}

func copySnapshot(ctx context.Context, from, to *Registry, repo, manifestDigest string, s Snapshot, layer ocispec.Descriptor, spool string) (ocispec.Descriptor, error) {
	source, err := from.repository(repo)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	target, err := to.repository(repo)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	desc, m, data, err := manifest(ctx, source, manifestDigest, TypeSnapshot)
	if err != nil {
		return ocispec.Descriptor{}, from.fail("fetch snapshot", repo, manifestDigest, err)
	}
	exists, err := target.Blobs().Exists(ctx, layer)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	if !exists {
		if err := copyLayer(ctx, from, to, repo, layer, spool); err != nil {
			return ocispec.Descriptor{}, err
		}
	}
	if err := pushBlob(ctx, target, m.Config, opener(ocispec.DescriptorEmptyJSON.Data)); err != nil {
		return ocispec.Descriptor{}, err
	}
	// The bytes as they were signed for: encoding them again could change the digest.
	body, err := opener(data)()
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return desc, target.Manifests().PushReference(ctx, desc, body, ReleaseTag(s.Version))
}

func copyLayer(ctx context.Context, from, to *Registry, repo string, layer ocispec.Descriptor, spool string) (err error) {
	if spool == "" {
		spool, err = os.MkdirTemp("", "frontline-copy-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(spool)) }()
	}
	path := filepath.Join(spool, FileName(layer.Digest.String())+".zst")
	if err := from.fetchBlob(ctx, repo, layer, path); err != nil {
		return from.fail("fetch snapshot", repo, layer.Digest.String(), err)
	}
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	target, err := to.repository(repo)
	if err != nil {
		return err
	}
	return uploadBlob(ctx, target, layer, func() (io.ReadCloser, error) { return os.Open(path) }) //nolint:gosec // fetched above
}

// HasSnapshot reports whether the repository holds a snapshot whole: its
// manifest and its layer.
func (r *Registry) HasSnapshot(ctx context.Context, repo, manifestDigest string) (bool, error) {
	const op = "look for snapshot"
	_, layer, err := r.snapshot(ctx, repo, manifestDigest, 0)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, r.fail(op, repo, manifestDigest, err)
	}
	repository, err := r.repository(repo)
	if err != nil {
		return false, r.fail(op, repo, manifestDigest, err)
	}
	has, err := repository.Blobs().Exists(ctx, layer)
	return has, r.fail(op, repo, manifestDigest, err)
}
