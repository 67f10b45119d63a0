// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"errors"
	"fmt"
	"os"

	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/watchlistfeed"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
)

// distribute puts the content of listed feeds where the region can read it and
// notes its address. A feed whose content cannot be had keeps the release of
// the order that stands, or none; the others go on.
func (r *Reconciler) distribute(ctx context.Context, s *scope) error {
	listed := s.listed[:0:0]
	for _, feed := range s.listed {
		if before := s.published.feed(feed.ID); s.goesBack(feed, before) {
			listed = append(listed, contentOf(feed, before))
			continue
		}
		if s.placement[feed.ID] != hub.Serve {
			listed = append(listed, feed)
			continue
		}
		manifest, err := r.copyFor(ctx, s, feed)
		if err == nil {
			feed.Artifact = manifest
			listed = append(listed, feed)
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		ctrllog.FromContext(ctx).Error(err, "Content was not copied for the region", "feed", feed.ID, "release", feed.Release)
		s.lookAgain(retryCopy)
		listed = append(listed, contentOf(feed, s.published.feed(feed.ID)))
	}
	s.listed = listed
	return r.withdrawContent(ctx, s)
}

// goesBack says whether the order would take a feed below the release it lists
// now. Numbers only rise, so a hub that knows a lower one was restored from a
// backup and makes a higher one when it next reads the source; until then what
// the region has stays. A pin is the owner's word to go back.
func (s *scope) goesBack(feed order.Feed, before *order.Feed) bool {
	owner := s.feeds[feed.ID]
	return feed.State == order.Serve && owner != nil && owner.Pinned() == "" &&
		before != nil && before.State == order.Serve && before.UID == feed.UID && before.Release > feed.Release
}

// copyFor returns the digest of the region's own manifest of a release, and
// makes it from the hub's copy when it is not there.
func (r *Reconciler) copyFor(ctx context.Context, s *scope, feed order.Feed) (string, error) {
	repository := artifact.FeedRepository(s.region.Name, feed.ID)
	if before := s.published.feed(feed.ID); before != nil && before.State == order.Serve &&
		before.Release == feed.Release && before.Content == feed.Content && before.Artifact != "" {
		if !s.published.signed.IsZero() && r.Clock.Since(s.published.signed) < r.TimestampInterval {
			return before.Artifact, nil
		}
		// A registry that lost its volume is filled again, with each timestamp.
		has, err := r.Registry.HasSnapshot(ctx, repository, before.Artifact)
		if err != nil || has {
			return before.Artifact, err
		}
	}
	id := screeningv1.FeedID(feed.ID)
	dir, err := os.MkdirTemp(r.StateDir, "copy-")
	if err != nil {
		return "", fmt.Errorf("state directory: %w", err)
	}
	defer os.RemoveAll(dir)
	release := s.release(feed.ID)
	content, err := r.Registry.FetchSnapshot(ctx, watchlistfeed.Repository(id), string(release.Spec.Artifact.Digest),
		artifact.FetchOptions{Dir: dir, Content: feed.Content})
	if err != nil {
		return "", err
	}
	content.Region, content.Version = s.region.Name, feed.Release
	content.MountFrom = []string{watchlistfeed.Repository(id)}
	desc, err := r.Registry.PushSnapshot(ctx, repository, content)
	if err != nil {
		return "", err
	}
	return desc.Digest.String(), nil
}

// withdrawContent removes from the region's repositories what it is ordered to
// erase: a copy that may not exist is not offered either.
func (r *Reconciler) withdrawContent(ctx context.Context, s *scope) error {
	for _, verdict := range []hub.Verdict{hub.Erase, hub.Remove, hub.NotAllowed} {
		for _, id := range hub.IDs(s.placement, verdict) {
			before := s.published.feed(id)
			if before == nil || before.State == order.Erase {
				continue
			}
			for number := before.Floor; number <= before.Release; number++ {
				if err := r.removeTag(ctx, artifact.FeedRepository(s.region.Name, id), number); err != nil {
					return err
				}
			}
			ctrllog.FromContext(ctx).Info("Content withdrawn from the region's repository", "feed", id)
		}
	}
	return nil
}

func (r *Reconciler) removeTag(ctx context.Context, repository string, number int64) error {
	desc, err := r.Registry.Resolve(ctx, repository, artifact.ReleaseTag(number))
	if errors.Is(err, artifact.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.Registry.Delete(ctx, repository, desc.Digest.String())
}
