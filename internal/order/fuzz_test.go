// SPDX-License-Identifier: Apache-2.0

package order_test

import (
	"bytes"
	"testing"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/order"
)

// FuzzOpen puts bytes in the place of an index and of one of its parts. What is
// opened is of the format and names the bytes it was read from.
func FuzzOpen(f *testing.F) {
	body, err := order.Compile(input())
	if err != nil {
		f.Fatal(err)
	}
	index, err := body.At(1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(index, []byte("[]"))
	for digest, part := range body.Parts {
		f.Add(bytes.Replace(index, []byte(digest), []byte("PART"), 1), part)
		f.Add(bytes.Replace(index, []byte(digest), []byte("PART"), 1), bytes.ReplaceAll(part, []byte(`":`), []byte(`":null,"x":`)))
	}
	f.Fuzz(func(t *testing.T, index, part []byte) {
		// An index cannot guess the digest of bytes that the fuzzer changes.
		index = bytes.ReplaceAll(index, []byte("PART"), []byte(canonical.Digest(part)))
		o, err := order.Open(index, func(digest string) ([]byte, error) {
			if known, ok := body.Parts[digest]; ok {
				return known, nil
			}
			return part, nil
		})
		if err != nil {
			return
		}
		if o.Format != order.Format || o.IndexDigest != canonical.Digest(index) {
			t.Errorf("opened an order of format %q, digest %s", o.Format, o.IndexDigest)
		}
	})
}
