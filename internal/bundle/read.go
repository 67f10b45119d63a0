// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/artifact"
)

// blockSize is that of tar.
const blockSize = 512

// Reader reads a bundle as it comes. All of the order is in memory when
// NewReader returns; Next then passes the content on.
type Reader struct {
	// Statement is a trust.Bundle, not verified.
	Statement []byte
	// Order holds the order's files by name, not verified.
	Order map[string][]byte
	// Feeds are the manifests of lists, with the blobs that may follow.
	Feeds []artifact.Raw

	in       *counter
	tar      *tar.Reader
	expected int64 // bytes up to the end of the entry under way, padding included
	current  *blob
	blobs    map[digest.Digest]ocispec.Descriptor
	seen     map[digest.Digest]bool
}

// NewReader reads the beginning of a bundle: the statement, the order and the
// manifests. It names no file by what the archive says.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{Order: map[string][]byte{}, in: &counter{from: in}, blobs: map[digest.Digest]ocispec.Descriptor{}, seen: map[digest.Digest]bool{}}
	r.tar = tar.NewReader(r.in)
	if err := r.begin(); err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	return r, nil
}

func (r *Reader) begin() error {
	first, err := r.named(layoutName, int64(len(layout)))
	if err != nil {
		return err
	}
	if string(first) != layout {
		return malformed("%s says another version", layoutName)
	}
	data, err := r.named(indexName, maxIndex)
	if err != nil {
		return err
	}
	statement, order, feeds, err := readIndex(data)
	if err != nil {
		return err
	}
	if r.Statement, err = r.blob(statement); err != nil {
		return err
	}
	if err := r.readOrder(order); err != nil {
		return err
	}
	return r.readFeeds(feeds)
}

// readIndex checks that the index names what a bundle has, in its order.
func readIndex(data []byte) (statement, order ocispec.Descriptor, feeds []ocispec.Descriptor, err error) {
	var index ocispec.Index
	if err := json.Unmarshal(data, &index); err != nil {
		return statement, order, nil, malformed("%s is no JSON", indexName)
	}
	if index.ArtifactType != TypeBundle || len(index.Manifests) < 2 {
		return statement, order, nil, malformed("%s is of type %q with %d manifests", indexName, index.ArtifactType, len(index.Manifests))
	}
	if n := len(index.Manifests) - 2; n > MaxFeeds {
		return statement, order, nil, fmt.Errorf("%d lists, at most %d: %w", n, MaxFeeds, artifact.ErrTooLarge)
	}
	total := int64(0)
	for i, m := range index.Manifests {
		limit, mediaType, artifactType := int64(maxManifest), ocispec.MediaTypeImageManifest, artifact.TypeSnapshot
		switch i {
		case 0:
			limit, mediaType, artifactType = MaxStatement, TypeStatement, ""
		case 1:
			artifactType = artifact.TypeOrder
		}
		total += m.Size
		switch {
		case m.MediaType != mediaType || m.ArtifactType != artifactType:
			return statement, order, nil, malformed("manifest %d is of type %q, %q", i, m.MediaType, m.ArtifactType)
		case m.Digest.Validate() != nil || m.Digest.Algorithm() != digest.SHA256:
			return statement, order, nil, malformed("manifest %d has no sha256 digest", i)
		case m.Size < 1 || m.Size > limit || total > maxManifests:
			return statement, order, nil, fmt.Errorf("manifest %d of %d bytes: %w", i, m.Size, artifact.ErrTooLarge)
		}
	}
	return index.Manifests[0], index.Manifests[1], index.Manifests[2:], nil
}

func (r *Reader) readOrder(desc ocispec.Descriptor) error {
	data, err := r.blob(desc)
	if err != nil {
		return err
	}
	order, err := artifact.ReadRawOrder(desc, data)
	if err != nil {
		return fmt.Errorf("order: %w", err)
	}
	byDigest := map[digest.Digest][]byte{}
	for _, layer := range order.Blobs {
		name := layer.Annotations[ocispec.AnnotationTitle]
		content, have := byDigest[layer.Digest]
		if !have {
			if content, err = r.blob(layer); err != nil {
				return fmt.Errorf("file %s of the order: %w", name, err)
			}
			byDigest[layer.Digest] = content
		}
		r.Order[name] = content
	}
	return nil
}

func (r *Reader) readFeeds(descs []ocispec.Descriptor) error {
	known := map[string]bool{}
	for _, desc := range descs {
		data, err := r.blob(desc)
		if err != nil {
			return err
		}
		feed, err := artifact.ReadRawSnapshot(desc, data)
		if err != nil {
			return fmt.Errorf("manifest %s: %w", desc.Digest, err)
		}
		if known[feed.Feed] || feed.Region != r.region(feed.Region) {
			return malformed("feed %s comes twice, or for another region than the others", feed.Feed)
		}
		known[feed.Feed] = true
		for _, b := range feed.Blobs {
			if old, have := r.blobs[b.Digest]; have && old.Size != b.Size {
				return malformed("blob %s has two sizes", b.Digest)
			}
			r.blobs[b.Digest] = b
		}
		r.Feeds = append(r.Feeds, feed)
	}
	return nil
}

// region is that of the lists read so far, or otherwise.
func (r *Reader) region(otherwise string) string {
	if len(r.Feeds) == 0 {
		return otherwise
	}
	return r.Feeds[0].Region
}

// Next returns the next blob of a list. Its reader fails at the end when the
// bytes are not those of the descriptor; what is not read of it is read, and
// checked, by the next call. io.EOF means that the bundle was read to its end.
func (r *Reader) Next() (ocispec.Descriptor, io.Reader, error) {
	fail := func(err error) (ocispec.Descriptor, io.Reader, error) {
		return ocispec.Descriptor{}, nil, fmt.Errorf("read the bundle: %w", err)
	}
	if r.current != nil {
		if _, err := io.Copy(io.Discard, r.current); err != nil {
			return fail(err)
		}
		r.current = nil
	}
	header, err := r.header()
	if errors.Is(err, io.EOF) {
		if err := r.end(); err != nil {
			return fail(err)
		}
		return ocispec.Descriptor{}, nil, io.EOF
	}
	if err != nil {
		return fail(err)
	}
	encoded, isBlob := strings.CutPrefix(header.Name, blobPrefix)
	desc, named := r.blobs[digest.NewDigestFromEncoded(digest.SHA256, encoded)]
	if !isBlob || !named || r.seen[desc.Digest] || header.Size != desc.Size {
		return fail(malformed("entry %.100q of %d bytes is not one that its lists name, or comes twice", header.Name, header.Size))
	}
	r.seen[desc.Digest] = true
	r.current = &blob{from: r.tar, hash: sha256.New(), want: desc}
	return desc, r.current, nil
}

// header reads the next header. A bundle has regular files alone: no links, no
// devices, no extended headers, and no path that its reader would follow.
func (r *Reader) header() (*tar.Header, error) {
	h, err := r.tar.Next()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ErrTruncated
	case errors.Is(err, tar.ErrHeader):
		return nil, malformed("it is no tar archive, or damaged")
	case err != nil:
		return nil, err
	}
	if h.Typeflag != tar.TypeReg || h.Format != tar.FormatUSTAR || h.Linkname != "" || len(h.PAXRecords) > 0 || h.Size < 0 {
		return nil, malformed("entry %.100q is no plain file", h.Name)
	}
	r.expected += blockSize + (h.Size+blockSize-1)/blockSize*blockSize
	return h, nil
}

// named reads the next entry, which must have the name.
func (r *Reader) named(name string, limit int64) ([]byte, error) {
	h, err := r.header()
	switch {
	case errors.Is(err, io.EOF):
		return nil, ErrTruncated
	case err != nil:
		return nil, err
	case h.Name != name:
		return nil, malformed("entry %.100q stands where %s belongs", h.Name, name)
	case h.Size > limit:
		return nil, fmt.Errorf("entry %s of %d bytes, at most %d: %w", name, h.Size, limit, artifact.ErrTooLarge)
	}
	// It grows as bytes arrive: a header alone reserves nothing.
	var data bytes.Buffer
	if n, err := io.Copy(&data, r.tar); err != nil || n != h.Size {
		return nil, interrupted(err)
	}
	return data.Bytes(), nil
}

// blob reads the next entry, which must be the blob.
func (r *Reader) blob(desc ocispec.Descriptor) ([]byte, error) {
	if r.seen[desc.Digest] {
		return nil, malformed("blob %s is named twice", desc.Digest)
	}
	r.seen[desc.Digest] = true
	data, err := r.named(blobPrefix+desc.Digest.Encoded(), desc.Size)
	if err != nil {
		return nil, err
	}
	if digest.FromBytes(data) != desc.Digest || int64(len(data)) != desc.Size {
		return nil, fmt.Errorf("entry %s: %w", desc.Digest, ErrDigest)
	}
	return data, nil
}

// end checks that the archive was ended, and that nothing follows: a tar that
// was cut between two entries reads like a whole one.
func (r *Reader) end() error {
	if r.in.n != r.expected+2*blockSize {
		return ErrTruncated
	}
	if n, err := io.ReadFull(r.in.from, make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
		return malformed("something follows its end")
	}
	return nil
}

func interrupted(err error) error {
	if err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}

// counter counts what was read.
type counter struct {
	from io.Reader
	n    int64
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// blob is an entry that is compared with its digest as it is read.
type blob struct {
	from io.Reader
	hash hash.Hash
	want ocispec.Descriptor
	read int64
	over error
}

// Read implements io.Reader.
func (b *blob) Read(p []byte) (int, error) {
	if b.over != nil {
		return 0, b.over
	}
	n, err := b.from.Read(p)
	b.hash.Write(p[:n])
	b.read += int64(n)
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		b.over = interrupted(err)
	case b.read != b.want.Size:
		b.over = ErrTruncated
	case "sha256:"+hex.EncodeToString(b.hash.Sum(nil)) != b.want.Digest.String():
		b.over = fmt.Errorf("entry %s: %w", b.want.Digest, ErrDigest)
	default:
		b.over = io.EOF
	}
	return n, b.over
}
