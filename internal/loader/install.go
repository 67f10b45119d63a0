// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-logr/logr"
	"golang.org/x/sys/unix"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/dataset"
)

// Causes why a blob is not there, beside those of package artifact. The text
// begins with the reason, as conditions spell it.
var (
	// ErrSpace: the folder cannot hold the blob beside what is in use.
	ErrSpace = errors.New("InsufficientSpace")
	// ErrSource: the target does not say where the blob is.
	ErrSource = errors.New("NotPlaced: the target does not say where the blob is")
)

// apply brings the directory as near to the target as it can: first what needs
// no fetching, so that a feed is withdrawn without waiting for another's blob,
// then the rest. The error says everything that is missing.
func (l *Loader) apply(ctx context.Context, target dataset.Target) error {
	if err := l.writeOverlays(target); err != nil {
		return err
	}
	if err := l.turn(ctx, target); err != nil {
		return err
	}
	jobs := missing(target, l.o.Dir.HasBlob)
	if len(jobs) == 0 {
		return l.sweep()
	}
	// What an earlier target left behind makes room, once the engine is past it.
	if err := l.collect(); err != nil {
		logr.FromContextOrDiscard(ctx).Error(err, "Old content stays on disk")
	}
	var errs []error
	if err := l.preflight(jobs); err != nil {
		l.o.Metrics.failures.WithLabelValues(reason(err)).Inc()
		return err
	}
	for _, j := range jobs {
		if err := l.fetch(ctx, j, target.Keys[j.feed.ID]); err != nil {
			l.o.Metrics.failures.WithLabelValues(reason(err)).Inc()
			errs = append(errs, fmt.Errorf("feed %s, release %d: %w", j.feed.ID, j.feed.Release, err))
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(append(errs, l.turn(ctx, target))...)
}

// turn installs the set that the blobs on disk allow, unless it is installed already.
func (l *Loader) turn(ctx context.Context, target dataset.Target) error {
	log := logr.FromContextOrDiscard(ctx)
	l.files.Lock()
	defer l.files.Unlock()
	current, digest, err := l.o.Dir.Current()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// A damaged set is replaced: its name is the digest it should have had.
		log.Error(err, "The current set cannot be read; it is installed again")
		current, digest = dataset.Set{}, ""
	}
	set := reachable(target.Set, current, l.o.Dir.HasBlob)
	_, next, err := dataset.Encode(set)
	if err != nil || next == digest {
		return err
	}
	if _, err := l.o.Dir.Install(set); err != nil {
		return err
	}
	l.o.Metrics.installed(set)
	log.Info("Installed a set", "set", next, "feeds", len(set.Feeds))
	return nil
}

// preflight refuses to begin what the folder cannot hold: a file system that
// runs full in the middle would also stop the files of other feeds.
func (l *Loader) preflight(jobs []job) error {
	free, err := l.o.FreeBytes(l.incoming)
	if err != nil {
		return fmt.Errorf("free space of the dataset directory: %w", err)
	}
	var need int64
	for _, j := range jobs {
		need += j.feed.Size
	}
	if need > free {
		return fmt.Errorf("%w: the new content takes %d bytes and %d are free; raise the pool's memory or take a feed from it", ErrSpace, need, free)
	}
	return nil
}

func (l *Loader) fetch(ctx context.Context, j job, keys []string) error {
	if !j.found {
		return ErrSource
	}
	s, err := l.o.Registry.FetchSnapshot(ctx, j.source.Repository, j.source.Artifact, artifact.FetchOptions{
		Dir: l.incoming, Content: j.feed.Content, MaxSize: j.feed.Size,
		Identities: keys, Have: l.have, Observe: l.o.Metrics.transferred,
	})
	if errors.Is(err, unix.ENOSPC) {
		return fmt.Errorf("%w: %w", ErrSpace, err)
	}
	if err != nil {
		return err
	}
	if s.Feed != j.feed.ID || s.Region != l.o.Region || s.Version != j.feed.Release {
		err := fmt.Errorf("the artifact is release %d of feed %s for region %s: %w", s.Version, s.Feed, s.Region, artifact.ErrMalformed)
		return errors.Join(err, os.Remove(s.Path))
	}
	if err := os.Rename(s.Path, l.o.Dir.BlobPath(j.feed.Content)); err != nil {
		return fmt.Errorf("dataset directory: %w", err)
	}
	return nil
}

// have finds the file of a content that a delta can be applied to.
func (l *Loader) have(content string) (string, bool) {
	return l.o.Dir.BlobPath(content), l.o.Dir.HasBlob(content)
}

// sweep removes what interrupted transfers left, once nothing is missing.
func (l *Loader) sweep() error {
	entries, err := os.ReadDir(l.incoming)
	if err != nil {
		return fmt.Errorf("dataset directory: %w", err)
	}
	var errs []error
	for _, e := range entries {
		errs = append(errs, os.Remove(filepath.Join(l.incoming, e.Name())))
	}
	return errors.Join(errs...)
}

// reason is the metric label of a failure: a word of a closed set.
func reason(err error) string {
	switch {
	case errors.Is(err, ErrSpace):
		return "InsufficientSpace"
	case errors.Is(err, ErrSource):
		return "NotPlaced"
	case errors.Is(err, artifact.ErrKey):
		return "KeyMissing"
	case errors.Is(err, artifact.ErrDigest):
		return "DigestMismatch"
	case errors.Is(err, artifact.ErrMalformed), errors.Is(err, artifact.ErrTooLarge):
		return "Malformed"
	case errors.Is(err, artifact.ErrNotFound):
		return "NotFound"
	default:
		return "RegistryUnavailable"
	}
}

func freeBytes(folder string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * s.Bsize, nil //nolint:gosec // no file system has 2^63 free blocks
}
