// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/canonical"
)

// ConfigFormat is the format of an artifact's configuration.
const ConfigFormat = "frontline.artifact/v1"

// Limits of a configuration. One beyond them is refused whole.
const (
	// MaxConfig is the size of its JSON in bytes: MaxGroups groups stay below it.
	MaxConfig = 1 << 20
	// MaxGroups is how many groups a base is cut into at most.
	MaxGroups = 4096
	// MaxDeltas is how many deltas an artifact lists at most.
	MaxDeltas = 64
)

// Config says what the layers of an artifact are and which ways through them
// lead to the content of the release. It travels sealed: a digest of plain
// content confirms guesses and has to die with the epoch's key.
type Config struct {
	Format string `json:"format"` // ConfigFormat
	Feed   string `json:"feed"`   // feed id, NAMESPACE.NAME
	Region string `json:"region"`
	// Release is the number of the release, from 1.
	Release int64 `json:"release"`
	// Epoch is the epoch of the region's key that the layers are sealed to, from 1.
	Epoch int64 `json:"epoch"`
	// Content is the digest of the release's file, Size its bytes, Records its rows.
	Content string `json:"content"`
	Size    int64  `json:"size"`
	Records int64  `json:"records"`
	// ListDate is the publisher's date of the content in RFC 3339; empty when it states none.
	ListDate string `json:"listDate,omitempty"`
	// Base is what the groups, one after another, are the bytes of.
	Base   Base    `json:"base"`
	Groups []Group `json:"groups"`
	Deltas []Edge  `json:"deltas,omitempty"`
}

// Base is the file that an artifact holds as it is.
type Base struct {
	Release int64  `json:"release"`
	Content string `json:"content"`
	Size    int64  `json:"size"`
}

// Group is one piece of the base.
type Group struct {
	// Layer is the digest of the layer, that is of its ciphertext.
	Layer string `json:"layer"`
	// Size is the bytes of the base it holds.
	Size int64 `json:"size"`
}

// Edge is a delta: what makes the file of one content from that of another.
type Edge struct {
	Layer       string `json:"layer"` // digest of the layer
	FromRelease int64  `json:"fromRelease"`
	From        string `json:"from"` // content it applies to
	ToRelease   int64  `json:"toRelease"`
	To          string `json:"to"`     // content it makes
	ToSize      int64  `json:"toSize"` // bytes of the file it makes
}

// encode returns the canonical JSON of a configuration that is sound.
func (c Config) encode() ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	data, err := canonical.Marshal(c)
	if err == nil && len(data) > MaxConfig {
		err = fmt.Errorf("configuration of %d bytes, at most %d: %w", len(data), MaxConfig, ErrTooLarge)
	}
	return data, err
}

// decodeConfig is the reverse of encode. It takes no word of the JSON into an
// error: what is in it is not for logs.
func decodeConfig(data []byte) (Config, error) {
	var c Config
	if len(data) > MaxConfig {
		return c, fmt.Errorf("configuration of %d bytes, at most %d: %w", len(data), MaxConfig, ErrTooLarge)
	}
	if err := canonical.UnmarshalStrict(data, &c); err != nil {
		return Config{}, fmt.Errorf("configuration is no JSON of this format: %w", ErrMalformed)
	}
	if err := c.check(); err != nil {
		return Config{}, err
	}
	return c, nil
}

func (c Config) check() error {
	malformed := func(what string) error { return fmt.Errorf("configuration %s: %w", what, ErrMalformed) }
	switch {
	case c.Format != ConfigFormat:
		return malformed("is not of the format " + ConfigFormat)
	case c.Feed == "" || c.Region == "" || c.Release < 1 || c.Epoch < 1:
		return malformed("names no feed, region, release or epoch")
	case c.Size < 1 || c.Records < 0 || c.Base.Release < 1 || c.Base.Size < 1:
		return malformed("has impossible counts")
	case c.Size > MaxSnapshot || c.Base.Size > MaxSnapshot || len(c.Groups) > MaxGroups || len(c.Deltas) > MaxDeltas:
		return fmt.Errorf("configuration of %d bytes in %d groups and %d deltas: %w", c.Size, len(c.Groups), len(c.Deltas), ErrTooLarge)
	}
	if c.ListDate != "" {
		if _, err := time.Parse(time.RFC3339, c.ListDate); err != nil {
			return malformed("has a list date that is no RFC 3339 time")
		}
	}
	for _, digest := range []string{c.Content, c.Base.Content} {
		if err := checkDigest(digest); err != nil {
			return err
		}
	}
	left := c.Base.Size
	for _, group := range c.Groups {
		if err := checkDigest(group.Layer); err != nil {
			return err
		}
		if group.Size < 0 || group.Size > left {
			return malformed("has groups that are not the base")
		}
		left -= group.Size
	}
	if left != 0 {
		return malformed("has groups that are not the base")
	}
	for _, edge := range c.Deltas {
		if err := edge.check(); err != nil {
			return err
		}
		if edge.To == c.Content && edge.ToSize != c.Size {
			return malformed("gives its content two sizes")
		}
	}
	if c.Content == c.Base.Content && c.Size != c.Base.Size {
		return malformed("gives its content two sizes")
	}
	if _, ok := c.route(costs{}); !ok {
		return malformed("has no way from its base to its content")
	}
	return nil
}

func (e Edge) check() error {
	for _, digest := range []string{e.Layer, e.From, e.To} {
		if err := checkDigest(digest); err != nil {
			return err
		}
	}
	if e.From == e.To || e.FromRelease < 1 || e.ToRelease < 1 || e.ToSize < 1 || e.ToSize > MaxSnapshot {
		return fmt.Errorf("delta from v%d to v%d of %d bytes is impossible: %w", e.FromRelease, e.ToRelease, e.ToSize, ErrMalformed)
	}
	return nil
}

// snapshot is what callers are told of an artifact.
func (c Config) snapshot() Snapshot {
	s := Snapshot{
		Digest: c.Content, Size: c.Size, Records: c.Records,
		Feed: c.Feed, Region: c.Region, Version: c.Release, Epoch: c.Epoch,
	}
	if c.ListDate != "" {
		s.ListDate, _ = time.Parse(time.RFC3339, c.ListDate) // checked with the rest
	}
	return s
}

// matches says whether the artifact belongs in a repository: a hub that mixes
// up regions or feeds is caught here, whatever the keys are.
func (c Config) matches(repo string) error {
	if FeedRepository(c.Region, c.Feed) != repo {
		return fmt.Errorf("the artifact is of feed %s for region %s: %w", c.Feed, c.Region, ErrForeign)
	}
	return nil
}

// layers are the digests and types that a manifest of the configuration has,
// in order: groups, then deltas.
func (c Config) layers() []ocispec.Descriptor {
	layers := make([]ocispec.Descriptor, 0, len(c.Groups)+len(c.Deltas))
	for _, group := range c.Groups {
		layers = append(layers, ocispec.Descriptor{MediaType: TypeGroup, Digest: digest.Digest(group.Layer)})
	}
	for _, edge := range c.Deltas {
		layers = append(layers, ocispec.Descriptor{MediaType: TypeDelta, Digest: digest.Digest(edge.Layer)})
	}
	return layers
}
