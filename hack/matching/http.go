// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// clients is how many there are at a time, each with a connection of its own.
const clients = 16

// rush is what came of clients that ask again as soon as they are answered.
type rush struct {
	took      []float64 // milliseconds
	perSecond []float64 // answers in each second, the first and the last left out
	rate      float64   // answers a second
	statuses  map[int]int
	cpus      float64 // that the clients took
}

// rushed lets clients ask for a time.
func rushed(ctx context.Context, address string, messages [][]byte, duration time.Duration) (rush, error) {
	all, err := dialAll(ctx, address, clients)
	if err != nil {
		return rush{}, err
	}
	defer hangUp(all)
	var (
		next  atomic.Int64
		group sync.WaitGroup
		mu    sync.Mutex
		out   = rush{statuses: map[int]int{}}
		fails error
	)
	seconds := make([]int, int(duration/time.Second)+2)
	before, start := processorTime(), time.Now()
	for _, c := range all {
		group.Go(func() {
			var took []float64
			var at []time.Duration
			statuses := map[int]int{}
			var failed error
			for ctx.Err() == nil && time.Since(start) < duration {
				i := int(next.Add(1)-1) % len(messages)
				sent := time.Now()
				a, err := c.ask(messages[i])
				if err != nil {
					failed = err
					break
				}
				statuses[a.status]++
				took, at = append(took, milliseconds(time.Since(sent))), append(at, time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			out.took = append(out.took, took...)
			for _, t := range at {
				seconds[min(int(t/time.Second), len(seconds)-1)]++
			}
			for status, n := range statuses {
				out.statuses[status] += n
			}
			fails = cmp.Or(fails, failed)
		})
	}
	group.Wait()
	out.cpus = (processorTime() - before).Seconds() / time.Since(start).Seconds()
	out.rate = float64(len(out.took)) / time.Since(start).Seconds()
	whole := seconds[:int(duration/time.Second)]
	for i, n := range whole {
		if i > 0 && i < len(whole)-1 {
			out.perSecond = append(out.perSecond, float64(n))
		}
	}
	slices.Sort(out.took)
	return out, errors.Join(fails, ctx.Err())
}

// measureHTTP: what 16 clients get that ask again as soon as they are answered.
func measureHTTP(ctx context.Context, b *bench) error {
	p, err := b.rested(ctx)
	if err != nil {
		return err
	}
	messages, err := b.messages(p.ready.Address, 3_000_000, b.count(20_000, 1000))
	if err != nil {
		return err
	}
	if _, err := rushed(ctx, p.ready.Address, messages, time.Duration(b.count(3, 1))*time.Second); err != nil {
		return err
	}
	got, err := rushed(ctx, p.ready.Address, messages, time.Duration(b.count(20, 2))*time.Second)
	if err != nil {
		return err
	}
	if len(got.took) == 0 {
		return errors.New("no answer came")
	}
	name := fmt.Sprintf("through HTTP, %d clients, %d people", clients, b.entities)
	f := single(name+": answers", "/s", got.rate, len(got.took)).atLeast(1500).aim(4000).noted("spread of whole seconds; clients and server share the CPUs, clients took %s of them", number(got.cpus))
	if len(got.perSecond) > 0 {
		f.Low, f.High = slices.Min(got.perSecond), slices.Max(got.perSecond)
	}
	b.add(f)
	b.add(quantile(name+": p99", "ms", 0.99, got.took).atMost(40).noted("%s", shape(got.took)))
	b.add(single(name+": answers that are no result", "", float64(len(got.took)-got.statuses[http.StatusOK]), len(got.took)).atMost(0))
	return nil
}
