// SPDX-License-Identifier: Apache-2.0

package regionalcluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/hub"
)

// followLine decides how the line fares. Only a change of state is a change of
// the object.
func (r *Reconciler) followLine(_ context.Context, s *scope) error {
	status := &s.region.Status
	now := r.Clock.Now()
	beats := s.beats
	prev := hub.Link{State: hub.NotJoined, Since: s.region.CreationTimestamp.Time}
	if status.Link != nil {
		prev = hub.Link{State: hub.LinkState(status.Link.State), Since: status.Link.Since.Time}
	}
	if status.Identity == nil {
		beats = hub.Beats{}
	} else if joined := status.Identity.JoinedTime.Time; joined.After(beats.Last) {
		// Joining is a sign of life, and the first of a new count.
		beats = hub.Beats{Last: joined, Streak: 1}
	}
	link, again := hub.Follow(prev, beats, report.HeartbeatOf(s.region), s.listening, now)
	s.again = again
	status.Link = &screeningv1.RegionLink{
		State: screeningv1.LinkState(link.State),
		Since: metav1.NewTime(link.Since.Truncate(1e9)),
	}
	switch {
	case status.Identity == nil && s.region.Spec.Link == screeningv1.LinkLocal:
		conditions.False(s.region, screeningv1.ConditionJoined, screeningv1.ReasonWaitingForRegion,
			"The local region has not joined; it does by itself where the hub runs with role all and region name %s", s.region.Name)
	case status.Identity == nil:
		conditions.False(s.region, screeningv1.ConditionJoined, screeningv1.ReasonWaitingForRegion,
			"No cluster has joined; make an invitation with: frontline region invite %s", s.region.Name)
	default:
		conditions.True(s.region, screeningv1.ConditionJoined, screeningv1.ReasonJoined,
			"Joined with key %s, incarnation %d", short(string(status.Identity.KeyDigest)), status.Identity.Incarnation)
	}
	since := status.Link.Since.UTC().Format("2006-01-02 15:04:05Z")
	switch link.State {
	case hub.Connected:
		conditions.True(s.region, screeningv1.ConditionConnected, screeningv1.ReasonConnected, "Reports arrive in time")
	case hub.Degraded:
		conditions.False(s.region, screeningv1.ConditionConnected, screeningv1.ReasonDegraded,
			"No regular report since %s; the region serves what it holds; look at its agent and its line", since)
	case hub.Offline:
		conditions.False(s.region, screeningv1.ConditionConnected, screeningv1.ReasonOffline,
			"Cut off since %s; the region serves what it holds within its limits; look at its agent and its line", since)
	default:
		conditions.False(s.region, screeningv1.ConditionConnected, screeningv1.ReasonNotJoined, "No cluster has joined")
	}
	return nil
}

// noteVersions keeps what runs in the region, which the hub must know before
// the next report when it starts anew.
func (r *Reconciler) noteVersions(_ context.Context, s *scope) error {
	if s.received == nil {
		return nil
	}
	reads := hub.ReadsOf(s.received.Versions)
	s.region.Status.Versions = &screeningv1.RegionVersions{
		Agent: s.received.Versions.Agent, Level: reads.Agent, PodsLevel: reads.Pods,
	}
	return nil
}

// compareOrders says whether the region acts on what the hub published. Without
// a report since the hub started, what was known before stands.
func (r *Reconciler) compareOrders(_ context.Context, s *scope) error {
	status := &s.region.Status
	if s.received != nil && s.received.Observed != nil {
		status.Observed = &screeningv1.ObservedOrder{
			Sequence:    s.received.Observed.Sequence,
			Digest:      screeningv1.Digest(s.received.Observed.Digest),
			Incarnation: s.received.Incarnation,
		}
	}
	set := func(ok bool, reason, format string, args ...any) {
		if ok {
			conditions.True(s.region, screeningv1.ConditionOrderObserved, reason, format, args...)
			return
		}
		conditions.False(s.region, screeningv1.ConditionOrderObserved, reason, format, args...)
	}
	order, observed := status.Order, status.Observed
	refusal := refused(s.received)
	if before := conditions.Get(s.region, screeningv1.ConditionOrderObserved); s.received == nil && before != nil && before.Reason == screeningv1.ReasonOrderRefused {
		set(false, before.Reason, "%s", before.Message)
		return nil
	}
	switch {
	case order == nil || order.PublishedSequence == 0:
		set(false, screeningv1.ReasonBehind, "No order is published as yet")
	case observed == nil:
		set(false, screeningv1.ReasonBehind, "The region has not reported an order; order %d stands for it", order.PublishedSequence)
	case observed.Sequence > order.Sequence:
		set(false, screeningv1.ReasonEquivocation,
			"The region acts on order %d and this hub has signed no more than %d: two hubs sign, or one was restored; end the other", observed.Sequence, order.Sequence)
	case observed.Sequence == order.Sequence && observed.Digest != order.Digest:
		set(false, screeningv1.ReasonEquivocation,
			"The region acts on another order %d than this hub's: two hubs sign, or one was restored; end the other, the next order settles it", order.Sequence)
	case refusal != "":
		set(false, screeningv1.ReasonOrderRefused, "The region refused the newest order and acts on order %d: %s", observed.Sequence, refusal)
	case observed.Sequence < order.PublishedSequence:
		set(false, screeningv1.ReasonBehind, "The region acts on order %d, order %d stands", observed.Sequence, order.PublishedSequence)
	default:
		set(true, screeningv1.ReasonObserved, "The region acts on order %d", observed.Sequence)
	}
	return nil
}

func refused(received *hub.Received) string {
	if received == nil {
		return ""
	}
	for _, refusal := range received.Refusals {
		if refusal.Subject == "order" {
			return cmp.Or(refusal.Message, refusal.Reason)
		}
	}
	return ""
}

// countCopies sums the replicas up, which are the inventory.
func (r *Reconciler) countCopies(_ context.Context, s *scope) error {
	var held, wanted int32
	var owed []string
	for _, replica := range s.replicas {
		copied := replica.Status.Held
		switch {
		case report.Erased(&replica):
		case replica.Spec.State == screeningv1.ReplicaErase:
			owed = append(owed, string(replica.Spec.Feed)+" Erase")
		default:
			wanted++
			if copied != nil && copied.Release == replica.Spec.Release && copied.Digest == replica.Spec.ContentDigest {
				held++
				continue
			}
			owed = append(owed, fmt.Sprintf("%s %s", replica.Spec.Feed, replica.Spec.Release))
		}
	}
	slices.Sort(owed)
	s.region.Status.Copies = &screeningv1.RegionCopies{
		Held: new(held), Wanted: new(wanted), Summary: fmt.Sprintf("%d/%d", held, wanted),
	}
	s.region.Status.Owed = conditions.Line(owed)
	return nil
}

// conclude derives Ready from the conditions it stands for. The first that is
// not True says why.
func (r *Reconciler) conclude(_ context.Context, s *scope) error {
	s.region.Status.ObservedGeneration = s.region.Generation
	for _, name := range []string{
		screeningv1.ConditionNamespaceReady,
		screeningv1.ConditionJoined,
		screeningv1.ConditionConnected,
		screeningv1.ConditionOrderPublished,
		screeningv1.ConditionOrderObserved,
	} {
		c := conditions.Get(s.region, name)
		switch {
		case c == nil:
			conditions.Progress(s.region, screeningv1.ReasonProgressing, "%s is being found out", name)
			return nil
		case c.Status == metav1.ConditionTrue:
			continue
		case c.Reason == screeningv1.ReasonNamespaceNotLabelled, c.Reason == screeningv1.ReasonEquivocation, c.Reason == screeningv1.ReasonOrderRefused,
			c.Reason == screeningv1.ReasonOffline:
			conditions.Stall(s.region, c.Reason, "%s", c.Message)
		default:
			conditions.Progress(s.region, c.Reason, "%s", c.Message)
		}
		return nil
	}
	copies := s.region.Status.Copies
	conditions.Settle(s.region, screeningv1.ReasonReady, "Connected; %s copies held", copies.Summary)
	return nil
}

// short is a digest as people compare it.
func short(digest string) string {
	_, hex, ok := strings.Cut(digest, ":")
	if !ok || len(hex) < 12 {
		return digest
	}
	return hex[:12]
}
