// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/frontline-screening/frontline/hack/replication/internal/site"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

// patience is how long one step may take before a run gives up.
const patience = 10 * time.Minute

// carry does something that makes the hub order another artifact, and returns
// the bytes that the line carried in both directions until the region holds it.
func carry(ctx context.Context, s *site.Site, do func(context.Context) error) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before, upBefore, err := s.Line.Bytes()
	if err != nil {
		return 0, err
	}
	if err := do(ctx); err != nil {
		return 0, err
	}
	if _, err := s.AwaitHeld(ctx, s.Hub.Artifact()); err != nil {
		return 0, err
	}
	// The report that says so belongs to it, a second later, and what TCP has yet to say.
	rest(ctx, 1300*time.Millisecond)
	down, up, err := s.Line.Bytes()
	return float64(down - before + up - upBefore), err
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// publish builds the list as it is and publishes it.
func publish(s *site.Site, l *lists) func(context.Context) error {
	return func(ctx context.Context) error {
		built, err := l.build()
		if err != nil {
			return err
		}
		return s.Hub.Publish(ctx, built)
	}
}

// relieve gives the region the full copy that the hub owes it.
func relieve(ctx context.Context, s *site.Site) error {
	if !s.Hub.Heavy() {
		return nil
	}
	if err := s.Hub.Recut(ctx); err != nil {
		return err
	}
	_, err := s.AwaitHeld(ctx, s.Hub.Artifact())
	return err
}

func measureWire(ctx context.Context, b *bench) (err error) {
	s, err := b.open(ctx, b.line)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	l, err := newLists(b, b.records)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	full, err := carry(ctx, s, publish(s, l))
	if err != nil {
		return err
	}
	b.add(row{Promise: "bytes on the line", Measure: "a full copy", Unit: "bytes"}, full)

	n := b.count(3, 1)
	for _, change := range []struct {
		share float64
		mode  synthetic.Mode
		name  string
		limit float64
	}{
		{0.001, synthetic.Scattered, "0.1 % scattered", 0},
		{0.01, synthetic.Scattered, "1 % scattered, row rewrites included", 1.5},
		{0.05, synthetic.Scattered, "5 % scattered", 0},
		{0.001, synthetic.Hashed, "0.1 % clustered in shards", 0},
		{0.01, synthetic.Hashed, "1 % clustered in shards", 1},
		{0.05, synthetic.Hashed, "5 % clustered in shards", 0},
		{0.01, synthetic.Clustered, "1 % clustered in the publisher's order", 0},
	} {
		if b.quick && change.limit == 0 {
			continue
		}
		var shares []float64
		for range n {
			l.edit(change.share, change.mode)
			bytes, err := carry(ctx, s, publish(s, l))
			if err != nil {
				return fmt.Errorf("%s: %w", change.name, err)
			}
			shares = append(shares, 100*bytes/full)
			if err := relieve(ctx, s); err != nil {
				return err
			}
		}
		r := row{Promise: "bytes on the line", Measure: change.name, Unit: "% of a full copy"}
		if change.limit > 0 {
			r.Judged, r.Limit = "max", change.limit
		}
		b.add(r, shares...)
	}
	return nil
}

// measureEver looks for the most that ever moves, as a share of a full copy of
// the same release.
func measureEver(ctx context.Context, b *bench) (err error) {
	s, err := b.open(ctx, b.line)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	l, err := newLists(b, b.records)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := publish(s, l)(ctx); err != nil {
		return err
	}
	if _, err := s.AwaitHeld(ctx, s.Hub.Artifact()); err != nil {
		return err
	}
	var worst []float64
	// Another key means a full copy of the same release, left alone.
	say := func(what string, bytes float64, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		full, err := carry(ctx, s, s.Hub.Rotate)
		if err != nil {
			return fmt.Errorf("%s, a full copy: %w", what, err)
		}
		share := 100 * bytes / full
		worst = append(worst, share)
		b.add(row{Promise: "never more than", Measure: what, Unit: "% of a full copy"}, share)
		return nil
	}
	change := func(ctx context.Context) error {
		l.edit(0.01, synthetic.Scattered)
		return publish(s, l)(ctx)
	}
	bytes, err := carry(ctx, s, change)
	if err := say("warm, the release before is held", bytes, err); err != nil {
		return err
	}
	behinds, chains := []int{4, 12}, []int{5, 8}
	if b.quick {
		behinds, chains = []int{2}, []int{2}
	}
	for _, behind := range behinds {
		bytes, err := carry(ctx, s, func(ctx context.Context) error {
			if err := s.Agent.Kill(); err != nil {
				return err
			}
			for range behind {
				if err := change(ctx); err != nil {
					return err
				}
			}
			return s.StartAgent(ctx)
		})
		if err := say(fmt.Sprintf("behind by %d releases", behind), bytes, err); err != nil {
			return err
		}
		if err := relieve(ctx, s); err != nil {
			return err
		}
	}
	bytes, err = carry(ctx, s, func(ctx context.Context) error {
		if err := s.Agent.Kill(); err != nil {
			return err
		}
		if err := errors.Join(change(ctx), s.Hub.Recut(ctx)); err != nil {
			return err
		}
		return s.StartAgent(ctx)
	})
	if err := say("behind a new base", bytes, err); err != nil {
		return err
	}
	bytes, err = carry(ctx, s, s.Hub.Rotate)
	if err := say("another key", bytes, err); err != nil {
		return err
	}
	// Deltas on top, few and many, then everything is lost, volume and state alike.
	for _, chain := range chains {
		for range chain {
			if err := change(ctx); err != nil {
				return err
			}
		}
		if _, err := s.AwaitHeld(ctx, s.Hub.Artifact()); err != nil {
			return err
		}
		bytes, err = carry(ctx, s, func(ctx context.Context) error { return loseCopies(ctx, s) })
		if err := say(fmt.Sprintf("fresh, of a release with a chain of %d deltas", chain), bytes, err); err != nil {
			return err
		}
	}
	b.add(row{Promise: "never more than", Measure: "all of these", Unit: "% of a full copy", Judged: "max", Limit: 105}, worst...)
	return nil
}

// loseCopies empties the region's registry and forgets what it held, as when a
// volume is lost; the region asks for a full copy, and the hub cuts it.
func loseCopies(ctx context.Context, s *site.Site) error {
	if err := s.Agent.Kill(); err != nil {
		return err
	}
	if err := s.NewVolume(); err != nil {
		return err
	}
	if err := os.WriteFile(s.StateDir()+"/copies.json", []byte("{}\n"), 0o600); err != nil {
		return err
	}
	if err := s.StartAgent(ctx); err != nil {
		return err
	}
	either, cancel := context.WithCancel(ctx)
	defer cancel()
	asked := make(chan bool, 2)
	go func() { asked <- s.AwaitNeedsFull(either) == nil }()
	go func() {
		_, err := s.AwaitHeld(either, s.Hub.Artifact())
		asked <- err != nil
	}()
	if !<-asked {
		return ctx.Err() // few enough deltas to be taken as they are
	}
	return s.Hub.Recut(ctx)
}
