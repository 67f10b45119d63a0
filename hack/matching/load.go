// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// connections is how many there are for requests that come when they come: more than
// the server takes at a time, so that it is the server that turns requests away.
const connections = 512

// arrivals are the times at which requests are due, from 0, at a rate a second: the
// gaps are exponential, as between travellers who know nothing of each other.
func arrivals(rng *rand.Rand, rate float64, duration time.Duration) []time.Duration {
	var out []time.Duration
	for at := 0.0; ; {
		at += rng.ExpFloat64() / rate
		if at >= duration.Seconds() {
			return out
		}
		out = append(out, time.Duration(at*float64(time.Second)))
	}
}

// flood is what came of requests that were sent when they were due, whatever had
// become of those before.
type flood struct {
	// took is from the time a request was due to its answer, of those served; turned of
	// those turned away; late from due to sent, of all. Milliseconds, sorted.
	took, turned, late []float64
	statuses           map[int]int
	// silent are those turned away without a word on when to ask again.
	silent int
	// cpus is how many CPUs the harness took.
	cpus float64
	// unlike are results that differ from that of the same request at rest.
	unlike int
}

// flooded sends a request at each arrival over as many connections as it takes. A
// request that finds none free waits, and its time counts from when it was due.
func flooded(ctx context.Context, address string, messages [][]byte, atRest []uint64, due []time.Duration) (flood, error) {
	all, err := dialAll(ctx, address, connections)
	if err != nil {
		return flood{}, err
	}
	defer hangUp(all)
	var (
		next  atomic.Int64
		group sync.WaitGroup
		mu    sync.Mutex
		out   = flood{statuses: map[int]int{}}
		fails error
	)
	before, start := processorTime(), time.Now()
	for _, c := range all {
		group.Go(func() {
			var own flood
			own.statuses = map[int]int{}
			var failed error
			for ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= len(due) {
					break
				}
				time.Sleep(time.Until(start.Add(due[i])))
				late := time.Since(start) - due[i]
				a, err := c.ask(messages[i%len(messages)])
				if err != nil {
					failed = err
					break
				}
				own.count(a, atRest[i%len(messages)], milliseconds(late), milliseconds(time.Since(start)-due[i]))
			}
			mu.Lock()
			defer mu.Unlock()
			out.add(&own)
			fails = cmp.Or(fails, failed) // one says enough of many
		})
	}
	group.Wait()
	out.cpus = (processorTime() - before).Seconds() / time.Since(start).Seconds()
	for _, values := range [][]float64{out.took, out.turned, out.late} {
		slices.Sort(values)
	}
	return out, errors.Join(fails, ctx.Err())
}

func (f *flood) count(a answered, atRest uint64, late, took float64) {
	f.statuses[a.status]++
	f.late = append(f.late, late)
	if a.status == http.StatusOK {
		f.took = append(f.took, took)
		if a.content != atRest {
			f.unlike++
		}
		return
	}
	f.turned = append(f.turned, took)
	if !a.retry {
		f.silent++
	}
}

func (f *flood) add(o *flood) {
	f.took, f.turned, f.late = append(f.took, o.took...), append(f.turned, o.turned...), append(f.late, o.late...)
	f.silent, f.unlike = f.silent+o.silent, f.unlike+o.unlike
	for status, n := range o.statuses {
		f.statuses[status] += n
	}
}

// answersAtRest asks each message once, one after the other.
func answersAtRest(ctx context.Context, address string, messages [][]byte) ([]uint64, error) {
	c, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	out := make([]uint64, len(messages))
	for i, message := range messages {
		a, err := c.ask(message)
		if err != nil {
			return nil, err
		}
		if a.status != http.StatusOK {
			return nil, fmt.Errorf("at rest: status %d", a.status)
		}
		out[i] = a.content
	}
	return out, ctx.Err()
}

// measureLoad: requests at rates up to the peak and at twice that.
func measureLoad(ctx context.Context, b *bench) (err error) {
	p, err := b.rested(ctx)
	if err != nil {
		return err
	}
	messages, err := b.messages(p.ready.Address, 4_000_000, b.count(5000, 200))
	if err != nil {
		return err
	}
	priority, undo, err := b.hasten(p)
	defer func() { err = errors.Join(err, undo()) }()
	if err != nil {
		return err
	}
	peak, err := rushed(ctx, p.ready.Address, messages, time.Duration(b.count(10, 1))*time.Second)
	if err != nil {
		return err
	}
	atRest, err := answersAtRest(ctx, p.ready.Address, messages)
	if err != nil {
		return err
	}
	b.note("load: arrivals as of a Poisson process, latency from the time a request was due; the peak of %s/s is what %d clients reached that wait for each answer; there are %d connections, and a request that finds none free waits; %s",
		number(peak.rate), clients, connections, priority)
	var sum flood
	sum.statuses = map[int]int{}
	shares := []int{10, 25, 50, 75, 90, 95, 200}
	if b.quick {
		shares = []int{10, 50, 95, 200}
	}
	for _, share := range shares {
		offered := peak.rate * float64(share) / 100
		rng := rand.New(rand.NewPCG(b.seed, uint64(share)<<8|5)) //nolint:gosec // arrivals that can be made again
		due := arrivals(rng, offered, time.Duration(b.count(15, 1))*time.Second)
		if len(due) == 0 {
			continue
		}
		got, err := flooded(ctx, p.ready.Address, messages, atRest, due)
		if err != nil {
			return err
		}
		b.addLoad(share, offered, got)
		sum.add(&got)
	}
	n := len(sum.late)
	b.add(single("load: answers turned away without Retry-After", "", float64(sum.silent), n).atMost(0))
	b.add(single("load: results that differ from those at rest", "", float64(sum.unlike), len(sum.took)).atMost(0))
	return nil
}

// addLoad adds the figures of one rate.
func (b *bench) addLoad(share int, offered float64, got flood) {
	name := fmt.Sprintf("load at %d %% of the peak (%s/s)", share, number(offered))
	n := len(got.late)
	note := fmt.Sprintf("sent late by p99 %s ms; the harness took %s CPUs", number(at(got.late, 0.99)), number(got.cpus))
	if len(got.took) > 0 {
		note = shape(got.took) + "; " + note
	}
	b.add(quantile(name+": p99 of those served", "ms", 0.99, got.took).noted("%s", note))
	if share > 100 || len(got.turned) > 0 {
		f := rate(name+": turned away with 429", got.statuses[http.StatusTooManyRequests], n)
		if len(got.turned) > 0 {
			f = f.noted("they took %s; other than 200 and 429: %d", shape(got.turned), n-got.statuses[http.StatusOK]-got.statuses[http.StatusTooManyRequests])
		}
		b.add(f)
	}
}
