// SPDX-License-Identifier: Apache-2.0

package adversary_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// jurisdictions have one region each.
var jurisdictions = []string{"AL", "ME", "RS"}

// vault is a hub that cuts one feed for a region of each jurisdiction.
type vault struct {
	t        *testing.T
	registry *artifact.Registry
	depot    *depot.Depot
	keys     depot.Keys
	releases map[int64]depot.Release
	// identities and recipients are the regions', previous their last artifacts.
	identities, recipients, previous map[string]string
	// ever are the artifacts that were cut for each region.
	ever map[string][]string
}

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{
		t: t, releases: map[int64]depot.Release{}, identities: map[string]string{}, recipients: map[string]string{},
		previous: map[string]string{}, ever: map[string][]string{},
	}
	v.registry, _ = regiontest.NewRegistry(t)
	identity, recipient := seal.NewIdentity()
	v.keys = depot.Keys{Key: feedkey.New(), Epoch: 1, Recipient: recipient, Identities: []string{identity}}
	for _, j := range jurisdictions {
		v.identities[j], v.recipients[j] = seal.NewIdentity()
	}
	var err error
	v.depot, err = depot.New(v.registry, func(context.Context, string) (depot.Keys, error) { return v.keys, nil }, filepath.Join(t.TempDir(), "depot"))
	v.must(err)
	return v
}

func (v *vault) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// name is what a record's person is called, and nobody else in any list.
func name(n int) string { return fmt.Sprintf("Withheld Person %05d", n) }

// store keeps a release of records numbered from 1, and cuts it for every region.
func (v *vault) store(release int64, count int, handling func(n int) *watchlist.Handling) {
	v.t.Helper()
	b, err := snapshot.NewBuilder(snapshot.Meta{Format: watchlist.FrontlineJSONL}, snapshot.BuilderOptions{Dir: v.t.TempDir(), Salt: v.keys.Key.Salt()})
	v.must(err)
	defer b.Close()
	for n := 1; n <= count; n++ {
		v.must(b.Add(&watchlist.Record{ID: fmt.Sprintf("W.%05d", n), Type: watchlist.Person, Names: []watchlist.Name{{Full: name(n)}}, Handling: handling(n)}))
	}
	built, err := b.Finish(filepath.Join(v.t.TempDir(), "built"))
	v.must(err)
	desc, err := v.depot.Store(v.t.Context(), artifact.Snapshot{
		Path: built.Path, Digest: built.Digest, Size: built.Size, Feed: feed, Version: release, Records: int64(built.Records),
	}, depot.Release{})
	v.must(err)
	v.releases[release] = depot.Release{Feed: feed, Number: release, Content: built.Digest, Artifact: desc.Digest.String()}
	for _, j := range jurisdictions {
		cut, err := v.depot.Cut(v.t.Context(), depot.Request{
			Region: regionOf(j), Jurisdiction: j, Release: v.releases[release], Epoch: 1, Recipient: v.recipients[j], Previous: v.previous[j],
			Releases: func(n int64) (depot.Release, bool) { r, ok := v.releases[n]; return r, ok },
		})
		v.must(err)
		v.previous[j] = cut.Manifest
		v.ever[j] = append(v.ever[j], cut.Manifest)
	}
}

func regionOf(jurisdiction string) string { return "in-" + strings.ToLower(jurisdiction) }

// opened is everything that keys open in artifacts of a region, in the clear
// and decompressed; blobs that they do not open are left out.
func (v *vault) opened(jurisdiction string, manifests []string, identities ...string) []byte {
	v.t.Helper()
	repo := artifact.FeedRepository(regionOf(jurisdiction), feed)
	var out bytes.Buffer
	for _, manifest := range manifests {
		parts, err := v.registry.Parts(v.t.Context(), repo, manifest)
		v.must(err)
		for _, part := range parts {
			data := v.blob(repo, part)
			plain, err := seal.OpenBytes(data, 1<<26, identities...)
			if err != nil {
				continue
			}
			out.Write(plain)
			out.Write(unpacked(plain))
		}
		// What deltas bring shows once they are applied.
		got, err := v.registry.FetchSnapshot(v.t.Context(), repo, manifest, artifact.FetchOptions{Dir: v.t.TempDir(), Identities: identities})
		if err != nil {
			continue
		}
		whole, err := os.ReadFile(got.Path)
		v.must(err)
		out.Write(whole)
	}
	return out.Bytes()
}

func (v *vault) blob(repo string, part ocispec.Descriptor) []byte {
	v.t.Helper()
	reader, err := v.registry.OpenBlob(v.t.Context(), repo, part)
	v.must(err)
	defer reader.Close()
	var buf bytes.Buffer
	_, err = buf.ReadFrom(reader)
	v.must(err)
	return buf.Bytes()
}

// unpacked is what every zstd frame in the bytes holds by itself.
func unpacked(plain []byte) []byte {
	magic := []byte{0x28, 0xb5, 0x2f, 0xfd}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		return nil
	}
	defer decoder.Close()
	var out []byte
	for at := 0; ; at++ {
		next := bytes.Index(plain[at:], magic)
		if next < 0 {
			return out
		}
		at += next
		some, _ := decoder.DecodeAll(plain[at:], nil)
		out = append(out, some...)
	}
}

// TestNothingOfWhatARegionMayNotHold: with all keys of a region, nothing in its
// repository shows a record whose handling codes keep it from there; and
// without them, nothing shows any.
func TestNothingOfWhatARegionMayNotHold(t *testing.T) {
	const count = 3000
	handling := func(n int) *watchlist.Handling {
		switch n % 6 {
		case 1:
			return &watchlist.Handling{Allow: []string{"AL"}}
		case 2:
			return &watchlist.Handling{Deny: []string{"ME"}}
		case 3:
			return &watchlist.Handling{Allow: []string{"ME", "RS"}, Deny: []string{"RS"}}
		case 4:
			return &watchlist.Handling{Deny: jurisdictions}
		}
		return nil
	}
	may := func(n int, j string) bool {
		h := handling(n)
		return h == nil || !slices.Contains(h.Deny, j) && (len(h.Allow) == 0 || slices.Contains(h.Allow, j))
	}
	v := newVault(t)
	v.store(1, count-60, handling)
	v.store(2, count-30, handling)
	v.store(3, count, handling)
	all := slices.Collect(maps.Values(v.identities))
	for _, j := range jurisdictions {
		t.Run(j, func(t *testing.T) {
			own := v.opened(j, v.ever[j], v.identities[j])
			held := 0
			for n := 1; n <= count; n++ {
				is := bytes.Contains(own, []byte(name(n)))
				if is {
					held++
				}
				if is != may(n, j) {
					t.Fatalf("record %d is in what %s can open: %v, want %v", n, j, is, may(n, j))
				}
			}
			if held == 0 {
				t.Fatal("nothing was opened at all")
			}
			others := slices.DeleteFunc(slices.Clone(all), func(identity string) bool { return identity == v.identities[j] })
			if got := v.opened(j, v.ever[j], others...); len(got) > 0 {
				t.Errorf("the keys of other regions open %d bytes of %s", len(got), j)
			}
			// The hub's own key opens the plans of artifacts, and no record.
			if got := v.opened(j, v.ever[j], v.keys.Identities...); bytes.Contains(got, []byte("Withheld Person")) {
				t.Errorf("the hub's key opens records of %s", j)
			}
		})
	}
	whole := depot.Repository(feed)
	for _, release := range v.releases {
		parts, err := v.registry.Parts(t.Context(), whole, release.Artifact)
		v.must(err)
		for _, part := range parts {
			if _, err := seal.OpenBytes(v.blob(whole, part), 1<<26, all...); err == nil {
				t.Errorf("regions' keys open %s of the hub's own copy", part.Digest)
			}
		}
	}
}

// TestWithheldLater: a record that may not be held any more is in no part of
// the artifact that a region is sent from then on, the base included.
func TestWithheldLater(t *testing.T) {
	v := newVault(t)
	none := func(int) *watchlist.Handling { return nil }
	v.store(1, 2000, none)
	v.store(2, 2010, none)
	v.store(3, 2010, func(n int) *watchlist.Handling {
		if n == 77 {
			return &watchlist.Handling{Deny: []string{"ME"}}
		}
		return nil
	})
	for _, j := range jurisdictions {
		got := v.opened(j, []string{v.previous[j]}, v.identities[j])
		if !bytes.Contains(got, []byte(name(76))) {
			t.Fatalf("nothing was opened of the artifact for %s", j)
		}
		if is := bytes.Contains(got, []byte(name(77))); is != (j != "ME") {
			t.Errorf("the artifact for %s has the record: %v", j, is)
		}
	}
}
