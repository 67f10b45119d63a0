// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// parseJSONL reads frontline-jsonl: one record a line, UTF-8, empty lines allowed.
func (a *account) parseJSONL(r io.Reader) error {
	dec := recordDecoder{words: words{}}
	return a.eachLine(r, func(text []byte) error {
		record, err := dec.decode(text, a.limits.Depth)
		if err != nil {
			return err
		}
		return a.put(record)
	})
}

// eachLine calls f for every line that is not empty, without the blanks around it.
func (a *account) eachLine(r io.Reader, f func([]byte) error) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, min(64<<10, a.limits.RecordBytes)), a.limits.RecordBytes+1)
	line := 0
	// The scanner gives out what it has before an error as if it were a line.
	for scan.Scan() && scan.Err() == nil {
		line++
		text := scan.Bytes()
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte(byteOrderMark))
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		if err := f(text); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	switch err := scan.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("line %d: a record of more than %d bytes: %w", line+1, a.limits.RecordBytes, ErrLimit)
	case err != nil:
		return fmt.Errorf("line %d: %w", line+1, err)
	}
	return nil
}

// DecodeRecord reads one canonical record strictly: unknown and repeated fields are
// refused, and so is whatever Validate refuses.
func DecodeRecord(text []byte, depth int) (Record, error) {
	var dec recordDecoder
	return dec.decode(text, depth)
}

// words keeps one copy of short texts that come again and again: codes, kinds.
type words map[string]string

const (
	maxWords   = 4096
	maxWordLen = 32
)

func (w words) get(b []byte) string {
	if s, ok := w[string(b)]; ok {
		return s
	}
	s := string(b)
	if w != nil && len(w) < maxWords && len(b) <= maxWordLen {
		w[s] = s
	}
	return s
}

// byteOrderMark may stand at the beginning of a UTF-8 file.
const byteOrderMark = "\ufeff"

// errUTF8 is of lists in other encodings.
var errUTF8 = errors.New("text that is not UTF-8")

func checkUTF8(fields ...string) error {
	for _, s := range fields {
		if !utf8.ValidString(s) {
			return errUTF8
		}
	}
	return nil
}
