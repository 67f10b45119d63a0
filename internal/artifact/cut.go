// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/seal"
)

// Cut is a release to be published for one region.
type Cut struct {
	// Snapshot is the release and its file, which must have the digest and size
	// it states.
	Snapshot
	// Epoch of the region's key. A region that makes a new key makes a new epoch.
	Epoch int64
	// Key is the feed's: it names layers, so that equal ones are found again.
	Key feedkey.Key
	// Recipients are the age recipients of the region's key of the epoch.
	Recipients []string
	// Readers may open the configuration beside them, and no layer: the hub.
	Readers []string
	// Previous and PreviousManifest are the artifact the region was sent before
	// and the digest of its manifest; nil and empty when there is none.
	Previous         *Config
	PreviousManifest string
	// Patches are the deltas at hand.
	Patches []Patch
	// Rebase asks for a base of this release.
	Rebase bool
	// Dir is a folder for sealed layers on their way to the registry.
	Dir string
}

// Patch is a file of package delta, as it was made.
type Patch struct {
	Path        string
	FromRelease int64
	From        string // content it applies to
	ToRelease   int64
	To          string // content it makes
	ToSize      int64  // bytes of the file it makes
}

// CutSnapshot publishes a release under its tag: it plans with PlanCut, seals
// what is new, pushes it, and the manifest last. It returns the manifest's
// descriptor and the configuration, for the next cut. Layers whose plaintext
// the artifact before has are not sealed again and keep their digests; when one
// of them has gone from the registry, a new base is cut.
//
// A cut that would come out as the artifact before gives that one back. Cut
// otherwise, the same release moves its tag to the new artifact, and the old one
// stays by its digest until it is deleted.
func (r *Registry) CutSnapshot(ctx context.Context, repo string, c Cut) (ocispec.Descriptor, Config, error) {
	const op = "cut snapshot"
	if err := c.check(repo); err != nil {
		return ocispec.Descriptor{}, Config{}, r.fail(op, repo, c.Digest, err)
	}
	desc, config, err := r.cut(ctx, repo, c)
	if isUnknownBlob(err) {
		// A layer that was to be kept has been swept: nothing is kept.
		c.Previous, c.PreviousManifest = nil, ""
		desc, config, err = r.cut(ctx, repo, c)
	}
	return desc, config, r.fail(op, repo, c.Digest, err)
}

func (c Cut) check(repo string) error {
	if err := c.Snapshot.check(); err != nil {
		return err
	}
	if c.Snapshot.Size < 1 || c.Snapshot.Size > MaxSnapshot {
		return fmt.Errorf("content of %d bytes, at most %d: %w", c.Snapshot.Size, int64(MaxSnapshot), ErrTooLarge)
	}
	if c.Epoch < 1 || len(c.Recipients) == 0 {
		return errors.New("the region has announced no key to seal to")
	}
	if FeedRepository(c.Region, c.Feed) != repo {
		return fmt.Errorf("the release is of feed %s for region %s: %w", c.Feed, c.Region, ErrForeign)
	}
	return nil
}

func (r *Registry) cut(ctx context.Context, repo string, c Cut) (ocispec.Descriptor, Config, error) {
	repository, err := r.repository(repo)
	if err != nil {
		return ocispec.Descriptor{}, Config{}, err
	}
	w := &cutting{c: c, repo: repository, before: map[string]ocispec.Descriptor{}, keyed: map[string]ocispec.Descriptor{}, bytes: map[string]int64{}}
	if err := w.previous(ctx, r, repo); err != nil {
		return ocispec.Descriptor{}, Config{}, err
	}
	plan, err := w.plan()
	if err != nil {
		return ocispec.Descriptor{}, Config{}, err
	}
	config, err := w.layers(ctx, plan)
	if err != nil {
		return ocispec.Descriptor{}, Config{}, err
	}
	if w.same(config) {
		desc, err := pushBytes(ctx, repository, w.old.desc, w.old.data, ReleaseTag(config.Release))
		return desc, config, err
	}
	desc, err := w.publish(ctx, config)
	return desc, config, err
}

// cutting makes one artifact.
type cutting struct {
	c    Cut
	repo *remote.Repository
	// old is the manifest of the artifact before.
	old sealed
	// before are the layers of the artifact before by their digest, keyed by
	// their type and keyed digest; bytes are their sizes.
	before, keyed map[string]ocispec.Descriptor
	bytes         map[string]int64
	// list is the manifest's layers, in order.
	list []ocispec.Descriptor
}

// previous reads which layers the artifact before has. One that is gone or
// damaged is as good as none.
func (w *cutting) previous(ctx context.Context, r *Registry, repo string) error {
	if w.c.PreviousManifest == "" {
		w.c.Previous = nil
		return nil
	}
	s, err := r.sealedManifest(ctx, repo, w.c.PreviousManifest, MaxSnapshot)
	if err != nil && !unusable(err) {
		return err
	}
	if err != nil || (w.c.Previous != nil && s.compare(*w.c.Previous) != nil) {
		w.c.Previous = nil
	}
	if err != nil {
		return nil //nolint:nilerr // nothing of it is used
	}
	w.old = s
	for _, layer := range s.m.Layers {
		w.before[layer.Digest.String()], w.bytes[layer.Digest.String()] = layer, layer.Size
		if name := layer.Annotations[annotationKeyed]; name != "" {
			w.keyed[layer.MediaType+" "+name] = layer
		}
	}
	return nil
}

func (w *cutting) plan() (CutPlan, error) {
	in := PlanInput{
		Feed: w.c.Feed, Region: w.c.Region, Epoch: w.c.Epoch, Content: w.c.Digest, Size: w.c.Size,
		Previous: w.c.Previous, Layers: w.bytes, Rebase: w.c.Rebase,
	}
	for _, patch := range w.c.Patches {
		if patch.From == patch.To {
			continue // a release that changed nothing
		}
		link, err := patch.link()
		if err != nil {
			return CutPlan{}, err
		}
		in.Patches = append(in.Patches, link)
	}
	return PlanCut(in), nil
}

// PlanCut is what CutSnapshot would decide, given the bytes of the previous
// artifact's layers by digest.
func (c Cut) PlanCut(layers map[string]int64) (CutPlan, error) {
	return (&cutting{c: c, bytes: layers}).plan()
}

func (p Patch) link() (Link, error) {
	info, err := os.Stat(p.Path)
	if err != nil {
		return Link{}, err
	}
	return Link{Bytes: sealedPatch(info.Size()), Edge: Edge{
		FromRelease: p.FromRelease, From: p.From, ToRelease: p.ToRelease, To: p.To, ToSize: p.ToSize,
	}}, nil
}

// sealedPatch is what a patch takes once sealed to one key: age adds a header
// of about 200 bytes, and 16 to each 64 KiB.
func sealedPatch(plain int64) int64 { return plain + 200 + 16*(plain>>16+1) }

// layers makes or finds every layer of the plan.
func (w *cutting) layers(ctx context.Context, plan CutPlan) (Config, error) {
	c := Config{
		Format: ConfigFormat, Feed: w.c.Feed, Region: w.c.Region, Release: w.c.Version, Epoch: w.c.Epoch,
		Content: w.c.Digest, Size: w.c.Size, Records: w.c.Records,
	}
	if !w.c.ListDate.IsZero() {
		c.ListDate = w.c.ListDate.UTC().Format(time.RFC3339)
	}
	if plan.Rebase {
		groups, err := w.base(ctx)
		if err != nil {
			return Config{}, err
		}
		c.Base, c.Groups = Base{Release: w.c.Version, Content: w.c.Digest, Size: w.c.Size}, groups
	} else {
		c.Base, c.Groups = w.c.Previous.Base, w.c.Previous.Groups
		for _, group := range c.Groups {
			w.list = append(w.list, w.before[group.Layer])
		}
	}
	for _, link := range plan.Links {
		edge := link.Edge
		if edge.Layer != "" {
			w.list = append(w.list, w.before[edge.Layer])
		} else {
			layer, err := w.patch(ctx, edge)
			if err != nil {
				return Config{}, err
			}
			edge.Layer = layer
		}
		c.Deltas = append(c.Deltas, edge)
	}
	return c, nil
}

// same says whether the artifact before already is what is to be published.
func (w *cutting) same(c Config) bool {
	if w.c.Previous == nil {
		return false
	}
	next, nextErr := c.encode()
	before, err := w.c.Previous.encode()
	return errors.Join(nextErr, err) == nil && bytes.Equal(next, before)
}

// publish seals the configuration and pushes it and the manifest.
func (w *cutting) publish(ctx context.Context, c Config) (ocispec.Descriptor, error) {
	plain, err := c.encode()
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	data, err := seal.SealBytes(plain, append(append([]string(nil), w.c.Recipients...), w.c.Readers...)...)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	config := content.NewDescriptorFromBytes(TypeSnapshotConfig, data)
	if err := uploadBlob(ctx, w.repo, config, opener(data)); err != nil {
		return ocispec.Descriptor{}, err
	}
	m := newManifest(c, config, w.list)
	if err := (sealed{m: m, about: about{feed: c.Feed, region: c.Region, release: c.Release, epoch: c.Epoch}}).compare(c); err != nil {
		return ocispec.Descriptor{}, err
	}
	return pushManifest(ctx, w.repo, m, ReleaseTag(c.Release))
}

// found is a layer of the artifact before with the plaintext.
func (w *cutting) found(mediaType string, plain [32]byte) (keyed string, desc ocispec.Descriptor, ok bool) {
	keyed = w.c.Key.LayerDigest(w.c.Region, w.c.Epoch, plain)
	desc, ok = w.keyed[mediaType+" "+keyed]
	return keyed, desc, ok
}

func described(mediaType, keyed string, sum digest.Digest, size int64) ocispec.Descriptor {
	return ocispec.Descriptor{
		MediaType: mediaType, Digest: sum, Size: size,
		Annotations: map[string]string{annotationKeyed: keyed},
	}
}
