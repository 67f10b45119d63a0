// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-logr/logr"
	"golang.org/x/time/rate"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/dataset"
)

// Fetcher brings a snapshot into a folder and proves its digests; it is an *artifact.Registry.
type Fetcher interface {
	FetchSnapshot(ctx context.Context, repo, manifestDigest string, o artifact.FetchOptions) (artifact.Snapshot, error)
}

// Options of a loader.
type Options struct {
	// Region and Pool are whose target is taken; any other is refused.
	Region, Pool string
	// Pod names this pod in acknowledgements.
	Pod string
	// Dir is the dataset directory, Ack the folder the engine acknowledges in.
	Dir dataset.Dir
	Ack string

	Agent    *Agent
	Registry Fetcher
	// Verifier holds targets against the pinned root; nil, in tests of what comes
	// after it, takes the agent's word.
	Verifier *Verifier
	// Metrics counts what happens; nil counts for nobody.
	Metrics *Metrics

	// Poll is the interval behind file notifications (default 5 s), Repeat that
	// of acknowledgements which say nothing new (default 30 s), so that an agent
	// that restarted learns what is served.
	Poll, Repeat time.Duration
	// Retry is the first and RetryMax the longest pause after a failure (defaults 500 ms, 30 s).
	Retry, RetryMax time.Duration
	// FreeBytes says what the folder's file system has left; nil asks the kernel.
	FreeBytes func(folder string) (int64, error)
}

// Loader keeps one dataset directory equal to what the agent says.
type Loader struct {
	o        Options
	incoming string
	targets  chan struct{} // a new target is there
	acks     chan struct{} // what there is to tell the agent changed

	files sync.Mutex // held while a set is installed or old files are removed

	mu      sync.Mutex
	target  *dataset.Target
	digest  string             // of target.Set
	cancel  context.CancelFunc // ends the fetches for a target that was replaced
	refusal string             // why the target is not installed in full; empty when it is
}

// New returns a loader; Run starts it.
func New(o Options) *Loader {
	o.Poll = defaultTo(o.Poll, 5*time.Second)
	o.Repeat = defaultTo(o.Repeat, 30*time.Second)
	o.Retry = defaultTo(o.Retry, 500*time.Millisecond)
	o.RetryMax = defaultTo(o.RetryMax, 30*time.Second)
	if o.FreeBytes == nil {
		o.FreeBytes = freeBytes
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	return &Loader{
		o:        o,
		incoming: filepath.Join(o.Dir.Root(), "incoming"),
		targets:  make(chan struct{}, 1),
		acks:     make(chan struct{}, 1),
	}
}

func defaultTo(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// Run works until the context ends. Nothing but a directory that cannot be
// written ends it before.
func (l *Loader) Run(ctx context.Context) error {
	if err := l.o.Dir.Prepare(); err != nil {
		return err
	}
	if err := os.MkdirAll(l.incoming, 0o700); err != nil {
		return fmt.Errorf("dataset directory: %w", err)
	}
	log := logr.FromContextOrDiscard(ctx)
	l.checkMemory(log)
	kept, found, err := loadTarget(l.o.Dir)
	if err != nil {
		log.Info("Starting without a target", "cause", err.Error())
	}
	etag := ""
	if found {
		if err := l.accept(ctx, kept.Target); err != nil {
			log.Info("Starting without a target", "cause", err.Error())
		} else if len(missing(kept.Target, l.o.Dir.HasBlob)) == 0 && !lacksBlocks(kept.Target, l.o.Dir.HasBlob) {
			// What is missing needs keys, which the agent alone has.
			etag = kept.ETag
		}
	}
	var loops sync.WaitGroup
	loops.Go(func() { l.follow(ctx, etag) })
	loops.Go(func() { l.install(ctx) })
	loops.Go(func() { l.acknowledge(ctx) })
	loops.Wait()
	return nil
}

// follow holds requests at the agent.
func (l *Loader) follow(ctx context.Context, etag string) {
	log := logr.FromContextOrDiscard(ctx)
	pause := l.backoff()
	// An agent that does not hold the request must not be asked in a tight loop;
	// a few targets that follow each other quickly, as an order and its content
	// do, are no reason to wait.
	often := rate.NewLimiter(rate.Every(l.o.Retry), 8)
	away := false
	for often.Wait(ctx) == nil {
		target, tag, changed, err := l.o.Agent.Target(ctx, etag)
		if err == nil && changed {
			err = l.accept(ctx, target)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !away {
				log.Info("No target from the agent; what is loaded goes on serving", "cause", err.Error())
			}
			away = true
			l.o.Metrics.agentFailures.Inc()
			rest(ctx, pause.NextBackOff())
			continue
		case changed:
			etag = tag
			if err := saveTarget(l.o.Dir, stored{ETag: tag, Target: target}); err != nil {
				log.Error(err, "A restarted loader would wait for the agent")
			}
		}
		if away {
			log.Info("The agent answers again")
			away = false
			signal(l.acks) // it may have restarted and know nothing of this pod
		}
		l.o.Metrics.contact.SetToCurrentTime()
		pause.Reset()
	}
}

// accept makes the target the current one and its clocks the engine's.
func (l *Loader) accept(ctx context.Context, target dataset.Target) error {
	if target.Set.Region != l.o.Region || target.Set.Pool != l.o.Pool {
		return fmt.Errorf("the agent's target is for pool %s of region %s, this loader is of pool %s of region %s; look at the certificates",
			target.Set.Pool, target.Set.Region, l.o.Pool, l.o.Region)
	}
	_, digest, err := dataset.Encode(target.Set)
	if err != nil {
		return err
	}
	if l.o.Verifier != nil {
		if err := l.o.Verifier.Check(ctx, target); err != nil {
			l.setRefusal(err)
			return err
		}
	}
	if err := l.o.Dir.WriteClocks(target.Clocks); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if digest != l.digest && l.cancel != nil {
		l.cancel()
	}
	l.target, l.digest = &target, digest
	signal(l.targets)
	return nil
}

// install makes the directory equal to the target, again and again until it is.
func (l *Loader) install(ctx context.Context) {
	log := logr.FromContextOrDiscard(ctx)
	pause := l.backoff()
	retry := time.NewTimer(0)
	retry.Stop()
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.targets:
			pause.Reset()
		case <-retry.C:
		}
		target, digest, work, cancel := l.current(ctx)
		err := l.apply(work, target)
		replaced := work.Err() != nil
		cancel()
		if ctx.Err() != nil {
			return
		}
		if replaced && err != nil {
			continue // the newer target has been signalled
		}
		l.setRefusal(err)
		if err == nil {
			continue
		}
		wait := pause.NextBackOff()
		log.Info("The target is not installed in full; the old content goes on serving",
			"set", digest, "cause", err.Error(), "retry", wait.String())
		retry.Reset(wait)
	}
}

// current returns the target and a context that ends when another replaces it.
func (l *Loader) current(ctx context.Context) (dataset.Target, string, context.Context, context.CancelFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	work, cancel := context.WithCancel(ctx)
	l.cancel = cancel
	return *l.target, l.digest, work, cancel
}

func (l *Loader) setRefusal(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusal != text {
		l.refusal = text
		signal(l.acks)
	}
}

func (l *Loader) backoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = l.o.Retry, l.o.RetryMax
	b.Reset()
	return b
}

// signal marks the channel; a mark nobody has taken yet is enough.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// rest waits for the duration or the end of the context.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
