// SPDX-License-Identifier: Apache-2.0

package recordrequest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/watchlistfeed"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
)

const (
	timeFormat = time.RFC3339
	// retrySweep is the wait before a registry that failed is asked again.
	retrySweep = 15 * time.Second
)

// atHub removes the hub's own copies below the floor once, and says how that went.
func (r *Reconciler) atHub(ctx context.Context, s *scope, floor int64) screeningv1.RecordCopy {
	if before := s.copyBefore(screeningv1.PlaceHub, hubItself); before != nil && settled(before.State) {
		return *before
	}
	one := screeningv1.RecordCopy{Place: screeningv1.PlaceHub, Region: hubItself, State: screeningv1.CopyPending}
	if s.feed == nil {
		floor = math.MaxInt64 // all of it
	}
	if floor == 0 {
		return one
	}
	supported, err := r.sweep(ctx, s, floor)
	if err != nil {
		ctrllog.FromContext(ctx).Error(err, "The hub's copies of an erased record are not gone", "feed", s.id, "floor", floor)
		s.lookAgain(retrySweep)
		return one
	}
	one.State, one.At = screeningv1.CopyDone, metav1.NewTime(r.Clock.Now().UTC().Truncate(time.Second))
	if !supported {
		one.State = screeningv1.CopyDeletionUnsupported
	}
	return one
}

// sweep deletes from the hub's registry what it has of the feed below the floor,
// for itself and for regions, with what no tag names any more; destroys the keys
// that sealed the hub's own; removes plain files; and makes sure that the
// registry answers 404. It can be repeated from any point. supported is false
// where the registry cannot delete, and the destroyed keys are all there is.
func (r *Reconciler) sweep(ctx context.Context, s *scope, floor int64) (supported bool, err error) {
	feed := string(s.id)
	repositories := []string{depot.Repository(feed)}
	for region := range s.regions {
		repositories = append(repositories, artifact.FeedRepository(region, feed))
	}
	doomed := map[string][]string{}
	for _, repository := range repositories {
		if doomed[repository], err = r.below(ctx, repository, floor); err != nil {
			return false, err
		}
	}
	// The keys first: whatever fails after this, nothing of it can be read.
	epoch, err := r.oldestEpoch(ctx, s, floor)
	if err != nil {
		return false, err
	}
	if _, err := r.Keys.Destroy(ctx, s.id, epoch); err != nil {
		return false, err
	}
	r.Depot.Forget(feed)
	supported = true
	deleted := func(err error) error {
		if errors.Is(err, artifact.ErrDeletionUnsupported) {
			supported = false
			return nil
		}
		return err
	}
	for repository, digests := range doomed {
		for _, manifest := range digests {
			if err := deleted(r.Registry.Delete(ctx, repository, manifest)); err != nil && !errors.Is(err, artifact.ErrNotFound) {
				return false, err
			}
		}
	}
	// An artifact that another took the place of has no tag: it goes as well, and so
	// does all that was cut for regions that are no more.
	_, err = r.Registry.Collect(ctx, artifact.CollectOptions{
		Untagged: []string{artifact.FeedRepository("*", feed)}, UntaggedSeconds: 1, Erase: doomed,
		Abandoned: []string{artifact.FeedRepository("*", feed)}, Owned: append(repositories, watchlistfeed.HeldRepository(feed)),
	})
	if errors.Is(err, artifact.ErrCollectUnsupported) {
		err = nil
		for repository, digests := range doomed {
			err = errors.Join(err, deleted(r.Registry.DeleteBlobs(ctx, repository, digests)))
		}
	}
	if err != nil {
		return false, err
	}
	if !supported {
		return false, nil
	}
	for repository, digests := range doomed {
		left, err := r.Registry.Gone(ctx, repository, digests)
		if err != nil {
			return false, err
		}
		if len(left) > 0 {
			return false, fmt.Errorf("the hub's registry still answers for %d of %d digests in %s; it is asked again", len(left), len(digests), repository)
		}
	}
	return true, nil
}

// oldestEpoch is the oldest epoch of the hub's keys that any of its copies from
// the floor on is sealed to.
func (r *Reconciler) oldestEpoch(ctx context.Context, s *scope, floor int64) (int64, error) {
	repository := depot.Repository(string(s.id))
	tags, err := r.Registry.Tags(ctx, repository)
	if err != nil {
		return 0, err
	}
	oldest := s.keys.Current().Epoch
	for _, tag := range tags {
		if screeningv1.ReleaseVersion(tag).Number() < floor {
			continue
		}
		desc, err := r.Registry.Resolve(ctx, repository, tag)
		if err != nil {
			return 0, err
		}
		config, err := r.Registry.ReadConfig(ctx, repository, desc.Digest.String(), s.keys.Identities())
		if depot.Unusable(err) {
			continue // its key is gone already, or it cannot be read with any
		}
		if err != nil {
			return 0, err
		}
		oldest = min(oldest, config.Epoch)
	}
	return oldest, nil
}

// below lists the digests of the artifacts below a floor, with those of their
// layers.
func (r *Reconciler) below(ctx context.Context, repository string, floor int64) ([]string, error) {
	tags, err := r.Registry.Tags(ctx, repository)
	if err != nil {
		return nil, err
	}
	keep, doomed := map[string]bool{}, []string{}
	for _, tag := range tags {
		number := screeningv1.ReleaseVersion(tag).Number()
		if number == 0 {
			continue
		}
		desc, err := r.Registry.Resolve(ctx, repository, tag)
		if errors.Is(err, artifact.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		manifest := desc.Digest.String()
		blobs, err := r.Registry.Blobs(ctx, repository, manifest)
		if err != nil && !depot.Unusable(err) {
			return nil, err
		}
		if number >= floor {
			keep[manifest] = true
			for _, blob := range blobs {
				keep[blob] = true
			}
			continue
		}
		doomed = append(append(doomed, manifest), blobs...)
	}
	out := doomed[:0]
	for _, digest := range doomed {
		if !keep[digest] {
			out = append(out, digest)
		}
	}
	return out, nil
}

// newest is the newest release of the feed, or nil.
func (r *Reconciler) newest(ctx context.Context, s *scope) (*screeningv1.WatchlistRelease, error) {
	list := &screeningv1.WatchlistReleaseList{}
	if err := r.Client.List(ctx, list, client.InNamespace(s.request.Namespace)); err != nil {
		return nil, fmt.Errorf("list the releases of feed %s: %w", s.id, err)
	}
	var newest *screeningv1.WatchlistRelease
	for i := range list.Items {
		if release := &list.Items[i]; release.Spec.Feed.ID == s.id && (newest == nil || release.Spec.Number > newest.Spec.Number) {
			newest = release
		}
	}
	return newest, nil
}
