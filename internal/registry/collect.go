// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/frontline-screening/frontline/internal/garbage"
)

// eraseIdle is how long nothing was written to an upload that an erasure of
// its repository removes.
const eraseIdle = time.Minute

// collection is one run of mark and sweep. The library's own (MarkAndSweep) is
// not used: it knows no grace period, keeps a link to a blob in a repository
// whose last manifest with it is gone, as long as another repository has one,
// and leaves tags, empty repositories and folders of removed blobs.
//
// It goes from names to bytes (tags, manifests, links, blobs): whatever a
// crash leaves is garbage of the next run, and nothing is named that is gone.
type collection struct {
	layout
	options garbage.Options
	now     time.Time
	grace   time.Duration

	result  garbage.Collected
	marked  map[digest.Digest]bool            // blobs that stay
	erase   map[string]map[digest.Digest]bool // by repository
	erased  map[digest.Digest]bool            // of any repository
	removed map[string]bool                   // folders whose entries changed
}

func newCollection(l layout, o garbage.Options, now time.Time, grace time.Duration) (*collection, error) {
	c := &collection{
		layout: l, options: o, now: now, grace: grace,
		marked: map[digest.Digest]bool{}, erase: map[string]map[digest.Digest]bool{},
		erased: map[digest.Digest]bool{}, removed: map[string]bool{},
	}
	for _, text := range o.Verify {
		if _, err := parseDigest(text); err != nil {
			return nil, err
		}
	}
	for repository, digests := range o.Erase {
		named := map[digest.Digest]bool{}
		for _, text := range digests {
			d, err := parseDigest(text)
			if err != nil {
				return nil, err
			}
			named[d], c.erased[d] = true, true
		}
		c.erase[repository] = named
	}
	return c, nil
}

func parseDigest(text string) (digest.Digest, error) {
	d, err := digest.Parse(text)
	if err != nil || d.Algorithm() != digest.SHA256 {
		return "", fmt.Errorf("%q is no sha256 digest; name blobs as their manifests do", text)
	}
	return d, nil
}

// run does everything. Nothing else may change the folder meanwhile.
func (c *collection) run(ctx context.Context) (garbage.Collected, error) {
	repositories, err := c.repositoryNames()
	if err != nil {
		return c.result, err
	}
	if err := c.verify(ctx); err != nil {
		return c.result, err
	}
	for _, name := range repositories {
		if err := ctx.Err(); err != nil {
			return c.result, err
		}
		if err := c.repo(name); err != nil {
			return c.result, fmt.Errorf("repository %s: %w", name, err)
		}
	}
	if err := c.sweep(); err != nil {
		return c.result, err
	}
	slices.Sort(c.result.Kept)
	c.result.Kept = slices.Compact(c.result.Kept)
	return c.result, c.sync()
}

// repo cleans one repository and marks what it holds.
func (c *collection) repo(name string) error {
	referred, whole, err := c.manifests(name)
	if err != nil {
		return err
	}
	linked, err := links(c.layers(name))
	if err != nil {
		return err
	}
	for d, at := range linked {
		named := c.erase[name][d]
		garbage := !referred[d] && (named || (whole && c.old(at)))
		if at.IsZero() || garbage {
			if err := c.remove(filepath.Join(c.layers(name), d.Encoded())); err != nil {
				return err
			}
			c.result.Links++
			continue
		}
		if named {
			c.result.Kept = append(c.result.Kept, d.String())
		}
		c.marked[d] = true
	}
	if err := c.brokenUploads(name); err != nil {
		return err
	}
	return c.empty(name)
}

func (c *collection) old(at time.Time) bool { return c.now.Sub(at) > c.grace }

// manifests removes those that shall go, and tags that name none, and marks
// those that stay with what they refer to. whole is false when one could not
// be read, so that nobody knows all that was referred to.
func (c *collection) manifests(name string) (referred map[digest.Digest]bool, whole bool, err error) {
	held, err := links(c.revisions(name))
	if err != nil {
		return nil, false, err
	}
	tags, err := names(c.tags(name))
	if err != nil {
		return nil, false, err
	}
	tagged, byTag := map[digest.Digest]bool{}, map[string]digest.Digest{}
	for _, tag := range tags {
		if byTag[tag], err = c.current(name, tag); err != nil {
			return nil, false, err
		}
		tagged[byTag[tag]] = true
	}
	going := c.superseded(name, held, tagged)
	for d, at := range held {
		if at.IsZero() || c.erase[name][d] {
			going[d] = true
		}
	}
	referred, whole, err = c.mark(name, held, going)
	if err != nil {
		return nil, false, err
	}
	for _, tag := range tags {
		if err := c.tag(name, tag, byTag[tag], held, going); err != nil {
			return nil, false, err
		}
	}
	for d := range going {
		if err := c.remove(filepath.Join(c.revisions(name), d.Encoded())); err != nil {
			return nil, false, err
		}
		if !held[d].IsZero() {
			c.result.Manifests++
		}
	}
	return referred, whole, nil
}

// tag removes a tag of a manifest that goes, else what its index says of those.
func (c *collection) tag(name, tag string, names digest.Digest, held map[digest.Digest]time.Time, going map[digest.Digest]bool) error {
	folder := filepath.Join(c.tags(name), tag)
	if _, ok := held[names]; !ok || going[names] {
		c.result.Tags++
		return c.remove(folder)
	}
	index := filepath.Join(folder, "index", "sha256")
	before, err := links(index)
	if err != nil {
		return err
	}
	for d := range before {
		if _, ok := held[d]; ok && !going[d] {
			continue
		}
		if err := c.remove(filepath.Join(index, d.Encoded())); err != nil {
			return err
		}
	}
	return nil
}

// superseded returns the untagged manifests that have had a newer one beside
// them for long enough, if the repository is one of those asked for; and all of
// them, tagged or not, when nobody answers for it any more.
func (c *collection) superseded(name string, held map[digest.Digest]time.Time, tagged map[digest.Digest]bool) map[digest.Digest]bool {
	out := map[digest.Digest]bool{}
	order := slices.SortedFunc(maps.Keys(held), func(a, b digest.Digest) int { return held[a].Compare(held[b]) })
	rested := func(d digest.Digest) bool { return c.now.Sub(held[d]) > c.options.UntaggedAfter() }
	switch {
	case len(order) == 0:
		return out
	case named(name, c.options.Abandoned) && !named(name, c.options.Owned) && rested(order[len(order)-1]):
		for _, d := range order {
			out[d] = true
		}
		return out
	case !named(name, c.options.Untagged):
		return out
	}
	for i, d := range order[:len(order)-1] {
		if !tagged[d] && rested(order[i+1]) {
			out[d] = true
		}
	}
	return out
}

// named reports whether one of the patterns names the repository.
func named(repository string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, repository)
		return err == nil && ok
	})
}

// brokenUploads removes those that nobody goes on with.
func (c *collection) brokenUploads(name string) error {
	ids, err := names(c.uploads(name))
	if err != nil {
		return err
	}
	limit := max(c.grace, eraseIdle)
	if len(c.erase[name]) > 0 {
		limit = eraseIdle
	}
	for _, id := range ids {
		folder := filepath.Join(c.uploads(name), id)
		last, err := lastWrite(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue // ended while it was looked at
		}
		if err != nil {
			return err
		}
		if c.now.Sub(last) <= limit {
			continue
		}
		err = c.remove(folder)
		if errors.Is(err, syscall.ENOTEMPTY) {
			continue // somebody goes on with it after all
		}
		if err != nil {
			return err
		}
		c.result.Uploads++
	}
	return nil
}

// empty removes a repository in which nothing is left, and the folders above it.
func (c *collection) empty(name string) error {
	for _, folder := range []string{c.revisions(name), c.tags(name), c.layers(name), c.uploads(name)} {
		left, err := names(folder)
		if err != nil || len(left) > 0 {
			return err
		}
	}
	for _, part := range []string{"_manifests", "_layers", "_uploads"} {
		if err := c.remove(filepath.Join(c.repository(name), part)); err != nil {
			return err
		}
	}
	c.result.Repositories++
	for folder := c.repository(name); folder != c.repositories(); folder = filepath.Dir(folder) {
		left, err := names(folder)
		if err != nil || len(left) > 0 {
			return err
		}
		if err := c.remove(folder); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes blobs that nothing names.
func (c *collection) sweep() error {
	return c.forBlobs(func(d digest.Digest, size int64, modified time.Time) error {
		if c.marked[d] || (!c.erased[d] && !c.old(modified)) {
			c.result.BlobsLeft++
			c.result.BytesLeft += max(size, 0)
			return nil
		}
		if err := c.remove(c.blob(d)); err != nil {
			return err
		}
		if size >= 0 {
			c.result.Blobs++
			c.result.Bytes += size
		}
		return nil
	})
}

func (c *collection) remove(folder string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	delete(c.removed, folder)
	c.removed[filepath.Dir(folder)] = true
	return nil
}

// sync makes the removals last: what is reported as gone does not come back
// with a power failure.
func (c *collection) sync() error {
	for folder := range c.removed {
		file, err := os.Open(folder) //nolint:gosec // below the registry's own folder
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(file.Sync(), file.Close()); err != nil {
			return err
		}
	}
	return nil
}
