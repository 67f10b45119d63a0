// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/frontline-screening/frontline/hack/replication/internal/site"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

// buildConfig is what a process is given that parses a list and builds its snapshot.
type buildConfig struct {
	List string `json:"list"`
	Out  string `json:"out"`
}

// builtList is what it came to.
type builtList struct {
	Records int   `json:"records"`
	Size    int64 `json:"size"`
	// Wall is in nanoseconds, Peak in bytes of resident memory.
	Wall time.Duration `json:"wall"`
	Peak int64         `json:"peak"`
}

func runBuild(ctx context.Context, c buildConfig, tell func(site.Event)) error {
	start := time.Now()
	built, err := parseList(ctx, watchlist.FrontlineJSONL, c.List, c.Out)
	if err != nil {
		return err
	}
	out := builtList{Records: built.Records, Size: built.Size, Wall: time.Since(start)}
	if out.Peak, err = statusOf(os.Getpid(), "VmHWM"); err != nil {
		return err
	}
	data, err := json.Marshal(out)
	tell(site.Event{Result: data})
	return err
}

// parseList streams a list into a snapshot, as a hub does.
func parseList(ctx context.Context, format watchlist.Format, list, out string) (built snapshot.Built, err error) {
	f, err := os.Open(list) //nolint:gosec // named on the command line
	if err != nil {
		return built, err
	}
	defer f.Close()
	b, err := snapshot.NewBuilder(snapshot.Meta{Format: format}, snapshot.BuilderOptions{Dir: filepath.Dir(out), Salt: site.Key.Salt()})
	if err != nil {
		return built, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	account, err := watchlist.Parse(ctx, format, watchlist.Source{Reader: f}, watchlist.Limits{Bytes: 1 << 32}, func(r watchlist.Record) error { return b.Add(&r) })
	if err != nil {
		return built, err
	}
	b.SetListDate(account.ListDate)
	return b.Finish(out)
}

func measureBuild(ctx context.Context, b *bench) (err error) {
	records := 1_000_000
	if b.quick {
		records = 20_000
	}
	dir, err := os.MkdirTemp(b.disk, "frontline-bench-build-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	list := filepath.Join(dir, "list.jsonl")
	f, err := os.Create(list) //nolint:gosec // in a folder of this run
	if err != nil {
		return err
	}
	err = errors.Join(synthetic.List(seed, records).Write(f, watchlist.FrontlineJSONL, time.Time{}), f.Close())
	if err != nil {
		return err
	}
	var wall, peak []float64
	for i := range b.count(3, 1) {
		p, err := site.Start("build", "the build", buildConfig{List: list, Out: filepath.Join(dir, strconv.Itoa(i))})
		if err != nil {
			return err
		}
		e, err := p.Await(ctx, "the snapshot was built", func(e site.Event) bool { return e.Result != nil })
		p.Stop()
		if err != nil {
			return err
		}
		var out builtList
		if err := json.Unmarshal(e.Result, &out); err != nil {
			return err
		}
		if out.Records != records {
			return fmt.Errorf("%d of %d records were built", out.Records, records)
		}
		wall, peak = append(wall, out.Wall.Seconds()), append(peak, float64(out.Peak)/(1<<20))
	}
	of := fmt.Sprintf("%d records", records)
	b.add(row{Promise: "parse and build", Measure: of + ", wall time", Unit: "s", Judged: "max", Limit: 60}, wall...)
	b.add(row{Promise: "parse and build", Measure: of + ", peak resident memory", Unit: "MiB", Judged: "max", Limit: 2048}, peak...)
	return nil
}
