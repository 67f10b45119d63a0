// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// Registry is a client of one OCI registry. It is safe for concurrent use.
type Registry struct {
	host   string
	prefix string // path before each repository's name, with a trailing slash
	plain  bool
	client remote.Client

	external bool // of somebody else, who knows nothing of Frontline
	patience patience
}

// Connect returns a client of the registry at baseURL ("https://host:port"),
// which knows its callers by the certificate client presents. The client's
// Timeout bounds a whole transfer and should be zero: transfers end when
// their context does, or when nothing has arrived for two minutes.
func Connect(baseURL string, client *http.Client) (*Registry, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, errors.New("registry: the base URL must have the form https://host:port")
	}
	if client == nil {
		return nil, fmt.Errorf("registry %s: no HTTP client given", u.Host)
	}
	return &Registry{host: u.Host, prefix: prefix(u.Path), plain: u.Scheme == "http", client: client, patience: defaultPatience}, nil
}

// Host returns host and port of the registry.
func (r *Registry) Host() string { return r.host }

func prefix(path string) string {
	path = strings.Trim(path, "/")
	if path == "" {
		return ""
	}
	return path + "/"
}

func (r *Registry) repository(name string) (*remote.Repository, error) {
	repo, err := remote.NewRepository(r.host + "/" + r.prefix + name)
	if err != nil {
		return nil, err
	}
	repo.Client, repo.PlainHTTP = r.client, r.plain
	repo.MaxMetadataBytes = maxManifest
	repo.SkipReferrersGC = true
	return repo, nil
}

// base is the registry's address without a path.
func (r *Registry) base() string {
	if r.plain {
		return "http://" + r.host
	}
	return "https://" + r.host
}

// request is one for a blob or manifest, for callers that oras-go does not serve.
// The actions are what a token must allow at a registry that wants one.
func (r *Registry) request(ctx context.Context, method, repo, kind, reference string, actions ...string) (*http.Request, error) {
	name := r.prefix + repo
	ctx = auth.AppendRepositoryScope(ctx, registry.Reference{Registry: r.host, Repository: name}, actions...)
	return http.NewRequestWithContext(ctx, method, fmt.Sprintf("%s/v2/%s/%s/%s", r.base(), name, kind, reference), nil)
}

func (r *Registry) fail(op, repo, reference string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if answer, ok := errors.AsType[*errcode.ErrorResponse](err); ok && answer.StatusCode == http.StatusInsufficientStorage {
		err = fmt.Errorf("the registry's volume is full: %w (%w)", ErrSpace, err)
	}
	return &Error{Op: op, Registry: r.host, Repository: repo, Reference: reference, Err: err}
}

// Resolve returns the descriptor of the manifest a tag or digest names.
func (r *Registry) Resolve(ctx context.Context, repo, reference string) (ocispec.Descriptor, error) {
	repository, err := r.repository(repo)
	if err != nil {
		return ocispec.Descriptor{}, r.fail("resolve", repo, reference, err)
	}
	desc, err := repository.Manifests().Resolve(ctx, reference)
	return desc, r.fail("resolve", repo, reference, err)
}

// Delete removes a manifest. The blobs stay until the registry is cleaned up.
// A manifest that is not there is no error; ErrDeletionUnsupported when the
// registry does not delete.
func (r *Registry) Delete(ctx context.Context, repo, manifestDigest string) error {
	repository, err := r.repository(repo)
	if err != nil {
		return r.fail("delete", repo, manifestDigest, err)
	}
	if err := checkDigest(manifestDigest); err != nil {
		return r.fail("delete", repo, manifestDigest, err)
	}
	desc, err := repository.Manifests().Resolve(ctx, manifestDigest)
	if err == nil {
		err = deletion(repository.Manifests().Delete(ctx, desc))
	}
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return r.fail("delete", repo, manifestDigest, err)
}

// manifest fetches and decodes the manifest a tag or digest names, and checks
// its bytes against the digest, its size and its artifact type.
func manifest(ctx context.Context, repo *remote.Repository, reference, artifactType string) (ocispec.Descriptor, ocispec.Manifest, []byte, error) {
	var m ocispec.Manifest
	desc, body, err := repo.Manifests().FetchReference(ctx, reference)
	if err != nil {
		return desc, m, nil, err
	}
	defer body.Close()
	if desc.Size > maxManifest {
		return desc, m, nil, fmt.Errorf("manifest of %d bytes: %w", desc.Size, ErrTooLarge)
	}
	// A registry that names the wrong digest for a digest asked for must not
	// choose what the bytes are compared with.
	if want, err := digest.Parse(reference); err == nil {
		desc.Digest = want
	}
	data, err := content.ReadAll(body, desc)
	if err != nil {
		return desc, m, nil, mismatch(err)
	}
	err = readManifest(desc, data, artifactType, &m)
	return desc, m, data, err
}

func readManifest(desc ocispec.Descriptor, data []byte, artifactType string, m *ocispec.Manifest) error {
	if err := json.Unmarshal(data, m); err != nil {
		return fmt.Errorf("manifest is no JSON: %w", ErrMalformed)
	}
	if m.ArtifactType != artifactType || desc.MediaType != ocispec.MediaTypeImageManifest {
		return fmt.Errorf("artifact type %q instead of %q: %w", m.ArtifactType, artifactType, ErrMalformed)
	}
	return nil
}

// mismatch marks the errors of a reader that verifies as ErrDigest; a body
// that ended early or an unreachable registry keeps its own cause.
func mismatch(err error) error {
	if errors.Is(err, content.ErrMismatchedDigest) || errors.Is(err, content.ErrTrailingData) || errors.Is(err, content.ErrInvalidDescriptorSize) {
		return fmt.Errorf("%w (%w)", ErrDigest, err)
	}
	return err
}

// pushBlob uploads data unless the repository has it.
func pushBlob(ctx context.Context, repo *remote.Repository, desc ocispec.Descriptor, open func() (io.ReadCloser, error)) error {
	exists, err := repo.Blobs().Exists(ctx, desc)
	if err != nil || exists {
		return err
	}
	return uploadBlob(ctx, repo, desc, open)
}

func uploadBlob(ctx context.Context, repo *remote.Repository, desc ocispec.Descriptor, open func() (io.ReadCloser, error)) error {
	body, err := open()
	if err != nil {
		return err
	}
	defer body.Close()
	return repo.Blobs().Push(ctx, desc, body)
}

func opener(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// checkDigest accepts sha256 alone: it is what orders are written in.
func checkDigest(s string) error {
	d, err := digest.Parse(s)
	if err != nil || d.Algorithm() != digest.SHA256 {
		return fmt.Errorf("%q is no sha256 digest: %w", s, ErrMalformed)
	}
	return nil
}
