// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/handled"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/trust"
)

const (
	// metadataLifetime is the life of what is signed beside timestamps. It is
	// signed again long before.
	metadataLifetime = 365 * 24 * time.Hour
	// retryCopy is the wait before content is copied again.
	retryCopy = 15 * time.Second
)

// compile makes the order's body of what was decided.
func (r *Reconciler) compile(ctx context.Context, s *scope) error {
	spec := s.region.Spec
	in := order.Input{
		HubUID: r.HubUID, Term: s.signer.Term,
		Region: order.Region{
			Name: s.region.Name, UID: string(s.uid), Jurisdiction: string(spec.Jurisdiction),
			Profile: string(spec.Profile), Link: string(spec.Link),
			HeartbeatSeconds: max(int64(spec.Heartbeat.Interval.Duration()/time.Second), 1),
			Freshness:        freshness(spec.Freshness),
		},
		Feeds: s.listed, Tombstones: s.tombstones(), Level: s.level(),
	}
	if spec.Transfer != nil && spec.Transfer.BytesPerSecond != nil {
		in.Region.BytesPerSecond = spec.Transfer.BytesPerSecond.Value()
	}
	if err := r.carryWorkloads(s, &in); err != nil {
		return err
	}
	for _, approver := range spec.Approvers {
		in.Approvers = append(in.Approvers, order.Approver{Name: approver.Name, Scope: "region", PublicKey: approver.PublicKey})
	}
	for _, feed := range s.listed {
		if owner := s.feeds[feed.ID]; owner != nil {
			for _, approver := range owner.Spec.Approvers {
				in.Approvers = append(in.Approvers, order.Approver{Name: string(approver.Name), Scope: feed.ID, PublicKey: approver.PublicKey})
			}
		}
	}
	if err := errors.Join(r.carryErasures(ctx, &in), r.carryBlocks(ctx, s, &in)); err != nil {
		return err
	}
	body, err := order.Compile(in)
	s.body = body
	return err
}

// publish reserves a sequence if the body is new, signs and pushes it, and
// otherwise renews the timestamp when that is due.
func (r *Reconciler) publish(ctx context.Context, s *scope) error {
	reservation, err := hub.Reserve(s.known(), func(sequence int64) (string, error) {
		data, err := s.body.At(sequence)
		return canonical.Digest(data), err
	})
	if err != nil {
		return err
	}
	if s.region.Status.Order == nil {
		s.region.Status.Order = &screeningv1.RegionOrder{}
	}
	status := s.region.Status.Order
	status.Term, status.Sequence, status.Digest = s.signer.Term, reservation.Sequence, screeningv1.Digest(reservation.Digest)
	if reservation.Fresh {
		// From here on this sequence means this body, whoever else is writing.
		if _, err := s.helper.Status(ctx, s.region); err != nil {
			return err
		}
	}
	content, err := s.content(reservation.Sequence)
	if err != nil {
		return err
	}
	if err := r.stamp(ctx, s, reservation.Numbered, content); err != nil {
		return err
	}
	status.PublishedSequence = reservation.Sequence
	return nil
}

// content is what an order is signed over.
type content struct {
	index []byte
	// parts by the names of their files.
	parts map[string][]byte
}

// content of the compiled body under a sequence.
func (s *scope) content(sequence int64) (content, error) {
	index, err := s.body.At(sequence)
	if err != nil {
		return content{}, err
	}
	parts := map[string][]byte{}
	for digest, data := range s.body.Parts {
		parts[order.PartFile(digest)] = data
	}
	return content{index, parts}, nil
}

// stamp signs and pushes what does not stand as yet, and otherwise renews the
// timestamp when that is due.
func (r *Reconciler) stamp(ctx context.Context, s *scope, numbered hub.Numbered, content content) error {
	stands := s.published != nil && s.published.Numbered == numbered && s.published.roots == len(s.signer.Roots)
	if !stands || r.Clock.Since(s.published.signed) >= r.TimestampInterval {
		if err := r.sign(ctx, s, numbered, content); err != nil {
			return err
		}
	}
	s.lookAgain(s.published.signed.Add(r.TimestampInterval).Sub(r.Clock.Now()))
	return nil
}

// mostLost is how many orders a hub may have published since the backup it
// was restored from: one a minute for a year.
const mostLost = 1 << 19

// known are the orders of the region that anybody has seen. A region's word
// counts as far as the hub can have lost its own: a sequence beyond is none of
// this hub's.
func (s *scope) known() []hub.Numbered {
	var known []hub.Numbered
	if status := s.region.Status.Order; status != nil && status.Sequence > 0 {
		known = append(known, hub.Numbered{Sequence: status.Sequence, Digest: string(status.Digest)})
	}
	if s.published != nil && s.published.term >= s.signer.Term {
		// An order of an earlier term may be a thief's, numbered as high as can
		// be: the new term does not count from it.
		known = append(known, s.published.Numbered)
	}
	var own int64
	for _, k := range known {
		own = max(own, k.Sequence)
	}
	var said hub.Numbered
	if s.received != nil && s.received.Observed != nil {
		said = hub.Numbered{Sequence: s.received.Observed.Sequence, Digest: s.received.Observed.Digest}
	} else if observed := s.region.Status.Observed; observed != nil {
		said = hub.Numbered{Sequence: observed.Sequence, Digest: string(observed.Digest)}
	}
	if said.Sequence > 0 && said.Sequence <= own+mostLost {
		known = append(known, said)
	}
	return known
}

// sign publishes an order under its reserved sequence, with a new timestamp.
func (r *Reconciler) sign(ctx context.Context, s *scope, reserved hub.Numbered, content content) error {
	if got := canonical.Digest(content.index); got != reserved.Digest {
		return fmt.Errorf("order %d of region %s is reserved as %s, not as %s; nothing was signed", reserved.Sequence, s.region.Name, reserved.Digest, got)
	}
	now := r.Clock.Now()
	in := trust.SignInput{
		Region: s.region.Name, Index: content.index, Sequence: reserved.Sequence,
		Issued: now, TimestampExpires: now.Add(r.TimestampLifetime), Expires: now.Add(metadataLifetime),
		SourceChecked: r.checked(s),
	}
	var before trust.Files
	if s.published != nil {
		before = s.published.trust
	} else if reserved.Sequence > 1 {
		// What regions have seen is lost. Versions that rise by less than one
		// a second are below the seconds of the clock.
		in.Floors = trust.Floors{Timestamp: now.Unix(), Snapshot: now.Unix()}
	}
	var err error
	if in.Artifacts, err = r.artifacts(ctx, s); err != nil {
		return err
	}
	signed, err := trust.Sign(s.signer.Keys, s.signer.Roots, before, in)
	if err != nil {
		return err
	}
	files := maps.Clone(map[string][]byte(signed))
	maps.Copy(files, content.parts)
	if _, err := r.Registry.PushOrder(ctx, artifact.OrderRepository(s.region.Name), files); err != nil {
		return err
	}
	next, _, err := read(files, s.signer.Roots)
	if err != nil {
		return fmt.Errorf("order %d of region %s does not verify after signing: %w", reserved.Sequence, s.region.Name, err)
	}
	next.signed = now
	if s.published == nil || s.published.Sequence != next.Sequence {
		ctrllog.FromContext(ctx).Info("Order published", "region", s.region.Name, "sequence", next.Sequence, "digest", next.Digest)
	}
	s.published = next
	r.ledger.put(s.region.Name, next)
	return nil
}

// checked are the source times of the feeds that the order lists. A hub that
// started and could not ask a publisher yet repeats what was signed before.
func (r *Reconciler) checked(s *scope) map[string]time.Time {
	out := map[string]time.Time{}
	all := r.Checks.All()
	var before map[string]time.Time
	if s.published != nil {
		before = s.published.checked
	}
	for _, feed := range s.listed {
		if at, ok := all[feed.ID]; ok {
			out[feed.ID] = at
		} else if at, ok := before[feed.ID]; ok {
			out[feed.ID] = at
		}
	}
	return out
}

// patience is how long publishing may fail before an order that stands is said
// not to be the newest: a registry that restarts is back sooner.
const patience = 30 * time.Second

// conclude says whether the newest order stands.
func (r *Reconciler) conclude(s *scope, failed error) {
	handled.Note(s.region, "its order is signed anew and does not change, so erasures and blocks wait, too")
	since, failing := r.ledger.failing(s.region.Name, failed != nil, r.Clock.Now())
	order := s.region.Status.Order
	switch {
	case errors.Is(failed, ErrRootPending):
		conditions.False(s.region, screeningv1.ConditionOrderPublished, screeningv1.ReasonWaitingForHolders,
			"Nothing can be signed before the region's trust root is; run: frontline trust root add")
	case failing && conditions.IsTrue(s.region, screeningv1.ConditionOrderPublished) && r.Clock.Since(since) < patience:
	case failing:
		conditions.False(s.region, screeningv1.ConditionOrderPublished, screeningv1.ReasonPublishFailed,
			"%s; the order before stays in force; it is tried again", conditions.Text(failed))
	case order != nil:
		conditions.True(s.region, screeningv1.ConditionOrderPublished, screeningv1.ReasonPublished, "Order %d stands in the registry", order.PublishedSequence)
	}
}
