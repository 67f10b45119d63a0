// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/source"
)

// withheld are the records that are left out of releases whatever the publisher
// lists.
type withheld struct {
	names feedkey.RecordKey
	// erased and blocked are keyed hashes of their ids.
	erased, blocked map[string]bool
	// marks say which they are, in the annotations of a release.
	marks marks
}

// marks are keyed digests of what is kept out of a release, empty for nothing.
type marks struct{ erased, blocked string }

func marksOf(release *screeningv1.WatchlistRelease) marks {
	return marks{release.Annotations[screeningv1.AnnotationErased], release.Annotations[screeningv1.AnnotationBlocked]}
}

// has reports whether the record of the id is to be left out.
func (w *withheld) has(id string) bool {
	if len(w.erased)+len(w.blocked) == 0 {
		return false
	}
	hash := w.names.Hash(id)
	return w.erased[hash] || w.blocked[hash]
}

// withheld reads what is to be left out of the feed's releases. It fails while
// the hub may have forgotten some of it.
func (r *Reconciler) withheld(ctx context.Context, feed string) (*withheld, error) {
	out := &withheld{}
	var err error
	if out.erased, err = r.Erased(ctx, feed); err != nil {
		return nil, fmt.Errorf("%w: ledger of erasures: %w", errLocal, err)
	}
	if r.Blocked != nil {
		if out.blocked, err = r.Blocked(ctx, feed); err != nil {
			return nil, fmt.Errorf("%w: blocks of feed %s: %w", errLocal, feed, err)
		}
	}
	keys, err := r.Keys(ctx, feed)
	if err != nil {
		return nil, fmt.Errorf("%w: keys of feed %s: %w", errLocal, feed, err)
	}
	out.names = keys.Key.RecordKey()
	out.marks = marks{Mark(out.names, "erased", out.erased), Mark(out.names, "blocked", out.blocked)}
	return out, nil
}

// Mark is a digest of a set of records. It is keyed, so that nobody can tell from
// it whether a record is in the set.
func Mark(key feedkey.RecordKey, label string, records map[string]bool) string {
	if len(records) == 0 {
		return ""
	}
	mac := hmac.New(sha256.New, key[:])
	fmt.Fprintf(mac, "frontline.withheld/v1 %s", label)
	for _, record := range slices.Sorted(maps.Keys(records)) {
		fmt.Fprintf(mac, " %s", record)
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// expunge carries out erasures: when records were erased that are not kept out of
// the newest release, it publishes one without them at once. It is made of the
// newest release and asks nothing of the publisher; it passes no gate and is not
// held, for an erasure is the law's word. A feed that is suspended or pinned
// follows all the same.
func (r *Reconciler) expunge(ctx context.Context, s *scope) error {
	want, err := r.withheld(ctx, string(s.id))
	if err != nil {
		return err
	}
	s.withheld = want
	newest := s.newest()
	if newest == nil {
		return nil
	}
	have := marksOf(newest)
	if have == want.marks {
		r.raiseFloor(s)
		return nil
	}
	erase := have.erased != want.marks.erased
	if erase {
		if err := r.clearScratch(ctx, s); err != nil {
			return err
		}
	}
	if last, known := r.attempt(s.feed); !erase && known && last.whole == s.lacking() {
		return nil // the publisher's file will bring what a lifted block kept out
	}
	path, err := r.Depot.Whole(ctx, depot.Release{
		Feed: string(s.id), Number: newest.Spec.Number, Content: string(newest.Spec.ContentDigest), Artifact: string(newest.Spec.Artifact.Digest),
	})
	switch {
	case depot.Unusable(err):
		// A hub that was restored from a backup: the copy is erased, or its key is
		// destroyed. The publisher's file makes a release without the records.
		r.lookWhole(s)
		return nil
	case err != nil:
		return err
	}
	full, err := snapshot.Open(path)
	if err != nil {
		return err
	}
	defer full.Close()
	built, dropped, err := snapshot.Without(full, want.has, filepath.Join(r.StateDir, "without-"+string(s.feed.UID)))
	if err != nil {
		return err
	}
	if !erase && dropped == 0 {
		// A block was lifted: what it kept out is in the publisher's file alone.
		r.lookWhole(s)
		return os.Remove(built.Path)
	}
	s.candidate = &candidate{
		path: built.Path, digest: built.Digest, size: built.Size, meta: built.Meta, source: string(newest.Spec.SourceDigest),
		verification: newest.Spec.Verification, marks: want.marks,
	}
	err = r.publish(ctx, s)
	s.candidate = nil
	r.raiseFloor(s)
	return err
}

// raiseFloor repeats in the status what the newest release says of the floor. It
// never falls.
func (r *Reconciler) raiseFloor(s *scope) {
	floor := screeningv1.ReleaseVersion(s.newest().Annotations[screeningv1.AnnotationFloor])
	if floor.Number() > s.feed.Status.Floor.Number() {
		s.feed.Status.Floor = floor
	}
}

// lacking names a release that does not leave out what is to be left out now.
type lacking struct {
	release int64
	marks   marks
}

func (s *scope) lacking() lacking { return lacking{s.newest().Spec.Number, s.withheld.marks} }

// lookWhole has the publisher's file read whole in this pass, once for each
// change of what is left out: a publisher that is away is asked again in its turn.
func (r *Reconciler) lookWhole(s *scope) {
	last, known := r.attempt(s.feed)
	if known && last.whole == s.lacking() {
		return
	}
	s.feed.Status.Source = nil
	r.remember(s.feed, attempt{uid: s.feed.UID, whole: s.lacking()})
}

// clearScratch removes what files and held releases there are that may have a
// record which was erased. What was held is made again of the publisher's file,
// and is the same where it never had the record.
func (r *Reconciler) clearScratch(ctx context.Context, s *scope) error {
	uid := s.feed.UID
	err := errors.Join(os.RemoveAll(r.folder(uid)), source.Discard(r.fetched(uid)), source.Discard(r.signature(uid)),
		ignoreMissing(os.Remove(filepath.Join(r.StateDir, "build-"+string(uid)))))
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	if last, known := r.attempt(s.feed); known {
		last.folder = nil
		r.remember(s.feed, last)
	}
	if s.feed.Status.Held == nil {
		return nil
	}
	if err := r.letGo(ctx, s); err != nil {
		return err
	}
	r.lookWhole(s)
	return nil
}

// recordRequested names the feed of a request to erase or block a record.
func recordRequested(_ context.Context, o client.Object) []reconcile.Request {
	asked, ok := o.(*screeningv1.RecordRequest)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Namespace: asked.Namespace, Name: asked.Spec.FeedRef.Name}}}
}
