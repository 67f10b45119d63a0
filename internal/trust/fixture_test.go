// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func key(seed byte) crypto.Signer {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

// signers are four online keys from a seed on.
func signers(seed byte) Signers {
	return Signers{Targets: key(seed), Snapshot: key(seed + 1), Timestamp: key(seed + 2), Bundle: key(seed + 3)}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// hub is one hub as it signs for one region.
type hub struct {
	uid, region string
	term        int64
	holders     []crypto.Signer
	threshold   int
	keys        Signers
	roots       Roots
	files       Files
}

// newHub has three holders of whom two sign, and a first root.
func newHub(t testing.TB, uid, region string, keys Signers) *hub {
	t.Helper()
	h := &hub{uid: uid, region: region, term: 1, holders: []crypto.Signer{key(101), key(102), key(103)}, threshold: 2, keys: keys}
	h.signRoot(t, start.AddDate(1, 0, 0))
	return h
}

func north(t testing.TB) *hub {
	t.Helper()
	return newHub(t, "hub-a", "north", signers(1))
}

// copy is what a backup of the hub keeps.
func (h *hub) copy() *hub {
	out := *h
	out.roots, out.files = slices.Clone(h.roots), maps.Clone(h.files)
	return &out
}

func public(keys []crypto.Signer) []crypto.PublicKey {
	var out []crypto.PublicKey
	for _, k := range keys {
		out = append(out, k.Public())
	}
	return out
}

func (h *hub) spec(t testing.TB, expires time.Time) RootSpec {
	t.Helper()
	return RootSpec{
		HubUID: h.uid, Term: h.term, Region: h.region, Holders: public(h.holders),
		Threshold: must[Threshold](t)(NewThreshold(h.threshold)), Online: h.keys.Public(), Expires: expires,
	}
}

// nextRoot is the next root, signed by the first holders that suffice and by
// others.
func (h *hub) nextRoot(t testing.TB, expires time.Time, others ...crypto.Signer) []byte {
	t.Helper()
	root, err := NewRoot(h.spec(t, expires))
	if h.roots != nil {
		root, err = NextRoot(h.roots.Newest(), h.spec(t, expires))
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, holder := range append(slices.Clone(h.holders[:h.threshold]), others...) {
		root = must[[]byte](t)(SignRoot(root, holder))
	}
	return root
}

func (h *hub) signRoot(t testing.TB, expires time.Time, others ...crypto.Signer) {
	t.Helper()
	h.roots = append(h.roots, h.nextRoot(t, expires, others...))
}

// rotate replaces the online keys and begins a new term.
func (h *hub) rotate(t testing.TB, keys Signers) {
	t.Helper()
	h.keys = keys
	h.term++
	h.signRoot(t, start.AddDate(1, 0, 0))
}

func index(sequence int64) []byte { return fmt.Appendf(nil, `{"sequence":%d}`, sequence) }

var served = Artifact{Feed: "intl.un-sc", Digest: "sha256:" + strings.Repeat("ab", 32), Size: 700}

func (h *hub) input(sequence int64, at time.Time) SignInput {
	return SignInput{
		Region: h.region, Index: index(sequence), Artifacts: []Artifact{served}, Sequence: sequence,
		Issued: at, TimestampExpires: at.Add(15 * time.Minute), Expires: at.AddDate(0, 1, 0),
		SourceChecked: map[string]time.Time{"intl.un-sc": at.Add(-time.Minute)},
	}
}

// sign publishes an order.
func (h *hub) sign(t testing.TB, sequence int64, at time.Time, edits ...func(*SignInput)) Files {
	t.Helper()
	in := h.input(sequence, at)
	for _, edit := range edits {
		edit(&in)
	}
	h.files = must[Files](t)(Sign(h.keys, h.roots, h.files, in))
	return h.files
}

func open(t testing.TB, dir string, h *hub) *Client {
	t.Helper()
	return must[*Client](t)(Open(dir, h.roots[0], Identity{HubUID: h.uid, Term: 1, Region: h.region}))
}

func with(files Files, name string, data []byte) Files {
	out := maps.Clone(files)
	if data == nil {
		delete(out, name)
	} else {
		out[name] = data
	}
	return out
}

// resign signs a role of files again with a change, as somebody who holds the
// key would.
func resign[T metadata.Roles](t testing.TB, k crypto.Signer, files Files, name string, blank *metadata.Metadata[T], change func(*T)) Files {
	t.Helper()
	meta, err := blank.FromBytes(files[name])
	if err != nil {
		t.Fatal(err)
	}
	change(&meta.Signed)
	meta.Signatures = nil
	out := maps.Clone(files)
	if err := seal(k, meta, out, name); err != nil {
		t.Fatal(err)
	}
	return out
}

func resignTimestamp(t testing.TB, k crypto.Signer, files Files, change func(*metadata.TimestampType)) Files {
	t.Helper()
	return resign(t, k, files, timestampFile, metadata.Timestamp(), change)
}
