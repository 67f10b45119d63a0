// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/approval"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/publisher"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

// guard holds a candidate that changes more than the feed allows, until enough
// people approved its digest. What is held is in the vault; the release that
// serves is not touched.
func (r *Reconciler) guard(ctx context.Context, s *scope) error {
	switch {
	case s.feed.Suspended():
		return nil
	case s.candidate != nil:
		return r.weigh(ctx, s)
	case s.file != nil && conditions.IsTrue(s.feed, screeningv1.ConditionBuilt):
		// The publisher went back to what the newest release holds.
		s.stands()
		return r.letGo(ctx, s)
	case s.feed.Status.Held != nil:
		return r.resume(ctx, s)
	}
	conditions.Delete(s.feed, screeningv1.ConditionReleaseHeld)
	return nil
}

// serving is the release that regions are ordered to serve, or the newest where
// the status does not say.
func (s *scope) serving() *screeningv1.WatchlistRelease {
	if at := s.feed.Status.Release; at != nil {
		for i := range s.releases {
			if s.releases[i].Spec.Number == at.Number {
				return &s.releases[i]
			}
		}
	}
	return s.newest()
}

// weigh judges a candidate made in this pass.
func (r *Reconciler) weigh(ctx context.Context, s *scope) error {
	base := s.serving()
	if base == nil {
		return r.letGo(ctx, s)
	}
	changes, err := r.compare(ctx, s, base)
	switch {
	case err == nil:
	case guarded(s.feed.Spec.Gates) && depot.Unusable(err):
		// The hub's copy of the base is gone for good: people decide.
		changes = throughout(s, base)
	case guarded(s.feed.Spec.Gates):
		// What cannot be compared must not pass for harmless.
		return r.putAside(s, fmt.Errorf("compare the new file of feed %s with v%d: %w", s.id, base.Spec.Number, err))
	default:
		logr.FromContextOrDiscard(ctx).Info("Changes to the release before were not counted", "release", base.Name, "reason", err.Error())
	}
	s.candidate.changes = changes
	before := base.Spec.Records.Total()
	if !storm(s.feed.Spec.Gates, changes, before) {
		return r.letGo(ctx, s)
	}
	people, err := r.approvalsFor(ctx, s, screeningv1.Digest(s.candidate.digest))
	if err != nil {
		return r.putAside(s, err)
	}
	if len(people.approvals) >= needed(s.feed) {
		s.candidate.approvals = people.approvals
		return r.letGo(ctx, s)
	}
	if err := r.vault().keep(ctx, string(s.id), s.candidate); err != nil {
		return r.putAside(s, err)
	}
	held := &screeningv1.HeldRelease{
		Digest: screeningv1.Digest(s.candidate.digest), SourceDigest: screeningv1.Digest(s.candidate.source), HubUID: r.HubUID,
		Verification: s.candidate.verification,
		Base:         changes.Base, Records: new(int64(s.candidate.meta.Records)),
		Added: changes.Added, AddedPercent: new(percent(*changes.Added, before)),
		Removed: changes.Removed, RemovedPercent: new(percent(*changes.Removed, before)),
		Since: metav1.NewTime(r.Clock.Now().UTC()),
	}
	if last := s.feed.Status.Held; last != nil && last.Digest == held.Digest {
		held.Since = last.Since
	}
	s.feed.Status.Held = held
	r.describe(s, people)
	return r.putAside(s, nil)
}

// putAside removes the candidate's file. With an error that is not the file's, the
// file is fetched again soon.
func (r *Reconciler) putAside(s *scope, err error) error {
	if err != nil {
		r.again(s)
		conditions.False(s.feed, screeningv1.ConditionPublished, screeningv1.ReasonPublishFailed, "%s", conditions.Text(err))
	} else {
		s.stands()
	}
	path := s.candidate.path
	s.candidate = nil
	return errors.Join(err, os.Remove(path))
}

// letGo ends the holding: the candidate is published, or nothing is left to hold.
func (r *Reconciler) letGo(ctx context.Context, s *scope) error {
	conditions.Delete(s.feed, screeningv1.ConditionReleaseHeld)
	if s.feed.Status.Held == nil {
		return nil
	}
	s.feed.Status.Held = nil
	return r.vault().drop(ctx, string(s.id))
}

// resume looks whether people have approved what is held by now.
func (r *Reconciler) resume(ctx context.Context, s *scope) error {
	held := s.feed.Status.Held
	people, err := r.approvalsFor(ctx, s, held.Digest)
	if err != nil {
		return err
	}
	r.describe(s, people)
	if len(people.approvals) < needed(s.feed) {
		return nil
	}
	if listed, err := r.stillListed(ctx, s, held.Verification); err != nil || !listed {
		if err == nil {
			err = r.letGo(ctx, s)
		}
		r.fetchAnew(s)
		return err
	}
	c, err := r.fromVault(ctx, s, held)
	if errors.Is(err, errErased) {
		// Made again it lacks the record, and has another digest to approve.
		r.fetchAnew(s)
		return r.letGo(ctx, s)
	}
	if depot.Unusable(err) {
		// The publisher's file makes the same content again, and the approvals
		// are about the content.
		r.fetchAnew(s)
		return nil
	}
	if err != nil {
		return err
	}
	c.approvals = people.approvals
	s.candidate = c
	if base := s.serving(); base != nil {
		if c.changes, err = r.compare(ctx, s, base); err != nil {
			// They were counted when it was held; approved is approved.
			logr.FromContextOrDiscard(ctx).Info("Changes to the release before were not counted", "release", base.Name, "reason", err.Error())
		}
	}
	return r.letGo(ctx, s)
}

// fromVault makes a candidate of what is held.
func (r *Reconciler) fromVault(ctx context.Context, s *scope, held *screeningv1.HeldRelease) (*candidate, error) {
	got, err := r.vault().take(ctx, string(s.id), string(held.Digest), r.StateDir)
	if err != nil {
		return nil, err
	}
	file, err := snapshot.Open(got.Path)
	if err != nil {
		return nil, errors.Join(err, os.Remove(got.Path))
	}
	defer file.Close()
	if err := s.clean(file); err != nil {
		return nil, errors.Join(err, os.Remove(got.Path))
	}
	return &candidate{
		path: got.Path, digest: got.Digest, size: got.Size, meta: file.Meta(), source: string(held.SourceDigest),
		verification: held.Verification, marks: marks{erased: s.withheld.marks.erased},
	}, nil
}

// stillListed reports whether the keys that signed what is held are still the
// feed's: what a withdrawn key signed is not published.
func (r *Reconciler) stillListed(ctx context.Context, s *scope, verification *screeningv1.ReleaseVerification) (bool, error) {
	if verification == nil || len(verification.Signers) == 0 {
		return true, nil
	}
	keys, err := r.keys(ctx, s.feed)
	if err != nil {
		return false, err
	}
	for _, signer := range verification.Signers {
		if !slices.ContainsFunc(keys, func(key *publisher.Key) bool { return key.Fingerprint() == string(signer.KeyDigest) }) {
			return false, nil
		}
	}
	return true, nil
}

// errErased says that what is held has a record that was erased since.
var errErased = errors.New("the held release has an erased record")

// clean reports errErased for a file with a record that was erased after it was
// made.
func (s *scope) clean(file *snapshot.Snapshot) error {
	if len(s.withheld.erased) == 0 {
		return nil
	}
	for row, err := range file.Rows() {
		if err != nil {
			return err
		}
		id, err := snapshot.RowID(row)
		if err != nil {
			return err
		}
		if s.withheld.erased[s.withheld.names.Hash(string(id))] {
			return errErased
		}
	}
	return nil
}

// fetchAnew forgets what the publisher's file looked like, so that the next
// look takes it whole.
func (r *Reconciler) fetchAnew(s *scope) {
	s.sourceBefore = nil
	r.again(s)
}

// describe says in status and condition why a release is held and what lacks.
func (r *Reconciler) describe(s *scope, people consent) {
	held, gates := s.feed.Status.Held, s.feed.Spec.Gates
	held.Approvals = people.names()
	limit := func(most *int32) string {
		if most == nil {
			return "any share"
		}
		return fmt.Sprintf("%d%%", *most)
	}
	allowed := "the gates that held it are gone"
	if guarded(gates) {
		allowed = fmt.Sprintf("gates allow %s and %s", limit(gates.MaxAddedPercent), limit(gates.MaxRemovedPercent))
	}
	text := fmt.Sprintf("%s adds %d records (%d%%) to %s and removes %d (%d%%), %s; %d of %d approvals are there",
		approval.Short(string(held.Digest)), *held.Added, *held.AddedPercent, held.Base, *held.Removed, *held.RemovedPercent,
		allowed, len(held.Approvals), needed(s.feed))
	if len(people.unreadable) > 0 {
		text += "; the keys of " + strings.Join(people.unreadable, ", ") + " in spec.approvers cannot be read"
	}
	text += fmt.Sprintf("; look at the publisher's file and, if it is right, run: frontline approve %s -n %s", s.feed.Name, s.feed.Namespace)
	held.Message = conditions.Cut(text, conditions.MaxMessage)
	conditions.True(s.feed, screeningv1.ConditionReleaseHeld, screeningv1.ReasonStorm, "%s", held.Message)
}

func (r *Reconciler) vault() vault {
	return vault{registry: r.Registry, keys: r.Keys, dir: r.StateDir}
}
