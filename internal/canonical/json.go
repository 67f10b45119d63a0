// SPDX-License-Identifier: Apache-2.0

// Package canonical gives stored documents one spelling, so that equal
// content has equal bytes and a digest names content.
package canonical

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Marshal returns the canonical JSON of v: object keys sorted, no
// insignificant white space, no HTML escaping, integers kept as written. It
// is the spelling of every document that is signed or addressed by content.
func Marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	// A second pass through untyped values sorts the keys of structs and raw
	// messages alike; json.Number keeps integers beyond 2^53 exact.
	dec := json.NewDecoder(&buf)
	dec.UseNumber()
	var untyped any
	if err := dec.Decode(&untyped); err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	var out bytes.Buffer
	enc = json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(untyped); err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

// UnmarshalStrict decodes exactly one JSON value into v and refuses unknown
// fields and trailing data.
func UnmarshalStrict(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("unexpected data after the document")
	}
	return nil
}

// Digest returns the OCI digest of data: "sha256:" and 64 hexadecimal digits.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
