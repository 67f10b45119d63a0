// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
)

// Reason says why a fetch failed. It is fit to be the reason of a Kubernetes
// condition.
type Reason string

// The reasons.
const (
	InvalidURL   Reason = "InvalidURL"
	Refused      Reason = "AddressNotAllowed"
	Unreachable  Reason = "Unreachable"
	Untrusted    Reason = "CertificateNotTrusted"
	TimedOut     Reason = "Timeout"
	NotFound     Reason = "NotFound"
	Unauthorized Reason = "Unauthorized"
	ServerError  Reason = "ServerError"
	Redirected   Reason = "RedirectNotAllowed"
	TooLarge     Reason = "TooLarge"
	Truncated    Reason = "Truncated"
	Unexpected   Reason = "UnexpectedAnswer"
	Storage      Reason = "Storage"
	// Compressed is an answer in a coding that was not asked for.
	Compressed Reason = "CompressedAnswer"
	// RangeMismatch is a partial answer that is not the rest that was asked for.
	RangeMismatch Reason = "RangeMismatch"
	// DigestMismatch is content of a registry that is not what its digest names.
	DigestMismatch Reason = "DigestMismatch"
	// Unsuitable is an artifact that does not hold the file in a form that is read.
	Unsuitable Reason = "UnsuitableArtifact"
)

var nextStep = map[Reason]string{
	InvalidURL:   "give the source an absolute https or http URL; credentials belong in a Secret",
	Refused:      "use an address of the public internet, or allow the range: spec.source.http.addresses: [Private] in the feed, and hub.allowPrivateSources in the chart (--allow-private-sources)",
	Unreachable:  "look whether the host name is right and the network lets the hub out; it is tried again",
	Untrusted:    "name the publisher's authority in the source's caSecretRef, or correct it",
	TimedOut:     "look at the publisher's speed, or raise the timeout; it is tried again",
	NotFound:     "look whether the publisher has moved the file",
	Unauthorized: "look at the credentials the publisher gave",
	ServerError:  "the publisher has a fault; it is tried again",
	Redirected:   "put the address it redirects to into the source, if it is the publisher's",
	TooLarge:     "look whether it is the right file; raise the limit if it is",
	Truncated:    "the connection ended early; it is tried again",
	Unexpected:   "look whether the URL names the file itself and not a page about it",
	Storage:      "look at the free space of the hub's volume",

	Compressed:     "ask the publisher for an address that serves the file as it is",
	RangeMismatch:  "the publisher's server answers ranges wrongly; the whole file is asked for next",
	DigestMismatch: "the registry, or something on the way, changed the content; it is tried again",
	Unsuitable:     "push the file with oras push, as one layer a file, with its name as title",
}

// Error is a failed fetch. Its text never holds what was received, nor user
// names, passwords or the query of the URL.
type Error struct {
	Reason Reason
	URL    string // scheme, host and path alone
	Err    error
	// Kept is how many bytes arrived that the next fetch goes on from.
	Kept int64
	// Redirected says that the publisher redirected first.
	Redirected bool
}

// Error implements error.
func (e *Error) Error() string {
	text := "fetch"
	if e.URL != "" {
		text += " " + e.URL
	}
	next := nextStep[e.Reason]
	switch {
	case e.Reason == Unauthorized && e.Redirected:
		next = "credentials are not sent after a redirect; put the address it redirects to into the source"
	case e.Kept > 0:
		next = fmt.Sprintf("%s; the %d bytes that arrived are kept", next, e.Kept)
	}
	return fmt.Sprintf("%s: %s; %s", text, e.Err, next)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ReasonOf returns the reason of a failed fetch, or "" when err is none.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

func fail(reason Reason, address *url.URL, err error) *Error {
	return &Error{Reason: reason, URL: display(address), Err: err}
}

// localError is a fault of this machine's disk, not of the publisher.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

type localWriter struct{ io.Writer }

func (w *localWriter) Write(data []byte) (int, error) {
	n, err := w.Writer.Write(data)
	if err != nil {
		err = &localError{err}
	}
	return n, err
}

// transportError gives what the HTTP client returned a reason, and leaves out
// its own text where that quotes the URL.
func transportError(ctx context.Context, address *url.URL, line Line, err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok {
		known.URL = display(address)
		return known
	}
	if quoting, ok := errors.AsType[*url.Error](err); ok {
		err = quoting.Err
	}
	var (
		local       *localError
		certificate *tls.CertificateVerificationError
		network     net.Error
		operation   *net.OpError
	)
	switch {
	case errors.As(err, &local):
		return fail(Storage, address, local)
	case errors.Is(err, errRedirect):
		return fail(Redirected, address, err)
	case errors.Is(err, errAddress):
		return fail(Refused, address, err)
	case errors.Is(err, errTooLarge):
		return fail(TooLarge, address, fmt.Errorf("the file has more than the %d bytes that are taken", line.MaxBytes))
	case errors.Is(context.Cause(ctx), context.Canceled):
		return fail(Unreachable, address, context.Canceled)
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return fail(TimedOut, address, fmt.Errorf("no whole answer within %s", line.Timeout))
	case errors.As(err, &certificate):
		return fail(Untrusted, address, certificate)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fail(Truncated, address, errors.New("the answer ended before the announced length"))
	case errors.As(err, &operation):
		return fail(Unreachable, address, operation)
	}
	// Whatever else the protocol says may quote the server.
	return fail(Unreachable, address, errors.New("the exchange with the publisher failed"))
}
