// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
)

// measureSpeed: searches by name and birth date, one at a time, without HTTP.
func measureSpeed(ctx context.Context, b *bench) error {
	// A process that has been asked nothing knows no word ahead.
	if err := b.stopServing(); err != nil {
		return err
	}
	p, err := b.served(ctx)
	if err != nil {
		return err
	}
	searches := b.count(10_000, 300)
	first, err := p.do(order{Search: &searchOrder{From: 1_000_000, N: searches / 10}})
	if err != nil {
		return err
	}
	if p, err = b.rested(ctx); err != nil {
		return err
	}
	got, err := p.do(order{Search: &searchOrder{From: 2_000_000, N: searches}})
	if err != nil {
		return err
	}
	all, early := got.Search.all(), first.Search.all()
	f := quantile(fmt.Sprintf("name and birth date, one client, %d people: p99", b.entities), "ms", 0.99, all)
	b.add(f.atMost(5).aim(2).noted("%s", shape(all)))
	for _, m := range mix {
		if took := got.Search[m.kind]; len(took) > 0 {
			f := quantile("of it: "+m.kind+": p99", "ms", 0.99, took)
			b.add(f.noted("%s", shape(took)))
		}
	}
	b.add(quantile("beside it, the first queries, before the engine has looked at common words: p99", "ms", 0.99, early).noted("%s; that takes %s s without searches", shape(early), number(p.waited)))
	worst, err := p.do(order{Search: &searchOrder{Common: true, N: searches / 10}})
	if err != nil {
		return err
	}
	took := worst.Search[kindCommon]
	slices.Sort(took)
	b.add(quantile("beside it, the worst: "+kindCommon+": p99", "ms", 0.99, took).noted("%s", shape(took)))
	b.note("queries: %s", mixText())
	return nil
}

// all are the times of all kinds, sorted.
func (r searchResult) all() []float64 {
	var all []float64
	for _, took := range r {
		all = append(all, took...)
	}
	slices.Sort(all)
	return all
}
