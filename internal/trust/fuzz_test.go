// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/internal/canonical"
)

// FuzzVerify puts bytes in the place of each file of an order. Whatever they
// are, nothing panics, and no other order than the signed one is verified.
func FuzzVerify(f *testing.F) {
	h := north(f)
	files := h.sign(f, 1, start)
	h.signRoot(f, start.AddDate(2, 0, 0))
	next := h.sign(f, 2, start)
	all := []string{"1.root.json", "2.root.json", timestampFile, snapshotFile(2), targetsFile(2), indexFile(index(2))}
	for i, name := range all {
		f.Add(uint8(i), next[name])
		f.Add(uint8(i), bytes.Replace(next[name], []byte(`"threshold":1`), []byte(`"threshold":0`), 1))
		f.Add(uint8(i), bytes.ReplaceAll(next[name], []byte(`":{`), []byte(`":null,"x":{`)))
	}
	f.Add(uint8(2), files[timestampFile])
	identity := Identity{"hub-a", 1, "north"}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		name := all[int(which)%len(all)]
		v, err := VerifyAt(h.roots[0], with(next, name, append([]byte{}, data...)), identity, start)
		if err == nil && v.IndexDigest != canonical.Digest(index(2)) {
			t.Errorf("%s: another order was verified", name)
		}
		if err != nil && ReasonOf(err) == "" && !strings.Contains(err.Error(), "pinned root") {
			t.Errorf("%s: refused without a reason: %v", name, err)
		}
	})
}

// FuzzReadBatch: a batch that can be read can be described, signed and merged.
func FuzzReadBatch(f *testing.F) {
	b, n := batch(f)
	f.Add(must[[]byte](f)(canonical.Marshal(b)))
	if _, err := b.Sign(n.holders[0]); err != nil {
		f.Fatal(err)
	}
	f.Add(must[[]byte](f)(canonical.Marshal(b)))
	f.Add([]byte(`{"format":"frontline.roots/v1","hubUID":"h","created":"2026-03-01T08:00:00Z","roots":[{"region":"a","root":"e30="}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ReadBatch(data)
		if err != nil {
			return
		}
		if err := b.Merge(b); err != nil {
			t.Errorf("it is no copy of itself: %v", err)
		}
		if _, err := b.Sign(n.holders[1]); err == nil {
			if _, err := ReadBatch(must[[]byte](t)(canonical.Marshal(b))); err != nil {
				t.Errorf("once signed it cannot be read: %v", err)
			}
		}
	})
}

// FuzzBundle: bytes nobody signed bring nothing.
func FuzzBundle(f *testing.F) {
	h := north(f)
	files := h.sign(f, 1, start)
	good := must[[]byte](f)(SignBundle(h.keys.Bundle, bundleOf(1, 1, start)))
	p, _, err := parsePublished(h.roots, files)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(bytes.Replace(good, []byte(`"number":1`), []byte(`"number":null`), 1))
	f.Add([]byte(`{"signed":{"_type":"targets","targets":null},"signatures":[{"keyid":"","sig":""}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := p.openBundle(data); err == nil && (b.Number != 1 || b.Region != "north" || b.Digest != canonical.Digest(index(1))) {
			t.Errorf("opened %+v", b)
		}
	})
}
