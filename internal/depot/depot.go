// SPDX-License-Identifier: Apache-2.0

// Package depot is the hub's store of releases, and the workshop where the
// artifact of a release is cut for a region.
//
// Of each release the hub keeps one copy in its registry: the publisher's whole
// list, sealed to the hub's own key. What a region gets is made from it: the
// records that may be held there (a variant), the difference to what the region
// has (a patch), and both sealed to the region's key. Variants and patches are
// the same for all regions of the same view and made once.
//
// Plain content is kept in one folder, which must be in memory, and only while
// it is likely to be asked for again.
package depot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/singleflight"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/delta"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

// hubItself takes the place of a region in the repositories of the hub's own
// copies. No region has this name: a dot is not allowed in one.
const hubItself = "frontline.hub"

// Repository holds the hub's own copies of a feed, which no region may read.
func Repository(feed string) string { return artifact.FeedRepository(hubItself, feed) }

// Keys are the hub's secrets about one feed.
type Keys struct {
	Key feedkey.Key
	// Epoch and Recipient are what new copies are sealed to, Identities open
	// all that exist.
	Epoch      int64
	Recipient  string
	Identities []string
}

// Keyring finds the keys of a feed by its id.
type Keyring func(ctx context.Context, feed string) (Keys, error)

// Depot is the hub's store. It is safe for concurrent use.
type Depot struct {
	registry *artifact.Registry
	keys     Keyring
	dir      string

	work singleflight.Group

	mu sync.Mutex
	// plain says when the files in the folder were wanted last, by feed and name.
	plain map[string]map[string]time.Time
	// variants remembers what projections came to, by path, as long as their files stay.
	variants map[string]variant
	// idle lets go of the last files when nothing is wanted any more.
	idle *time.Timer
}

// variant is what the records of a release that may be held in a jurisdiction
// come to.
type variant struct {
	path     string
	content  string
	size     int64
	records  int64
	excluded int
}

// keepFor is how long plain content stays that nobody asks for: the next
// release of a feed, and regions that are a little behind, find it there.
const keepFor = 30 * time.Minute

// New returns the depot with its plain files below dir, which is emptied.
func New(registry *artifact.Registry, keys Keyring, dir string) (*Depot, error) {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	d := &Depot{registry: registry, keys: keys, dir: dir, plain: map[string]map[string]time.Time{}, variants: map[string]variant{}}
	d.idle = time.AfterFunc(keepFor, d.tidy)
	return d, nil
}

// Release names one release in whole.
type Release struct {
	Feed   string
	Number int64
	// Content is the digest of the whole list, Artifact that of the hub's copy.
	Content  string
	Artifact string
}

// Store keeps the hub's own copy of a release and returns its manifest. The
// file becomes the depot's. before is the release before, whose copy the new one
// goes on from; its zero value says that there is none.
func (d *Depot) Store(ctx context.Context, s artifact.Snapshot, before Release) (ocispec.Descriptor, error) {
	keys, err := d.keys(ctx, s.Feed)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	s.Region = hubItself
	cut := artifact.Cut{Snapshot: s, Epoch: keys.Epoch, Key: keys.Key, Recipients: []string{keys.Recipient}, Dir: d.dir}
	if before.Artifact != "" {
		if err := d.goOn(ctx, &cut, before, keys); err != nil {
			return ocispec.Descriptor{}, err
		}
	}
	desc, _, err := d.registry.CutSnapshot(ctx, Repository(s.Feed), cut)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	if err := os.Rename(s.Path, d.path(s.Feed, "full", s.Digest)); err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("depot: %w", err)
	}
	d.used(s.Feed, filepath.Base(d.path(s.Feed, "full", s.Digest)))
	return desc, nil
}

// goOn lets the hub's copy of a release be a delta on the one before, unless
// that one is gone, of an older key or long enough.
func (d *Depot) goOn(ctx context.Context, cut *artifact.Cut, before Release, keys Keys) error {
	config, err := d.registry.ReadConfig(ctx, Repository(before.Feed), before.Artifact, keys.Identities)
	if Unusable(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if cut.Rebase, err = d.registry.RecutDue(ctx, Repository(before.Feed), before.Artifact); err != nil {
		return err
	}
	cut.Previous, cut.PreviousManifest = &config, before.Artifact
	if cut.Rebase || config.Epoch != cut.Epoch || config.Content == cut.Digest {
		return nil
	}
	whole, err := d.Whole(ctx, before)
	if Unusable(err) {
		return nil
	}
	if err != nil {
		return err
	}
	path, ok, err := d.patch(ctx, before.Feed, variant{path: whole, content: before.Content}, variant{path: cut.Path, content: cut.Digest})
	if err != nil || !ok {
		return err
	}
	cut.Patches = []artifact.Patch{{
		Path: path, From: before.Content, To: cut.Digest, FromRelease: before.Number, ToRelease: cut.Version, ToSize: cut.Snapshot.Size,
	}}
	return nil
}

// Unusable reports whether an artifact that was there cannot be built on any
// more, whatever happened to it.
func Unusable(err error) bool {
	return errors.Is(err, artifact.ErrNotFound) || errors.Is(err, artifact.ErrKey) ||
		errors.Is(err, artifact.ErrMalformed) || errors.Is(err, artifact.ErrDigest)
}

// Whole returns the file with the whole list of a release. It is read-only and
// may go when other releases of the feed are asked for: open it at once.
func (d *Depot) Whole(ctx context.Context, r Release) (string, error) {
	path := d.path(r.Feed, "full", r.Content)
	return path, d.make(ctx, r.Feed, path, func() error {
		keys, err := d.keys(ctx, r.Feed)
		if err != nil {
			return err
		}
		incoming, err := os.MkdirTemp(d.dir, "incoming-")
		if err != nil {
			return fmt.Errorf("depot: %w", err)
		}
		defer os.RemoveAll(incoming)
		got, err := d.registry.FetchSnapshot(ctx, Repository(r.Feed), r.Artifact,
			artifact.FetchOptions{Dir: incoming, Content: r.Content, Identities: keys.Identities})
		if err != nil {
			return err
		}
		return os.Rename(got.Path, path)
	})
}

// variant returns what a jurisdiction may hold of a release.
func (d *Depot) variant(ctx context.Context, r Release, jurisdiction string) (variant, error) {
	path := d.path(r.Feed, "variant-"+jurisdiction, r.Content)
	err := d.make(ctx, r.Feed, path, func() error {
		whole, err := d.Whole(ctx, r)
		if err != nil {
			return err
		}
		full, err := snapshot.Open(whole)
		if err != nil {
			return err
		}
		defer full.Close()
		made, err := project(full, r, jurisdiction, whole, path)
		if err != nil {
			return fmt.Errorf("feed %s v%d for %s: %w", r.Feed, r.Number, jurisdiction, err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.variants[path] = made
		return nil
	})
	if err != nil {
		return variant{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	made, ok := d.variants[path]
	if !ok {
		return variant{}, fmt.Errorf("feed %s v%d for %s: its file was let go of meanwhile; it is asked for again", r.Feed, r.Number, jurisdiction)
	}
	return made, nil
}

// project makes the variant of a jurisdiction at path. When everybody may hold
// all of a list, the file of the whole is enough.
func project(full *snapshot.Snapshot, r Release, jurisdiction, whole, path string) (variant, error) {
	coded, err := full.Coded()
	if err != nil {
		return variant{}, err
	}
	if !coded {
		return variant{path: path, content: r.Content, size: full.Size(), records: int64(full.Records())}, os.Link(whole, path)
	}
	built, excluded, err := snapshot.Project(full, jurisdiction, path)
	return variant{path: path, content: built.Digest, size: built.Size, records: int64(built.Records), excluded: excluded}, err
}

// patch returns a file that turns one variant into another; false when there
// is no patch, or none worth its bytes.
func (d *Depot) patch(ctx context.Context, feed string, from, to variant) (string, bool, error) {
	path := d.path(feed, "patch-"+short(from.content), to.content)
	err := d.make(ctx, feed, path, func() error {
		before, err := snapshot.Open(from.path)
		if err != nil {
			return err
		}
		defer before.Close()
		after, err := snapshot.Open(to.path)
		if err != nil {
			return err
		}
		defer after.Close()
		file, err := os.Create(path + ".part") //nolint:gosec // below the depot's own folder
		if err != nil {
			return fmt.Errorf("depot: %w", err)
		}
		err = errors.Join(delta.Cut(ctx, before, after, file), file.Close())
		if err != nil {
			return errors.Join(err, os.Remove(path+".part"))
		}
		return os.Rename(path+".part", path)
	})
	if errors.Is(err, delta.ErrNoDelta) {
		return "", false, nil
	}
	return path, err == nil, err
}

// make runs f once for all who want the file, unless it is there. Who shared the
// work of somebody that gave up does it himself.
func (d *Depot) make(ctx context.Context, feed, path string, f func() error) error {
	var err error
	for gaveUp := true; gaveUp; {
		mine := false
		_, err, _ = d.work.Do(path, func() (any, error) {
			mine = true
			if _, err := os.Stat(path); err == nil {
				return nil, nil
			}
			return nil, f()
		})
		gaveUp = !mine && ctx.Err() == nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
	}
	if err == nil {
		d.used(feed, filepath.Base(path))
	}
	return err
}

// used notes that a file was wanted and lets go of those that were not, for
// long. One that is mapped lives on until it is closed.
func (d *Depot) used(feed, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plain[feed] == nil {
		d.plain[feed] = map[string]time.Time{}
	}
	now := time.Now()
	d.plain[feed][name] = now
	d.idle.Reset(keepFor)
	d.expire(now)
}

// tidy lets go of what nobody asks for any more.
func (d *Depot) tidy() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expire(time.Now())
}

// expire removes the files that were not wanted for long. The caller holds mu.
func (d *Depot) expire(now time.Time) {
	for feed, files := range d.plain {
		for name, at := range files {
			if now.Sub(at) >= keepFor {
				d.remove(name)
				delete(files, name)
			}
		}
		if len(files) == 0 {
			delete(d.plain, feed)
		}
	}
}

// remove removes a plain file and what is known of it. The caller holds mu.
func (d *Depot) remove(name string) {
	path := filepath.Join(d.dir, name)
	_ = os.Remove(path)
	delete(d.variants, path)
}

// Forget removes the plain files of a feed: after an erasure, and when the feed is gone.
func (d *Depot) Forget(feed string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.plain[feed] {
		d.remove(name)
	}
	delete(d.plain, feed)
}

func (d *Depot) path(feed, kind, content string) string {
	return filepath.Join(d.dir, strings.Join([]string{feed, kind, short(content)}, "_"))
}

// short is the digest's hex, which is unique in a folder.
func short(digest string) string { return strings.TrimPrefix(digest, "sha256:") }
