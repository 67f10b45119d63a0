// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

var (
	errTooLarge      = errors.New("more bytes than the limit")
	errUnsatisfiable = errors.New("the publisher has no bytes from there on")
)

// expect judges everything of an answer but its body, and returns how many
// bytes the file has, or -1 when the answer does not say. For a whole answer
// it empties the part.
func expect(response *http.Response, limit int64, p *part) (int64, error) {
	asked := p.size > 0
	switch status := response.StatusCode; {
	case status == http.StatusRequestedRangeNotSatisfiable && asked:
		return 0, errUnsatisfiable
	case status == http.StatusPartialContent && asked:
	default:
		if err := judgeStatus(status); err != nil {
			err.Redirected = response.Request.Response != nil
			return 0, err
		}
	}
	if coding := response.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return 0, &Error{Reason: Compressed, Err: errors.New("the answer is compressed although it was asked not to be")}
	}
	size := response.ContentLength
	if response.StatusCode == http.StatusPartialContent {
		s, err := continues(response, p)
		if err != nil {
			return 0, &Error{Reason: RangeMismatch, Err: err}
		}
		size = s.size
	} else {
		p.restart(validatorOf(response.Header))
	}
	if size > limit {
		return 0, &Error{Reason: TooLarge, Err: fmt.Errorf("the file has %d bytes, at most %d are taken", size, limit)}
	}
	return size, nil
}

func judgeStatus(status int) *Error {
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusNotFound || status == http.StatusGone:
		return &Error{Reason: NotFound, Err: statusError(status)}
	case status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusProxyAuthRequired:
		return &Error{Reason: Unauthorized, Err: statusError(status)}
	case status == http.StatusTooManyRequests || status >= 500:
		return &Error{Reason: ServerError, Err: statusError(status)}
	case status >= 300 && status < 400 && status != http.StatusNotModified:
		return &Error{Reason: Redirected, Err: statusError(status)}
	}
	return &Error{Reason: Unexpected, Err: statusError(status)}
}

func statusError(status int) error {
	return fmt.Errorf("the publisher answered %d %s", status, http.StatusText(status))
}

// continues reports whether a partial answer is the rest of the very file that
// the part is the beginning of.
func continues(response *http.Response, p *part) (span, error) {
	s, err := parseContentRange(response.Header.Get("Content-Range"), p.size)
	if err != nil {
		return s, err
	}
	if length := response.ContentLength; length >= 0 && length != s.last-s.first+1 {
		return s, fmt.Errorf("the answer announces %d bytes and the range %d", length, s.last-s.first+1)
	}
	// If-Range was sent; a publisher that does not know it is seen here.
	if etag := response.Header.Get("ETag"); strings.HasPrefix(p.validator, `"`) && etag != "" && etag != p.validator {
		return s, errors.New("the answer continues another file than the one that was begun")
	}
	if date := response.Header.Get("Last-Modified"); !strings.HasPrefix(p.validator, `"`) && date != "" && date != p.validator {
		return s, errors.New("the answer continues another file than the one that was begun")
	}
	return s, nil
}

// validatorOf returns what If-Range can name the file by: an entity tag that
// is strong, or a date that is (RFC 9110 section 8.8.2.2: at least a second
// before the answer; a minute here, for clocks differ), or "".
func validatorOf(header http.Header) string {
	if etag := header.Get("ETag"); len(etag) >= 2 && len(etag) <= maxValidator && strings.HasPrefix(etag, `"`) && strings.HasSuffix(etag, `"`) {
		return etag
	}
	modified, err := http.ParseTime(header.Get("Last-Modified"))
	if err != nil {
		return ""
	}
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || date.Sub(modified) < time.Minute {
		return ""
	}
	return header.Get("Last-Modified")
}
