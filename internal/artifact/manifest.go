// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	specs "github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/frontline-screening/frontline/internal/seal"
)

// sealed is the manifest of an artifact: all that is known of it without a key.
type sealed struct {
	desc  ocispec.Descriptor
	data  []byte // as signed for
	m     ocispec.Manifest
	about about
}

// about is what the annotations of a manifest say. It decides nothing but
// error texts and the tag: what counts stands in the configuration.
type about struct {
	feed, region   string
	release, epoch int64
}

func (a about) annotations() map[string]string {
	return map[string]string{
		annotationFeed: a.feed, annotationRegion: a.region,
		annotationRelease: strconv.FormatInt(a.release, 10), annotationEpoch: strconv.FormatInt(a.epoch, 10),
	}
}

func readAbout(annotations map[string]string) (about, error) {
	a := about{feed: annotations[annotationFeed], region: annotations[annotationRegion]}
	for key, into := range map[string]*int64{annotationRelease: &a.release, annotationEpoch: &a.epoch} {
		value, err := strconv.ParseInt(annotations[key], 10, 64)
		if err != nil || value < 1 {
			return a, fmt.Errorf("annotation %s is no number from 1: %w", key, ErrMalformed)
		}
		*into = value
	}
	if a.feed == "" || a.region == "" {
		return a, fmt.Errorf("manifest names no feed or region: %w", ErrMalformed)
	}
	return a, nil
}

// newManifest puts the parts of an artifact together.
func newManifest(c Config, config ocispec.Descriptor, layers []ocispec.Descriptor) ocispec.Manifest {
	return ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: TypeSnapshot,
		Config:       config,
		Layers:       layers,
		Annotations:  about{feed: c.Feed, region: c.Region, release: c.Release, epoch: c.Epoch}.annotations(),
	}
}

// sealedManifest fetches and checks the manifest with the digest. limit bounds
// the layers together.
func (r *Registry) sealedManifest(ctx context.Context, repo, manifestDigest string, limit int64) (sealed, error) {
	var s sealed
	if err := checkDigest(manifestDigest); err != nil {
		return s, err
	}
	repository, err := r.repository(repo)
	if err != nil {
		return s, err
	}
	s.desc, s.m, s.data, err = manifest(ctx, repository, manifestDigest, TypeSnapshot)
	if err != nil {
		return s, err
	}
	return s, s.check(repo, limit)
}

func (s *sealed) check(repo string, limit int64) (err error) {
	config := s.m.Config
	if config.MediaType != TypeSnapshotConfig {
		return fmt.Errorf("configuration of type %s instead of %s: %w", config.MediaType, TypeSnapshotConfig, ErrMalformed)
	}
	if len(s.m.Layers) == 0 || len(s.m.Layers) > MaxGroups+MaxDeltas {
		return fmt.Errorf("%d layers, at most %d: %w", len(s.m.Layers), MaxGroups+MaxDeltas, ErrTooLarge)
	}
	if err := checkDigest(config.Digest.String()); err != nil {
		return err
	}
	if config.Size < 1 || config.Size > maxSealed(MaxConfig) {
		return fmt.Errorf("configuration of %d bytes, at most %d: %w", config.Size, maxSealed(MaxConfig), ErrTooLarge)
	}
	left := maxSealed(limit)
	for _, layer := range s.m.Layers {
		if layer.MediaType != TypeGroup && layer.MediaType != TypeDelta {
			return fmt.Errorf("layer of type %s: %w", layer.MediaType, ErrMalformed)
		}
		if err := checkDigest(layer.Digest.String()); err != nil {
			return err
		}
		if layer.Size < 1 {
			return fmt.Errorf("layer of %d bytes: %w", layer.Size, ErrMalformed)
		}
		if layer.Size > left {
			return fmt.Errorf("layers of over %d bytes: %w", limit, ErrTooLarge)
		}
		left -= layer.Size
	}
	if s.about, err = readAbout(s.m.Annotations); err != nil {
		return err
	}
	if FeedRepository(s.about.region, s.about.feed) != repo {
		return fmt.Errorf("the artifact is of feed %s for region %s: %w", s.about.feed, s.about.region, ErrForeign)
	}
	return nil
}

// maxSealed bounds what plain bytes take once compressed and sealed: what does
// not compress grows a little, age adds 16 bytes to each 64 KiB and a header.
func maxSealed(plain int64) int64 { return plain + plain/128 + 64<<10 }

// open fetches and opens the configuration and compares it with the manifest.
func (r *Registry) open(ctx context.Context, repo string, s sealed, identities []string) (Config, error) {
	repository, err := r.repository(repo)
	if err != nil {
		return Config{}, err
	}
	data, err := r.fetchSmall(ctx, repository, s.m.Config)
	if err != nil {
		return Config{}, err
	}
	plain, err := seal.OpenBytes(data, MaxConfig, identities...)
	if err != nil {
		return Config{}, s.opening("configuration", err)
	}
	c, err := decodeConfig(plain)
	if err != nil {
		return Config{}, err
	}
	if err := c.matches(repo); err != nil {
		return Config{}, err
	}
	return c, s.compare(c)
}

func (r *Registry) fetchSmall(ctx context.Context, repo *remote.Repository, desc ocispec.Descriptor) ([]byte, error) {
	body, err := repo.Blobs().Fetch(ctx, desc)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := content.ReadAll(body, desc)
	return data, mismatch(err)
}

// opening says which key is needed, and never which was tried.
func (s sealed) opening(what string, err error) error {
	switch {
	case errors.Is(err, seal.ErrKey):
		return fmt.Errorf("%s is sealed to the key of epoch %d of region %s: %w", what, s.about.epoch, s.about.region, ErrKey)
	case errors.Is(err, seal.ErrDamaged):
		return fmt.Errorf("%s: %w (%w)", what, ErrMalformed, err)
	case errors.Is(err, seal.ErrTooLarge):
		return fmt.Errorf("%s: %w (%w)", what, ErrTooLarge, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// compare refuses an artifact whose parts are not of one cut.
func (s sealed) compare(c Config) error {
	if (about{feed: c.Feed, region: c.Region, release: c.Release, epoch: c.Epoch}) != s.about {
		return fmt.Errorf("its annotations say release %d and epoch %d, its configuration release %d and epoch %d: %w",
			s.about.release, s.about.epoch, c.Release, c.Epoch, ErrLayers)
	}
	same := slices.EqualFunc(s.m.Layers, c.layers(), func(have ocispec.Descriptor, want ocispec.Descriptor) bool {
		return have.Digest == want.Digest && have.MediaType == want.MediaType
	})
	if !same {
		return fmt.Errorf("its layers are not those that its configuration names: %w", ErrLayers)
	}
	for i, group := range c.Groups {
		if size := s.m.Layers[i].Size; size > maxSealed(group.Size) {
			return fmt.Errorf("layer of %d bytes for %d: %w", size, group.Size, ErrTooLarge)
		}
	}
	return nil
}

// ReadConfig returns the configuration of the artifact with the manifest
// digest, opened with one of the identities. The hub reads with its own what
// it cut before.
func (r *Registry) ReadConfig(ctx context.Context, repo, manifestDigest string, identities []string) (Config, error) {
	s, err := r.sealedManifest(ctx, repo, manifestDigest, MaxSnapshot)
	if err != nil {
		return Config{}, r.fail("read configuration", repo, manifestDigest, err)
	}
	c, err := r.open(ctx, repo, s, identities)
	return c, r.fail("read configuration", repo, manifestDigest, err)
}
