// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// span is a Content-Range (RFC 9110 section 14.4): the bytes first to last,
// both counted from 0 and included, of size.
type span struct{ first, last, size int64 }

// parseContentRange reads the range of an answer to a request for the bytes
// from first on. The size must be told, for a file of unknown size has no end
// to know, and the range must reach it.
func parseContentRange(value string, first int64) (span, error) {
	rest, ok := strings.CutPrefix(value, "bytes ")
	bounds, size, slash := strings.Cut(rest, "/")
	from, to, dash := strings.Cut(bounds, "-")
	if !ok || !slash || !dash {
		return span{}, errors.New("the answer does not say which bytes it holds")
	}
	var s span
	for _, field := range []struct {
		text  string
		value *int64
	}{{from, &s.first}, {to, &s.last}, {size, &s.size}} {
		n, err := strconv.ParseUint(field.text, 10, 63)
		// ParseUint takes no sign; the empty text and * fail as well.
		if err != nil {
			return span{}, errors.New("the answer does not say which bytes it holds, of how many")
		}
		*field.value = int64(n) //nolint:gosec // parsed with 63 bits
	}
	switch {
	case s.first != first:
		return span{}, fmt.Errorf("the answer begins at byte %d, asked was from %d on", s.first, first)
	case s.last != s.size-1 || s.last < s.first:
		return span{}, fmt.Errorf("the answer holds the bytes %d to %d of %d, asked was from %d to the end", s.first, s.last, s.size, first)
	}
	return s, nil
}
