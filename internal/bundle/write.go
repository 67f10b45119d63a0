// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
	specs "github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/canonical"
)

const (
	indexName  = ocispec.ImageIndexFile
	layoutName = ocispec.ImageLayoutFile
	blobPrefix = ocispec.ImageBlobsDir + "/sha256/"
)

// layout is the whole of oci-layout.
const layout = `{"imageLayoutVersion":"` + ocispec.ImageLayoutVersion + `"}`

// Contents is what a bundle is written from.
type Contents struct {
	Region string
	// Statement is a trust.Bundle, signed.
	Statement []byte
	Order     artifact.Raw
	// Feeds are the artifacts that the order serves. They are written in the
	// order of their feeds' ids.
	Feeds []artifact.Raw
	// Skip says that the region has a blob already; nil skips nothing.
	Skip func(feed, digest string) bool
	// Open opens a blob of a repository.
	Open func(repository string, blob ocispec.Descriptor) (io.ReadCloser, error)
}

// Write writes a bundle. Equal contents are equal bytes: headers carry no time
// and no owner.
func Write(w io.Writer, c Contents) error {
	feeds := slices.SortedFunc(slices.Values(c.Feeds), func(a, b artifact.Raw) int { return cmp.Compare(a.Feed, b.Feed) })
	statement := ocispec.Descriptor{MediaType: TypeStatement, Digest: digest.FromBytes(c.Statement), Size: int64(len(c.Statement))}
	index := ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, ArtifactType: TypeBundle,
		Manifests: []ocispec.Descriptor{statement, plain(c.Order.Descriptor)},
	}
	for _, feed := range feeds {
		index.Manifests = append(index.Manifests, plain(feed.Descriptor))
	}
	if len(feeds) > MaxFeeds {
		return fmt.Errorf("bundle of %d lists, at most %d: %w", len(feeds), MaxFeeds, artifact.ErrTooLarge)
	}
	data, err := canonical.Marshal(index)
	if err != nil {
		return err
	}
	t := &writer{tar: tar.NewWriter(w), written: map[digest.Digest]bool{}}
	t.entry(layoutName, int64(len(layout)), bytes.NewReader([]byte(layout)))
	t.entry(indexName, int64(len(data)), bytes.NewReader(data))
	t.bytes(statement, c.Statement)
	t.bytes(c.Order.Descriptor, c.Order.Data)
	for _, file := range c.Order.Blobs {
		t.blob(c, artifact.OrderRepository(c.Region), file)
	}
	for _, feed := range feeds {
		t.bytes(feed.Descriptor, feed.Data)
	}
	for _, feed := range feeds {
		for _, blob := range feed.Blobs {
			if c.Skip == nil || !c.Skip(feed.Feed, blob.Digest.String()) {
				t.blob(c, artifact.FeedRepository(c.Region, feed.Feed), blob)
			}
		}
	}
	if t.err != nil {
		return fmt.Errorf("write a bundle for region %s: %w", c.Region, t.err)
	}
	return t.tar.Close()
}

// plain is a descriptor as index.json has it.
func plain(d ocispec.Descriptor) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: d.MediaType, ArtifactType: d.ArtifactType, Digest: d.Digest, Size: d.Size}
}

// writer writes entries until the first error.
type writer struct {
	tar     *tar.Writer
	written map[digest.Digest]bool
	err     error
}

func (w *writer) bytes(desc ocispec.Descriptor, data []byte) {
	if w.err == nil && (desc.Digest != digest.FromBytes(data) || desc.Size != int64(len(data))) {
		w.err = fmt.Errorf("%s: %w", desc.Digest, ErrDigest)
	}
	w.once(desc, bytes.NewReader(data))
}

func (w *writer) blob(c Contents, repository string, desc ocispec.Descriptor) {
	if w.err != nil || w.written[desc.Digest] {
		return
	}
	body, err := c.Open(repository, desc)
	if err != nil {
		w.err = err
		return
	}
	w.once(desc, body)
	w.err = errors.Join(w.err, body.Close())
}

// once writes a blob unless it stands in the file already.
func (w *writer) once(desc ocispec.Descriptor, from io.Reader) {
	if w.written[desc.Digest] {
		return
	}
	w.written[desc.Digest] = true
	hash := sha256.New()
	w.entry(blobPrefix+desc.Digest.Encoded(), desc.Size, io.TeeReader(from, hash))
	if got := "sha256:" + hex.EncodeToString(hash.Sum(nil)); w.err == nil && got != desc.Digest.String() {
		w.err = fmt.Errorf("%s is %s: %w", desc.Digest, got, ErrDigest)
	}
}

func (w *writer) entry(name string, size int64, from io.Reader) {
	if w.err != nil {
		return
	}
	w.err = w.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR,
	})
	if w.err == nil {
		var n int64
		if n, w.err = io.Copy(w.tar, from); w.err == nil && n != size {
			w.err = fmt.Errorf("%s has %d bytes instead of %d: %w", name, n, size, ErrDigest)
		}
	}
}
