// SPDX-License-Identifier: Apache-2.0

package region

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/bundle"
	"github.com/frontline-screening/frontline/internal/trust"
)

// Reasons for which a bundle is refused, beside those of orders and of package
// trust. What was in force before stays in force.
const (
	RefusedTruncated = "Truncated"
	RefusedDigest    = "DigestMismatch"
	// RefusedContent: neither the bundle nor the region's registry has all that
	// the order serves.
	RefusedContent = "MissingContent"
)

// ErrImporting means that another bundle is being imported.
var ErrImporting = errors.New("another bundle is being imported; wait for its end")

// errStarting means that the region does not know yet what it may hold.
var errStarting = errors.New("the agent is starting and has not read the region's terms; try again in a moment")

// Importer takes what a line would have brought from bundles.
type Importer struct {
	follower *Follower
	to       *artifact.Registry
	log      logr.Logger
	busy     sync.Mutex
}

// NewImporter returns an importer into the region's registry. It shares the
// follower's knowledge of what was verified, so that line and bundles are one
// history.
func NewImporter(f *Follower, to *artifact.Registry, log logr.Logger) *Importer {
	return &Importer{follower: f, to: to, log: log}
}

// Imported says what a bundle brought.
type Imported struct {
	Region string `json:"region"`
	// Number of the bundle, Sequence and Digest of its order.
	Number   int64  `json:"number"`
	Sequence int64  `json:"sequence"`
	Digest   string `json:"digest"`
	// Issued is when the hub signed the order; the age of data counts from it.
	Issued time.Time `json:"issued"`
	// Changed says that the order is another than the one before.
	Changed bool           `json:"changed"`
	Feeds   []ImportedFeed `json:"feeds"`
}

// ImportedFeed is a list that a bundle brought.
type ImportedFeed struct {
	ID      string `json:"id"`
	Release int64  `json:"release"`
	// Bytes are those that the region's registry had not got.
	Bytes int64 `json:"bytes"`
}

// intake is a list on its way into the registry.
type intake struct {
	raw   artifact.Raw
	bytes int64
}

// Import reads a bundle, copies what the region needs of its content into the
// registry, and puts the order in force when all of it is there. Nothing is
// copied before the order has passed every check, nothing is in force before
// all content has, and an import that broke off can be repeated. The order's
// issue time stays what it was.
func (i *Importer) Import(ctx context.Context, in io.Reader) (Imported, error) {
	if !i.busy.TryLock() {
		return Imported{}, ErrImporting
	}
	defer i.busy.Unlock()
	done, err := i.importBundle(ctx, in)
	if err != nil {
		err = explain(err)
		i.log.Info("Bundle not imported; the order in force stays", "region", i.follower.region.name, "reason", ImportReason(err), "cause", err.Error())
		return Imported{}, err
	}
	i.log.Info("Bundle imported", "region", done.Region, "number", done.Number, "sequence", done.Sequence, "issued", done.Issued.UTC().Format(time.RFC3339))
	return done, nil
}

func (i *Importer) importBundle(ctx context.Context, in io.Reader) (Imported, error) {
	if !i.follower.region.Started() {
		return Imported{}, errStarting
	}
	b, err := bundle.NewReader(in)
	if err != nil {
		return Imported{}, err
	}
	next, err := i.follower.look(b)
	if err != nil {
		return Imported{}, err
	}
	intakes, err := i.needed(ctx, b, next)
	if err != nil {
		return Imported{}, err
	}
	if err := i.receive(ctx, b, intakes); err != nil {
		return Imported{}, err
	}
	if err := i.complete(ctx, intakes); err != nil {
		return Imported{}, err
	}
	done, err := i.follower.takeBundle(b)
	if err != nil {
		return Imported{}, err
	}
	done.Feeds = []ImportedFeed{}
	for id, in := range intakes {
		done.Feeds = append(done.Feeds, ImportedFeed{ID: id, Release: in.raw.Release, Bytes: in.bytes})
	}
	slices.SortFunc(done.Feeds, func(a, b ImportedFeed) int { return cmp.Compare(a.ID, b.ID) })
	return done, nil
}

// look verifies a bundle's order and keeps nothing of it.
func (f *Follower) look(b *bundle.Reader) (candidate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.raise()
	verified, _, err := f.client.CheckBundle(b.Order, b.Statement, f.region.floors(), f.region.now())
	if err != nil {
		return candidate{}, err
	}
	return f.open(verified, b.Order)
}

// takeBundle verifies a bundle's order once more and puts it in force: the line
// may have brought another one meanwhile.
func (f *Follower) takeBundle(b *bundle.Reader) (Imported, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.raise()
	now := f.region.now()
	verified, statement, err := f.client.VerifyBundle(b.Order, b.Statement, f.region.floors(), now)
	if err != nil {
		return Imported{}, err
	}
	f.watchClock(now)
	next, err := f.open(verified, b.Order)
	if err != nil {
		return Imported{}, err
	}
	if err := f.enforce(next); err != nil {
		return Imported{}, fmt.Errorf("bundle %d was verified and cannot be kept: %w; mend that and import a new bundle", statement.Number, err)
	}
	return Imported{
		Region: f.region.name, Number: statement.Number, Sequence: verified.Sequence, Digest: verified.IndexDigest,
		Issued: verified.Issued, Changed: verified.Changed,
	}, nil
}

// floors are the lowest releases that may be held, by feed id, as the order in
// force says.
func (r *Region) floors() map[string]int64 {
	floors := map[string]int64{}
	if v := r.Verified(); v != nil {
		for _, f := range v.Feeds {
			if f.Floor > 0 {
				floors[f.ID] = f.Floor
			}
		}
	}
	return floors
}

// needed are the lists that the region would pull if the order were in force.
func (i *Importer) needed(ctx context.Context, b *bundle.Reader, next candidate) (map[string]*intake, error) {
	r := i.follower.region
	out := map[string]*intake{}
	for _, step := range PlanCopies(&Verified{Order: next.order}, r.Terms(), r.Copies()) {
		if step.Pull == nil {
			continue
		}
		f := step.Pull
		at := slices.IndexFunc(b.Feeds, func(raw artifact.Raw) bool {
			return raw.Feed == f.ID && raw.Region == r.name && raw.Descriptor.Digest.String() == f.Artifact
		})
		if at >= 0 {
			out[f.ID] = &intake{raw: b.Feeds[at]}
			continue
		}
		has, err := i.to.HasSnapshot(ctx, artifact.FeedRepository(r.name, f.ID), f.Artifact)
		if err != nil {
			return nil, err
		}
		if !has {
			return nil, refuse(RefusedContent, "the order serves v%d of %s, which is neither in the bundle nor here; export a complete one, without --since-report", f.Release, f.ID)
		}
	}
	return out, nil
}

// receive reads the rest of the bundle and copies what is needed of it.
func (i *Importer) receive(ctx context.Context, b *bundle.Reader, intakes map[string]*intake) error {
	for {
		desc, body, err := b.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for id, in := range intakes {
			if !slices.ContainsFunc(in.raw.Blobs, func(d ocispec.Descriptor) bool { return d.Digest == desc.Digest }) {
				continue
			}
			repo := artifact.FeedRepository(in.raw.Region, id)
			has, err := i.to.HasBlob(ctx, repo, desc)
			if err != nil {
				return err
			}
			if !has {
				if err := pushChecked(ctx, i.to, repo, desc, body); err != nil {
					return err
				}
				in.bytes += desc.Size
			}
			break // a blob belongs to one list
		}
	}
}

// pushChecked pushes a blob. What is wrong with the file, rather than with the
// registry that took it, is what its reader says.
func pushChecked(ctx context.Context, to *artifact.Registry, repo string, desc ocispec.Descriptor, body io.Reader) error {
	source := &remembering{from: body}
	err := to.PushBlob(ctx, repo, desc, source)
	if source.err != nil {
		return source.err
	}
	return err
}

// remembering keeps the error of a reader, which a client of HTTP wraps into
// one of its own.
type remembering struct {
	from io.Reader
	err  error
}

// Read implements io.Reader.
func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// complete pushes the manifests of lists whose every blob is in the registry.
func (i *Importer) complete(ctx context.Context, intakes map[string]*intake) error {
	for id, in := range intakes {
		repo := artifact.FeedRepository(in.raw.Region, id)
		for _, desc := range in.raw.Blobs {
			has, err := i.to.HasBlob(ctx, repo, desc)
			if err != nil {
				return err
			}
			if !has {
				return refuse(RefusedContent, "blob %s of %s v%d is neither in the bundle nor here; export a complete one, without --since-report",
					desc.Digest, id, in.raw.Release)
			}
		}
		if err := i.to.PushRaw(ctx, in.raw); err != nil {
			return err
		}
	}
	return nil
}

// explain marks what is wrong with the file itself as a refusal.
func explain(err error) error {
	switch {
	case errors.Is(err, bundle.ErrTruncated):
		return refuse(RefusedTruncated, "%w", err)
	case errors.Is(err, bundle.ErrDigest):
		return refuse(RefusedDigest, "%w; copy the file again, or look who changed it", err)
	case errors.Is(err, bundle.ErrMalformed), errors.Is(err, artifact.ErrMalformed), errors.Is(err, artifact.ErrTooLarge):
		return refuse(RefusedFormat, "%w", err)
	}
	return err
}

// ImportReason is the reason of a refused import: a Reason of package trust or
// one of the constants Refused…. It is empty when the import failed for
// another cause and may be repeated.
func ImportReason(err error) string {
	if of := trust.ReasonOf(err); of != "" {
		return string(of)
	}
	reason, _ := refusalReason(err)
	return reason
}
