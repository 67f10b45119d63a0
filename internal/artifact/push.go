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

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
)

// PushSnapshot publishes a snapshot under the tag of its release and returns
// the descriptor of its manifest. The file must have the digest and size the
// snapshot states. A compressed copy is made beside it and removed again.
func (r *Registry) PushSnapshot(ctx context.Context, repo string, s Snapshot) (ocispec.Descriptor, error) {
	const op = "push snapshot"
	fail := func(err error) (ocispec.Descriptor, error) {
		return ocispec.Descriptor{}, r.fail(op, repo, s.Digest, err)
	}
	if err := s.check(); err != nil {
		return fail(err)
	}
	repository, err := r.repository(repo)
	if err != nil {
		return fail(err)
	}
	packed, layer, err := compress(s)
	if err != nil {
		return fail(err)
	}
	defer os.Remove(packed)
	open := func() (io.ReadCloser, error) { return os.Open(packed) } //nolint:gosec // made above
	desc, err := r.pushSnapshot(ctx, repository, s, layer, open)
	if isUnknownBlob(err) {
		desc, err = r.pushSnapshot(ctx, repository, s, layer, open)
	}
	if err != nil {
		return fail(err)
	}
	return desc, nil
}

func (r *Registry) pushSnapshot(ctx context.Context, repo *remote.Repository, s Snapshot, layer ocispec.Descriptor, open func() (io.ReadCloser, error)) (ocispec.Descriptor, error) {
	if err := r.pushLayer(ctx, repo, s, layer, open); err != nil {
		return ocispec.Descriptor{}, err
	}
	m := s.manifest(layer)
	if err := pushBlob(ctx, repo, m.Config, opener(m.Config.Data)); err != nil {
		return ocispec.Descriptor{}, err
	}
	return pushManifest(ctx, repo, m, ReleaseTag(s.Version))
}

func (r *Registry) pushLayer(ctx context.Context, repo *remote.Repository, s Snapshot, layer ocispec.Descriptor, open func() (io.ReadCloser, error)) error {
	exists, err := repo.Blobs().Exists(ctx, layer)
	if err != nil || exists {
		return err
	}
	mounter, ok := repo.Blobs().(registry.Mounter)
	for _, from := range s.MountFrom {
		if !ok {
			break
		}
		source, err := r.repository(from)
		if err != nil {
			return err
		}
		// Asking first keeps Mount from uploading when from has no such blob.
		if has, err := source.Blobs().Exists(ctx, layer); err != nil || !has {
			continue
		}
		if err := mounter.Mount(ctx, layer, r.prefix+from, open); err == nil {
			return nil
		}
	}
	return uploadBlob(ctx, repo, layer, open)
}

// compress writes a Zstandard copy of the snapshot's file beside it and
// checks the file on the way. One encoder with fixed settings makes the same
// bytes of the same content.
func compress(s Snapshot) (path string, layer ocispec.Descriptor, err error) {
	source, err := os.Open(s.Path)
	if err != nil {
		return "", layer, err
	}
	defer source.Close()
	packed, err := os.CreateTemp(filepath.Dir(s.Path), ".push-*.zst")
	if err != nil {
		return "", layer, err
	}
	defer func() {
		err = errors.Join(err, packed.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(packed.Name()))
		}
	}()
	plain, sum, count := sha256.New(), sha256.New(), &counter{}
	encoder, err := zstd.NewWriter(io.MultiWriter(packed, sum, count),
		zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithWindowSize(8<<20), zstd.WithEncoderCRC(true), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return "", layer, err
	}
	size, err := io.Copy(encoder, io.TeeReader(source, plain))
	if err := errors.Join(err, encoder.Close()); err != nil {
		return "", layer, fmt.Errorf("compress: %w", err)
	}
	if got := "sha256:" + hex.EncodeToString(plain.Sum(nil)); got != s.Digest || size != s.Size {
		return "", layer, fmt.Errorf("the file holds %d bytes of %s instead of %d: %w", size, got, s.Size, ErrDigest)
	}
	return packed.Name(), ocispec.Descriptor{
		MediaType: TypeSnapshotLayer, Digest: digest.NewDigest(digest.SHA256, sum), Size: count.n,
	}, nil
}

type counter struct{ n int64 }

func (c *counter) Write(data []byte) (int, error) {
	c.n += int64(len(data))
	return len(data), nil
}
