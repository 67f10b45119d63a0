// SPDX-License-Identifier: Apache-2.0

package region

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/level"
	"github.com/frontline-screening/frontline/internal/link"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/report"
)

const (
	// settleTime lets changes that come together go into one report.
	settleTime = time.Second
	// defaultHeartbeat is the interval of reports before the first order names one.
	defaultHeartbeat = 30 * time.Second
)

// Objects is what the controllers of a region know for its report.
type Objects struct {
	Pools    []report.Object
	Posts    []report.Object
	Orphans  []report.Orphan
	Refusals []report.Refusal
}

// Observer collects Objects; it is called for each report.
type Observer func(ctx context.Context) (Objects, error)

// Reporter sends the region's reports.
type Reporter struct {
	region  *Region
	hub     link.Hub
	observe Observer
	version string
	log     logr.Logger
	// sent is the digest of the content reported last.
	sent string
	// wake says that objects may have changed.
	wake chan struct{}
	// mu makes one number at a time.
	mu sync.Mutex
}

// NewReporter returns a reporter to the hub. version is the agent's.
func NewReporter(r *Region, hub link.Hub, observe Observer, version string, log logr.Logger) *Reporter {
	return &Reporter{region: r, hub: hub, observe: observe, version: version, log: log, wake: make(chan struct{}, 1)}
}

// Wake asks for a look at what changed, now.
func (p *Reporter) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run reports each change and, without any, every heartbeat, until the
// context ends.
func (p *Reporter) Run(ctx context.Context) error {
	var last time.Time
	failed := false
	for ctx.Err() == nil {
		changed := p.region.Changed()
		if !p.region.Started() {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		due := p.region.now().Sub(last) >= p.heartbeat()
		if err := p.Send(ctx, due); err != nil {
			if !failed && ctx.Err() == nil {
				p.log.Info("Report not delivered; it is sent anew", "region", p.region.name, "cause", err.Error())
			}
			failed = true
			pause(ctx, jitter(5*time.Second))
			continue
		}
		if failed {
			p.log.Info("Reports arrive again", "region", p.region.name)
		}
		failed = false
		if due {
			last = p.region.now()
		}
		timer := time.NewTimer(max(p.heartbeat()-p.region.now().Sub(last), 0))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-changed:
			pause(ctx, settleTime)
		case <-p.wake:
			pause(ctx, settleTime)
		}
		timer.Stop()
	}
	return nil
}

func (p *Reporter) heartbeat() time.Duration {
	if v := p.region.Verified(); v != nil && v.Region.HeartbeatSeconds > 0 {
		return time.Duration(v.Region.HeartbeatSeconds) * time.Second
	}
	return defaultHeartbeat
}

// Send builds the report and delivers it when its content is news, or due.
func (p *Reporter) Send(ctx context.Context, due bool) error {
	err := p.send(ctx, due)
	// The hub may know of a later incarnation first, and then of later numbers.
	for range 2 {
		taken, ok := errors.AsType[*report.TakenError](err)
		if !ok {
			return err
		}
		again, resumeErr := p.resume(taken)
		if !again || resumeErr != nil {
			return errors.Join(err, resumeErr)
		}
		err = p.send(ctx, true)
	}
	return err
}

func (p *Reporter) send(ctx context.Context, due bool) error {
	r, err := p.build(ctx)
	if err != nil {
		return err
	}
	content, err := canonical.Marshal(r)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	digest := canonical.Digest(content)
	if !due && digest == p.sent {
		return nil
	}
	envelope, err := p.sign(ctx, r)
	if err != nil {
		return err
	}
	if err := p.hub.Report(ctx, envelope); err != nil {
		return err
	}
	p.sent = digest
	return nil
}

// Make builds and signs a report for a hub that is reached in no other way
// than by a file.
func (p *Reporter) Make(ctx context.Context) ([]byte, error) {
	r, err := p.build(ctx)
	if err != nil {
		return nil, err
	}
	return p.sign(ctx, r)
}

// build says all that there is to report, without a number.
func (p *Reporter) build(ctx context.Context) (report.Report, error) {
	if p.region.Joined() == nil {
		return report.Report{}, errors.New("report: the region has not joined a hub")
	}
	objects, err := p.observe(ctx)
	if err != nil {
		return report.Report{}, fmt.Errorf("report: %w", err)
	}
	if err := p.region.noteSetback(); err != nil {
		return report.Report{}, err
	}
	out := p.region.Report(objects, p.version)
	out.Resumed, err = p.region.store.resumed(out.Incarnation)
	return out, err
}

// sign numbers and signs a report. Of two at once each gets its own number.
func (p *Reporter) sign(ctx context.Context, r report.Report) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	if r.Number, err = p.region.store.NextReport(r.Incarnation); err != nil {
		return nil, err
	}
	identity, err := p.region.store.Identity(p.region.name, p.region.now())
	if err != nil {
		return nil, err
	}
	return report.Sign(ctx, r, identity.Key, p.region.now())
}

// Report says what the region observed, holds and serves; its number is left
// at zero.
func (r *Region) Report(objects Objects, version string) report.Report {
	out := report.Report{
		Format: report.Format, Region: r.name,
		Pools: objects.Pools, Posts: objects.Posts, Orphans: objects.Orphans,
		Refusals: objects.Refusals, Versions: report.Versions{Agent: version, Level: level.Known, Pods: r.acks.level()},
	}
	if joined := r.Joined(); joined != nil {
		out.RegionUID, out.HubUID, out.Incarnation = joined.RegionUID, joined.HubUID, joined.Incarnation
	}
	if t := r.Terms(); t != nil {
		out.Terms = &report.Terms{Feeds: t.Feeds, Purposes: t.Purposes}
	}
	if refusal := r.Refusal(); refusal != nil {
		out.Refusals = append(out.Refusals, report.Refusal{Subject: "order", Reason: refusal.Reason, Message: refusal.Message})
	}
	v := r.Verified()
	copies := r.Copies()
	if v == nil {
		return out
	}
	out.Observed = &report.Observed{Term: v.Term, Sequence: v.Sequence, Digest: v.IndexDigest, Issued: v.Clocks.Issued}
	for i := range v.Feeds {
		f := &v.Feeds[i]
		out.Feeds = append(out.Feeds, r.reportFeed(v, f, copies))
		if verdict := Judge(v.Order, r.Terms(), f.ID); f.State == order.Serve && !verdict.Search && verdict.Cause != CauseNoRelease {
			out.Refusals = append(out.Refusals, report.Refusal{
				Subject: order.KindFeed + " " + f.ID, Reason: string(verdict.Cause), Message: verdict.Message,
			})
		}
	}
	// A copy that the order no longer speaks of is still a copy.
	for _, id := range slices.Sorted(maps.Keys(copies)) {
		if v.Feed(id) == nil {
			out.Orphans = append(out.Orphans, report.Orphan{Kind: order.KindFeed, Name: id, UID: copies[id].UID})
		}
	}
	return out
}

func (r *Region) reportFeed(v *Verified, f *order.Feed, copies Copies) report.Feed {
	out := report.Feed{ID: f.ID, UID: f.UID, State: string(f.State), Wanted: f.Release}
	if held, ok := copies[f.ID]; ok {
		out.Held, out.Content, out.ListDate = held.Release, held.Content, held.ListDate
		out.Records, out.Bytes = held.Records, held.Size
		served := r.Served(f.ID)
		out.Served, out.Servers = served.Release, served.Pods
		out.Retained = held.releases()
		out.Blocks = r.blocksLive(v, f)
	}
	out.Receipt, _ = r.store.Receipt(f.ID) // one that cannot be read is made again by the hub's next request
	if Judge(v.Order, r.Terms(), f.ID).Hold && !r.outdated() {
		// A key that cannot be made is reported by what is not held.
		if keys, err := r.store.FeedKeys(f.ID, f.Epoch); err == nil {
			out.Keys = &keys
		}
		out.NeedsFull = r.needsFull(f.ID)
	}
	if f.State != order.Serve {
		return out
	}
	if copies.current(f) {
		// What is held may still not be what is searched.
		failure := r.Failure(f.ID)
		out.Reason, out.Message = failure.Reason, failure.Message
		return out
	}
	if verdict := Judge(v.Order, r.Terms(), f.ID); !verdict.Search {
		out.Reason, out.Message = string(verdict.Cause), verdict.Message
	} else if failure := r.Failure(f.ID); failure.Reason != "" {
		out.Reason, out.Message = failure.Reason, failure.Message
	} else {
		out.Reason, out.Message = "Pulling", fmt.Sprintf("release v%d of %s is being pulled", f.Release, f.ID)
	}
	return out
}
