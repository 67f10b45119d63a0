// SPDX-License-Identifier: Apache-2.0

// Package serve joins an engine to a dataset directory: what the loader
// installs is mapped, proved by its digest, swapped in as one set and
// acknowledged; what cannot be taken leaves the old set serving.
package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/screen"
)

const (
	retryFirst = time.Second
	retryMax   = time.Minute
)

// Options of a keeper.
type Options struct {
	// Region and Pool are whose sets are taken; any other is refused.
	Region, Pool string
	// Dir is the dataset directory, Ack the folder to acknowledge in.
	Dir dataset.Dir
	Ack string
	// Poll is the interval behind file notifications (default 5 s).
	Poll time.Duration
	// Metrics registers the keeper's numbers; nil leaves them out.
	Metrics prometheus.Registerer
}

// Keeper keeps an engine equal to a dataset directory.
type Keeper struct {
	o       Options
	engine  *matcher.Engine
	metrics *metrics

	mu     sync.Mutex
	set    dataset.Set // in use
	digest string      // of set; empty before the first

	// The following are of the loop alone.
	clocks  dataset.Clocks
	refused string // digest that could not be taken
	retryAt time.Time
	pause   time.Duration
}

// New returns a keeper of the engine; Run starts it.
func New(engine *matcher.Engine, o Options) *Keeper {
	if o.Poll <= 0 {
		o.Poll = 5 * time.Second
	}
	return &Keeper{o: o, engine: engine, metrics: newMetrics(o.Metrics)}
}

// Run works until the context ends. It fails only where the engine's own folder
// cannot be written.
func (k *Keeper) Run(ctx context.Context) error {
	// What an earlier process of this pod served is served no more.
	if err := dataset.WriteAck(k.o.Ack, dataset.Ack{}); err != nil {
		return err
	}
	changed := dataset.Watch(ctx, k.o.Poll, k.o.Dir.Root())
	for {
		k.follow(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// Ready returns nil when a set is in use whose feeds are all loaded or
// unavailable by order, else what is missing.
func (k *Keeper) Ready() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.digest == "" {
		return errors.New("no set is installed yet; the loader waits for the agent")
	}
	for _, f := range k.set.Feeds {
		if f.State == dataset.Unavailable && f.Reason == string(screen.ReasonLoading) {
			return fmt.Errorf("feed %s is loading", f.ID)
		}
	}
	return nil
}

// follow takes over the directory's clocks and set, as far as they are new.
func (k *Keeper) follow(ctx context.Context) {
	log := logr.FromContextOrDiscard(ctx)
	// Clocks first: a set that is swapped in is judged by them at once.
	clocks, err := k.o.Dir.Clocks()
	switch {
	case err == nil && !reflect.DeepEqual(clocks, k.clocks):
		k.engine.SetClocks(matcher.Clocks{
			OrderIssued: clocks.OrderIssued, SourceChecked: clocks.SourceChecked, Offline: !clocks.Connected,
		})
		k.clocks = clocks
		k.metrics.orderIssued.Set(float64(clocks.OrderIssued.Unix()))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		log.Error(err, "The clocks stay as they were")
	}

	set, digest, err := k.o.Dir.Current()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		log.Error(err, "The set in use goes on serving")
		return
	case digest == k.digest:
		if k.refused != "" { // the directory went back to what is in use
			k.refused = ""
			k.acknowledge(ctx, nil)
		}
		return
	case digest == k.refused && time.Now().Before(k.retryAt):
		return
	}
	k.take(ctx, set, digest)
}

// take makes the set the engine's, or acknowledges why not.
func (k *Keeper) take(ctx context.Context, set dataset.Set, digest string) {
	log := logr.FromContextOrDiscard(ctx)
	started := time.Now()
	err := k.swap(set)
	if err != nil {
		if _, current, cerr := k.o.Dir.Current(); cerr == nil && current != digest {
			return // it was replaced meanwhile, and its files removed: the new one is looked at next
		}
		if k.refused != digest {
			k.refused, k.pause = digest, retryFirst
		}
		k.retryAt = started.Add(k.pause)
		k.pause = min(2*k.pause, retryMax)
		k.metrics.refusals.Inc()
		log.Error(err, "A set is not taken; the set in use goes on serving", "set", digest)
		k.acknowledge(ctx, err)
		return
	}
	k.mu.Lock()
	k.set, k.digest = set, digest
	k.mu.Unlock()
	k.refused = ""
	k.metrics.taken(set)
	log.Info("Serving a set", "set", digest, "feeds", len(set.Feeds), "took", time.Since(started).String())
	k.acknowledge(ctx, nil)
}

func (k *Keeper) swap(set dataset.Set) error {
	if set.Region != k.o.Region || set.Pool != k.o.Pool {
		return fmt.Errorf("the set is for pool %s of region %s, this engine is of pool %s of region %s; look at the loader's flags",
			set.Pool, set.Region, k.o.Pool, k.o.Region)
	}
	feeds, err := k.open(set)
	if err != nil {
		return err
	}
	return k.engine.Update(feeds)
}

// acknowledge writes which set is in use, and why a newer one is not.
func (k *Keeper) acknowledge(ctx context.Context, refusal error) {
	ack := dataset.Ack{Set: k.digest, Feeds: map[string]int64{}}
	for _, f := range k.set.Feeds {
		if f.State == dataset.Serve {
			ack.Feeds[f.ID] = f.Release
			if f.Blocks != "" {
				if ack.Blocks == nil {
					ack.Blocks = map[string]string{}
				}
				ack.Blocks[f.ID] = f.Blocks
			}
		}
	}
	if refusal != nil {
		ack.Refused, ack.Error = k.refused, refusal.Error()
	}
	if err := dataset.WriteAck(k.o.Ack, ack); err != nil {
		logr.FromContextOrDiscard(ctx).Error(err, "The agent will not know what is served")
	}
}
