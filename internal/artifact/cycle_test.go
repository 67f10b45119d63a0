// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"hash/fnv"
	"slices"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// TestThirtyReleases publishes a list that changes by about one hundredth a
// release for three regions that hold different parts of it. Each region has a
// registry of its own, a loader that takes every release, one that looks in now
// and then, and now and then one that begins with nothing.
func TestThirtyReleases(t *testing.T) {
	const releases = 30
	people := newList(1, 2500)
	hub := newServer(t)
	type site struct {
		*testRegion
		local         *server
		hubLine       *Registry
		wire          *wire
		steady, rare  *loader
		bases, deltas int
	}
	keep := map[string]func(watchlist.Record) bool{
		"north": nil,
		"south": func(r watchlist.Record) bool { h := fnv.New32(); _, _ = h.Write([]byte(r.ID)); return h.Sum32()%4 != 0 },
		"east":  func(r watchlist.Record) bool { return !strings.HasSuffix(r.ID, "3") },
	}
	var sites []*site
	for name := range keep {
		s := &site{testRegion: newTestRegion(t, hub, name), local: newServer(t)}
		s.hubLine, s.wire = hub.line(t)
		s.steady, s.rare = s.loader(), s.loader()
		sites = append(sites, s)
	}
	copyOver := func(s *site) (moved, announced int64) {
		t.Helper()
		missing, total, err := Missing(t.Context(), s.hubLine, s.local.Registry, s.repo(), s.manifest)
		if err != nil || missing > total {
			t.Fatalf("Missing() = %d of %d, %v", missing, total, err)
		}
		s.wire.take()
		desc, err := CopySnapshot(t.Context(), s.hubLine, s.local.Registry, s.repo(), s.manifest, CopyOptions{Spool: t.TempDir()})
		if err != nil || desc.Digest.String() != s.manifest {
			t.Fatalf("CopySnapshot() = %s, %v", desc.Digest, err)
		}
		return s.wire.take(), missing
	}
	for n := range releases {
		if n > 0 {
			people.edit(25)
		}
		for _, s := range sites {
			before := s.manifest
			s.publish(people.file(t, s.dir, keep[s.name]), nil)
			based := s.config.Base.Release == s.release
			moved, announced := copyOver(s)
			if moved < announced {
				t.Errorf("%d bytes on the line, %d announced", moved, announced)
			}
			switch {
			case based:
				s.bases++
			case before != "":
				s.deltas++
				// Manifest and configuration are the constant: a few KiB.
				if limit := s.patch + 16<<10; moved > limit {
					t.Errorf("%s v%d moved %d bytes, its delta has %d", s.name, s.release, moved, s.patch)
				}
			}
			s.steady.fetch(s.local.Registry)
			if before != "" && (s.steady.last.Patches != 1 || s.steady.last.Groups != 0 || s.steady.last.Fallbacks != 0) {
				t.Errorf("%s v%d: steady loader %+v", s.name, s.release, s.steady.last)
			}
			if n%4 == 3 {
				s.rare.fetch(s.local.Registry)
			}
			if n%7 == 6 {
				s.loader().fetch(s.local.Registry)
			}
			if due, err := hub.RecutDue(t.Context(), s.repo(), s.manifest); err != nil {
				t.Fatal(err)
			} else if due {
				s.recut()
				copyOver(s)
				s.loader().fetch(s.local.Registry)
				s.bases++
			}
		}
	}
	digests := map[string]string{}
	for _, s := range sites {
		if s.bases < 2 || s.deltas < releases/2 {
			t.Errorf("%s: %d bases, %d deltas", s.name, s.bases, s.deltas)
		}
		if has, err := s.local.HasSnapshot(t.Context(), s.repo(), s.manifest); err != nil || !has {
			t.Errorf("%s: HasSnapshot() = %v, %v", s.name, has, err)
		}
		for _, layer := range s.layersOf(s.manifest) {
			if other := digests[layer.Digest.String()]; other != "" {
				t.Errorf("%s and %s share a layer", other, s.name)
			}
			digests[layer.Digest.String()] = s.name
		}
	}
}

// recut publishes the release that is out again, on a base of its own.
func (r *testRegion) recut() {
	r.t.Helper()
	c := r.cutOf(r.built)
	c.Version, c.Rebase, c.Patches = r.release, true, nil
	old := r.config
	r.cut(c)
	if r.config.Content != old.Content || r.config.Release != old.Release || r.config.Base.Content != old.Content {
		r.t.Errorf("recut of v%d gives release %d on base v%d", old.Release, r.config.Release, r.config.Base.Release)
	}
}

// TestGroupsKeepTheirCiphertext: the hub's own copies list no deltas, and still
// upload what changed alone.
func TestGroupsKeepTheirCiphertext(t *testing.T) {
	hub := newServer(t)
	r := newTestRegion(t, hub, "frontline.hub")
	people := newList(2, 20_000) // about 9 MB
	first := r.publish(people.file(t, r.dir, nil), nil)
	if n := len(r.config.Groups); n != 4 {
		t.Fatalf("%d groups", n)
	}
	before := r.layersOf(first)
	people.all[0].Names = []watchlist.Name{{Full: "Testina Changed"}}
	hub.requests()
	r.publish(people.file(t, r.dir, nil), func(c *Cut) { c.Patches, c.Rebase = nil, true })
	// The changed group and the one with the file's head, which states the sizes.
	uploads := len(hub.requests("PUT", "/blobs/uploads/")) - 1 // the configuration
	kept := 0
	for _, layer := range r.layersOf(r.manifest) {
		if slices.ContainsFunc(before, func(b ocispec.Descriptor) bool { return b.Digest == layer.Digest }) {
			kept++
		}
	}
	if kept < 2 || uploads+kept != 4 {
		t.Errorf("%d groups kept, %d uploaded", kept, uploads)
	}
	r.loader().fetch(hub.Registry)
	r.epoch = 2
	r.identity, r.recipient = seal.NewIdentity()
	r.publish(people.file(t, r.dir, nil), nil)
	for _, layer := range r.layersOf(r.manifest) {
		if slices.ContainsFunc(before, func(b ocispec.Descriptor) bool { return b.Digest == layer.Digest }) {
			t.Error("a layer of another epoch was kept")
		}
	}
	r.loader().fetch(hub.Registry)
}

func TestGroupCount(t *testing.T) {
	for _, test := range []struct {
		size   int64
		shards int
		want   int
	}{
		{1, 256, 1}, {4 << 20, 256, 1}, {4<<20 + 1, 256, 2}, {9 << 20, 256, 4}, {64 << 20, 256, 16}, {4 << 30, 256, 256}, {4 << 30, 65536, 1024},
	} {
		if got := groupCount(test.size, test.shards); got != test.want {
			t.Errorf("%d bytes in %d shards: %d groups, want %d", test.size, test.shards, got, test.want)
		}
	}
}
