// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/canonical"
)

func TestSignRefuses(t *testing.T) {
	h := north(t)
	prev := h.sign(t, 5, start)
	south := newHub(t, "hub-a", "south", signers(41))
	tests := []struct {
		name string
		prev Files
		in   func(*SignInput)
		want Reason
	}{
		{"lower sequence", prev, func(in *SignInput) { in.Sequence, in.Index = 4, index(4) }, Rollback},
		{"same sequence, other content", prev, func(in *SignInput) { in.Index = index(6) }, Equivocation},
		{"another region", nil, func(in *SignInput) { in.Region = "south" }, WrongRegion},
		{"tampered previous files", with(prev, timestampFile, bytes.Replace(prev[timestampFile], []byte(`"sequence":5`), []byte(`"sequence":1`), 1)), func(*SignInput) {}, BadSignature},
		{"incomplete previous files", with(prev, snapshotFile(5), nil), func(*SignInput) {}, Incomplete},
		{"previous files of another region", south.sign(t, 5, start), func(*SignInput) {}, Foreign},
		{"no region", nil, func(in *SignInput) { in.Region = "" }, ""},
		{"no sequence", nil, func(in *SignInput) { in.Sequence = 0 }, ""},
		{"no index", nil, func(in *SignInput) { in.Index = nil }, ""},
		{"an artifact without a size", nil, func(in *SignInput) { in.Artifacts = []Artifact{{Feed: "a.b", Digest: served.Digest}} }, ""},
		{"an artifact without a digest", nil, func(in *SignInput) { in.Artifacts = []Artifact{{Feed: "a.b", Digest: "sha256:00", Size: 1}} }, ""},
		{"expired when issued", nil, func(in *SignInput) { in.TimestampExpires = in.Issued }, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := h.input(5, start.Add(time.Minute))
			test.in(&in)
			_, err := Sign(h.keys, h.roots, test.prev, in)
			if err == nil || ReasonOf(err) != test.want {
				t.Errorf("refused as %q, want %q: %v", ReasonOf(err), test.want, err)
			}
		})
	}
	if _, err := Sign(h.keys, nil, nil, h.input(1, start)); ReasonOf(err) != Incomplete {
		t.Errorf("signed without a root: %v", err)
	}
}

// TestBundleKeyIsDelegatedAnew: another key of bundles makes other targets,
// and needs no root.
func TestBundleKeyIsDelegatedAnew(t *testing.T) {
	h := north(t)
	c := open(t, t.TempDir(), h)
	must[Verified](t)(c.Verify(h.sign(t, 1, start), start))
	h.keys.Bundle = key(88)
	at := start.Add(time.Minute)
	files := h.sign(t, 1, at)
	data := must[[]byte](t)(SignBundle(key(88), bundleOf(1, 1, at)))
	if _, _, err := c.VerifyBundle(files, data, nil, at); err != nil {
		t.Errorf("bundle of the new key: %v", err)
	}
}

func TestFileNames(t *testing.T) {
	h := north(t)
	files := h.sign(t, 5, start)
	for name := range files {
		if !IsRepositoryFile(name) {
			t.Errorf("%s is a file of the repository", name)
		}
	}
	if _, ok := files[canonical.Digest(index(5))[len("sha256:"):]+".order.json"]; !ok {
		t.Error("the index is not named by its hash")
	}
	for _, name := range []string{"", "root.json", "x.root.json", "order.json", "1.order.json", "sha256:abc", "snapshot.json", BundleFile} {
		if IsRepositoryFile(name) {
			t.Errorf("%q is no file of the repository", name)
		}
	}
}
