// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"
)

// CopyOptions says how a snapshot is copied between registries.
type CopyOptions struct {
	// Spool is a directory for a layer on its way. What has arrived of it stays
	// there when the link breaks or the destination does not take it, and is not
	// transferred again, also by another process. When empty, a temporary
	// directory is used and removed.
	Spool string
	// MaxSize limits the layers together, in bytes; MaxSnapshot when zero.
	MaxSize int64
	// Limit returns a context under which transfers keep to the caller's share
	// of the line. Manifest and configuration move under the caller's own: they
	// are small and everything waits for them. It may be nil.
	Limit func(context.Context) context.Context
	// Observe is told of each layer that was moved, once it is in the destination.
	// One that broke off before and was completed counts whole. It may be nil.
	Observe func(layer ocispec.Descriptor)
}

// CopySnapshot copies a snapshot into the repository of the same name of
// another registry, with the tag of its release. It moves ciphertext and needs
// no key. Blobs the destination has are not transferred; of the others the
// smallest comes first, so that a delta does not wait for a base. Every blob
// is compared with its digest before the manifest follows unchanged.
func CopySnapshot(ctx context.Context, from, to *Registry, repo, manifestDigest string, o CopyOptions) (ocispec.Descriptor, error) {
	const op = "copy snapshot"
	s, err := from.sealedManifest(ctx, repo, manifestDigest, limitOr(o.MaxSize))
	if err != nil {
		return ocispec.Descriptor{}, from.fail(op, repo, manifestDigest, err)
	}
	err = s.copy(ctx, from, to, repo, o)
	if isUnknownBlob(err) {
		// Something was swept between its push and the manifest's.
		err = s.copy(ctx, from, to, repo, o)
	}
	if err != nil {
		return ocispec.Descriptor{}, to.fail(op, repo, manifestDigest, err)
	}
	return s.desc, nil
}

// Missing says how many bytes CopySnapshot would move, and how many the
// artifact has in all, without its manifest.
func Missing(ctx context.Context, from, to *Registry, repo, manifestDigest string) (bytes, total int64, err error) {
	const op = "compare snapshot"
	s, err := from.sealedManifest(ctx, repo, manifestDigest, MaxSnapshot)
	if err != nil {
		return 0, 0, from.fail(op, repo, manifestDigest, err)
	}
	missing, err := s.missing(ctx, to, repo)
	if err != nil {
		return 0, 0, to.fail(op, repo, manifestDigest, err)
	}
	return sizes(missing), sizes(s.blobs()), nil
}

// HasSnapshot reports whether the repository holds a snapshot whole: its
// manifest, its configuration and every layer.
func (r *Registry) HasSnapshot(ctx context.Context, repo, manifestDigest string) (bool, error) {
	const op = "look for snapshot"
	s, err := r.sealedManifest(ctx, repo, manifestDigest, MaxSnapshot)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, r.fail(op, repo, manifestDigest, err)
	}
	missing, err := s.missing(ctx, r, repo)
	return err == nil && len(missing) == 0, r.fail(op, repo, manifestDigest, err)
}

// blobs are the configuration and the layers, each once.
func (s sealed) blobs() []ocispec.Descriptor {
	blobs := []ocispec.Descriptor{s.m.Config}
	for _, layer := range s.m.Layers {
		if !slices.ContainsFunc(blobs, func(b ocispec.Descriptor) bool { return b.Digest == layer.Digest }) {
			blobs = append(blobs, layer)
		}
	}
	return blobs
}

// missing are the blobs that the registry lacks, the smallest first.
func (s sealed) missing(ctx context.Context, r *Registry, repo string) ([]ocispec.Descriptor, error) {
	repository, err := r.repository(repo)
	if err != nil {
		return nil, err
	}
	var missing []ocispec.Descriptor
	for _, blob := range s.blobs() {
		exists, err := repository.Blobs().Exists(ctx, blob)
		if err != nil {
			return nil, err
		}
		if !exists {
			missing = append(missing, blob)
		}
	}
	slices.SortStableFunc(missing, func(a, b ocispec.Descriptor) int { return cmp.Compare(a.Size, b.Size) })
	return missing, nil
}

func (s sealed) copy(ctx context.Context, from, to *Registry, repo string, o CopyOptions) error {
	missing, err := s.missing(ctx, to, repo)
	if err != nil {
		return err
	}
	target, err := to.repository(repo)
	if err != nil {
		return err
	}
	for _, blob := range missing {
		if blob.Digest == s.m.Config.Digest {
			err = s.copyConfig(ctx, from, target, repo)
		} else {
			limited := ctx
			if o.Limit != nil {
				limited = o.Limit(ctx)
			}
			err = copyBlob(limited, from, to, repo, blob, o.Spool)
		}
		if err != nil {
			return err
		}
		if o.Observe != nil && blob.Digest != s.m.Config.Digest {
			o.Observe(blob)
		}
	}
	_, err = pushBytes(ctx, target, s.desc, s.data, ReleaseTag(s.about.release))
	return err
}

// pushBytes pushes a manifest as it was signed for: encoding it again could
// change its digest.
func pushBytes(ctx context.Context, repo *remote.Repository, desc ocispec.Descriptor, data []byte, tag string) (ocispec.Descriptor, error) {
	body, err := opener(data)()
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return desc, repo.Manifests().PushReference(ctx, desc, body, tag)
}

func (s sealed) copyConfig(ctx context.Context, from *Registry, target *remote.Repository, repo string) error {
	source, err := from.repository(repo)
	if err != nil {
		return err
	}
	data, err := from.fetchSmall(ctx, source, s.m.Config)
	if err != nil {
		return from.fail("fetch snapshot", repo, s.m.Config.Digest.String(), err)
	}
	return uploadBlob(ctx, target, s.m.Config, opener(data))
}

func copyBlob(ctx context.Context, from, to *Registry, repo string, layer ocispec.Descriptor, spool string) (err error) {
	if spool == "" {
		spool, err = os.MkdirTemp("", "frontline-copy-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(spool)) }()
	}
	path := filepath.Join(spool, spoolName(layer))
	if err := from.fetchBlob(ctx, repo, layer, path); err != nil {
		return from.fail("fetch snapshot", repo, layer.Digest.String(), err)
	}
	target, err := to.repository(repo)
	if err != nil {
		return err
	}
	open := func() (io.ReadCloser, error) { return os.Open(path) } //nolint:gosec // fetched above
	if err := uploadBlob(ctx, target, layer, open); err != nil {
		return err
	}
	return os.Remove(path)
}

// spoolName is the name of a layer's file while it is on its way.
func spoolName(layer ocispec.Descriptor) string { return FileName(layer.Digest.String()) + ".layer" }

func sizes(blobs []ocispec.Descriptor) int64 {
	var total int64
	for _, blob := range blobs {
		total += blob.Size
	}
	return total
}

func limitOr(limit int64) int64 {
	if limit <= 0 {
		return MaxSnapshot
	}
	return limit
}
