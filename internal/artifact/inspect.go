// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// Tags returns the tags of a repository; none when there is no such repository.
func (r *Registry) Tags(ctx context.Context, repo string) ([]string, error) {
	const op = "list tags"
	repository, err := r.repository(repo)
	if err != nil {
		return nil, r.fail(op, repo, "", err)
	}
	var all []string
	err = repository.Tags(ctx, "", func(tags []string) error {
		all = append(all, tags...)
		return nil
	})
	if answer, ok := errors.AsType[*errcode.ErrorResponse](err); ok && answer.StatusCode == http.StatusNotFound {
		return nil, nil
	}
	return all, r.fail(op, repo, "", err)
}

// Blobs returns the digests of Parts.
func (r *Registry) Blobs(ctx context.Context, repo, manifestDigest string) ([]string, error) {
	parts, err := r.Parts(ctx, repo, manifestDigest)
	out := make([]string, 0, len(parts))
	for _, part := range parts {
		out = append(out, part.Digest.String())
	}
	return out, err
}

// Parts returns what a manifest refers to, each once: configuration and
// layers. ErrNotFound when the repository does not have the manifest.
func (r *Registry) Parts(ctx context.Context, repo, manifestDigest string) ([]ocispec.Descriptor, error) {
	const op = "read manifest"
	fail := func(err error) ([]ocispec.Descriptor, error) { return nil, r.fail(op, repo, manifestDigest, err) }
	if err := checkDigest(manifestDigest); err != nil {
		return fail(err)
	}
	repository, err := r.repository(repo)
	if err != nil {
		return fail(err)
	}
	_, m, _, err := manifest(ctx, repository, manifestDigest, TypeSnapshot)
	if err != nil {
		return fail(err)
	}
	var out []ocispec.Descriptor
	seen := map[digest.Digest]bool{}
	for _, d := range append([]ocispec.Descriptor{m.Config}, m.Layers...) {
		if !seen[d.Digest] {
			out = append(out, d)
		}
		seen[d.Digest] = true
	}
	return out, nil
}

// CheckBlob says whether the repository holds a blob: nil, ErrNotFound, or
// ErrDigest when its size or, if read, its bytes are others. Reading keeps to
// the context's Limiter.
func (r *Registry) CheckBlob(ctx context.Context, repo string, desc ocispec.Descriptor, read bool) error {
	const op = "check blob"
	method := http.MethodHead
	if read {
		method = http.MethodGet
	}
	reference := desc.Digest.String()
	response, err := r.do(ctx, method, repo, "blobs", reference, auth.ActionPull)
	if err != nil {
		return r.fail(op, repo, reference, err)
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotFound:
		return r.fail(op, repo, reference, ErrNotFound)
	case response.StatusCode != http.StatusOK:
		return r.fail(op, repo, reference, answered(response))
	case response.ContentLength >= 0 && response.ContentLength != desc.Size:
		return r.fail(op, repo, reference, fmt.Errorf("%d bytes instead of %d: %w", response.ContentLength, desc.Size, ErrDigest))
	case !read:
		return nil
	}
	verifier := desc.Digest.Verifier()
	size, err := io.Copy(verifier, limiterOf(ctx).reader(ctx, io.LimitReader(response.Body, desc.Size+1)))
	if err == nil && (size != desc.Size || !verifier.Verified()) {
		err = ErrDigest
	}
	return r.fail(op, repo, reference, err)
}
