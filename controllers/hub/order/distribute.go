// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"errors"

	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

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
		before := s.published.feed(feed.ID)
		if before != nil && before.State == order.Erase {
			before = nil
		}
		switch {
		case s.goesBack(feed, before):
			listed = append(listed, contentOf(feed, before))
			continue
		case s.placement[feed.ID] != hub.Serve:
			listed = append(listed, feed)
			continue
		}
		supplied, err := r.supply(ctx, s, feed, before)
		if err == nil {
			listed = append(listed, supplied)
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !errors.Is(err, errNoKey) { // the region's next report brings it
			ctrllog.FromContext(ctx).Error(err, "Content was not cut for the region", "feed", feed.ID, "release", feed.Release)
			s.lookAgain(retryCopy)
		}
		listed = append(listed, contentOf(feed, before))
	}
	s.listed = listed
	return r.withdrawContent(ctx, s)
}

// goesBack says whether the order would take a feed below the release it lists
// now. Numbers only rise, so a hub that knows a lower one was restored from a
// backup and makes a higher one when it next reads the source; until then what
// the region has stays. A pin is the owner's word to go back, but not below the
// floor.
func (s *scope) goesBack(feed order.Feed, before *order.Feed) bool {
	owner := s.feeds[feed.ID]
	return feed.State == order.Serve && owner != nil && (owner.Pinned() == "" || feed.Release < feed.Floor) &&
		before != nil && before.State == order.Serve && before.UID == feed.UID && before.Release > feed.Release
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
