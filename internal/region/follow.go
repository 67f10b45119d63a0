// SPDX-License-Identifier: Apache-2.0

package region

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/link"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/trust"
)

// PollInterval is how often orders are pulled while the hub gives no hints.
const PollInterval = 15 * time.Second

// Follower pulls, verifies and saves the region's orders. Its failure blocks
// nothing else: the order in force stays in force.
type Follower struct {
	region *Region
	hub    link.Hub
	log    logr.Logger

	mu     sync.Mutex
	client *trust.Client
	// manifest is the digest of the artifact that was looked at last.
	manifest string
	// lost is when the hub was first not reached, zero while it is.
	lost time.Time
	// suspect says that the wall clock was behind when an order was last taken.
	suspect bool
}

// NewFollower returns a follower of the hub that the region has joined. It
// checks the state that earlier runs left.
func NewFollower(r *Region, hub link.Hub, log logr.Logger) (*Follower, error) {
	joined := r.Joined()
	if joined == nil {
		return nil, errors.New("follow orders: the region has not joined a hub")
	}
	dir, err := r.store.TrustDir(joined.Root)
	if err != nil {
		return nil, err
	}
	client, err := trust.Open(dir, joined.Root, trust.Identity{HubUID: joined.HubUID, Term: joined.Term, Region: joined.Region})
	if err != nil {
		return nil, fmt.Errorf("follow orders: %w", err)
	}
	return &Follower{region: r, hub: hub, log: log, client: client}, nil
}

// raise tells the client what is remembered apart from what proved it: the order
// in force, and what the region's own objects say. If the rest is lost, nothing
// older gets in.
func (f *Follower) raise() {
	if floor := f.region.Floor(); floor.of(f.region.Joined()) {
		f.client.RaiseFloor(trust.Floor{Term: floor.Term, Sequence: floor.Sequence})
	}
}

// remembers waits until the region knows what was in force before: from its
// state directory, or else from its own objects. With a state directory nobody
// waits for the API server.
func (f *Follower) remembers(ctx context.Context) {
	for ctx.Err() == nil {
		changed := f.region.Changed()
		if f.region.Verified() != nil || f.region.Started() {
			return
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

// Run follows until the context ends.
func (f *Follower) Run(ctx context.Context) error {
	f.remembers(ctx)
	for ctx.Err() == nil {
		f.contact(f.Pull(ctx))
		var after int64
		if v := f.region.Verified(); v != nil {
			after = v.Sequence
		}
		asked := time.Now()
		_, changed, err := f.hub.WaitOrder(ctx, after)
		f.contact(err)
		switch {
		case err != nil:
			pause(ctx, jitter(PollInterval))
		case changed && f.refusing(), time.Since(asked) < time.Second && !changed:
			// The hint names an order that is refused here, or the request was
			// not held: without a pause this would be a tight loop.
			pause(ctx, jitter(5*time.Second))
		}
	}
	return nil
}

func (f *Follower) refusing() bool { return f.region.Refusal() != nil }

// contact judges the line by one attempt: it is lost when the hub has not been
// reached for three heartbeats.
func (f *Follower) contact(err error) {
	if _, refused := refusalReason(err); refused || trust.ReasonOf(err) != "" {
		err = nil // the hub was reached; what it sent is another matter
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.region.now()
	if err == nil {
		if !f.region.Link().Connected {
			f.log.Info("Hub reached", "region", f.region.name)
		}
		f.lost = time.Time{}
		f.setLink(true, "")
		return
	}
	if errors.Is(err, context.Canceled) {
		return
	}
	if f.lost.IsZero() {
		f.lost = now
		f.log.Info("Hub not reached; the order in force and the copies held go on serving", "region", f.region.name, "cause", err.Error())
	}
	if now.Sub(f.lost) >= f.region.lossLimit() {
		f.setLink(false, err.Error())
	}
}

func (f *Follower) setLink(connected bool, message string) {
	if err := f.region.setLink(connected, message); err != nil {
		f.log.Error(err, "A restarted agent would begin with an older state of the line", "region", f.region.name)
	}
}

// lossLimit is the silence of the hub after which the region counts itself cut off.
func (r *Region) lossLimit() time.Duration {
	if v := r.Verified(); v != nil && v.Region.HeartbeatSeconds > 0 {
		return max(3*time.Duration(v.Region.HeartbeatSeconds)*time.Second, 30*time.Second)
	}
	return 90 * time.Second
}

// Pull fetches the newest order once and puts it in force if every check
// holds. An error that is a refusal (RefusedError or trust.Error) says that
// the hub was reached and what it sent is not obeyed; Region.Refusal then says
// why, and everything stays as it was.
func (f *Follower) Pull(ctx context.Context) error {
	err := f.pull(ctx)
	reason, refused := refusalReason(err)
	if of := trust.ReasonOf(err); of != "" {
		reason, refused = string(of), true
	}
	if refused {
		if old := f.region.Refusal(); old == nil || old.Reason != reason {
			f.log.Info("Order refused; the order in force stays", "region", f.region.name, "reason", reason, "cause", err.Error())
		}
		f.region.setRefusal(&Refusal{Reason: reason, Message: err.Error()})
	}
	return err
}

func (f *Follower) pull(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	files, manifest, err := f.hub.Registry().FetchOrder(ctx, artifact.OrderRepository(f.region.name), f.region.store.Part)
	switch {
	case errors.Is(err, artifact.ErrNotFound):
		return nil // the hub has signed no order for this region as yet
	case errors.Is(err, artifact.ErrDigest), errors.Is(err, artifact.ErrMalformed), errors.Is(err, artifact.ErrTooLarge):
		return refuse(RefusedFormat, "%w", err)
	case err != nil:
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if manifest == f.manifest {
		f.region.setRefusal(nil) // what was refused meanwhile stands there no more
		return nil
	}
	if err := f.take(files); err != nil {
		return err
	}
	f.manifest = manifest
	return nil
}

// take verifies the files of an order and puts it in force.
func (f *Follower) take(files map[string][]byte) error {
	f.raise()
	now := f.region.now()
	verified, err := f.client.Verify(files, now)
	if err != nil {
		return err
	}
	f.watchClock(now)
	next, err := f.open(verified, files)
	if err != nil {
		return err
	}
	return f.enforce(next)
}

// candidate is an order that may be put in force.
type candidate struct {
	verified trust.Verified
	order    *order.Order
	parts    map[string][]byte
}

// open reads an order whose signatures hold, with its parts from files, and
// says whether the region acts on it.
func (f *Follower) open(verified trust.Verified, files map[string][]byte) (candidate, error) {
	c := candidate{verified: verified, parts: map[string][]byte{}}
	byDigest := map[string][]byte{}
	for name, data := range files {
		if !trust.IsRepositoryFile(name) {
			byDigest[canonical.Digest(data)] = data
		}
	}
	opened, err := order.Open(verified.Index, func(digest string) ([]byte, error) {
		data, ok := byDigest[digest]
		if !ok {
			return nil, errors.New("it is missing from what was pulled; the hub publishes it again")
		}
		c.parts[digest] = data
		return data, nil
	})
	if err != nil {
		return c, refuse(RefusedFormat, "%w", err)
	}
	c.order = opened
	for _, feed := range opened.Feeds {
		if feed.Artifact != "" && !verified.HasArtifact(feed.ID, feed.Artifact) {
			return c, refuse(RefusedSignature, "order %d serves artifact %s of feed %s, which its targets do not list; the hub signs it again", opened.Sequence, feed.Artifact, feed.ID)
		}
	}
	if opened.Sequence != verified.Sequence || opened.HubUID != verified.HubUID || opened.Term != verified.Term {
		return c, refuse(RefusedSignature, "order %d says of itself other than its signed metadata does (order %d)", opened.Sequence, verified.Sequence)
	}
	return c, accept(opened, f.region.Joined(), f.region.Verified())
}

// enforce puts an order in force, on disk first.
func (f *Follower) enforce(c candidate) error {
	held := f.region.Verified()
	clocks := Clocks{Issued: c.verified.Issued, SourceChecked: c.verified.SourceChecked}
	unlisted := carry(held, c.order)
	proof, err := f.prove(context.Background(), c.order, c.parts)
	if err != nil {
		return err
	}
	if err := f.region.store.SaveOrder(c.verified.Index, c.parts, clocks, unlisted, proof); err != nil {
		return err
	}
	if held == nil || held.IndexDigest != c.order.IndexDigest {
		f.log.Info("Order in force", "region", f.region.name, "sequence", c.order.Sequence, "digest", c.order.IndexDigest)
	}
	f.region.setVerified(&Verified{Order: c.order, Clocks: clocks, Unlisted: unlisted, proof: proof})
	return nil
}

// watchClock says once that the wall clock is behind the time that the hub
// signed, and once that it is right again. Orders are judged by the later.
func (f *Follower) watchClock(now time.Time) {
	reading := f.client.Clock().Read(now)
	suspect := reading.Reason == trust.ClockSuspect
	if suspect && !f.suspect {
		f.log.Info("The clock of this machine is behind the time the hub signed; set it", "region", f.region.name,
			"reason", string(reading.Reason), "behind", reading.Behind.Round(time.Second).String())
	}
	if !suspect && f.suspect {
		f.log.Info("The clock of this machine is right again", "region", f.region.name)
	}
	f.suspect = suspect
}

// Clock is what the region knows of the time apart from its wall clock.
func (f *Follower) Clock() trust.Clock { return f.client.Clock() }

// Prove returns what proves the order in force to a loader: the files it was
// verified from and the region's signed word on when. It is nil before the
// first order.
func (f *Follower) Prove(ctx context.Context) (trust.Files, []byte, error) {
	last, ok := f.client.Last()
	if !ok {
		return nil, nil, nil
	}
	identity, err := f.region.store.Identity(f.region.name, f.region.now())
	if err != nil {
		return nil, nil, err
	}
	statement, err := trust.SignLastVerified(ctx, last.Statement(), identity.Key)
	if err != nil {
		return nil, nil, err
	}
	return f.client.Files(), statement, nil
}

// Join presents the region at the hub with an invitation and records what the
// hub answers. It can be repeated with the same invitation until it succeeds.
func Join(ctx context.Context, r *Region, hub link.Hub, inv join.Invitation) error {
	if inv.Region != r.name {
		return fmt.Errorf("join: the invitation is for region %s, this agent is of region %s; use the right file", inv.Region, r.name)
	}
	identity, err := r.store.Identity(r.name, r.now())
	if err != nil {
		return err
	}
	request, err := join.NewRequest(ctx, inv, identity.Key)
	if err != nil {
		return err
	}
	accepted, err := hub.Join(ctx, request)
	if err != nil {
		return err
	}
	if accepted.Region != r.name {
		return fmt.Errorf("join: the hub accepted region %s instead of %s; ask for a new invitation", accepted.Region, r.name)
	}
	return r.SetJoined(NewJoined(inv, accepted))
}

func jitter(d time.Duration) time.Duration {
	return d - d/10 + time.Duration(rand.Int64N(int64(d/5))) //nolint:gosec // spreads load, hides nothing
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
