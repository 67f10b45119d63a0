// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/source"
)

// firstRetry is the wait after a first failure; it doubles up to the interval.
const firstRetry = 15 * time.Second

// defaultTimeout bounds a fetch whose feed says nothing of it.
const defaultTimeout = time.Minute

// parts are the files of formats that are folders at the publisher.
var parts = map[screeningv1.Format][]string{
	screeningv1.FormatOFACCSV: {"sdn.csv", "alt.csv", "add.csv"},
}

// attempt is the last look at a source. It is kept in memory alone: a hub that
// starts looks at every source once, and asks only whether it changed.
type attempt struct {
	uid        types.UID
	at         time.Time
	generation int64
	asked      string
	failures   int
	// vain is how often in a row a file was fetched that nothing came of.
	vain int
	// whole is why the file was last asked for whole.
	whole lacking
	// wait is how long after at the next look is due.
	wait time.Duration
	// folder holds the validators of the files of a folder.
	folder map[string]source.Result
}

// file is a publisher's file, or folder of files, on disk.
type file struct {
	path   string
	folder bool
	digest string
	// verification says how the file proved where it comes from.
	verification *screeningv1.ReleaseVerification
}

func (f *file) remove() error {
	if f.folder {
		// The files stay for conditional requests; each look replaces them.
		return nil
	}
	return os.Remove(f.path)
}

// fetch looks at the source when that is due.
func (r *Reconciler) fetch(ctx context.Context, s *scope) error {
	if s.feed.Suspended() {
		return nil
	}
	now := r.Clock.Now()
	last, known := r.attempt(s.feed)
	asked := s.feed.Annotations[screeningv1.AnnotationReconcileAt]
	if known && !last.at.IsZero() && last.generation == s.feed.Generation && last.asked == asked {
		if rest := last.at.Add(last.wait).Sub(now); rest > 0 {
			s.lookAgain(rest)
			return nil
		}
	}
	next := attempt{uid: s.feed.UID, at: now, generation: s.feed.Generation, asked: asked, folder: last.folder, whole: last.whole, vain: last.vain}
	s.sourceBefore = s.feed.Status.Source.DeepCopy()
	if s.lost = r.lost(ctx, s); s.lost {
		s.feed.Status.Source = nil // the file is needed whole to store it again
	}
	err := r.look(ctx, s, &next)
	interval := intervalOf(s.feed)
	if err != nil {
		next.failures = last.failures + 1
		if kept(err) > 0 {
			// A line that carries something each time is not given up.
			next.failures = 1
		}
		next.wait = min(interval, firstRetry<<min(next.failures-1, 10))
		s.notTaken(err)
	} else {
		// Publishers are not all asked in the same second.
		next.wait = interval + time.Duration(rand.Int64N(int64(interval)/20+1)) //nolint:gosec // spreads load, hides nothing
		r.Checks.Put(string(s.id), now)
		conditions.True(s.feed, screeningv1.ConditionFetched, screeningv1.ReasonFetched, "The publisher's file was read")
		if s.file == nil {
			next.vain = 0
			s.stands() // it is the file that was judged before
		}
	}
	r.remember(s.feed, next)
	s.lookAgain(next.wait)
	return nil
}

// lost reports whether the hub's own copy of the newest release has gone from the
// registry. Without it nothing can be cut for a region.
func (r *Reconciler) lost(ctx context.Context, s *scope) bool {
	newest := s.newest()
	if newest == nil {
		return false
	}
	stands, err := r.Registry.HasSnapshot(ctx, depot.Repository(string(s.id)), string(newest.Spec.Artifact.Digest))
	return err == nil && !stands // a registry that does not answer has lost nothing
}

func intervalOf(feed *screeningv1.WatchlistFeed) time.Duration {
	if interval := feed.Spec.Interval.Duration(); interval > 0 {
		return interval
	}
	return time.Hour
}

// timeoutOf is what the owner wrote, or as long as one look may take.
func timeoutOf(feed *screeningv1.WatchlistFeed) time.Duration {
	if timeout := feed.Spec.Timeout.Duration(); timeout > 0 {
		return timeout
	}
	return min(defaultTimeout, intervalOf(feed))
}

// reasonOf gives a failed look the reason of a condition.
func reasonOf(err error) string {
	var secret *secretError
	switch {
	case errors.As(err, &secret):
		return screeningv1.ReasonSecretNotFound
	case source.ReasonOf(err) == source.TooLarge:
		return screeningv1.ReasonTooLarge
	case source.ReasonOf(err) == source.Refused:
		return screeningv1.ReasonAddressRefused
	default:
		return screeningv1.ReasonFetchFailed
	}
}

// kept returns how much of an interrupted file the next look goes on from.
func kept(err error) int64 {
	if failed, ok := errors.AsType[*source.Error](err); ok {
		return failed.Kept
	}
	return 0
}

// look makes the requests and leaves in the scope what was not known before,
// once it is proven to be the publisher's.
func (r *Reconciler) look(ctx context.Context, s *scope, a *attempt) error {
	keys, err := r.keys(ctx, s.feed)
	if err != nil {
		return err
	}
	s.keys = keys
	if s.feed.Spec.Source.OCI != nil {
		return r.lookAtArtifact(ctx, s)
	}
	req, err := r.request(ctx, s.feed)
	if err != nil {
		return err
	}
	if names := parts[s.feed.Spec.Format]; names != nil {
		return r.lookAtFolder(ctx, s, req, names, a)
	}
	status := s.feed.Status.Source
	if status != nil && status.URL == req.URL && s.judged() {
		req.ETag, req.LastModified = status.ETag, status.LastModified
	}
	result, err := source.Fetch(ctx, req, r.fetched(s.feed.UID))
	if err != nil {
		return err
	}
	if result.NotModified {
		s.stillVerified()
		return nil
	}
	f := &file{path: result.Path, digest: result.SHA256}
	if status != nil && string(status.Digest) == result.SHA256 && s.judged() {
		err = f.remove()
		s.stillVerified()
	} else {
		err = s.verified(f, func() (*screeningv1.ReleaseVerification, error) { return r.verifyFile(ctx, s, req, f.path) })
	}
	if err == nil {
		s.feed.Status.Source = sourceStatus(req.URL, result)
	}
	return err
}

// fetched is where a file is fetched to.
func (r *Reconciler) fetched(feed types.UID) string {
	return filepath.Join(r.StateDir, "fetch-"+string(feed))
}

// judged reports whether the file that status.source describes was judged
// under the present spec: a changed gate or format judges the same file anew.
func (s *scope) judged() bool {
	c := conditions.Get(s.feed, screeningv1.ConditionBuilt)
	return c != nil && c.ObservedGeneration == s.feed.Generation && s.newestOrRefused(c.Reason) && s.signerListed()
}

// newestOrRefused guards against objects restored without their releases.
func (s *scope) newestOrRefused(reason string) bool {
	return s.newest() != nil || reason != screeningv1.ReasonBuilt
}

func (r *Reconciler) lookAtFolder(ctx context.Context, s *scope, req source.Request, names []string, a *attempt) error {
	dir := r.folder(s.feed.UID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	base := req.URL
	results := map[string]source.Result{}
	var digests []string
	for _, name := range names {
		address, err := url.JoinPath(base, name)
		if err != nil {
			return fmt.Errorf("source: %s cannot be put below the URL", name)
		}
		one := req
		one.URL = address
		before := a.folder[name]
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil && before.Path == path {
			one.ETag, one.LastModified = before.ETag, before.LastModified
		}
		result, err := source.Fetch(ctx, one, path)
		if err != nil {
			return err
		}
		if result.NotModified {
			result = before
		}
		results[name] = result
		digests = append(digests, name+" "+result.SHA256)
	}
	a.folder = results
	digest := canonical.Digest([]byte(strings.Join(digests, "\n")))
	status := s.feed.Status.Source
	if status == nil || string(status.Digest) != digest || status.URL != base || !s.judged() {
		f := &file{path: dir, folder: true, digest: digest}
		err := s.verified(f, func() (*screeningv1.ReleaseVerification, error) { return r.verifyFolder(ctx, s, req, dir, names) })
		if err != nil {
			return err
		}
	} else {
		s.stillVerified()
	}
	s.feed.Status.Source = &screeningv1.FeedSourceStatus{Digest: screeningv1.Digest(digest), URL: base, LastModified: results[names[0]].LastModified}
	return nil
}

func sourceStatus(address string, result source.Result) *screeningv1.FeedSourceStatus {
	status := &screeningv1.FeedSourceStatus{Digest: screeningv1.Digest(result.SHA256), URL: address}
	// Longer ones than the schema takes are not worth keeping.
	if len(result.ETag) <= 1024 {
		status.ETag = result.ETag
	}
	if len(result.LastModified) <= 64 {
		status.LastModified = result.LastModified
	}
	return status
}

// again forgets what was fetched in this pass, because nothing came of it for
// a reason that is not the file's: it is fetched again, soon at first.
func (r *Reconciler) again(s *scope) {
	s.feed.Status.Source = s.sourceBefore
	wait := firstRetry
	if last, known := r.attempt(s.feed); known {
		if s.file != nil {
			last.vain++
			wait = min(intervalOf(s.feed), firstRetry<<min(last.vain-1, 10))
		}
		last.wait, last.folder = wait, nil
		r.remember(s.feed, last)
	}
	s.lookAgain(wait)
}

// taken notes that something came of the file.
func (r *Reconciler) taken(s *scope) {
	if last, known := r.attempt(s.feed); known && last.vain > 0 {
		last.vain = 0
		r.remember(s.feed, last)
	}
}

func (r *Reconciler) attempt(feed *screeningv1.WatchlistFeed) (attempt, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.attempts[client.ObjectKeyFromObject(feed)]
	if !ok || a.uid != feed.UID {
		return attempt{}, false
	}
	return a, true
}

func (r *Reconciler) remember(feed *screeningv1.WatchlistFeed, a attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.attempts == nil {
		r.attempts = map[types.NamespacedName]attempt{}
	}
	r.attempts[client.ObjectKeyFromObject(feed)] = a
}

// forget drops what is known of a feed that is no more, its files included.
func (r *Reconciler) forget(key types.NamespacedName) error {
	r.Checks.Forget(string(screeningv1.NewFeedID(key.Namespace, key.Name)))
	r.mu.Lock()
	last, known := r.attempts[key]
	delete(r.attempts, key)
	r.mu.Unlock()
	if !known {
		return nil
	}
	if err := errors.Join(os.RemoveAll(r.folder(last.uid)), source.Discard(r.fetched(last.uid)), source.Discard(r.signature(last.uid))); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	return nil
}

// folder holds the files of a format that is a folder at the publisher.
func (r *Reconciler) folder(feed types.UID) string {
	return filepath.Join(r.StateDir, "folder-"+string(feed))
}
