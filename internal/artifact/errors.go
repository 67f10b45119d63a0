// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/frontline-screening/frontline/internal/seal"
)

// Causes that callers tell apart with errors.Is.
var (
	// ErrNotFound means the registry answered and does not have it.
	ErrNotFound = errdef.ErrNotFound
	// ErrDigest means the bytes received are not those of the digest asked for.
	ErrDigest = errors.New("content does not match its digest")
	// ErrTooLarge means a size limit was exceeded.
	ErrTooLarge = errors.New("content exceeds its size limit")
	// ErrMalformed means the artifact is not what its name promises.
	ErrMalformed = errors.New("artifact is malformed")
	// ErrLayers is the ErrMalformed of an artifact put together of the parts of several.
	ErrLayers = fmt.Errorf("%w: parts of different artifacts", ErrMalformed)
	// ErrForeign is the ErrMalformed of an artifact of another feed or region.
	ErrForeign = fmt.Errorf("%w: it does not belong in this repository", ErrMalformed)
	// ErrKey means no identity given opens it; the text names the epoch needed.
	ErrKey = seal.ErrKey
	// ErrDelta means a delta did not make the content it promises.
	ErrDelta = errors.New("delta does not lead to its content")
)

// Error says what failed on which artifact and what to do about it.
type Error struct {
	Op         string // "push snapshot", "fetch order" …
	Registry   string // host and port
	Repository string
	Reference  string // digest or tag; empty when the whole repository is meant
	Err        error
}

// Error implements error.
func (e *Error) Error() string {
	reference := e.Repository
	switch {
	case strings.Contains(e.Reference, ":"):
		reference += "@" + e.Reference
	case e.Reference != "":
		reference += ":" + e.Reference
	}
	return e.Op + " " + reference + " at registry " + e.Registry + ": " + cause(e.Err) + "; " + next(e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// cause leaves out what net/http puts in front of an error: the method and
// the whole URL, whose query may hold a registry's signature.
func cause(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err.Error()
	}
	if r, ok := errors.AsType[*errcode.ErrorResponse](err); ok {
		text := "the registry answered " + http.StatusText(r.StatusCode)
		if len(r.Errors) > 0 {
			text += " (" + r.Errors[0].Code + ")"
		}
		return text
	}
	return err.Error()
}

func next(err error) string {
	var r *errcode.ErrorResponse
	switch {
	case errors.Is(err, ErrNotFound):
		return "push it again, or look whether the repository's name is right"
	case errors.Is(err, ErrKey):
		return "nothing of it was used; the hub has to seal it to a key that the region announces"
	case errors.Is(err, ErrDelta):
		return "nothing of it was used; the hub has to cut a new base"
	case errors.Is(err, ErrDigest), errors.Is(err, ErrMalformed):
		return "nothing of it was used; look who else can write to this registry, then push it again"
	case errors.Is(err, ErrTooLarge):
		return "nothing of it was used; raise the limit or publish less"
	case errors.As(err, &r) && (r.StatusCode == http.StatusUnauthorized || r.StatusCode == http.StatusForbidden):
		return "look at the certificate or credential used for this registry and what it may do"
	case isUnknownBlob(err):
		return "the registry is being cleaned up; it is tried again"
	default:
		return "look whether the registry is up and reachable; it is tried again"
	}
}

// isUnknownBlob recognises the answer to a manifest one of whose blobs was
// swept between its push and the manifest's.
func isUnknownBlob(err error) bool {
	var r *errcode.ErrorResponse
	if !errors.As(err, &r) {
		return false
	}
	for _, e := range r.Errors {
		if e.Code == errcode.ErrorCodeManifestBlobUnknown || e.Code == errcode.ErrorCodeBlobUnknown {
			return true
		}
	}
	return false
}
