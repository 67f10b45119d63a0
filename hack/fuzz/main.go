// SPDX-License-Identifier: Apache-2.0

// Command fuzz runs every fuzz target of the module for a time each, as many at
// once as there are processors, and prints what became of each. What makes a
// target fail is written below testdata/fuzz of its package, by the Go tool's own
// rule; commit that file with the repair, and `go test` tries it ever after.
//
//	go run ./hack/fuzz [-time 60s] [-jobs N] [-run REGEXP] [-list]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	each := flag.Duration("time", time.Minute, "how long each target runs")
	jobs := flag.Int("jobs", runtime.NumCPU(), "how many run at once, each on one processor")
	pattern := flag.String("run", "", "expression that FOLDER.TARGET must match, such as internal/watchlist")
	list := flag.Bool("list", false, "print the targets and run none")
	flag.Parse()
	if *each <= 0 || *jobs < 1 || flag.NArg() > 0 {
		return errors.New("-time and -jobs must be above zero, and there are no arguments")
	}
	wanted, err := regexp.Compile(*pattern)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	targets, err := find(".")
	if err != nil {
		return err
	}
	targets = slices.DeleteFunc(targets, func(t target) bool { return !wanted.MatchString(t.String()) })
	if len(targets) == 0 {
		return fmt.Errorf("no fuzz target matches %q; -list prints all", *pattern)
	}
	if *list {
		for _, t := range targets {
			fmt.Println(t)
		}
		return nil
	}
	binaries, err := os.MkdirTemp("", "frontline-fuzz-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(binaries)
	rounds := (len(targets) + *jobs - 1) / *jobs
	fmt.Printf("%d targets, %s each, %d at once: %s and the time to build\n", len(targets), *each, *jobs, time.Duration(rounds)**each)
	b := builder{folder: binaries}
	return report(os.Stdout, runAll(ctx, targets, *jobs, func(ctx context.Context, t target) result {
		binary, err := b.build(ctx, t.folder)
		if err != nil {
			return result{target: t, err: err}
		}
		return fuzz(ctx, binary, t, *each)
	}))
}

// runAll runs the targets, jobs at once, and returns their results in order.
func runAll(ctx context.Context, targets []target, jobs int, one func(context.Context, target) result) []result {
	results := make([]result, len(targets))
	next := make(chan int)
	var running sync.WaitGroup
	for range jobs {
		running.Go(func() {
			for i := range next {
				results[i] = one(ctx, targets[i])
				fmt.Fprintln(os.Stderr, results[i].line())
			}
		})
	}
	for i := range targets {
		next <- i
	}
	close(next)
	running.Wait()
	return results
}
