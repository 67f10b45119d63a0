// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/frontline-screening/frontline/hack/replication/internal/site"
	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

// marker is a person on every list of the measurement, whose handling says the edition.
const marker = "Marquenna Testkowska"

// edition is one content of both feeds.
type edition struct{ path, digest, handling string }

// reader is what one reader saw.
type reader struct {
	stalls, searches []float64
	failed, mixed    int
	example          string
}

// measureSwap swaps sets of two feeds under two readers at full speed. A stall is
// how long a reader waits for a set to search; each answer must be of one
// edition in all its parts.
func measureSwap(ctx context.Context, b *bench) (err error) {
	l, err := newLists(b, b.records)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	editions := make([]edition, 5)
	for i := range editions {
		e := &editions[i]
		e.handling = fmt.Sprintf("edition %d", i)
		built, err := l.build(watchlist.Record{
			ID: "marker", Type: watchlist.Person, Names: []watchlist.Name{{Full: marker}}, Handling: &watchlist.Handling{Text: e.handling},
		})
		if err != nil {
			return err
		}
		e.path, e.digest = built.Path, built.Digest
		l.edit(0.01, synthetic.Scattered)
	}
	engine := matcher.New(matcher.Options{Bench: true})
	defer engine.Close()
	swap := func(i int) error {
		feeds := make([]matcher.Feed, 2)
		for f := range feeds {
			s, err := snapshot.Open(editions[i%len(editions)].path)
			if err != nil {
				return err
			}
			feeds[f] = matcher.Feed{ID: fmt.Sprintf("intl.%d", f), Version: int64(i), Digest: editions[i%len(editions)].digest, Snapshot: s}
		}
		return engine.Update(feeds)
	}
	if err := swap(0); err != nil {
		return err
	}
	quiet, err := readers(ctx, engine, editions, func() error { rest(ctx, 2*time.Second); return nil })
	if err != nil {
		return err
	}
	n := b.count(1000, 30)
	var took []float64
	seen, err := readers(ctx, engine, editions, func() error {
		for i := range n {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			start := time.Now()
			if err := swap(i + 1); err != nil {
				return err
			}
			took = append(took, milliseconds(time.Since(start)))
			if (i+1)%250 == 0 {
				b.progress("  %d of %d swaps", i+1, n)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if seen.example != "" {
		b.note("swap: %s", seen.example)
	}
	b.add(row{Promise: "swap", Measure: "a reader waits for its set", Unit: "ms", Judged: "p99", Limit: 1}, seen.stalls...)
	b.add(row{Promise: "swap", Measure: fmt.Sprintf("failed of %d answers", len(seen.searches)), Unit: "answers", Judged: "max", Limit: 0}, float64(seen.failed))
	b.add(row{Promise: "swap", Measure: fmt.Sprintf("of two versions, of %d answers", len(seen.searches)), Unit: "answers", Judged: "max", Limit: 0}, float64(seen.mixed))
	b.add(row{Promise: "swap", Measure: "a search while nothing is swapped", Unit: "ms"}, quiet.searches...)
	b.add(row{Promise: "swap", Measure: "a search while sets are swapped without a pause", Unit: "ms"}, seen.searches...)
	b.add(row{Promise: "swap", Measure: "a swap, two feeds", Unit: "ms"}, took...)
	return nil
}

// readers lets two readers search at full speed while something goes on.
func readers(ctx context.Context, engine *matcher.Engine, editions []edition, during func() error) (reader, error) {
	stop := make(chan struct{})
	var all [2]reader
	var running sync.WaitGroup
	for i := range all {
		running.Go(func() { all[i].read(ctx, engine, editions, stop) })
	}
	err := during()
	close(stop)
	running.Wait()
	out := all[0]
	out.stalls, out.searches = append(out.stalls, all[1].stalls...), append(out.searches, all[1].searches...)
	out.failed, out.mixed, out.example = out.failed+all[1].failed, out.mixed+all[1].mixed, out.example+all[1].example
	return out, err
}

func (r *reader) read(ctx context.Context, engine *matcher.Engine, editions []edition, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		default:
		}
		start := time.Now()
		engine.Serving(start) // takes and gives back the hold that a search takes
		got := time.Now()
		answer, err := engine.Screen(ctx, site.Ask(marker), got)
		r.stalls = append(r.stalls, milliseconds(got.Sub(start)))
		r.searches = append(r.searches, milliseconds(time.Since(got)))
		switch {
		case ctx.Err() != nil: // the run was stopped
		case err != nil:
			r.failed++
			r.example = err.Error()
		default:
			if wrong := mixed(&answer, editions); wrong != "" {
				r.mixed++
				r.example = wrong
			}
		}
	}
}

// mixed says what of an answer is not of one edition; empty if nothing is.
func mixed(a *screen.Answer, editions []edition) string {
	if len(a.Searched) != 2 || len(a.Unavailable) != 0 {
		return fmt.Sprintf("%d feeds were searched, %d not", len(a.Searched), len(a.Unavailable))
	}
	version := a.Searched[0].Version
	e := editions[version%int64(len(editions))]
	for _, s := range a.Searched {
		if s.Version != version || s.Digest != e.digest {
			return fmt.Sprintf("feed %s is of version %d beside %d", s.Feed, s.Version, version)
		}
	}
	found := 0
	for _, c := range a.Candidates {
		if c.Record != "marker" {
			continue
		}
		found++
		if c.Handling != e.handling {
			return fmt.Sprintf("version %d answered with a record of another", version)
		}
	}
	if found != 2 {
		return fmt.Sprintf("version %d answered with %d of 2 records", version, found)
	}
	return ""
}
