// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

const (
	// revised is how many records a delta changes.
	revised = 1000
	// readers are the clients that ask while it goes live.
	readers = 2
)

// reviseOrder asks the child to make a snapshot current while clients search.
type reviseOrder struct {
	Path   string `json:"path"`
	Digest string `json:"digest"`
	// From is the number of the first query; Quiet is how long clients search before,
	// After how long they go on, in seconds.
	From  int     `json:"from"`
	Quiet float64 `json:"quiet"`
	After float64 `json:"after"`
}

// reviseResult is in milliseconds.
type reviseResult struct {
	// Took is from the snapshot at hand, not yet opened, until Engine.Update returned.
	Took float64 `json:"took"`
	// Quiet are queries that ended before it began, During those that were under way
	// in it, After those that began when it had ended.
	Quiet  []float64 `json:"quiet"`
	During []float64 `json:"during"`
	After  []float64 `json:"after"`
}

func (c *child) revise(ctx context.Context, o reviseOrder) (*reviseResult, error) {
	type asked struct {
		from time.Time
		took float64
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		all   []asked
		fails error
	)
	for reader := range readers {
		group.Go(func() {
			var own []asked
			var failed error
			for i := o.From + reader; ctx.Err() == nil && failed == nil; i += readers {
				_, subject := c.asker.mixed(i)
				from := time.Now()
				took, err := c.ask(context.WithoutCancel(ctx), subject)
				own, failed = append(own, asked{from, took}), err
			}
			mu.Lock()
			defer mu.Unlock()
			all, fails = append(all, own...), errors.Join(fails, failed)
		})
	}
	time.Sleep(time.Duration(o.Quiet * float64(time.Second)))
	began := time.Now()
	took, err := c.load(o.Path, o.Digest)
	ended := began.Add(took)
	if err == nil {
		time.Sleep(time.Duration(o.After * float64(time.Second)))
	}
	stop()
	group.Wait()
	r := &reviseResult{Took: milliseconds(took)}
	for _, a := range all {
		until := a.from.Add(time.Duration(a.took * float64(time.Millisecond)))
		switch {
		case until.Before(began):
			r.Quiet = append(r.Quiet, a.took)
		case a.from.After(ended):
			r.After = append(r.After, a.took)
		default:
			r.During = append(r.During, a.took)
		}
	}
	return r, errors.Join(err, fails)
}

// measureDelta: a changed list goes live while clients search.
func measureDelta(ctx context.Context, b *bench) error {
	p, err := b.rested(ctx)
	if err != nil {
		return err
	}
	path, people := b.list.Path, b.people()
	var took, quiet, during, after []float64
	for i := range b.count(12, 2) {
		people = people.Revise(min(revised, b.entities/10))
		next := filepath.Join(b.dir, fmt.Sprintf("revised-%d.snapshot", i))
		built, err := revisedSnapshot(ctx, path, people, next)
		if err != nil {
			return err
		}
		if path != b.list.Path {
			// The child has it mapped, which a file without a name does not end.
			if err := os.Remove(path); err != nil {
				return err
			}
		}
		path = next
		r, err := p.do(order{Revise: &reviseOrder{
			Path: next, Digest: built.Digest, From: 5_000_000 + i*100_000, Quiet: float64(b.count(3, 1)), After: 1,
		}})
		if err != nil {
			return err
		}
		took = append(took, r.Revise.Took)
		quiet, during, after = append(quiet, r.Revise.Quiet...), append(during, r.Revise.During...), append(after, r.Revise.After...)
	}
	b.serving, err = nil, p.stop() // its list is another now
	for _, values := range [][]float64{took, quiet, during, after} {
		slices.Sort(values)
	}
	f := spread(fmt.Sprintf("a delta of %d changes live, %d people: most", revised, b.entities), "ms", took[len(took)-1], took)
	b.add(f.atMost(250).aim(50).noted("median %s; %d clients ask meanwhile", number(at(took, 0.5)), readers))
	if len(quiet) == 0 || len(during) == 0 {
		return errors.Join(err, errors.New("no query was asked in time"))
	}
	twice := 2 * at(quiet, 0.99)
	most := single("the slowest query while a delta goes live, of the quiet p99", "times", during[len(during)-1]/at(quiet, 0.99), len(during))
	b.add(most.atMost(2).noted("while it goes live %s; over twice the quiet p99 were %s %% of these and %s %% of the quiet ones", shape(during), number(over(during, twice)), number(over(quiet, twice))))
	b.add(quantile("queries between deltas, 2 clients: p99", "ms", 0.99, quiet).noted("%s", shape(quiet)))
	if len(after) > 0 {
		b.add(quantile("queries in the second after a delta: p99", "ms", 0.99, after).noted("%s", shape(after)))
	}
	return err
}

// over is the share of the sorted values that are above a limit, in percent.
func over(sorted []float64, limit float64) float64 {
	above := len(sorted) - sort.Search(len(sorted), func(i int) bool { return sorted[i] > limit })
	return 100 * float64(above) / float64(len(sorted))
}

// revisedSnapshot makes the snapshot of revised people from the one before.
func revisedSnapshot(ctx context.Context, before string, people *synthetic.People, path string) (snapshot.Built, error) {
	old, err := snapshot.Open(before)
	if err != nil {
		return snapshot.Built{}, err
	}
	defer old.Close()
	rev := people.Revision()
	instead := map[string]*watchlist.Record{}
	for _, i := range rev.Changed {
		r, _ := people.At(i)
		instead[r.ID] = &r
	}
	for _, i := range rev.Removed {
		r, _ := people.At(i)
		instead[r.ID] = nil
	}
	return writeSnapshot(ctx, path, func(add func(*watchlist.Record) error) error {
		for r, err := range old.All() {
			if err != nil {
				return err
			}
			next, changes := instead[r.ID]
			if !changes {
				next = &r
			}
			if next != nil {
				if err := add(next); err != nil {
					return err
				}
			}
		}
		for _, i := range rev.Added {
			if r, ok := people.At(i); ok {
				if err := add(&r); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
