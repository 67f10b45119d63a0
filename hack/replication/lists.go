// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/frontline-screening/frontline/hack/replication/internal/site"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

// seed of every list; the edits have seeds that follow it.
const seed = 20260227

// lists builds one synthetic list after another, each the one before with a
// share of its records changed.
type lists struct {
	dir  string
	set  *synthetic.Set
	made int
}

func newLists(b *bench, records int) (*lists, error) {
	dir, err := os.MkdirTemp(b.memory, "frontline-bench-lists-")
	return &lists{dir: dir, set: synthetic.List(seed, records)}, err
}

func (l *lists) close() error { return os.RemoveAll(l.dir) }

// edit changes the list; full rewrites of rows are among the changes.
func (l *lists) edit(share float64, mode synthetic.Mode) {
	l.set = l.set.Edit(uint64(seed+1+l.made), share, mode)
}

// build writes the list as it is.
func (l *lists) build(extra ...watchlist.Record) (built snapshot.Built, err error) {
	b, err := snapshot.NewBuilder(snapshot.Meta{Format: watchlist.FrontlineJSONL}, snapshot.BuilderOptions{Dir: l.dir, Salt: site.Key.Salt(), Memory: 1 << 30})
	if err != nil {
		return built, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	for part := range l.parts() {
		for i := range part {
			if err := b.Add(&part[i]); err != nil {
				return built, err
			}
		}
	}
	for i := range extra {
		if err := b.Add(&extra[i]); err != nil {
			return built, err
		}
	}
	l.made++
	return b.Finish(filepath.Join(l.dir, fmt.Sprintf("list-%d", l.made)))
}

// parts gives the records a thousand at a time, made on all CPUs.
func (l *lists) parts() <-chan []watchlist.Record {
	const size = 1000
	pending := make(chan chan []watchlist.Record, 2*runtime.NumCPU())
	out := make(chan []watchlist.Record)
	set := l.set
	go func() {
		defer close(pending)
		for from := 0; from < set.Len(); from += size {
			part := make(chan []watchlist.Record, 1)
			pending <- part
			go func() {
				records := make([]watchlist.Record, 0, size)
				for i := from; i < min(from+size, set.Len()); i++ {
					records = append(records, set.At(i))
				}
				part <- records
			}()
		}
	}()
	go func() {
		defer close(out)
		for part := range pending {
			out <- <-part
		}
	}()
	return out
}
