// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/hack/replication/internal/line"
	"github.com/frontline-screening/frontline/hack/replication/internal/site"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

// bitsPerSecond is the rate of the line that promises speak of.
const bitsPerSecond = 8_000_000

func measureLoopback(ctx context.Context, b *bench) error {
	n := b.count(200, 2)
	many := 10
	if b.quick {
		many = 2
	}
	return errors.Join(
		b.latency(ctx, latency{promise: "publish to serving, loopback", line: line.Loopback, pods: 1, n: n, limit: 1000}),
		b.latency(ctx, latency{promise: "publish to serving, loopback", line: line.Loopback, pods: many, n: n, limit: 3000}),
		// A list that never rests, for which nothing is promised: indexes are built
		// anew while the next publication is under way.
		b.latency(ctx, latency{promise: "publish to serving, loopback, one on the other", line: line.Loopback, pods: 1, n: b.count(40, 1), hurried: true}))
}

func measureLine(ctx context.Context, b *bench) error {
	return errors.Join(
		b.latency(ctx, latency{promise: "publish to serving, 8 Mbit/s", line: b.line, rate: bitsPerSecond, pods: 1, n: b.count(200, 2), limit: 3000}),
		// A satellite's line, for which nothing is promised.
		b.latency(ctx, latency{promise: "publish to serving, 8 Mbit/s, 300 ms there", line: line.Proxy, rate: bitsPerSecond, delay: 300 * time.Millisecond, pods: 1, n: b.count(20, 1)}))
}

// latency measures from the moment at which a release's file is handed to the
// hub's store to the first answer from it in the last of the pods.
type latency struct {
	promise string
	line    line.Kind
	rate    int64
	delay   time.Duration // one way
	pods, n int
	limit   float64 // in milliseconds; 0 promises nothing
	hurried bool    // the next publication does not wait until the machine rests
}

func (b *bench) latency(ctx context.Context, m latency) (err error) {
	s, err := b.open(ctx, m.line)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	l, err := newLists(b, b.records)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := b.serve(ctx, s, l, m.pods); err != nil {
		return err
	}
	if err := s.Line.SetRate(ctx, m.rate); err != nil {
		return err
	}
	s.Line.SetDelay(m.delay)
	clear(s.Hub.Steps)
	var copied, served []float64
	for i := range m.n {
		l.edit(0.01, synthetic.Scattered)
		built, err := l.build()
		if err != nil {
			return err
		}
		heldAt, servedAt, err := once(ctx, s, func(ctx context.Context) (int64, error) {
			start := site.Now()
			return start, s.Hub.Publish(ctx, built)
		})
		if err != nil {
			return fmt.Errorf("publication %d of %d: %w", i+1, m.n, err)
		}
		copied, served = append(copied, heldAt), append(served, servedAt)
		if err := relieve(ctx, s); err != nil {
			return err
		}
		if (i+1)%25 == 0 {
			b.progress("  %d of %d publications", i+1, m.n)
		}
		rest(ctx, 200*time.Millisecond) // reports and the removal of old files end
		if m.hurried || b.quick {
			continue
		}
		if err := quiet(ctx); err != nil {
			return err
		}
	}
	pods := fmt.Sprintf("%d matchers, each a process with loader and engine", m.pods)
	if m.pods == 1 {
		pods = "1 matcher"
	}
	r := row{Promise: m.promise, Measure: pods + ", 1 % scattered", Unit: "ms"}
	if m.limit > 0 {
		r.Judged, r.Limit = "p99", m.limit
	}
	b.add(r, served...)
	b.add(row{Promise: m.promise, Measure: "of it: until the region holds it", Unit: "ms"}, copied...)
	b.steps(m.promise, s.Hub.Steps)
	return nil
}

// serve publishes a first release and brings up pods that answer from it.
func (b *bench) serve(ctx context.Context, s *site.Site, l *lists, pods int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := publish(s, l)(ctx); err != nil {
		return err
	}
	for range pods {
		if _, err := s.AddPod(ctx, l.set.At(0).Names[0].Full, false); err != nil {
			return err
		}
	}
	_, err := s.AwaitSearched(ctx, s.Hub.Release())
	return err
}

// once publishes and returns how long it took until the region held the release
// and until all pods had answered from it, in milliseconds.
func once(ctx context.Context, s *site.Site, do func(context.Context) (int64, error)) (held, served float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start, err := do(ctx)
	if err != nil {
		return 0, 0, err
	}
	servedAt, err := s.AwaitSearched(ctx, s.Hub.Release())
	if err != nil {
		return 0, 0, err
	}
	heldAt, err := s.AwaitHeld(ctx, s.Hub.Artifact())
	return float64(heldAt-start) / 1e6, float64(servedAt-start) / 1e6, err
}

// measureBlock measures from the moment at which a block is handed to the hub to
// the first answer without the record in the last of the pods.
func measureBlock(ctx context.Context, b *bench) (err error) {
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
	pods, n := 4, b.count(50, 2)
	if b.quick {
		pods = 2
	}
	if err := b.serve(ctx, s, l, pods); err != nil {
		return err
	}
	if err := s.Line.SetRate(ctx, bitsPerSecond); err != nil {
		return err
	}
	var took []float64
	for i := 0; len(took) < n && i < l.set.Len(); i++ {
		r := l.set.At(i)
		found, err := candidate(ctx, s.Pods[0], r)
		if err != nil {
			return err
		}
		if !found {
			continue // its name is another's too, or an alias that leads nowhere
		}
		ms, err := blockOnce(ctx, s, r)
		if err != nil {
			return fmt.Errorf("block %d of %d: %w", len(took)+1, n, err)
		}
		took = append(took, ms)
		rest(ctx, 200*time.Millisecond)
	}
	b.add(row{
		Promise: "block live", Measure: fmt.Sprintf("%d matchers, over 8 Mbit/s", pods), Unit: "ms", Judged: "p95", Limit: 10_000,
	}, took...)
	return nil
}

func blockOnce(ctx context.Context, s *site.Site, r watchlist.Record) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start := site.Now()
	if err := s.Hub.Block(ctx, r.ID); err != nil {
		return 0, err
	}
	for _, pod := range s.Pods {
		for {
			found, err := candidate(ctx, pod, r)
			if err != nil {
				return 0, err
			}
			if !found {
				break
			}
			rest(ctx, 5*time.Millisecond)
		}
	}
	return float64(site.Now()-start) / 1e6, nil
}

// candidate asks a pod for a record by all that is known of it.
func candidate(ctx context.Context, pod *site.Pod, r watchlist.Record) (bool, error) {
	request := site.Ask(r.Names[0].Full)
	request.Limit = screen.MaxLimit
	body, err := json.Marshal(request)
	if err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, pod.URL+"/v1/screen", bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	var answer screen.Answer
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return false, err
	}
	if response.StatusCode != http.StatusOK || len(answer.Searched) != 1 {
		return false, fmt.Errorf("%s answered %s from %d feeds", pod.Name, response.Status, len(answer.Searched))
	}
	is := func(c screen.Candidate) bool { return c.Record == r.ID }
	return slices.ContainsFunc(answer.Candidates, is) || slices.ContainsFunc(answer.Leads, is), nil
}
