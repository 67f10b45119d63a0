// SPDX-License-Identifier: Apache-2.0

// Package source fetches a publisher's file over HTTP(S) with conditional
// requests (RFC 9110 section 13) and hard limits on time and size.
//
// A feed's owner chooses the address, so the request is made as if by a
// stranger: addresses are judged when they are dialled, after name
// resolution; redirects stay on their host; no error repeats what was
// received or the query of the address.
package source

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
)

// Limits used when a request states none.
const (
	DefaultTimeout  = 5 * time.Minute
	DefaultMaxBytes = 1 << 30
)

// maxRedirects follows the usual limit of publishers' download pages, halved.
const maxRedirects = 5

// Request says what to fetch.
type Request struct {
	// URL is absolute, http or https, without user name or password.
	URL string
	// RootCAs trusts a publisher's own authority instead of the system's; nil
	// for the system's.
	RootCAs *x509.CertPool
	// Headers are sent as they are, for publishers that want a key.
	Headers http.Header
	// ETag and LastModified are what the last Result said; when the content
	// is still the same, nothing is transferred.
	ETag         string
	LastModified string
	// Timeout bounds the whole fetch; DefaultTimeout when zero.
	Timeout time.Duration
	// MaxBytes bounds the file; DefaultMaxBytes when zero.
	MaxBytes int64
	// AllowPrivate permits addresses that are not on the public internet:
	// loopback, RFC 1918, RFC 4193 and RFC 6598. Link-local addresses, where
	// clouds serve credentials, are never dialled.
	AllowPrivate bool
}

// Result says what was fetched.
type Result struct {
	// NotModified means the publisher still has what the ETag or the date
	// names; nothing was written and the fields below are the request's.
	NotModified  bool
	ETag         string
	LastModified string
	// SHA256 of the file, "sha256:<hex>".
	SHA256 string
	// Bytes of the file.
	Bytes int64
	// Path of the file.
	Path string
}

// Fetch brings the file to path, by a temporary file in the same folder and a
// rename: on an error, what was at path is still there. Errors are of type
// *Error.
func Fetch(ctx context.Context, req Request, path string) (Result, error) {
	address, err := parse(req.URL)
	if err != nil {
		return Result{}, err
	}
	if req.Timeout <= 0 {
		req.Timeout = DefaultTimeout
	}
	if req.MaxBytes <= 0 {
		req.MaxBytes = DefaultMaxBytes
	}
	ctx, cancel := context.WithTimeout(ctx, req.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return Result{}, fail(InvalidURL, address, errors.New("no request can be made of it"))
	}
	for name, values := range req.Headers {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	// The digest is of the publisher's own bytes, and a compressed answer
	// would be a way round the size limit.
	request.Header.Set("Accept-Encoding", "identity")
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", "frontline")
	}
	if req.ETag != "" {
		request.Header.Set("If-None-Match", req.ETag)
	}
	if req.LastModified != "" {
		request.Header.Set("If-Modified-Since", req.LastModified)
	}
	client, closeIdle := newClient(req)
	defer closeIdle()
	response, err := client.Do(request)
	if err != nil {
		return Result{}, transportError(ctx, address, req, err)
	}
	defer response.Body.Close()
	conditional := req.ETag != "" || req.LastModified != ""
	if response.StatusCode == http.StatusNotModified && conditional {
		return Result{NotModified: true, ETag: req.ETag, LastModified: req.LastModified}, nil
	}
	if err := checkResponse(response, req.MaxBytes); err != nil {
		err.URL = display(address)
		return Result{}, err
	}
	result := Result{ETag: response.Header.Get("ETag"), LastModified: response.Header.Get("Last-Modified"), Path: path}
	result.SHA256, result.Bytes, err = store(response.Body, path, req.MaxBytes)
	if err != nil {
		return Result{}, transportError(ctx, address, req, err)
	}
	return result, nil
}

// checkResponse judges everything but the body.
func checkResponse(response *http.Response, limit int64) *Error {
	switch status := response.StatusCode; {
	case status == http.StatusOK:
	case status == http.StatusNotFound || status == http.StatusGone:
		return &Error{Reason: NotFound, Err: statusError(status)}
	case status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusProxyAuthRequired:
		return &Error{Reason: Unauthorized, Err: statusError(status)}
	case status == http.StatusTooManyRequests || status >= 500:
		return &Error{Reason: ServerError, Err: statusError(status)}
	case status >= 300 && status < 400 && status != http.StatusNotModified:
		return &Error{Reason: Redirected, Err: statusError(status)}
	default:
		return &Error{Reason: Unexpected, Err: statusError(status)}
	}
	if coding := response.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return &Error{Reason: Unexpected, Err: errors.New("the answer is compressed although it was asked not to be")}
	}
	if response.ContentLength > limit {
		return &Error{Reason: TooLarge, Err: fmt.Errorf("the file has %d bytes, at most %d are taken", response.ContentLength, limit)}
	}
	return nil
}

func statusError(status int) error {
	return fmt.Errorf("the publisher answered %d %s", status, http.StatusText(status))
}

var errTooLarge = errors.New("more bytes than the limit")

func store(body io.Reader, path string, limit int64) (digest string, size int64, err error) {
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return "", 0, &localError{err}
	}
	defer file.Cleanup()
	sum := sha256.New()
	size, err = io.Copy(io.MultiWriter(&localWriter{file}, sum), io.LimitReader(body, limit+1))
	if err != nil {
		return "", 0, err
	}
	if size > limit {
		return "", 0, errTooLarge
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return "", 0, &localError{err}
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), size, nil
}
