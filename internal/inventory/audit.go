// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/go-logr/logr"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/frontline-screening/frontline/internal/artifact"
)

// ScrubBytes is how much of the blobs an audit reads when nothing else is said:
// little enough to keep nobody waiting, and everything is read in turn.
const ScrubBytes = 64 << 20

// Auditor compares a registry with what it shall hold. Once must not run while
// something else changes the region's repositories, above all an erasure:
// call it from the loop that does these things.
type Auditor struct {
	Registry *artifact.Registry
	// Wants says what is wanted now. It is asked again before each change.
	Wants func() []Want
	// Fetch copies a manifest of the feed from the hub, with the blobs that the
	// registry lacks. When nil, damage is only reported.
	Fetch func(ctx context.Context, feed, manifest string) error
	// Shared says that the hub keeps its releases in the same registry: then
	// unknown manifests are not the region's affair.
	Shared bool
	// ScrubBytes bounds what one audit reads; none is read when negative.
	ScrubBytes int64
	Log        logr.Logger

	suspects map[string]bool
	scrubbed string // the last digest read, in order of repository and digest
}

// Outcome says what an audit found and mended.
type Outcome struct {
	Manifests, Blobs int // looked at
	Read             int64
	Missing, Damaged int // blobs and manifests
	Mended           int // manifests that are whole again
	Unknown, Removed int // manifests
	// Left are sentences about what is still wrong.
	Left []string
}

// Pause returns the time until the next audit: the interval, give or take a
// tenth, so that regions do not audit together.
func Pause(interval time.Duration) time.Duration {
	spread := interval / 5
	if spread <= 0 {
		return interval
	}
	return interval - interval/10 + rand.N(spread) //nolint:gosec // spreads load, hides nothing
}

// Once audits and mends. Its error is of what could not be looked at; damage
// that stays is in Outcome.Left.
func (a *Auditor) Once(ctx context.Context) (Outcome, error) {
	var o Outcome
	wants := a.Wants()
	found, err := a.look(ctx, wants, &o)
	if ctx.Err() != nil {
		return o, ctx.Err()
	}
	suspects := map[string]bool{}
	for _, action := range Plan(wants, found, a.suspects) {
		if action.Kind == Fetch {
			o.Missing += len(action.Missing)
			o.Damaged += len(action.Damaged)
		} else if !a.Shared {
			o.Unknown++
		}
		if err := a.act(ctx, action, suspects, &o); err != nil {
			if ctx.Err() != nil {
				return o, ctx.Err()
			}
			o.Left = append(o.Left, fmt.Sprintf("feed %s, artifact %s: %d parts missing, %d damaged: %v", action.Feed, action.Manifest, len(action.Missing), len(action.Damaged), err))
		}
	}
	a.suspects = suspects
	if o.Missing+o.Damaged+o.Removed > 0 {
		a.Log.Info("Registry compared with what it shall hold", "missing", o.Missing, "damaged", o.Damaged,
			"mended", o.Mended, "removed", o.Removed, "left", o.Left)
	}
	return o, err
}

// act takes one action, if it is still wanted.
func (a *Auditor) act(ctx context.Context, action Action, suspects map[string]bool, o *Outcome) error {
	wanted, known := a.expected(action)
	switch action.Kind {
	case Watch:
		suspects[Suspect(action.Repository, action.Manifest)] = true
	case Remove:
		if a.Shared || wanted || known {
			return nil
		}
		if err := a.Registry.Delete(ctx, action.Repository, action.Manifest); err != nil {
			return err
		}
		a.Log.Info("Manifest removed that no order names", "feed", action.Feed, "artifact", action.Manifest)
		o.Removed++
	case Fetch:
		if !wanted {
			return nil
		}
		if a.Fetch == nil {
			return errors.New("the hub cannot be asked")
		}
		if err := a.mend(ctx, action); err != nil {
			return err
		}
		o.Mended++
	}
	return nil
}

// expected says whether the manifest of an action is wanted or known now.
func (a *Auditor) expected(action Action) (wanted, known bool) {
	for _, w := range a.Wants() {
		if w.Repository == action.Repository {
			wanted = wanted || slices.Contains(w.Manifests, action.Manifest)
			known = known || slices.Contains(w.Known, action.Manifest)
		}
	}
	return wanted, known
}

// mend makes a manifest whole and looks whether it is.
func (a *Auditor) mend(ctx context.Context, action Action) error {
	if err := a.clear(ctx, action); err != nil {
		return err
	}
	if err := a.Fetch(ctx, action.Feed, action.Manifest); err != nil {
		return err
	}
	m, err := a.manifest(ctx, action.Repository, action.Manifest)
	if err != nil {
		return err
	}
	if _, broken := mend(Want{}, action.Manifest, m); broken {
		return errors.New("it is not whole after it was fetched; look at the registry's volume")
	}
	return nil
}

// clear removes what is damaged. The registry reads it once more: what only
// the way here damaged stays.
func (a *Auditor) clear(ctx context.Context, action Action) error {
	if len(action.Damaged) == 0 {
		return nil
	}
	_, err := a.Registry.Collect(ctx, artifact.CollectOptions{Verify: action.Damaged})
	if !errors.Is(err, artifact.ErrCollectUnsupported) {
		return err
	}
	return a.Registry.DeleteBlobs(ctx, action.Repository, action.Damaged)
}

// look asks the registry for everything that is wanted. A repository that
// could not be asked for whole is left out.
func (a *Auditor) look(ctx context.Context, wants []Want, o *Outcome) (map[string]Found, error) {
	found := map[string]Found{}
	var errs []error
	for _, w := range wants {
		f, err := a.repository(ctx, w)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		found[w.Repository] = f
		o.Manifests += len(f.Manifests)
		for _, m := range f.Manifests {
			o.Blobs += len(m.Parts)
		}
	}
	if err := a.scrub(ctx, found, o); err != nil {
		errs = append(errs, err)
	}
	return found, errors.Join(errs...)
}

func (a *Auditor) repository(ctx context.Context, w Want) (Found, error) {
	f := Found{Tagged: map[string]string{}, Manifests: map[string]Manifest{}}
	if !a.Shared {
		tags, err := a.Registry.Tags(ctx, w.Repository)
		if err != nil {
			return f, err
		}
		for _, tag := range tags {
			desc, err := a.Registry.Resolve(ctx, w.Repository, tag)
			if errors.Is(err, artifact.ErrNotFound) || failed(err) {
				continue // removed meanwhile, or its manifest is damaged
			}
			if err != nil {
				return f, err
			}
			f.Tagged[tag] = desc.Digest.String()
		}
	}
	for _, digest := range w.Manifests {
		m, err := a.manifest(ctx, w.Repository, digest)
		if err != nil {
			return f, err
		}
		f.Manifests[digest] = m
	}
	return f, nil
}

func (a *Auditor) manifest(ctx context.Context, repository, digest string) (Manifest, error) {
	parts, err := a.Registry.Parts(ctx, repository, digest)
	state, err := stateOf(err)
	if failed(err) {
		// A registry fails over a manifest it cannot decode. Whether its bytes
		// are at fault it can tell itself.
		c, verifyErr := a.Registry.Collect(ctx, artifact.CollectOptions{Verify: []string{digest}})
		if verifyErr == nil && slices.Contains(c.Damaged, digest) {
			return Manifest{State: Damaged}, nil
		}
	}
	if err != nil || state != Whole {
		return Manifest{State: state}, err
	}
	m := Manifest{State: Whole}
	for _, part := range parts {
		state, err := stateOf(a.Registry.CheckBlob(ctx, repository, part, false))
		if err != nil {
			return Manifest{}, err
		}
		m.Parts = append(m.Parts, Part{Digest: part.Digest.String(), Size: part.Size, State: state})
	}
	return m, nil
}

// stateOf tells what an error says of content from a registry that cannot be asked.
func stateOf(err error) (State, error) {
	switch {
	case err == nil:
		return Whole, nil
	case errors.Is(err, artifact.ErrNotFound):
		return Missing, nil
	case errors.Is(err, artifact.ErrDigest), errors.Is(err, artifact.ErrMalformed):
		return Damaged, nil
	default:
		return "", err
	}
}

// failed says whether the registry answered that it failed.
func failed(err error) bool {
	answer, ok := errors.AsType[*errcode.ErrorResponse](err)
	return ok && answer.StatusCode >= http.StatusInternalServerError
}

// descriptor is enough of a part to read it.
func (p Part) descriptor() ocispec.Descriptor {
	return ocispec.Descriptor{Digest: digestOf(p.Digest), Size: p.Size}
}
