// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/pki"
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
	if known && last.generation == s.feed.Generation && last.asked == asked {
		if rest := last.at.Add(last.wait).Sub(now); rest > 0 {
			s.lookAgain(rest)
			return nil
		}
	}
	next := attempt{uid: s.feed.UID, at: now, generation: s.feed.Generation, asked: asked, folder: last.folder}
	s.sourceBefore = s.feed.Status.Source.DeepCopy()
	err := r.look(ctx, s, &next)
	interval := intervalOf(s.feed)
	if err != nil {
		next.failures = last.failures + 1
		next.wait = min(interval, firstRetry<<min(next.failures-1, 10))
		conditions.False(s.feed, screeningv1.ConditionFetched, reasonOf(err), "%s", conditions.Text(err))
	} else {
		// Publishers are not all asked in the same second.
		next.wait = interval + time.Duration(rand.Int64N(int64(interval)/20+1)) //nolint:gosec // spreads load, hides nothing
		r.Checks.Put(string(s.id), now)
		conditions.True(s.feed, screeningv1.ConditionFetched, screeningv1.ReasonFetched, "The publisher's file was read")
	}
	r.remember(s.feed, next)
	s.lookAgain(next.wait)
	return nil
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

// secretError says that a Secret which the source names cannot be used.
type secretError struct{ text string }

func (e *secretError) Error() string { return e.text }

func reasonOf(err error) string {
	var secret *secretError
	switch {
	case errors.As(err, &secret):
		return screeningv1.ReasonSecretNotFound
	case source.ReasonOf(err) == source.TooLarge:
		return screeningv1.ReasonTooLarge
	default:
		return screeningv1.ReasonFetchFailed
	}
}

// look makes the requests and leaves in the scope what was not known before.
func (r *Reconciler) look(ctx context.Context, s *scope, a *attempt) error {
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
	result, err := source.Fetch(ctx, req, filepath.Join(r.StateDir, "fetch-"+string(s.feed.UID)))
	if err != nil || result.NotModified {
		return err
	}
	f := &file{path: result.Path, digest: result.SHA256}
	if status != nil && string(status.Digest) == result.SHA256 && s.judged() {
		err = f.remove()
	} else {
		s.file = f
	}
	s.feed.Status.Source = sourceStatus(req.URL, result)
	return err
}

// judged reports whether the file that status.source describes was judged
// under the present spec: a changed gate or format judges the same file anew.
func (s *scope) judged() bool {
	c := conditions.Get(s.feed, screeningv1.ConditionBuilt)
	return c != nil && c.ObservedGeneration == s.feed.Generation && s.newestOrRefused(c.Reason)
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
		s.file = &file{path: dir, folder: true, digest: digest}
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

func (r *Reconciler) request(ctx context.Context, feed *screeningv1.WatchlistFeed) (source.Request, error) {
	spec := feed.Spec.Source.HTTP
	if spec == nil {
		return source.Request{}, fmt.Errorf("feed %s has no source.http; give the address of the publisher's file", feed.ID())
	}
	req := source.Request{URL: spec.URL, Timeout: timeoutOf(feed), AllowPrivate: r.AllowPrivate}
	if feed.Spec.MaxSize != nil {
		req.MaxBytes = feed.Spec.MaxSize.Value()
	}
	if ref := spec.CASecretRef; ref != nil {
		secret, err := r.secret(ctx, feed.Namespace, ref.Name)
		if err != nil {
			return req, err
		}
		bundle, ok := secret.Data["ca.crt"]
		if !ok {
			return req, &secretError{fmt.Sprintf("Secret %s/%s has no key ca.crt; put the publisher's certificate authority there", feed.Namespace, ref.Name)}
		}
		pool, err := pki.ParsePool(bundle)
		if err != nil {
			return req, &secretError{fmt.Sprintf("Secret %s/%s, key ca.crt: %v", feed.Namespace, ref.Name, err)}
		}
		req.RootCAs = pool
	}
	if ref := spec.HeadersSecretRef; ref != nil {
		secret, err := r.secret(ctx, feed.Namespace, ref.Name)
		if err != nil {
			return req, err
		}
		req.Headers = http.Header{}
		for name, value := range secret.Data {
			req.Headers.Set(name, strings.TrimSpace(string(value)))
		}
	}
	return req, nil
}

func (r *Reconciler) secret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := r.Reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, &secretError{fmt.Sprintf("Secret %s/%s does not exist; create it, or remove the reference", namespace, name)}
	case apierrors.IsForbidden(err):
		return nil, &secretError{fmt.Sprintf("Secret %s/%s may not be read by the hub; allow get of this one Secret with a Role in its namespace", namespace, name)}
	case err != nil:
		return nil, fmt.Errorf("read Secret %s/%s: %w", namespace, name, err)
	}
	return secret, nil
}

// again forgets what was fetched in this pass, because nothing came of it for
// a reason that is not the file's: it is fetched again soon.
func (r *Reconciler) again(s *scope) {
	s.feed.Status.Source = s.sourceBefore
	if last, known := r.attempt(s.feed); known {
		last.wait, last.folder = firstRetry, nil
		r.remember(s.feed, last)
	}
	s.lookAgain(firstRetry)
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
	if err := os.RemoveAll(r.folder(last.uid)); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	return nil
}

// folder holds the files of a format that is a folder at the publisher.
func (r *Reconciler) folder(feed types.UID) string {
	return filepath.Join(r.StateDir, "folder-"+string(feed))
}
