// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// candidate is a snapshot on disk that may become a release.
type candidate struct {
	path   string
	digest string
	size   int64
	meta   snapshot.Meta
	source string
	// verification says how the file proved where it comes from.
	verification *screeningv1.ReleaseVerification
	changes      *screeningv1.ReleaseChanges
	// marks say what was left out of it.
	marks marks
	// approvals let it through, where the gates held it.
	approvals []screeningv1.ReleaseApproval
}

// errLocal marks failures that are not the file's.
var errLocal = errors.New("the hub could not work on the file")

// build parses the file and makes a snapshot of it. A file that cannot be
// read, or does not meet the gates, changes nothing but a condition.
func (r *Reconciler) build(ctx context.Context, s *scope) error {
	if s.file == nil {
		if c := conditions.Get(s.feed, screeningv1.ConditionBuilt); c != nil {
			// The file judged before is still the publisher's.
			conditions.Set(s.feed, c.Type, c.Status, c.Reason, c.Message)
		}
		return nil
	}
	seen := newTally(s.feed.Spec.Gates)
	built, err := r.assemble(ctx, s, seen)
	if err != nil {
		return r.notBuilt(ctx, s, screeningv1.ReasonParseFailed, err)
	}
	if err := seen.pass(s.feed.Spec.Gates); err != nil {
		return errors.Join(r.notBuilt(ctx, s, screeningv1.ReasonGateFailed, err), os.Remove(built.Path))
	}
	conditions.True(s.feed, screeningv1.ConditionBuilt, screeningv1.ReasonBuilt, "%d records were read", built.Records)
	if newest := s.newest(); newest != nil && string(newest.Spec.ContentDigest) == built.Digest && marksOf(newest) == s.withheld.marks && !s.lost {
		return os.Remove(built.Path)
	}
	s.candidate = &candidate{path: built.Path, digest: built.Digest, size: built.Size, meta: built.Meta, source: s.file.digest, verification: s.file.verification, marks: s.withheld.marks}
	return nil
}

// assemble turns the file into a snapshot record by record, so that no list is
// in memory as a whole. What was erased is left out.
func (r *Reconciler) assemble(ctx context.Context, s *scope, seen *tally) (built snapshot.Built, err error) {
	format, err := watchlist.ParseFormat(string(s.feed.Spec.Format))
	if err != nil {
		return built, err
	}
	keys, err := r.Keys(ctx, string(s.id))
	if err != nil {
		return built, fmt.Errorf("%w: keys of feed %s: %w", errLocal, s.id, err)
	}
	builder, err := snapshot.NewBuilder(snapshot.Meta{Format: format}, snapshot.BuilderOptions{Dir: r.StateDir, Salt: keys.Key.Salt()})
	if err != nil {
		return built, fmt.Errorf("%w: %w", errLocal, err)
	}
	defer func() { err = errors.Join(err, builder.Close()) }()
	src, closeSource, err := s.open()
	if err != nil {
		return built, err
	}
	defer closeSource()
	if len(s.withheld.erased)+len(s.withheld.blocked) > 0 {
		src.Suppress = s.withheld.has
	}
	account, err := watchlist.Parse(ctx, format, src, s.limits(), func(record watchlist.Record) error {
		seen.see(&record)
		return builder.Add(&record)
	})
	if err != nil {
		return built, local(err)
	}
	builder.SetListDate(account.ListDate)
	built, err = builder.Finish(filepath.Join(r.StateDir, "build-"+string(s.feed.UID)))
	return built, local(err)
}

// local marks the errors of a builder that are the folder's and not the file's.
func local(err error) error {
	if errors.Is(err, snapshot.ErrStorage) {
		return fmt.Errorf("%w: %w", errLocal, err)
	}
	return err
}

// open gives what was fetched to a parser.
func (s *scope) open() (watchlist.Source, func(), error) {
	if s.file.folder {
		return watchlist.Source{FS: os.DirFS(s.file.path)}, func() {}, nil
	}
	file, err := os.Open(s.file.path)
	if err != nil {
		return watchlist.Source{}, nil, fmt.Errorf("%w: %w", errLocal, err)
	}
	return watchlist.Source{Reader: file}, func() { _ = file.Close() }, nil
}

// limits are the feed's own for all of its files together.
func (s *scope) limits() watchlist.Limits {
	var limits watchlist.Limits
	if s.feed.Spec.MaxSize != nil {
		limits.Bytes = s.feed.Spec.MaxSize.Value()
	}
	if s.file.folder {
		limits.Bytes *= int64(len(parts[s.feed.Spec.Format]))
	}
	return limits
}

func (r *Reconciler) notBuilt(ctx context.Context, s *scope, reason string, err error) error {
	if ctx.Err() != nil || errors.Is(err, errLocal) {
		r.again(s)
		return err
	}
	text := conditions.Text(err)
	if newest := s.newest(); newest != nil {
		text += fmt.Sprintf("; v%d keeps serving", newest.Spec.Number)
	}
	conditions.False(s.feed, screeningv1.ConditionBuilt, reason, "%s", text)
	return nil
}

// day is a list's date for people, or nothing where the publisher gives none.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
