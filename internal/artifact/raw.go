// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"fmt"
	"io"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
)

// Raw is a manifest as it was signed for, with what it refers to.
type Raw struct {
	Descriptor ocispec.Descriptor
	Data       []byte
	// Blobs are the configuration and the layers, each once.
	Blobs []ocispec.Descriptor
	// Feed, Region and Release are what its annotations say; empty for an order.
	Feed, Region string
	Release      int64
}

// RawOrder fetches the manifest of the order that the current tag names.
func (r *Registry) RawOrder(ctx context.Context, region string) (Raw, error) {
	const op = "fetch order"
	repo := OrderRepository(region)
	repository, err := r.repository(repo)
	if err != nil {
		return Raw{}, r.fail(op, repo, CurrentTag, err)
	}
	desc, _, data, err := manifest(ctx, repository, CurrentTag, TypeOrder)
	if err != nil {
		return Raw{}, r.fail(op, repo, CurrentTag, err)
	}
	desc.MediaType, desc.ArtifactType = ocispec.MediaTypeImageManifest, TypeOrder
	raw, err := ReadRawOrder(desc, data)
	return raw, r.fail(op, repo, CurrentTag, err)
}

// RawSnapshot fetches the manifest of a snapshot.
func (r *Registry) RawSnapshot(ctx context.Context, repo, manifestDigest string) (Raw, error) {
	s, err := r.sealedManifest(ctx, repo, manifestDigest, MaxSnapshot)
	if err != nil {
		return Raw{}, r.fail("fetch snapshot", repo, manifestDigest, err)
	}
	return s.raw(), nil
}

func (s sealed) raw() Raw {
	desc := ocispec.Descriptor{
		MediaType: ocispec.MediaTypeImageManifest, ArtifactType: TypeSnapshot, Digest: s.desc.Digest, Size: int64(len(s.data)),
	}
	return Raw{Descriptor: desc, Data: s.data, Blobs: s.blobs(), Feed: s.about.feed, Region: s.about.region, Release: s.about.release}
}

// ReadRawSnapshot checks the bytes of a snapshot's manifest that did not come
// from a registry, with the limits that hold for one that does.
func ReadRawSnapshot(desc ocispec.Descriptor, data []byte) (Raw, error) {
	s := sealed{desc: desc, data: data}
	if err := readManifest(desc, data, TypeSnapshot, &s.m); err != nil {
		return Raw{}, err
	}
	about, err := readAbout(s.m.Annotations)
	if err != nil {
		return Raw{}, err
	}
	if err := s.check(FeedRepository(about.region, about.feed), MaxSnapshot); err != nil {
		return Raw{}, err
	}
	return s.raw(), nil
}

// ReadRawOrder is ReadRawSnapshot for the manifest of an order. The name of
// each file is its layer's title (org.opencontainers.image.title).
func ReadRawOrder(desc ocispec.Descriptor, data []byte) (Raw, error) {
	var m ocispec.Manifest
	if err := readManifest(desc, data, TypeOrder, &m); err != nil {
		return Raw{}, err
	}
	if err := checkOrderLayers(m.Layers); err != nil {
		return Raw{}, err
	}
	return Raw{Descriptor: desc, Data: data, Blobs: m.Layers}, nil
}

// OpenBlob opens a blob. Its reader fails at the end when the bytes are not
// those of the descriptor.
func (r *Registry) OpenBlob(ctx context.Context, repo string, desc ocispec.Descriptor) (io.ReadCloser, error) {
	repository, err := r.repository(repo)
	if err != nil {
		return nil, r.fail("fetch blob", repo, desc.Digest.String(), err)
	}
	body, err := repository.Blobs().Fetch(ctx, desc)
	if err != nil {
		return nil, r.fail("fetch blob", repo, desc.Digest.String(), err)
	}
	return &verified{Closer: body, reader: content.NewVerifyReader(body, desc)}, nil
}

// HasBlob reports whether the repository has the blob.
func (r *Registry) HasBlob(ctx context.Context, repo string, desc ocispec.Descriptor) (bool, error) {
	repository, err := r.repository(repo)
	if err != nil {
		return false, r.fail("look for blob", repo, desc.Digest.String(), err)
	}
	has, err := repository.Blobs().Exists(ctx, desc)
	return has, r.fail("look for blob", repo, desc.Digest.String(), err)
}

// PushBlob uploads a blob from a reader. Nothing is kept by the registry when
// the bytes are not those of the descriptor.
func (r *Registry) PushBlob(ctx context.Context, repo string, desc ocispec.Descriptor, from io.Reader) error {
	repository, err := r.repository(repo)
	if err != nil {
		return r.fail("push blob", repo, desc.Digest.String(), err)
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(from), nil }
	return r.fail("push blob", repo, desc.Digest.String(), mismatch(uploadBlob(ctx, repository, desc, open)))
}

// PushRaw pushes the manifest of a snapshot, unchanged, under the tag of its
// release. Its blobs must stand there.
func (r *Registry) PushRaw(ctx context.Context, raw Raw) error {
	repo := FeedRepository(raw.Region, raw.Feed)
	repository, err := r.repository(repo)
	if err == nil {
		_, err = pushBytes(ctx, repository, raw.Descriptor, raw.Data, ReleaseTag(raw.Release))
	}
	return r.fail("push snapshot", repo, raw.Descriptor.Digest.String(), err)
}

// verified fails at the end of a blob that has another digest or size.
type verified struct {
	io.Closer
	reader *content.VerifyReader
}

// Read implements io.Reader.
func (v *verified) Read(p []byte) (int, error) {
	n, err := v.reader.Read(p)
	if err == io.EOF { //nolint:errorlint // io.Reader's contract
		if wrong := v.reader.Verify(); wrong != nil {
			return n, fmt.Errorf("read blob: %w", mismatch(wrong))
		}
	}
	return n, err
}
