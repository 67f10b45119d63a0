// SPDX-License-Identifier: Apache-2.0

package source

import (
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
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// maxManifest bounds a manifest or a list of referrers in bytes.
const maxManifest = 1 << 20

// ArtifactRequest says which artifact to read.
type ArtifactRequest struct {
	Line
	// Reference is registry, repository and, unless Digest is given, a tag:
	// "registry.example.org/lists/un-sc:daily". The registry is asked by HTTPS.
	Reference string
	// Digest pins the artifact: the digest of its manifest.
	Digest string
	// DockerConfig is a config.json of docker with the credential for the
	// registry; empty for none. Only its auths are read.
	DockerConfig []byte
}

// Artifact is one version of an artifact in a registry, which a publisher's
// pipeline pushed: one layer a file. Each request may take the request's
// timeout.
type Artifact struct {
	line       Line
	address    *url.URL
	repository *remote.Repository
	transport  *http.Transport
	descriptor ocispec.Descriptor
	manifest   *ocispec.Manifest
}

// OpenArtifact resolves the reference. Errors are of type *Error.
func OpenArtifact(ctx context.Context, req ArtifactRequest) (*Artifact, error) {
	req.defaults()
	repository, err := remote.NewRepository(req.Reference)
	if err != nil {
		return nil, &Error{Reason: InvalidURL, Err: errors.New("the reference is not of the form registry/repository:tag")}
	}
	reference := repository.Reference.Reference
	if req.Digest != "" {
		reference = req.Digest
	}
	a := &Artifact{line: req.Line, repository: repository, transport: newTransport(req.Line)}
	a.address = &url.URL{Scheme: "oci", Host: repository.Reference.Registry, Path: "/" + repository.Reference.Repository + ":" + repository.Reference.Reference}
	if reference == "" {
		return nil, fail(InvalidURL, a.address, errors.New("the reference names neither a tag nor a digest"))
	}
	credential := func(context.Context, string) (auth.Credential, error) { return auth.EmptyCredential, nil }
	if len(req.DockerConfig) > 0 {
		store, err := credentials.NewMemoryStoreFromDockerConfig(req.DockerConfig)
		if err != nil {
			return nil, fail(Unauthorized, a.address, errors.New("the credentials are no config.json of docker"))
		}
		credential = credentials.Credential(store)
	}
	repository.Client = &auth.Client{
		Client:     &http.Client{Transport: a.transport, CheckRedirect: checkRegistryRedirect},
		Header:     http.Header{"User-Agent": {"frontline"}},
		Cache:      auth.NewCache(),
		Credential: credential,
	}
	repository.MaxMetadataBytes, repository.ReferrerListMaxPages = maxManifest, 4

	ctx, cancel := context.WithTimeout(ctx, req.Timeout)
	defer cancel()
	a.descriptor, err = repository.Manifests().Resolve(ctx, reference)
	if err != nil {
		a.Close()
		return nil, a.fail(ctx, err)
	}
	if req.Digest != "" && a.Digest() != req.Digest {
		a.Close()
		return nil, fail(DigestMismatch, a.address, fmt.Errorf("the registry answers the digest %s, pinned is %s", a.Digest(), req.Digest))
	}
	return a, nil
}

// Close gives up the connections.
func (a *Artifact) Close() { a.transport.CloseIdleConnections() }

// Digest returns the digest of the artifact's manifest.
func (a *Artifact) Digest() string { return a.descriptor.Digest.String() }

// checkRegistryRedirect lets registries send to their storage, which is
// elsewhere, for blobs alone: their digest is known, credentials stay behind
// and the address is checked as any.
func checkRegistryRedirect(request *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d times", errRedirect, maxRedirects)
	case request.URL.Scheme != "https":
		return fmt.Errorf("%w: from https to %s", errRedirect, request.URL.Scheme)
	case request.URL.User != nil:
		return fmt.Errorf("%w: to an address with a user name", errRedirect)
	case !strings.EqualFold(request.URL.Host, first.Host) && !strings.Contains(first.Path, "/blobs/"):
		return fmt.Errorf("%w: to host %s", errRedirect, request.URL.Hostname())
	}
	return nil
}

// Fetch brings one file to path, as Fetch of the package does: the layer whose
// annotation org.opencontainers.image.title is title, or, when title is empty,
// the only layer. The digest of the layer is verified. Errors are of type
// *Error.
func (a *Artifact) Fetch(ctx context.Context, title, path string) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, a.line.Timeout)
	defer cancel()
	layer, err := a.layer(ctx, title)
	if err != nil {
		return Result{}, a.fail(ctx, err)
	}
	if layer.Size > a.line.MaxBytes {
		return Result{}, fail(TooLarge, a.address, fmt.Errorf("the file has %d bytes, at most %d are taken", layer.Size, a.line.MaxBytes))
	}
	named := layer.Digest.String()
	p := openPart(path, named, a.line.MaxBytes)
	result, err := a.download(ctx, layer, p)
	if err != nil {
		failed := a.fail(ctx, err)
		failed.Kept = p.keep(failed.Reason)
		return Result{}, failed
	}
	result.Path = path
	return result, nil
}

func (a *Artifact) download(ctx context.Context, layer ocispec.Descriptor, p *part) (Result, error) {
	body, err := a.repository.Blobs().Fetch(ctx, layer)
	if err != nil {
		return Result{}, err
	}
	defer body.Close()
	named := layer.Digest.String()
	seeker, ok := body.(io.Seeker)
	if !ok || p.size > layer.Size {
		p.restart(named)
	}
	p.validator = named
	if p.size > 0 {
		if _, err := seeker.Seek(p.size, io.SeekStart); err != nil {
			return Result{}, err
		}
	}
	digest, err := p.take(body, layer.Size, a.line.MaxBytes, named)
	if err != nil {
		return Result{}, err
	}
	return Result{SHA256: digest, Bytes: layer.Size}, nil
}

// layer finds the layer of a file.
func (a *Artifact) layer(ctx context.Context, title string) (ocispec.Descriptor, error) {
	if a.manifest == nil {
		manifest, err := a.readManifest(ctx, a.descriptor)
		if err != nil {
			return ocispec.Descriptor{}, err
		}
		a.manifest = manifest
	}
	var found []ocispec.Descriptor
	for _, layer := range a.manifest.Layers {
		if title == "" || layer.Annotations[ocispec.AnnotationTitle] == title {
			found = append(found, layer)
		}
	}
	switch {
	case len(found) != 1 && title == "":
		return ocispec.Descriptor{}, unsuitable("the artifact has %d layers, and one holds the file", len(a.manifest.Layers))
	case len(found) != 1:
		return ocispec.Descriptor{}, unsuitable("the artifact has %d layers with the title %s, and one is wanted", len(found), title)
	case found[0].Size < 0 || checkDigest(found[0].Digest) != nil:
		return ocispec.Descriptor{}, unsuitable("the manifest gives the layer no digest by SHA-256 or no size")
	}
	return found[0], nil
}

func unsuitable(format string, args ...any) *Error {
	return &Error{Reason: Unsuitable, Err: fmt.Errorf(format, args...)}
}

func checkDigest(d digest.Digest) error {
	if err := d.Validate(); err != nil {
		return err
	}
	if d.Algorithm() != digest.SHA256 {
		return digest.ErrDigestUnsupported
	}
	return nil
}

// readManifest reads and verifies an image manifest.
func (a *Artifact) readManifest(ctx context.Context, d ocispec.Descriptor) (*ocispec.Manifest, error) {
	data, err := a.read(ctx, a.repository.Manifests(), d, maxManifest)
	if err != nil {
		return nil, err
	}
	manifest := &ocispec.Manifest{}
	if err := json.Unmarshal(data, manifest); err != nil || d.MediaType != ocispec.MediaTypeImageManifest {
		return nil, unsuitable("what the reference names is no image manifest of OCI")
	}
	return manifest, nil
}

// read reads what a descriptor names and verifies its digest.
func (a *Artifact) read(ctx context.Context, store content.Fetcher, d ocispec.Descriptor, limit int64) ([]byte, error) {
	if err := checkDigest(d.Digest); err != nil {
		return nil, unsuitable("the registry names something by another digest than SHA-256")
	}
	if d.Size < 0 || d.Size > limit {
		return nil, unsuitable("the artifact has a part of %d bytes where at most %d are read", d.Size, limit)
	}
	data, err := content.FetchAll(ctx, store, d)
	if errors.Is(err, content.ErrMismatchedDigest) || errors.Is(err, content.ErrTrailingData) || errors.Is(err, content.ErrInvalidDescriptorSize) {
		return nil, &Error{Reason: DigestMismatch, Err: errors.New("the registry answers other content than its digest names")}
	}
	return data, err
}

// fail gives what went wrong with the registry a reason. What the registry
// said is left out.
func (a *Artifact) fail(ctx context.Context, err error) *Error {
	if answered, ok := errors.AsType[*errcode.ErrorResponse](err); ok {
		failed := judgeStatus(answered.StatusCode)
		if failed == nil {
			failed = &Error{Reason: Unexpected, Err: statusError(answered.StatusCode)}
		}
		failed.URL = display(a.address)
		return failed
	}
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return fail(NotFound, a.address, errors.New("the registry has no such artifact, or none for these credentials"))
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return fail(Unauthorized, a.address, errors.New("the registry wants credentials and none are given for it"))
	}
	return transportError(ctx, a.address, a.line, err)
}
