// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// parseJSONL reads frontline-jsonl: one record a line, UTF-8, empty lines allowed.
func (a *account) parseJSONL(r io.Reader) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 64<<10), a.limits.RecordBytes+1)
	line := 0
	for scan.Scan() {
		line++
		a.next()
		text := bytes.TrimSpace(scan.Bytes())
		if len(text) == 0 {
			continue
		}
		record, err := DecodeRecord(text, a.limits.Depth)
		if err == nil {
			err = a.put(record)
		}
		if err != nil {
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
	var r Record
	if err := checkShape(text, depth); err != nil {
		return r, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return r, jsonCause(err)
	}
	return r, r.Validate()
}

// checkShape walks the tokens: bounded depth, no key twice in one object, one value.
func checkShape(text []byte, depth int) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	type frame struct {
		keys map[string]bool // nil in arrays
		key  bool            // the next token is a key
	}
	var stack []frame
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) && len(stack) == 0 {
			return nil
		}
		if err != nil {
			return errors.New("not one JSON value")
		}
		top := len(stack) - 1
		if d, ok := tok.(json.Delim); ok && (d == '}' || d == ']') {
			stack = stack[:top]
			if len(stack) == 0 && dec.More() {
				return errors.New("more than one JSON value")
			}
			continue
		}
		if top >= 0 && stack[top].keys != nil {
			if stack[top].key {
				key := tok.(string)
				if stack[top].keys[key] {
					return errors.New("a field is given twice")
				}
				stack[top].keys[key], stack[top].key = true, false
				continue
			}
			stack[top].key = true
		}
		if d, ok := tok.(json.Delim); ok {
			if len(stack) >= depth {
				return fmt.Errorf("values nested deeper than %d: %w", depth, ErrLimit)
			}
			f := frame{}
			if d == '{' {
				f.keys, f.key = map[string]bool{}, true
			}
			stack = append(stack, f)
		} else if len(stack) == 0 {
			return errors.New("not a JSON object")
		}
	}
}

// jsonCause reduces a JSON error to what does not quote the record.
func jsonCause(err error) error {
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &typ):
		return fmt.Errorf("field %s: a %s where a %s belongs", typ.Field, typ.Value, typ.Type)
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return errors.New("a field the format does not have")
	case strings.Contains(err.Error(), "base64"):
		return errors.New("a template or vector that is not base64")
	}
	return errors.New("not a JSON record")
}
