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

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/frontline-screening/frontline/internal/garbage"
)

// Causes that callers tell apart with errors.Is.
var (
	// ErrCollectUnsupported means that the registry cannot be asked to remove
	// what nothing refers to: it does so in its own time, or never.
	ErrCollectUnsupported = errors.New("the registry collects no garbage on request")
	// ErrDeletionUnsupported means that the registry does not let manifests or
	// blobs be deleted. It is the reason DeletionUnsupported.
	ErrDeletionUnsupported = errors.New("the registry does not delete")
)

// CollectOptions say what a collection may remove beside what nothing refers to.
type CollectOptions = garbage.Options

// Collected says what a collection removed.
type Collected = garbage.Collected

// maxCollected bounds the answer, which repeats digests asked for.
const maxCollected = 16 << 20

// Collect asks the registry to remove what nothing refers to and waits until
// it has. ErrCollectUnsupported when it is not Frontline's own.
func (r *Registry) Collect(ctx context.Context, o CollectOptions) (Collected, error) {
	const op = "collect"
	body, err := json.Marshal(o)
	if err != nil {
		return Collected{}, r.fail(op, "garbage", "", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base()+garbage.Path, bytes.NewReader(body))
	if err != nil {
		return Collected{}, r.fail(op, "garbage", "", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := r.client.Do(request)
	if err != nil {
		return Collected{}, r.fail(op, "garbage", "", err)
	}
	defer response.Body.Close()
	switch status := response.StatusCode; {
	case status == http.StatusOK:
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented,
		r.external && status >= 400 && status < 500:
		return Collected{}, r.fail(op, "garbage", "", ErrCollectUnsupported)
	default:
		return Collected{}, r.fail(op, "garbage", "", answered(response))
	}
	var c Collected
	if err := json.NewDecoder(io.LimitReader(response.Body, maxCollected)).Decode(&c); err != nil {
		// A proxy's page with status 200 is no collection.
		return Collected{}, r.fail(op, "garbage", "", fmt.Errorf("%w: its answer is no result (%w)", ErrCollectUnsupported, err))
	}
	return c, nil
}

// CollectNow removes digests of one repository at once, however lately they
// were pushed, unless a manifest that stays refers to them. A registry that
// collects nothing on request is asked to delete them one by one;
// ErrDeletionUnsupported when it does not do that either. Gone proves it.
func (r *Registry) CollectNow(ctx context.Context, repo string, digests []string) error {
	if len(digests) == 0 {
		return nil
	}
	_, err := r.Collect(ctx, CollectOptions{Erase: map[string][]string{repo: digests}})
	if errors.Is(err, ErrCollectUnsupported) {
		return r.DeleteBlobs(ctx, repo, digests)
	}
	return err
}

// answered reads the error body of the distribution specification.
func answered(response *http.Response) error {
	out := &errcode.ErrorResponse{Method: response.Request.Method, URL: response.Request.URL, StatusCode: response.StatusCode}
	var body struct {
		Errors errcode.Errors `json:"errors"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&body); err == nil {
		out.Errors = body.Errors
	}
	return out
}

// Gone asks for each digest, as a blob and as a manifest of the repository,
// and returns those that the registry still has. Only an answer of 404 to both
// counts as gone; any doubt is an error.
func (r *Registry) Gone(ctx context.Context, repo string, digests []string) (left []string, err error) {
	const op = "look for erased content"
	for _, d := range digests {
		if err := checkDigest(d); err != nil {
			return nil, r.fail(op, repo, d, err)
		}
		for _, kind := range []string{"blobs", "manifests"} {
			status, err := r.head(ctx, repo, kind, d)
			if err != nil {
				return nil, r.fail(op, repo, d, err)
			}
			if status == http.StatusOK {
				left = append(left, d)
				break
			}
		}
	}
	return left, nil
}

// head asks for a blob or manifest and returns 200 or 404.
func (r *Registry) head(ctx context.Context, repo, kind, reference string) (int, error) {
	response, err := r.do(ctx, http.MethodHead, repo, kind, reference, auth.ActionPull)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK, http.StatusNotFound:
		return response.StatusCode, nil
	}
	return 0, answered(response)
}

func (r *Registry) do(ctx context.Context, method, repo, kind, reference string, actions ...string) (*http.Response, error) {
	request, err := r.request(ctx, method, repo, kind, reference, actions...)
	if err != nil {
		return nil, err
	}
	for _, accepted := range []string{ocispec.MediaTypeImageManifest, ocispec.MediaTypeImageIndex, "*/*"} {
		request.Header.Add("Accept", accepted)
	}
	return r.client.Do(request)
}

// DeleteBlobs removes blobs one by one: what an erasure has where a registry
// collects nothing on request. Blobs that are not there are no error;
// ErrDeletionUnsupported when the registry does not delete blobs.
func (r *Registry) DeleteBlobs(ctx context.Context, repo string, digests []string) error {
	const op = "delete blob"
	for _, d := range digests {
		if err := checkDigest(d); err != nil {
			return r.fail(op, repo, d, err)
		}
		response, err := r.do(ctx, http.MethodDelete, repo, "blobs", d, auth.ActionPull, auth.ActionDelete)
		if err != nil {
			return r.fail(op, repo, d, err)
		}
		err = answered(response)
		response.Body.Close()
		switch response.StatusCode {
		case http.StatusAccepted, http.StatusOK, http.StatusNoContent, http.StatusNotFound:
		default:
			return r.fail(op, repo, d, deletion(err))
		}
	}
	return nil
}

// deletion recognises a registry that does not delete: 405 or 400 with the
// code UNSUPPORTED (distribution specification, "Content Management").
func deletion(err error) error {
	var answer *errcode.ErrorResponse
	if !errors.As(err, &answer) {
		return err
	}
	unsupported := answer.StatusCode == http.StatusMethodNotAllowed || answer.StatusCode == http.StatusNotImplemented
	for _, e := range answer.Errors {
		unsupported = unsupported || e.Code == errcode.ErrorCodeUnsupported
	}
	if unsupported {
		return fmt.Errorf("%w (%w)", ErrDeletionUnsupported, err)
	}
	return err
}
