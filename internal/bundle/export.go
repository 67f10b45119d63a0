// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/trust"
)

// Package is the published order of a region with the lists that it serves,
// ready to be signed for and written.
type Package struct {
	Region string
	// Sequence and Digest are the order's, Issued is when it was signed last.
	Sequence int64
	Digest   string
	Issued   time.Time
	// Feeds are the lists in it.
	Feeds []Feed

	registry *artifact.Registry
	key      crypto.PublicKey
	floors   map[string]int64
	order    artifact.Raw
	feeds    []artifact.Raw
	has      map[string]map[string]bool // blobs that the region has, by feed
}

// Feed is a list in a bundle.
type Feed struct {
	ID      string `json:"id"`
	Release int64  `json:"release"`
}

// Gather reads what is published for a region. roots are the region's, as the
// hub keeps them.
func Gather(ctx context.Context, registry *artifact.Registry, region string, roots trust.Roots) (*Package, error) {
	p := &Package{Region: region, registry: registry, floors: map[string]int64{}, has: map[string]map[string]bool{}}
	var err error
	if p.order, err = registry.RawOrder(ctx, region); err != nil {
		return nil, err
	}
	files, byDigest, err := p.readOrder(ctx)
	if err != nil {
		return nil, err
	}
	published, err := trust.Adopt(roots, files)
	if err != nil {
		return nil, fmt.Errorf("region %s: %w", region, err)
	}
	p.Sequence, p.Digest, p.Issued, p.key = published.Sequence, published.IndexDigest, published.Issued, published.BundleKey
	opened, err := order.Open(published.Index, func(digest string) ([]byte, error) {
		data, ok := byDigest[digest]
		if !ok {
			return nil, errors.New("it is missing from what is published")
		}
		return data, nil
	})
	if err != nil {
		return nil, fmt.Errorf("region %s: %w", region, err)
	}
	for _, f := range opened.Feeds {
		p.floors[f.ID] = f.Floor // zero too: a region may know better
		if f.State == order.Erase || f.Artifact == "" {
			continue
		}
		raw, err := registry.RawSnapshot(ctx, artifact.FeedRepository(region, f.ID), f.Artifact)
		if err != nil {
			return nil, err
		}
		p.feeds = append(p.feeds, raw)
		p.Feeds = append(p.Feeds, Feed{ID: f.ID, Release: f.Release})
	}
	return p, nil
}

// readOrder returns the order's files by name and by digest.
func (p *Package) readOrder(ctx context.Context) (trust.Files, map[string][]byte, error) {
	files, byDigest := trust.Files{}, map[string][]byte{}
	for _, layer := range p.order.Blobs {
		body, err := p.registry.OpenBlob(ctx, artifact.OrderRepository(p.Region), layer)
		if err != nil {
			return nil, nil, err
		}
		data, err := io.ReadAll(io.LimitReader(body, artifact.MaxOrderFile+1))
		if err := errors.Join(err, body.Close()); err != nil {
			return nil, nil, err
		}
		files[layer.Annotations[ocispec.AnnotationTitle]] = data
		byDigest[layer.Digest.String()] = data
	}
	return files, byDigest, nil
}

// Leave leaves out what the region has, by its own word: the blobs of these
// releases of a feed. A release that the hub no longer has leaves out nothing.
func (p *Package) Leave(ctx context.Context, feed string, releases []int64) error {
	repo := artifact.FeedRepository(p.Region, feed)
	for _, release := range releases {
		desc, err := p.registry.Resolve(ctx, repo, artifact.ReleaseTag(release))
		if errors.Is(err, artifact.ErrNotFound) {
			continue
		}
		var blobs []string
		if err == nil {
			blobs, err = p.registry.Blobs(ctx, repo, desc.Digest.String())
		}
		if err != nil {
			return err
		}
		if p.has[feed] == nil {
			p.has[feed] = map[string]bool{}
		}
		for _, blob := range blobs {
			p.has[feed][blob] = true
		}
	}
	return nil
}

// Sign signs the statement that permits the import of the package.
func (p *Package) Sign(key crypto.Signer, number int64, created, expires time.Time) ([]byte, error) {
	if p.key == nil || !keyring.Equal(p.key, key.Public()) {
		return nil, fmt.Errorf("the published order %d of region %s names another key for bundles than the hub has; wait for its next order, or see: frontline trust show", p.Sequence, p.Region)
	}
	return trust.SignBundle(key, trust.Bundle{
		Region: p.Region, Number: number, Sequence: p.Sequence, Digest: p.Digest, Floors: p.floors, Created: created, Expires: expires,
	})
}

// Write writes the bundle.
func (p *Package) Write(ctx context.Context, w io.Writer, statement []byte) error {
	return Write(w, Contents{
		Region: p.Region, Statement: statement, Order: p.order, Feeds: slices.Clone(p.feeds),
		Skip: func(feed, digest string) bool { return p.has[feed][digest] },
		Open: func(repository string, blob ocispec.Descriptor) (io.ReadCloser, error) {
			return p.registry.OpenBlob(ctx, repository, blob)
		},
	})
}
