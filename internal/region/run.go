// SPDX-License-Identifier: Apache-2.0

package region

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/inventory"
	"github.com/frontline-screening/frontline/internal/order"
)

const (
	// feedsAtOnce bounds the feeds that are worked on at once.
	feedsAtOnce = 8
	// lineRetry is the longest pause before a transfer that the line broke is
	// taken up again, otherRetry that of everything else.
	lineRetry  = 8 * time.Second
	otherRetry = time.Minute
	// firstAudit is how long after its start a region first compares its registry
	// with what is recorded: a volume may have been lost meanwhile.
	firstAudit = time.Minute
	// AuditInterval is the time between two audits when nothing else is said.
	AuditInterval = time.Hour
)

// CleanUp removes what earlier releases left in the region's registry and
// completes erasures. What cannot be removed stays recorded for the next time;
// the copies held are as good as before, so that no feed fails by it.
func (p *Replicator) CleanUp(ctx context.Context) error {
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(p.region.Copies())) {
		if err := p.cleanUp(ctx, id); err != nil {
			if _, later := errors.AsType[*laterError](err); !later {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func (p *Replicator) cleanUp(ctx context.Context, id string) error {
	copies := p.region.Copies()
	if f := p.ending(id, copies); f != nil {
		return p.destroyKeys(ctx, f, copies[id])
	}
	if f := p.overfull(id, copies); f != nil {
		next := copies[id].trimmed(f)
		if err := p.region.setCopy(id, &next); err != nil {
			return err
		}
		copies = p.region.Copies()
	}
	return errors.Join(p.region.store.clearErased(id), p.retire(ctx, id, copies[id]))
}

// overfull returns the feed if the order in force, whose release is held,
// retains less than is retained; nil otherwise.
func (p *Replicator) overfull(id string, copies Copies) *order.Feed {
	v := p.region.Verified()
	if v == nil {
		return nil
	}
	f := v.Feed(id)
	if f == nil || f.State == order.Erase || !copies.current(f) || len(copies[id].trimmed(f).Retained) == len(copies[id].Retained) {
		return nil
	}
	return f
}

// retire deletes the artifacts that are left over and lets the registry remove
// what they alone referred to. In one registry with the hub the hub alone
// removes releases.
func (p *Replicator) retire(ctx context.Context, id string, held Copy) error {
	if len(held.Leftovers) == 0 {
		return nil
	}
	var kept []string
	var errs []error
	for _, manifest := range held.Leftovers {
		if p.shared() {
			continue
		}
		if err := p.to.Delete(ctx, artifact.FeedRepository(p.region.name, id), manifest); err != nil && !errors.Is(err, artifact.ErrDeletionUnsupported) {
			kept, errs = append(kept, manifest), append(errs, err)
		}
	}
	errs = append(errs, p.region.setLeftovers(id, kept))
	if len(kept) < len(held.Leftovers) {
		errs = append(errs, p.collect(ctx))
	}
	return errors.Join(errs...)
}

// collect lets the region's registry remove what nothing refers to. One that
// does so in its own time, or belongs to the hub, is not asked.
func (p *Replicator) collect(ctx context.Context) error {
	if p.shared() {
		return nil
	}
	_, err := p.to.Collect(ctx, artifact.CollectOptions{})
	if errors.Is(err, artifact.ErrCollectUnsupported) {
		return nil
	}
	return err
}

// job is what is to be done about one feed. Another key is another job.
type job struct {
	key string
	run func(context.Context) error
}

// jobs are what is to be done, by feed.
func (p *Replicator) jobs() map[string]job {
	steps, err := p.plan()
	if err != nil {
		p.log.Error(err, "The keys of a feed cannot be read", "region", p.region.name)
	}
	out := map[string]job{}
	for _, step := range steps {
		key := "erase"
		if step.Pull != nil {
			key = "pull " + step.Pull.Artifact
		}
		out[step.Feed] = job{key: key, run: func(ctx context.Context) error { return p.take(ctx, step) }}
	}
	copies := p.region.Copies()
	for id, held := range copies {
		if _, busy := out[id]; busy {
			continue
		}
		key := "retire"
		if f := p.ending(id, copies); f != nil {
			key = fmt.Sprintf("destroy keys below %d, releases below %d", f.KeyFloor, f.Floor)
		} else if len(held.Leftovers) == 0 && p.overfull(id, copies) == nil {
			continue
		}
		out[id] = job{key: key, run: func(ctx context.Context) error { return p.cleanUp(ctx, id) }}
	}
	return out
}

// running is a job under way.
type running struct {
	key    string
	cancel context.CancelFunc
	// stale says that something changed since it began, broken that it was broken off.
	stale, broken bool
}

func (r *running) breakOff() {
	r.broken = true
	r.cancel()
}

// pausing is a job that waits before it is tried again.
type pausing struct {
	key      string
	until    time.Time
	failures int
	wake     bool
}

// ended is what a job came to; the audit is the job of no feed.
type ended struct {
	feed string
	err  error
}

// Run keeps the copies as ordered until the context ends. Each feed is worked
// on by itself, so that no small change waits for another feed's full copy, and
// what is no longer ordered is broken off.
func (p *Replicator) Run(ctx context.Context) error {
	r := &runner{p: p, running: map[string]*running{}, pauses: map[string]pausing{}, done: make(chan ended)}
	r.audit = time.Now().Add(inventory.Pause(min(firstAudit, p.auditEvery())))
	r.auditor = NewAuditor(p)
	for ctx.Err() == nil {
		changed := p.region.Changed()
		p.pace()
		timer := time.NewTimer(r.start(ctx))
		select {
		case <-ctx.Done():
		case <-changed:
			r.wake()
		case e := <-r.done:
			r.end(ctx, e)
		case <-timer.C:
		}
		timer.Stop()
	}
	for len(r.running) > 0 { // their context has ended
		r.end(ctx, <-r.done)
	}
	return nil
}

func (p *Replicator) auditEvery() time.Duration {
	if p.AuditEvery > 0 {
		return p.AuditEvery
	}
	return AuditInterval
}

// runner is the state of Run, which alone uses it.
type runner struct {
	p       *Replicator
	running map[string]*running
	pauses  map[string]pausing
	done    chan ended
	auditor *inventory.Auditor
	audit   time.Time
}

const auditJob = "" // no feed has this id

// start breaks off what is no longer wanted, begins what may begin, and
// returns how long nothing else becomes due by itself.
func (r *runner) start(ctx context.Context) time.Duration {
	jobs := r.p.jobs()
	for id, work := range r.running {
		if id != auditJob && jobs[id].key != work.key {
			work.breakOff()
		}
	}
	now := time.Now()
	next := now.Add(r.p.auditEvery())
	for _, id := range slices.Sorted(maps.Keys(jobs)) {
		j := jobs[id]
		if pause := r.pauses[id]; pause.key == j.key && now.Before(pause.until) {
			next = earlier(next, pause.until)
			continue
		}
		if r.running[id] != nil || len(r.running) >= feedsAtOnce {
			continue // whatever ends makes room and asks again
		}
		if audit := r.running[auditJob]; audit != nil {
			audit.breakOff() // it compares what stands still
			continue
		}
		r.begin(ctx, id, j)
	}
	maps.DeleteFunc(r.pauses, func(id string, _ pausing) bool { _, wanted := jobs[id]; return !wanted })
	switch {
	case len(r.running) > 0: // the end of it asks again, also for the audit
	case now.Before(r.audit):
		next = earlier(next, r.audit)
	default:
		r.begin(ctx, auditJob, job{key: "audit", run: r.compare})
	}
	return max(next.Sub(now), 10*time.Millisecond)
}

func (r *runner) begin(ctx context.Context, id string, j job) {
	work, cancel := context.WithCancel(ctx)
	r.running[id] = &running{key: j.key, cancel: cancel}
	go func() { r.done <- ended{feed: id, err: j.run(work)} }()
}

// wake lets what waits for a change look again.
func (r *runner) wake() {
	for _, work := range r.running {
		work.stale = true
	}
	maps.DeleteFunc(r.pauses, func(_ string, pause pausing) bool { return pause.wake })
}

// end takes note of how a job ended and when it is tried again.
func (r *runner) end(ctx context.Context, e ended) {
	work := r.running[e.feed]
	delete(r.running, e.feed)
	work.cancel()
	if e.feed == auditJob {
		r.audit = time.Now().Add(inventory.Pause(r.p.auditEvery()))
		if work.broken {
			r.audit = time.Now().Add(inventory.Pause(min(firstAudit, r.p.auditEvery())))
		}
		return
	}
	before := r.pauses[e.feed]
	delete(r.pauses, e.feed)
	if e.err == nil || ctx.Err() != nil || work.broken {
		return
	}
	pause := pausing{key: work.key}
	if later, is := errors.AsType[*laterError](e.err); is {
		if later.wake && work.stale {
			return
		}
		pause.until, pause.wake = time.Now().Add(later.after), later.wake
		r.pauses[e.feed] = pause
		return
	}
	if before.key == work.key {
		pause.failures = before.failures
	}
	pause.failures++
	wait := jitter(min(time.Second<<min(pause.failures-1, 6), longestRetry(e.err)))
	pause.until = time.Now().Add(wait)
	r.pauses[e.feed] = pause
	r.p.log.Info("A copy is not as ordered; what is held goes on serving", "region", r.p.region.name, "feed", e.feed,
		"cause", e.err.Error(), "retry", wait.String())
}

func longestRetry(err error) time.Duration {
	if failureReason(err) == FailurePull && !errors.Is(err, artifact.ErrNotFound) {
		return lineRetry
	}
	return otherRetry
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// compare audits once, and lets the registry remove what broken transfers left.
func (r *runner) compare(ctx context.Context) error {
	outcome, err := r.auditor.Once(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err = errors.Join(err, r.p.collect(ctx))
	if err != nil || len(outcome.Left) > 0 {
		r.p.log.Info("The registry is not as recorded; it is compared again later", "region", r.p.region.name, "left", outcome.Left, "cause", text(err))
	}
	if r.p.Audited != nil {
		r.p.Audited(outcome, err)
	}
	return nil
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
