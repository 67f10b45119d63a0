// SPDX-License-Identifier: Apache-2.0

package region

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-logr/logr"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/diskspace"
	"github.com/frontline-screening/frontline/internal/erasure"
	"github.com/frontline-screening/frontline/internal/inventory"
	"github.com/frontline-screening/frontline/internal/order"
)

// Reasons of a Failure.
const (
	FailurePull   = "PullFailed"
	FailureDigest = "DigestMismatch"
	FailureKey    = "KeyMissing"
	FailureSpace  = "InsufficientSpace"
)

// Replicator makes the region's registry hold what the order says.
type Replicator struct {
	region *Region
	// from is the hub's registry, nil before joining; to is the region's own.
	from, to *artifact.Registry
	spool    string
	limit    *artifact.Limiter
	log      logr.Logger

	// AuditEvery is the time between two audits of the region's registry in Run;
	// AuditInterval when zero. Audited, if set, is told what each found.
	AuditEvery time.Duration
	Audited    func(inventory.Outcome, error)
	// Pulled, if set, is told of each layer that came from the hub: its kind,
	// LayerGroup or LayerDelta, and its sealed bytes. Erased is told of each
	// erasure that was completed. Both are called from several goroutines.
	Pulled func(kind string, bytes int64)
	Erased func()
}

// Kinds of layers: a piece of a full copy, and what changed since a release.
const (
	LayerGroup = "Group"
	LayerDelta = "Delta"
)

// NewReplicator returns a replicator from the hub's registry to the region's
// own, which may be the same. What is under way waits in the state directory,
// so that a broken transfer goes on where it stopped.
func NewReplicator(r *Region, from, to *artifact.Registry, log logr.Logger) (*Replicator, error) {
	p := &Replicator{region: r, from: from, to: to, spool: r.store.path("spool"), limit: artifact.NewLimiter(0), log: log}
	if err := os.MkdirAll(p.spool, 0o700); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	return p, nil
}

// BytesPerSecond is the cap that transfers from the hub keep to; 0 is none.
func (p *Replicator) BytesPerSecond() int64 { return p.limit.Rate() }

// Step is one thing a replicator does.
type Step struct {
	Feed string
	// Pull is the release to copy; nil to remove what is held.
	Pull *order.Feed
}

// PlanCopies says what to do so that the copies held are those ordered. It is
// a pure function. A feed that may not be held here is not pulled, whatever
// the order says; a copy goes only when an order says Erase, when it is below
// the floor and may not be replaced here, or when a tombstone names its feed.
func PlanCopies(v *Verified, terms *Terms, held Copies) []Step {
	if v == nil {
		return nil
	}
	var steps []Step
	for i := range v.Feeds {
		f := &v.Feeds[i]
		verdict := Judge(v.Order, terms, f.ID)
		copied, has := held[f.ID]
		below := has && f.Floor > 0 && copied.Release < f.Floor
		switch {
		case f.State == order.Erase && has:
			steps = append(steps, Step{Feed: f.ID})
		case f.State == order.Erase || held.current(f):
		case verdict.Search, verdict.Hold && below && f.Artifact != "":
			// What is locked stays, but nothing of it that was erased.
			steps = append(steps, Step{Feed: f.ID, Pull: f})
		case below:
			steps = append(steps, Step{Feed: f.ID})
		}
	}
	// A tombstone of a feed that the order no longer lists erases it too.
	for _, id := range slices.Sorted(maps.Keys(held)) {
		if v.Feed(id) == nil && v.Withdrawn(order.KindFeed, held[id].UID) {
			steps = append(steps, Step{Feed: id})
		}
	}
	return steps
}

// plan is PlanCopies with what the state directory knows: a feed that is to be
// erased and was never copied whole may have keys and parts of a copy, and the
// hub waits for a receipt in any case.
func (p *Replicator) plan() ([]Step, error) {
	v, copies := p.region.Verified(), p.region.Copies()
	steps := PlanCopies(v, p.region.Terms(), copies)
	if v == nil {
		return nil, nil
	}
	var errs []error
	for i := range v.Feeds {
		f := &v.Feeds[i]
		if _, has := copies[f.ID]; has || f.State != order.Erase {
			continue
		}
		keys, err := p.region.store.EpochKeys(f.ID)
		if err != nil {
			errs = append(errs, err)
		}
		if len(keys) > 0 || !p.attested(f) {
			steps = append(steps, Step{Feed: f.ID})
		}
	}
	p.region.keepFailures(func(id string) bool {
		return slices.ContainsFunc(steps, func(s Step) bool { return s.Feed == id })
	})
	return steps, errors.Join(errs...)
}

// attested reports whether the newest receipt says that the whole feed was erased.
func (p *Replicator) attested(f *order.Feed) bool {
	identity, err := p.region.store.Identity(p.region.name, p.region.now())
	if err != nil {
		return false
	}
	data, err := p.region.store.Receipt(f.ID)
	if err != nil || data == nil {
		return false
	}
	public, _ := identity.Key.Public().(ed25519.PublicKey)
	receipt, err := erasure.Verify(context.Background(), data, public)
	joined := p.region.Joined()
	return err == nil && joined != nil && receipt.RegionUID == joined.RegionUID && receipt.Floor == 0 && receipt.FeedUID == f.UID
}

// Sync takes every step of the plan once. The failure of one feed is recorded
// and does not keep the others waiting.
func (p *Replicator) Sync(ctx context.Context) error {
	p.pace()
	steps, err := p.plan()
	errs := []error{err}
	for _, step := range steps {
		if err := p.take(ctx, step); err != nil {
			if _, later := errors.AsType[*laterError](err); !later {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// pace keeps transfers to the share of the line that the order grants.
func (p *Replicator) pace() {
	if v := p.region.Verified(); v != nil && p.limit.Rate() != v.Region.BytesPerSecond {
		p.limit.SetRate(v.Region.BytesPerSecond)
	}
}

// laterError says that a step waits for something else than its own success.
type laterError struct {
	why   string
	after time.Duration
	// wake says that any change may end the wait.
	wake bool
}

func (e *laterError) Error() string { return e.why }

// take takes one step and records its failure.
func (p *Replicator) take(ctx context.Context, step Step) error {
	var err error
	if step.Pull == nil {
		err = p.eraseFeed(ctx, step.Feed)
	} else {
		err = p.pull(ctx, step.Pull)
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	if _, later := errors.AsType[*laterError](err); later {
		p.region.keepFailures(func(id string) bool { return id != step.Feed })
		return err
	}
	p.region.setFailure(step.Feed, Failure{Reason: failureReason(err), Message: err.Error()})
	return err
}

func failureReason(err error) string {
	switch {
	case errors.Is(err, artifact.ErrSpace):
		return FailureSpace
	case errors.Is(err, errNoKey):
		return FailureKey
	case errors.Is(err, artifact.ErrDigest), errors.Is(err, artifact.ErrMalformed):
		return FailureDigest
	}
	return FailurePull
}

// errNoKey says that a release is sealed to a key that the region lost.
var errNoKey = errors.New("the region no longer has the key that it is sealed to")

// pull copies the release ordered and records it. What the registry holds
// already, as after an order to go back, is not transferred again.
func (p *Replicator) pull(ctx context.Context, f *order.Feed) error {
	repo := artifact.FeedRepository(p.region.name, f.ID)
	has, err := p.to.HasSnapshot(ctx, repo, f.Artifact)
	if err != nil {
		return err
	}
	var replaced string
	if !has {
		if replaced, err = p.tagOf(ctx, repo, f.Release); err != nil {
			return err
		}
		if err := p.transfer(ctx, repo, f); err != nil {
			return err
		}
	}
	p.region.waited(f.ID)
	held, had := p.region.Copies()[f.ID]
	next := Copy{
		UID: f.UID, Release: f.Release, Content: f.Content, Artifact: f.Artifact,
		Size: f.Size, Records: f.Records, ListDate: f.ListDate, Epoch: f.Epoch,
	}
	switch {
	case had:
		next = next.succeeds(held, f)
	case f.Epoch == 1:
		next.KeyFloor = f.KeyFloor // there was no key before the first
	}
	if err := p.region.keepProof(f.ID); err != nil {
		return err
	}
	if replaced != "" && !slices.Contains(next.artifacts(), replaced) {
		next.Leftovers = append(next.Leftovers, replaced)
	}
	if err := p.region.setCopy(f.ID, &next); err != nil {
		return err
	}
	p.log.Info("Copy held", "region", p.region.name, "feed", f.ID, "release", f.Release, "content", f.Content)
	return os.RemoveAll(p.spoolOf(f.ID))
}

// tagOf is the artifact that the tag of a release names before it is moved: a
// region that lost its inventory knows it by nothing else.
func (p *Replicator) tagOf(ctx context.Context, repo string, release int64) (string, error) {
	if p.shared() {
		return "", nil
	}
	desc, err := p.to.Resolve(ctx, repo, artifact.ReleaseTag(release))
	if errors.Is(err, artifact.ErrNotFound) {
		return "", nil
	}
	return desc.Digest.String(), err
}

func (p *Replicator) transfer(ctx context.Context, repo string, f *order.Feed) error {
	if p.from == nil {
		return fmt.Errorf("feed %s v%d: the hub cannot be asked yet", f.ID, f.Release)
	}
	lacks, err := p.region.store.lacksKey(f.ID, f.Epoch)
	if err != nil {
		return err
	}
	if lacks {
		return fmt.Errorf("feed %s v%d: epoch %d: %w; the hub seals it anew once it knows the next key", f.ID, f.Release, f.Epoch, errNoKey)
	}
	if err := p.worth(ctx, repo, f); err != nil {
		return err
	}
	options, err := p.copyOptions(f.ID)
	if err == nil {
		_, err = artifact.CopySnapshot(ctx, p.from, p.to, repo, f.Artifact, options)
	}
	return err
}

// copyOptions are those of a transfer of the feed. Each feed has a folder of
// its own for what is under way, so that it goes with the feed.
func (p *Replicator) copyOptions(feed string) (artifact.CopyOptions, error) {
	options := artifact.CopyOptions{Spool: p.spoolOf(feed), Limit: p.limit.Context, Observe: p.observe}
	if err := os.MkdirAll(options.Spool, 0o700); err != nil {
		return options, fmt.Errorf("state directory: %w", diskspace.Classify(err))
	}
	return options, nil
}

func (p *Replicator) observe(layer ocispec.Descriptor) {
	if p.Pulled == nil {
		return
	}
	kind := LayerGroup
	if layer.MediaType == artifact.TypeDelta {
		kind = LayerDelta
	}
	p.Pulled(kind, layer.Size)
}

func (p *Replicator) spoolOf(feed string) string { return filepath.Join(p.spool, feed) }

// fullWait is how long a region that has nothing waits for the hub to make the
// full copy that it asked for, before it takes what there is.
const fullWait = time.Minute

// chainWorth is the share of a full copy, one part in so many, that the deltas on top of
// it may take before a region that has neither asks for a full copy of its own.
const chainWorth = 25

// worth refuses, for a while, to pull a long chain of deltas with the copy they
// apply to: the hub makes a full copy, which is less, once it knows.
func (p *Replicator) worth(ctx context.Context, repo string, f *order.Feed) error {
	if _, had := p.region.Copies()[f.ID]; had || p.shared() {
		return nil
	}
	weight, err := p.from.Weigh(ctx, repo, f.Artifact)
	if err != nil || weight.Deltas*chainWorth <= weight.Base {
		return err
	}
	left := p.region.waitFull(f.ID, f.Artifact, fullWait)
	if left <= 0 {
		return nil
	}
	return &laterError{after: left, why: fmt.Sprintf("feed %s v%d: nothing is held that its changes could be applied to; the hub was asked for a full copy", f.ID, f.Release)}
}

// shared reports whether the region's registry is the hub's.
func (p *Replicator) shared() bool { return p.from != nil && p.from.Host() == p.to.Host() }
