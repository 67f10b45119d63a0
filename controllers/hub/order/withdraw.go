// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
)

// withdraw decides what the deletions that package witness noted come to.
func (r *Reconciler) withdraw(_ context.Context, s *scope) error {
	in := hub.WithdrawalInput{
		Approval: s.region.Annotations[screeningv1.AnnotationApproveWithdrawals],
		Gone:     s.gone,
		Now:      r.Clock.Now(),
	}
	for _, w := range s.region.Status.Withdrawals {
		in.Withdrawals = append(in.Withdrawals, hub.Withdrawal{
			Kind: string(w.Kind), Name: w.Name, UID: string(w.UID),
			Ordered: w.State == screeningv1.WithdrawalOrdered, Since: w.Since.Time,
		})
	}
	for i := range s.pools {
		in.Present = append(in.Present, hub.Object{Kind: order.KindPool, Name: s.pools[i].Name, UID: string(s.pools[i].UID)})
	}
	for i := range s.posts {
		in.Present = append(in.Present, hub.Object{Kind: order.KindPost, Name: s.posts[i].Name, UID: string(s.posts[i].UID)})
	}
	for id, feed := range s.feeds {
		// A feed counts where it is held; one that was made again is no longer withdrawn.
		if _, placed := s.replicas[id]; placed || withdrawn(in.Withdrawals, id) {
			in.Present = append(in.Present, hub.Object{Kind: order.KindFeed, Name: id, UID: string(feed.UID)})
		}
	}
	s.plan = hub.PlanWithdrawals(in)
	s.lookAgain(s.plan.Wait)
	s.region.Status.Withdrawals = nil
	for _, w := range s.plan.Withdrawals {
		state := screeningv1.WithdrawalHeld
		if w.Ordered {
			state = screeningv1.WithdrawalOrdered
		}
		s.region.Status.Withdrawals = append(s.region.Status.Withdrawals, screeningv1.Withdrawal{
			Kind: screeningv1.WithdrawalKind(w.Kind), Name: w.Name, UID: types.UID(w.UID), State: state, Since: metav1.NewTime(w.Since),
		})
	}
	if s.plan.Held == 0 {
		conditions.Delete(s.region, screeningv1.ConditionWithdrawalsHeld)
		return nil
	}
	conditions.True(s.region, screeningv1.ConditionWithdrawalsHeld, screeningv1.ReasonTooManyAtOnce,
		"%d of %d objects were deleted together and keep running in the region; create them again, or withdraw them with: kubectl annotate --overwrite rgn %s %s=%s",
		s.plan.Held, s.plan.Of, s.region.Name, screeningv1.AnnotationApproveWithdrawals, s.plan.Digest)
	return nil
}

func withdrawn(list []hub.Withdrawal, feed string) bool {
	for _, w := range list {
		if w.Kind == order.KindFeed && w.Name == feed {
			return true
		}
	}
	return false
}

// obeyed reports whether the region's last report speaks of the very order
// that stands.
func (s *scope) obeyed() bool {
	return s.published != nil && s.received != nil && s.received.Observed != nil &&
		s.received.Observed.Sequence == s.published.Sequence && s.received.Observed.Digest == s.published.Digest
}

// gone reports whether the region has carried a withdrawal out. A region that
// never joined has nothing to withdraw.
func (s *scope) gone(w hub.Withdrawal) bool {
	if s.region.Status.Identity == nil && s.region.Spec.Link != screeningv1.LinkLocal {
		return true
	}
	return s.obeyed() && s.published.order.Withdrawn(w.Kind, w.UID) && !s.received.Holds(w.Kind, w.UID)
}

// empty reports whether the region is known to hold nothing of a feed.
func (s *scope) empty(id string) bool {
	if s.region.Status.Identity == nil && s.region.Spec.Link != screeningv1.LinkLocal {
		return true
	}
	listed := s.published.feed(id)
	if !s.obeyed() || (listed != nil && listed.State != order.Erase) {
		return false
	}
	feed := s.received.Feed(id)
	return feed == nil || feed.Held == 0
}

// tombstones are the withdrawals that are ordered.
func (s *scope) tombstones() []order.Tombstone {
	var list []order.Tombstone
	for _, w := range s.plan.Withdrawals {
		if w.Ordered {
			list = append(list, order.Tombstone{Kind: w.Kind, Name: w.Name, UID: w.UID})
		}
	}
	return list
}
