// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	specs "github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"
)

// orderAtOnce is how many files of an order are on their way at once.
const orderAtOnce = 4

// PushOrder publishes the files of an order, by name, and moves the current
// tag to them last, so that a reader sees the old order or the new one. Files
// the published order already has are not uploaded again.
func (r *Registry) PushOrder(ctx context.Context, repo string, files map[string][]byte) (ocispec.Descriptor, error) {
	const op = "push order"
	if err := checkOrder(files); err != nil {
		return ocispec.Descriptor{}, r.fail(op, repo, CurrentTag, err)
	}
	repository, err := r.repository(repo)
	if err != nil {
		return ocispec.Descriptor{}, r.fail(op, repo, CurrentTag, err)
	}
	known := map[digest.Digest]bool{}
	if _, m, _, err := manifest(ctx, repository, CurrentTag, TypeOrder); err == nil {
		for _, layer := range append(m.Layers, m.Config) {
			known[layer.Digest] = true
		}
	}
	desc, err := pushOrder(ctx, repository, files, known)
	if isUnknownBlob(err) {
		// Something the published order refers to has been swept: ask for each.
		desc, err = pushOrder(ctx, repository, files, nil)
	}
	return desc, r.fail(op, repo, CurrentTag, err)
}

func pushOrder(ctx context.Context, repo *remote.Repository, files map[string][]byte, known map[digest.Digest]bool) (ocispec.Descriptor, error) {
	m := ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: TypeOrder,
		Config:       ocispec.DescriptorEmptyJSON,
	}
	put := func(ctx context.Context, desc ocispec.Descriptor, data []byte) error {
		if known[desc.Digest] {
			return nil
		}
		return pushBlob(ctx, repo, desc, opener(data))
	}
	if err := put(ctx, m.Config, m.Config.Data); err != nil {
		return ocispec.Descriptor{}, err
	}
	puts, work := errgroup.WithContext(ctx)
	puts.SetLimit(orderAtOnce)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		desc := content.NewDescriptorFromBytes(TypeOrderFile, files[name])
		puts.Go(func() error {
			if err := put(work, desc, files[name]); err != nil {
				return fmt.Errorf("file %s: %w", name, err)
			}
			return nil
		})
		layer := desc // which is being pushed
		layer.Annotations = map[string]string{ocispec.AnnotationTitle: name}
		m.Layers = append(m.Layers, layer)
	}
	if err := puts.Wait(); err != nil {
		return ocispec.Descriptor{}, err
	}
	return pushManifest(ctx, repo, m, CurrentTag)
}

func pushManifest(ctx context.Context, repo *remote.Repository, m ocispec.Manifest, tag string) (ocispec.Descriptor, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	if len(data) > maxManifest {
		return ocispec.Descriptor{}, fmt.Errorf("manifest of %d bytes: %w", len(data), ErrTooLarge)
	}
	desc := content.NewDescriptorFromBytes(m.MediaType, data)
	desc.ArtifactType = m.ArtifactType
	body, err := opener(data)()
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return desc, repo.Manifests().PushReference(ctx, desc, body, tag)
}

// FetchOrder returns the files of the order the current tag names, and the
// digest of its manifest. known may return the bytes of a digest the caller
// already has; it may be nil. Each file is compared with the manifest's
// digest, but nothing here proves who wrote the manifest: that is for package
// trust.
func (r *Registry) FetchOrder(ctx context.Context, repo string, known func(digest string) ([]byte, bool)) (map[string][]byte, string, error) {
	const op = "fetch order"
	repository, err := r.repository(repo)
	if err != nil {
		return nil, "", r.fail(op, repo, CurrentTag, err)
	}
	desc, m, _, err := manifest(ctx, repository, CurrentTag, TypeOrder)
	if err != nil {
		return nil, "", r.fail(op, repo, CurrentTag, err)
	}
	if err := checkOrderLayers(m.Layers); err != nil {
		return nil, "", r.fail(op, repo, CurrentTag, err)
	}
	// On a far line a file after the other would cost a round trip each.
	contents := make([][]byte, len(m.Layers))
	gets, work := errgroup.WithContext(ctx)
	gets.SetLimit(orderAtOnce)
	for i, layer := range m.Layers {
		gets.Go(func() (err error) {
			if contents[i], err = orderFile(work, repository, layer, known); err != nil {
				return r.fail(op, repo, layer.Digest.String(), fmt.Errorf("file %s: %w", layer.Annotations[ocispec.AnnotationTitle], err))
			}
			return nil
		})
	}
	if err := gets.Wait(); err != nil {
		return nil, "", err
	}
	files := make(map[string][]byte, len(m.Layers))
	for i, layer := range m.Layers {
		files[layer.Annotations[ocispec.AnnotationTitle]] = contents[i]
	}
	return files, desc.Digest.String(), nil
}

func orderFile(ctx context.Context, repo *remote.Repository, layer ocispec.Descriptor, known func(string) ([]byte, bool)) ([]byte, error) {
	if known != nil {
		if data, ok := known(layer.Digest.String()); ok && int64(len(data)) == layer.Size && digest.FromBytes(data) == layer.Digest {
			return data, nil
		}
	}
	body, err := repo.Blobs().Fetch(ctx, layer)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := content.ReadAll(body, layer)
	return data, mismatch(err)
}

func checkOrder(files map[string][]byte) error {
	layers := make([]ocispec.Descriptor, 0, len(files))
	for name, data := range files {
		layers = append(layers, ocispec.Descriptor{
			MediaType: TypeOrderFile, Digest: digest.FromBytes(data), Size: int64(len(data)),
			Annotations: map[string]string{ocispec.AnnotationTitle: name},
		})
	}
	return checkOrderLayers(layers)
}

func checkOrderLayers(layers []ocispec.Descriptor) error {
	if len(layers) > MaxOrderFiles {
		return fmt.Errorf("order of %d files, at most %d: %w", len(layers), MaxOrderFiles, ErrTooLarge)
	}
	seen := make(map[string]bool, len(layers))
	var total int64
	for _, layer := range layers {
		name := layer.Annotations[ocispec.AnnotationTitle]
		if !validFileName(name) || seen[name] || layer.MediaType != TypeOrderFile {
			return fmt.Errorf("order file %q is unnamed, named twice or of a foreign type: %w", name, ErrMalformed)
		}
		if err := checkDigest(layer.Digest.String()); err != nil {
			return err
		}
		seen[name] = true
		if layer.Size < 0 || layer.Size > MaxOrderFile {
			return fmt.Errorf("order file %s of %d bytes, at most %d: %w", name, layer.Size, MaxOrderFile, ErrTooLarge)
		}
		total += layer.Size
	}
	if total > MaxOrderTotal {
		return fmt.Errorf("order of %d bytes, at most %d: %w", total, MaxOrderTotal, ErrTooLarge)
	}
	return nil
}

// validFileName accepts what can be a file of a flat folder everywhere: a
// name becomes a path in bundles. A colon may stand in it: digests are names of parts.
func validFileName(name string) bool {
	if name == "" || len(name) > 255 || name[0] == '.' {
		return false
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(".-_:", c) {
			return false
		}
	}
	return true
}
