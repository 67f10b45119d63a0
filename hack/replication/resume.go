// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/hack/replication/internal/site"
)

// begun is how many bytes have to arrive after a cut for a transfer to count as
// going on: more than handshakes and questions take.
const begun = 24 << 10

// measureResume cuts transfers of a full copy and compares with one that was
// left alone. What is more, divided by the cuts, bounds what was sent twice: it
// holds what lay in the line's queue and TCP's retransmissions too, and, where
// the line was cut, handshakes and questions. Those of an agent that was killed
// are measured alone and taken off.
func measureResume(ctx context.Context, b *bench) (err error) {
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
	rate := int64(bitsPerSecond)
	if b.quick {
		rate /= 8
	}
	if err := s.Line.SetRate(ctx, rate); err != nil {
		return err
	}
	if _, err := carry(ctx, s, publish(s, l)); err != nil {
		return err
	}
	// Another key means a full copy with all layers sealed anew.
	full, err := carry(ctx, s, s.Hub.Rotate)
	if err != nil {
		return err
	}
	b.add(row{Promise: "resume", Measure: "a full copy, left alone", Unit: "bytes"}, full)
	back, err := comebacks(ctx, s, b.count(5, 1))
	if err != nil {
		return err
	}
	b.add(row{Promise: "resume", Measure: "an agent comes back that has nothing to copy", Unit: "KiB"}, back...)
	rng := rand.New(rand.NewPCG(seed, 6)) //nolint:gosec // a schedule that can be repeated
	for _, kind := range []struct {
		name            string
		cuts, transfers int
		cut             cutting
		// beside is what a cut takes that is no payload, in KiB.
		beside float64
	}{
		{"the line was cut", 10, b.count(3, 1), cutLine, 0},
		{"the agent was killed (-9)", 1, b.count(6, 1), killAgent, at(back, 0.5)},
	} {
		if b.quick {
			kind.cuts = min(kind.cuts, 2)
		}
		var extra, total, restarts []float64
		for range kind.transfers {
			got, after, err := transfer(ctx, b, s, rng, full, kind.cuts, kind.cut)
			if err != nil {
				return fmt.Errorf("%s: %w", kind.name, err)
			}
			extra = append(extra, max((got-full)/1024/float64(kind.cuts)-kind.beside, 0))
			total = append(total, 100*got/full)
			restarts = append(restarts, after...)
		}
		promise := "resume, " + kind.name
		b.add(row{
			Promise: promise, Measure: fmt.Sprintf("payload repeated for each cut, at most, %d in a transfer", kind.cuts), Unit: "KiB", Judged: "max", Limit: 64,
		}, extra...)
		b.add(row{Promise: promise, Measure: "bytes in all", Unit: "% of the copy left alone", Judged: "max", Limit: 103}, total...)
		b.add(row{Promise: promise, Measure: "until bytes arrive again", Unit: "ms", Judged: "max", Limit: 10_000}, restarts...)
	}
	return nil
}

// comebacks measures what the line carries, both ways, when an agent is killed and
// started again that has nothing to copy: handshakes, the order, a report. In KiB.
func comebacks(ctx context.Context, s *site.Site, n int) ([]float64, error) {
	var out []float64
	for range n {
		down, up, err := s.Line.Bytes()
		if err != nil {
			return nil, err
		}
		if err := errors.Join(s.Agent.Kill(), s.StartAgent(ctx)); err != nil {
			return nil, err
		}
		rest(ctx, 3*time.Second)
		downAfter, upAfter, err := s.Line.Bytes()
		if err != nil {
			return nil, err
		}
		out = append(out, float64(downAfter-down+upAfter-up)/1024)
	}
	slices.Sort(out)
	return out, ctx.Err()
}

// cutting cuts and returns how long it took until bytes arrived again.
type cutting func(context.Context, *bench, *site.Site, *rand.Rand) (time.Duration, error)

// transfer moves a full copy with cuts at random places of it.
func transfer(ctx context.Context, b *bench, s *site.Site, rng *rand.Rand, full float64, cuts int, cut cutting) (total float64, restarts []float64, err error) {
	places := make([]float64, cuts)
	for i := range places {
		places[i] = (0.02 + 0.8*rng.Float64()) * full
	}
	slices.Sort(places)
	total, err = carry(ctx, s, func(ctx context.Context) error {
		start, _, err := s.Line.Bytes()
		if err != nil {
			return err
		}
		if err := s.Hub.Rotate(ctx); err != nil {
			return err
		}
		for _, place := range places {
			if err := arrived(ctx, s, start+int64(place)); err != nil {
				return err
			}
			after, err := cut(ctx, b, s, rng)
			if err != nil {
				return err
			}
			restarts = append(restarts, milliseconds(after))
		}
		return nil
	})
	return total, restarts, err
}

// arrived waits until the line has brought so many bytes in all.
func arrived(ctx context.Context, s *site.Site, bytes int64) error {
	for {
		down, _, err := s.Line.Bytes()
		if err != nil || down >= bytes {
			return err
		}
		rest(ctx, 5*time.Millisecond)
		if ctx.Err() != nil {
			return fmt.Errorf("%d bytes did not arrive: %w", bytes, ctx.Err())
		}
	}
}

// resumed measures until the line brings bytes again.
func resumed(ctx context.Context, s *site.Site) (time.Duration, error) {
	start := time.Now()
	down, _, err := s.Line.Bytes()
	if err == nil {
		err = arrived(ctx, s, down+begun)
	}
	return time.Since(start), err
}

func cutLine(ctx context.Context, b *bench, s *site.Site, rng *rand.Rand) (time.Duration, error) {
	if err := s.Line.Cut(ctx); err != nil {
		return 0, err
	}
	longest := 5000
	if b.quick {
		longest = 1000
	}
	rest(ctx, time.Duration(500+rng.IntN(longest-500))*time.Millisecond)
	if err := s.Line.Restore(ctx); err != nil {
		return 0, err
	}
	return resumed(ctx, s)
}

// killAgent kills the process that copies and starts another at once, as a
// kubelet does.
func killAgent(ctx context.Context, _ *bench, s *site.Site, _ *rand.Rand) (time.Duration, error) {
	if err := s.Agent.Kill(); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := s.StartAgent(ctx); err != nil {
		return 0, err
	}
	_, err := resumed(ctx, s)
	return time.Since(start), err
}
