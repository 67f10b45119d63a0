// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/artifact"
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
	records, account, err := r.parse(ctx, s)
	if err != nil {
		return r.notBuilt(ctx, s, screeningv1.ReasonParseFailed, err)
	}
	if gates := s.feed.Spec.Gates; gates != nil && int64(len(records)) < gates.MinRecords {
		return r.notBuilt(ctx, s, screeningv1.ReasonGateFailed, fmt.Errorf(
			"the file has %d records, gates.minRecords asks for %d; look whether it was cut short, or lower the gate", len(records), gates.MinRecords))
	}
	built, err := snapshot.Build(snapshot.Meta{Format: account.Format, ListDate: account.ListDate}, records)
	if err != nil {
		return r.notBuilt(ctx, s, screeningv1.ReasonParseFailed, err)
	}
	conditions.True(s.feed, screeningv1.ConditionBuilt, screeningv1.ReasonBuilt, "%d records were read", built.Records)
	if newest := s.newest(); newest != nil && string(newest.Spec.ContentDigest) == built.Digest {
		return nil
	}
	path := filepath.Join(r.StateDir, "build-"+string(s.feed.UID)+"-"+artifact.FileName(built.Digest))
	if err := renameio.WriteFile(path, built.Bytes, 0o600); err != nil {
		r.again(s)
		return fmt.Errorf("state directory: %w", err)
	}
	s.candidate = &candidate{path: path, digest: built.Digest, size: built.Size, meta: built.Meta, source: s.file.digest, verification: s.file.verification}
	return nil
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

func (r *Reconciler) parse(ctx context.Context, s *scope) ([]watchlist.Record, watchlist.Account, error) {
	format, err := watchlist.ParseFormat(string(s.feed.Spec.Format))
	if err != nil {
		return nil, watchlist.Account{}, err
	}
	var records []watchlist.Record
	emit := func(record watchlist.Record) error {
		records = append(records, record)
		return nil
	}
	var limits watchlist.Limits
	if s.feed.Spec.MaxSize != nil {
		limits.Bytes = s.feed.Spec.MaxSize.Value()
	}
	src := watchlist.Source{}
	if s.file.folder {
		limits.Bytes *= int64(len(parts[s.feed.Spec.Format]))
		src.FS = os.DirFS(s.file.path)
	} else {
		file, err := os.Open(s.file.path)
		if err != nil {
			return nil, watchlist.Account{}, fmt.Errorf("%w: %w", errLocal, err)
		}
		defer file.Close()
		src.Reader = file
	}
	account, err := watchlist.Parse(ctx, format, src, limits, emit)
	return records, account, err
}

// day is a list's date for people, or nothing where the publisher gives none.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
