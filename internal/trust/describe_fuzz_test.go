// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"testing"
)

// FuzzDescribe: what nobody has verified yet is described or refused with a
// reason, and is never more than it says.
func FuzzDescribe(f *testing.F) {
	h := north(f)
	h.sign(f, 1, start)
	bundle := must[[]byte](f)(SignBundle(h.keys.Bundle, bundleOf(1, 1, start)))
	for _, data := range [][]byte{h.roots[0], bundle} {
		f.Add(data)
		f.Add(bytes.ReplaceAll(data, []byte(`":{`), []byte(`":null,"x":{`)))
		f.Add(bytes.ReplaceAll(data, []byte(`"version":1`), []byte(`"version":0`)))
		f.Add(bytes.ReplaceAll(data, []byte(`":[`), []byte(`":[null,`)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if root, err := DescribeRoot(data); err == nil && (root.HubUID == "" || root.Region == "" || root.Version < 1) {
			t.Errorf("a root of hub %q, region %q, version %d", root.HubUID, root.Region, root.Version)
		}
		if b, err := DescribeBundle(data); err == nil && (b.Region == "" || b.Number < 1 || b.Sequence < 1) {
			t.Errorf("bundle %d of region %q, sequence %d", b.Number, b.Region, b.Sequence)
		}
	})
}
