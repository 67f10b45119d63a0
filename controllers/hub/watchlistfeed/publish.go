// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/replicas"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
)

// publish gives the candidate the next number, pushes it and describes it in a
// WatchlistRelease. Each step finds what an interrupted one left.
func (r *Reconciler) publish(ctx context.Context, s *scope) (err error) {
	if s.candidate == nil {
		if conditions.Get(s.feed, screeningv1.ConditionPublished) == nil {
			s.stands()
		}
		return nil
	}
	// Storing takes the file over; what was not stored is removed.
	defer func() { err = errors.Join(err, ignoreMissing(os.Remove(s.candidate.path))) }()
	release, err := r.release(ctx, s)
	if err != nil {
		r.again(s)
		conditions.False(s.feed, screeningv1.ConditionPublished, screeningv1.ReasonPublishFailed, "%s", conditions.Text(err))
		return err
	}
	s.releases = append([]screeningv1.WatchlistRelease{*release}, s.releases...)
	r.raiseFloor(s)
	s.feed.Status.HighestNumber = max(s.feed.Status.HighestNumber, release.Spec.Number)
	r.taken(s)
	s.stands()
	return nil
}

// stands says that the newest release is all there is to publish.
func (s *scope) stands() {
	if newest := s.newest(); newest != nil {
		conditions.True(s.feed, screeningv1.ConditionPublished, screeningv1.ReasonPublished, "v%d stands in the registry", newest.Spec.Number)
	}
}

func (r *Reconciler) release(ctx context.Context, s *scope) (*screeningv1.WatchlistRelease, error) {
	number, pushed, err := r.nextNumber(ctx, s)
	if err != nil {
		return nil, err
	}
	c := s.candidate
	floor := s.floorOf(c, number)
	if pushed.Digest == "" {
		if floor == number {
			if err := r.rotate(ctx, s); err != nil {
				return nil, err
			}
		}
		var before depot.Release
		if newest := s.newest(); newest != nil {
			before = depot.Release{
				Feed: string(s.id), Number: newest.Spec.Number,
				Content: string(newest.Spec.ContentDigest), Artifact: string(newest.Spec.Artifact.Digest),
			}
		}
		pushed, err = r.Depot.Store(ctx, artifact.Snapshot{
			Path: c.path, Digest: c.digest, Size: c.size, Feed: string(s.id), Version: number,
			ListDate: c.meta.ListDate, Records: int64(c.meta.Records),
		}, before)
		if err != nil {
			return nil, err
		}
	}
	release := &screeningv1.WatchlistRelease{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:   s.feed.Namespace,
			Name:        fmt.Sprintf("%s-%d", s.feed.Name, number),
			Labels:      map[string]string{screeningv1.LabelFeed: s.feed.Name},
			Annotations: c.marks.annotations(floor),
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(s.feed, screeningv1.GroupVersion.WithKind("WatchlistFeed")),
			},
		},
		Spec: screeningv1.WatchlistReleaseSpec{
			Feed:         screeningv1.ReleaseFeed{Name: s.feed.Name, UID: s.feed.UID, ID: s.id},
			Number:       number,
			Format:       s.feed.Spec.Format,
			SourceDigest: screeningv1.Digest(c.source),
			ListDate:     day(c.meta.ListDate),
			Records: screeningv1.ReleaseRecords{
				Persons:  new(int64(c.meta.Persons)),
				Entities: new(int64(c.meta.Entities)),
				Objects:  new(int64(c.meta.Objects)),
			},
			ContentDigest: screeningv1.Digest(c.digest),
			Artifact:      screeningv1.ReleaseArtifact{Digest: screeningv1.Digest(pushed.Digest), Size: max(pushed.Size, 1)},
			Changes:       c.changes,
			Verification:  c.verification,
			Approvals:     c.approvals,
		},
	}
	if s.feed.Status.Source != nil {
		release.Spec.SourceLastModified = s.feed.Status.Source.LastModified
	}
	err = r.Client.Create(ctx, release)
	if apierrors.IsAlreadyExists(err) {
		existing := &screeningv1.WatchlistRelease{}
		if err := r.Reader.Get(ctx, client.ObjectKeyFromObject(release), existing); err != nil {
			return nil, fmt.Errorf("read WatchlistRelease %s: %w", release.Name, err)
		}
		if existing.Spec.ContentDigest != release.Spec.ContentDigest || existing.Spec.Feed.UID != s.feed.UID {
			return nil, fmt.Errorf("WatchlistRelease %s/%s exists with other content; delete it if nothing uses it", release.Namespace, release.Name)
		}
		return existing, nil
	}
	if err != nil {
		return nil, fmt.Errorf("create WatchlistRelease %s: %w", release.Name, err)
	}
	return release, nil
}

// floorOf is the release by which the newest erasure in the candidate was carried
// out: its own number when it is the first without some record, zero when nothing
// was ever erased.
func (s *scope) floorOf(c *candidate, number int64) int64 {
	newest := s.newest()
	switch {
	case c.marks.erased == "":
		return 0
	case newest == nil || marksOf(newest).erased != c.marks.erased:
		return number
	}
	return max(screeningv1.ReleaseVersion(newest.Annotations[screeningv1.AnnotationFloor]).Number(), 0)
}

func (m marks) annotations(floor int64) map[string]string {
	out := map[string]string{}
	for name, value := range map[string]string{
		screeningv1.AnnotationErased: m.erased, screeningv1.AnnotationBlocked: m.blocked,
		screeningv1.AnnotationFloor: string(screeningv1.NewReleaseVersion(floor)),
	} {
		if value != "" {
			out[name] = value
		}
	}
	return out
}

// mostLost is how many releases a hub may have published since the backup it
// was restored from: a year of daily ones, three times over.
const mostLost = 1000

// nextNumber is the highest number anybody has seen, plus one. The registry is
// asked too: objects may have been restored from before its newest release.
// When it has that number with this very content, an interrupted attempt is
// taken up.
func (r *Reconciler) nextNumber(ctx context.Context, s *scope) (int64, ocispec.Descriptor, error) {
	highest := s.feed.Status.HighestNumber
	if newest := s.newest(); newest != nil {
		highest = max(highest, newest.Spec.Number)
	}
	for i := range s.replicas {
		highest = max(highest, s.replicas[i].Spec.Release.Number())
	}
	// A region's word counts as far as a hub can have lost its own: what lies
	// beyond is no release of this hub, and would use its numbers up.
	known := highest
	for i := range s.replicas {
		received := r.Reports.Last(replicas.Region(&s.replicas[i]))
		if feed := received.Feed(string(s.id)); feed != nil {
			for _, number := range []int64{feed.Wanted, feed.Held, feed.Served} {
				if number <= known+mostLost {
					highest = max(highest, number)
				}
			}
		}
	}
	for number := highest + 1; ; number++ {
		desc, err := r.Registry.Resolve(ctx, depot.Repository(string(s.id)), artifact.ReleaseTag(number))
		if errors.Is(err, artifact.ErrNotFound) {
			return number, ocispec.Descriptor{}, nil
		}
		if err != nil {
			return 0, ocispec.Descriptor{}, err
		}
		same, err := r.holdsContent(ctx, s, desc.Digest.String())
		if err != nil {
			return 0, ocispec.Descriptor{}, err
		}
		if same {
			return number, desc, nil
		}
	}
}

// holdsContent reports whether the hub's copy of a number is whole and has the
// candidate's content: then it is what an interrupted attempt left.
func (r *Reconciler) holdsContent(ctx context.Context, s *scope, manifest string) (bool, error) {
	config, err := r.copyOf(ctx, s, manifest)
	if depot.Unusable(err) || (err == nil && config.Content != s.candidate.digest) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return r.Registry.HasSnapshot(ctx, depot.Repository(string(s.id)), manifest)
}

// copyOf reads what one of the hub's own copies says of itself.
func (r *Reconciler) copyOf(ctx context.Context, s *scope, manifest string) (artifact.Config, error) {
	keys, err := r.Keys(ctx, string(s.id))
	if err != nil {
		return artifact.Config{}, err
	}
	return r.Registry.ReadConfig(ctx, depot.Repository(string(s.id)), manifest, keys.Identities)
}

// rotate begins a key epoch of the hub's own copies, unless the newest release is
// sealed to an older one than the present: then an attempt that failed began it.
func (r *Reconciler) rotate(ctx context.Context, s *scope) error {
	if r.Rotate == nil {
		return nil
	}
	if newest := s.newest(); newest != nil {
		keys, err := r.Keys(ctx, string(s.id))
		if err != nil {
			return err
		}
		config, err := r.copyOf(ctx, s, string(newest.Spec.Artifact.Digest))
		if err != nil && !depot.Unusable(err) {
			return err
		}
		if err == nil && config.Epoch < keys.Epoch {
			return nil
		}
	}
	return r.Rotate(ctx, string(s.id))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
