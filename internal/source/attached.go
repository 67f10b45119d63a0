// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
)

const (
	// bundleType is what cosign 3 attaches as a referrer (OCI distribution
	// specification 1.1, listing referrers).
	bundleType = "application/vnd.dev.sigstore.bundle"
	// simpleSigningType is what cosign 2 stores below the tag sha256-HEX.sig.
	simpleSigningType       = "application/vnd.dev.cosign.simplesigning.v1+json"
	simpleSigningAnnotation = "dev.cosignproject.cosign/signature"

	maxAttached      = 256 << 10
	maxAttachedCount = 32
)

// Attached is one signature that cosign attached to an artifact: a Bundle, or
// a Payload with the base64 of its Signature. It proves nothing by itself.
type Attached struct {
	Bundle             []byte
	Payload, Signature []byte
}

// Attached reads the signatures of the artifact, at most 32 of each kind: who
// may push may attach. Errors are of type *Error; that there are none is none.
func (a *Artifact) Attached(ctx context.Context) ([]Attached, error) {
	ctx, cancel := context.WithTimeout(ctx, a.line.Timeout)
	defer cancel()
	if err := checkDigest(a.descriptor.Digest); err != nil {
		return nil, a.fail(ctx, unsuitable("the artifact has another digest than one by SHA-256"))
	}
	bundles, err := a.bundles(ctx)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	simple, err := a.simpleSignatures(ctx)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return append(bundles, simple...), nil
}

func (a *Artifact) bundles(ctx context.Context) ([]Attached, error) {
	var referrers []ocispec.Descriptor
	err := a.repository.Referrers(ctx, a.descriptor, "", func(page []ocispec.Descriptor) error {
		for _, referrer := range page {
			if strings.HasPrefix(referrer.ArtifactType, bundleType) && len(referrers) < maxAttachedCount {
				referrers = append(referrers, referrer)
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errdef.ErrNotFound) {
		return nil, err
	}
	var list []Attached
	for _, referrer := range referrers {
		manifest, err := a.readManifest(ctx, referrer)
		if skip, err := harmless(err); skip {
			continue
		} else if err != nil {
			return nil, err
		}
		if len(manifest.Layers) != 1 || !strings.HasPrefix(manifest.Layers[0].MediaType, bundleType) {
			continue
		}
		data, err := a.read(ctx, a.repository.Blobs(), manifest.Layers[0], maxAttached)
		if skip, err := harmless(err); skip {
			continue
		} else if err != nil {
			return nil, err
		}
		list = append(list, Attached{Bundle: data})
	}
	return list, nil
}

func (a *Artifact) simpleSignatures(ctx context.Context) ([]Attached, error) {
	tag := strings.ReplaceAll(a.Digest(), ":", "-") + ".sig"
	descriptor, err := a.repository.Manifests().Resolve(ctx, tag)
	if errors.Is(err, errdef.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	manifest, err := a.readManifest(ctx, descriptor)
	if skip, err := harmless(err); skip || err != nil {
		return nil, err
	}
	var list []Attached
	for _, layer := range manifest.Layers[:min(len(manifest.Layers), maxAttachedCount)] {
		signature := layer.Annotations[simpleSigningAnnotation]
		if layer.MediaType != simpleSigningType || signature == "" {
			continue
		}
		data, err := a.read(ctx, a.repository.Blobs(), layer, maxAttached)
		if skip, err := harmless(err); skip {
			continue
		} else if err != nil {
			return nil, err
		}
		list = append(list, Attached{Payload: data, Signature: []byte(signature)})
	}
	return list, nil
}

// harmless reports whether a signature that cannot be read is only of no use:
// anybody who may attach one could otherwise keep the good ones from being
// looked at.
func harmless(err error) (bool, error) {
	switch ReasonOf(err) {
	case Unsuitable, DigestMismatch:
		return true, nil
	}
	if errors.Is(err, errdef.ErrNotFound) {
		return true, nil
	}
	return false, err
}
