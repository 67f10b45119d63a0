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
	"strconv"
	"time"

	"github.com/google/renameio/v2"
	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	specs "github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
)

// TypeSnapshotLayer is the layer of a snapshot that is not sealed, a Zstandard
// frame (RFC 8878).
const TypeSnapshotLayer = "application/vnd.frontline.snapshot.v1+zstd"

const (
	annotationContent = "dev.frontline.content.digest"
	annotationSize    = "dev.frontline.content.size"
	annotationRecords = "dev.frontline.records"
)

// errPlain tells an artifact that is not sealed from one that is.
var errPlain = fmt.Errorf("%w: it is not sealed", ErrMalformed)

// PushSnapshot publishes a snapshot in one layer that is not sealed under the tag of its release and returns
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

// manifest depends on the snapshot and its layer alone: the same release of
// the same content has the same digest whenever it is pushed.
func (s Snapshot) manifest(layer ocispec.Descriptor) ocispec.Manifest {
	annotations := map[string]string{
		annotationFeed:    s.Feed,
		annotationRegion:  s.Region,
		annotationRelease: strconv.FormatInt(s.Version, 10),
		annotationContent: s.Digest,
		annotationSize:    strconv.FormatInt(s.Size, 10),
		annotationRecords: strconv.FormatInt(s.Records, 10),
	}
	if !s.ListDate.IsZero() {
		annotations[ocispec.AnnotationCreated] = s.ListDate.UTC().Format(time.RFC3339)
	}
	return ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: TypeSnapshot,
		Config:       ocispec.DescriptorEmptyJSON,
		Layers:       []ocispec.Descriptor{layer},
		Annotations:  annotations,
	}
}

// readSnapshot is the reverse of Snapshot.manifest.
func readSnapshot(m ocispec.Manifest) (Snapshot, ocispec.Descriptor, error) {
	if len(m.Layers) != 1 || m.Layers[0].MediaType != TypeSnapshotLayer || m.Layers[0].Size < 0 {
		return Snapshot{}, ocispec.Descriptor{}, fmt.Errorf("a snapshot has exactly one layer of type %s: %w", TypeSnapshotLayer, ErrMalformed)
	}
	if m.Config.Digest != ocispec.DescriptorEmptyJSON.Digest {
		return Snapshot{}, ocispec.Descriptor{}, fmt.Errorf("a snapshot has the empty configuration: %w", ErrMalformed)
	}
	if err := checkDigest(m.Layers[0].Digest.String()); err != nil {
		return Snapshot{}, ocispec.Descriptor{}, err
	}
	s := Snapshot{
		Feed:   m.Annotations[annotationFeed],
		Region: m.Annotations[annotationRegion],
		Digest: m.Annotations[annotationContent],
	}
	for key, into := range map[string]*int64{
		annotationRelease: &s.Version, annotationSize: &s.Size, annotationRecords: &s.Records,
	} {
		value, err := strconv.ParseInt(m.Annotations[key], 10, 64)
		if err != nil {
			return Snapshot{}, ocispec.Descriptor{}, fmt.Errorf("annotation %s is no number: %w", key, ErrMalformed)
		}
		*into = value
	}
	if created := m.Annotations[ocispec.AnnotationCreated]; created != "" {
		date, err := time.Parse(time.RFC3339, created)
		if err != nil {
			return Snapshot{}, ocispec.Descriptor{}, fmt.Errorf("annotation %s is no RFC 3339 time: %w", ocispec.AnnotationCreated, ErrMalformed)
		}
		s.ListDate = date
	}
	return s, m.Layers[0], s.check()
}
func (r *Registry) fetchPlain(ctx context.Context, repo, manifestDigest string, o FetchOptions) (Snapshot, error) {
	const op = "fetch snapshot"
	s, layer, err := r.plainSnapshot(ctx, repo, manifestDigest, o.MaxSize)
	if err != nil {
		return Snapshot{}, r.fail(op, repo, manifestDigest, err)
	}
	if o.Content != "" && s.Digest != o.Content {
		return Snapshot{}, r.fail(op, repo, manifestDigest, fmt.Errorf("it announces content %s, the order wants %s: %w", s.Digest, o.Content, ErrDigest))
	}
	s.Path = filepath.Join(o.Dir, FileName(s.Digest))
	if has, err := holds(s.Path, s.Digest); err != nil || has {
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

// plainSnapshot fetches the manifest with the digest and checks its limits.
func (r *Registry) plainSnapshot(ctx context.Context, repo, manifestDigest string, limit int64) (Snapshot, ocispec.Descriptor, error) {
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
func copyPlain(ctx context.Context, from, to *Registry, repo, manifestDigest string, o CopyOptions) (ocispec.Descriptor, error) {
	s, layer, err := from.plainSnapshot(ctx, repo, manifestDigest, o.MaxSize)
	if err != nil {
		return ocispec.Descriptor{}, from.fail("copy snapshot", repo, manifestDigest, err)
	}
	desc, err := copyPlainLayer(ctx, from, to, repo, manifestDigest, s, layer, o.Spool)
	if isUnknownBlob(err) {
		desc, err = copyPlainLayer(ctx, from, to, repo, manifestDigest, s, layer, o.Spool)
	}
	return desc, to.fail("copy snapshot", repo, manifestDigest, err)
}

func copyPlainLayer(ctx context.Context, from, to *Registry, repo, manifestDigest string, s Snapshot, layer ocispec.Descriptor, spool string) (ocispec.Descriptor, error) {
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
		if err := copyBlob(ctx, from, to, repo, layer, spool); err != nil {
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

func (r *Registry) hasPlain(ctx context.Context, repo, manifestDigest string) (bool, error) {
	const op = "look for snapshot"
	_, layer, err := r.plainSnapshot(ctx, repo, manifestDigest, 0)
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
