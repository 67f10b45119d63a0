// SPDX-License-Identifier: Apache-2.0

// Package source fetches a publisher's file, over HTTP(S) with conditional
// requests (RFC 9110 section 13) and resumption (section 14), or from an OCI
// registry, with hard limits on time and size.
//
// A feed's owner chooses the address, so the request is made as if by a
// stranger: addresses are judged when they are dialled, after name
// resolution; redirects stay on their host; no error repeats what was
// received or the query of the address.
package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Limits used when a request states none.
const (
	DefaultTimeout  = 5 * time.Minute
	DefaultMaxBytes = 1 << 30
)

// maxRedirects follows the usual limit of publishers' download pages, halved.
const maxRedirects = 5

// Line says how publishers may be reached.
type Line struct {
	// RootCAs trusts a publisher's own authority instead of the system's; nil
	// for the system's.
	RootCAs *x509.CertPool
	// Certificates are shown to a publisher that asks for one.
	Certificates []tls.Certificate
	// Allow names the ranges beside the public internet that may be dialled.
	// Services of clouds that hand out credentials never are.
	Allow []Range
	// Resolver resolves names; nil for the system's.
	Resolver *net.Resolver
	// Timeout bounds one fetch; DefaultTimeout when zero.
	Timeout time.Duration
	// MaxBytes bounds a file; DefaultMaxBytes when zero.
	MaxBytes int64
}

func (l *Line) defaults() {
	if l.Timeout <= 0 {
		l.Timeout = DefaultTimeout
	}
	if l.MaxBytes <= 0 {
		l.MaxBytes = DefaultMaxBytes
	}
}

// Request says what to fetch.
type Request struct {
	Line
	// URL is absolute, http or https, without user name or password.
	URL string
	// Headers are sent as they are, for publishers that want a key. They are
	// not sent again where the publisher redirects to.
	Headers http.Header
	// ETag and LastModified are what the last Result said; when the content
	// is still the same, nothing is transferred.
	ETag         string
	LastModified string
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

// Fetch brings the file to path, by a file beside it and a rename: on an
// error, what was at path is still there. What arrived of a file before an
// interruption is kept in path with the suffixes .part and .part.json, if the
// publisher gives a strong validator (RFC 9110 section 8.8.1), and a later
// Fetch of the same address, also by another process, asks for the rest. The
// limits and the digest are of the whole. Errors are of type *Error.
func Fetch(ctx context.Context, req Request, path string) (Result, error) {
	address, err := parse(req.URL)
	if err != nil {
		return Result{}, err
	}
	req.defaults()
	ctx, cancel := context.WithTimeout(ctx, req.Timeout)
	defer cancel()
	transport := newTransport(req.Line)
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: checkRedirect(req.Headers)}

	p := openPart(path, address.String(), req.MaxBytes)
	result, err := attempt(ctx, client, req, address, p)
	if errors.Is(err, errUnsatisfiable) {
		// What is kept is no beginning of what the publisher has now.
		p.discard()
		result, err = attempt(ctx, client, req, address, p)
	}
	if err != nil {
		failed := transportError(ctx, address, req.Line, err)
		failed.Kept = p.keep(failed.Reason)
		return Result{}, failed
	}
	if !result.NotModified {
		result.Path = path
	}
	return result, nil
}

// attempt makes one request and takes its answer.
func attempt(ctx context.Context, client *http.Client, req Request, address *url.URL, p *part) (Result, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return Result{}, fail(InvalidURL, address, errors.New("no request can be made of it"))
	}
	req.head(request.Header)
	if p.size > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", p.size))
		request.Header.Set("If-Range", p.validator)
	}
	response, err := client.Do(request)
	if err != nil {
		return Result{}, err
	}
	defer response.Body.Close()
	conditional := req.ETag != "" || req.LastModified != ""
	if response.StatusCode == http.StatusNotModified && conditional {
		p.discard()
		return Result{NotModified: true, ETag: req.ETag, LastModified: req.LastModified}, nil
	}
	want, err := expect(response, req.MaxBytes, p)
	if err != nil {
		return Result{}, err
	}
	digest, err := p.take(response.Body, want, req.MaxBytes, "")
	if err != nil {
		return Result{}, err
	}
	return Result{
		ETag: response.Header.Get("ETag"), LastModified: response.Header.Get("Last-Modified"), SHA256: digest, Bytes: p.size,
	}, nil
}

// head sets the headers of a request.
func (r *Request) head(header http.Header) {
	for name, values := range r.Headers {
		header[http.CanonicalHeaderKey(name)] = values
	}
	// The digest is of the publisher's own bytes, and a compressed answer
	// would be a way round the size limit.
	header.Set("Accept-Encoding", "identity")
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "frontline")
	}
	if r.ETag != "" {
		header.Set("If-None-Match", r.ETag)
	}
	if r.LastModified != "" {
		header.Set("If-Modified-Since", r.LastModified)
	}
}
