// SPDX-License-Identifier: Apache-2.0

// Replication measures what is promised of the way of a list from the hub to a
// matcher: bytes, times, memory. The parts are the real ones, in a few processes
// on one machine, without Kubernetes; docs/benchmarks.md says what each figure is.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/frontline-screening/frontline/hack/replication/internal/line"
	"github.com/frontline-screening/frontline/hack/replication/internal/site"
)

// Exit codes.
const (
	exitBroken  = 1 // a promise is not kept, or could not be measured
	exitMisused = 2 // the command line cannot be run
)

// measures are what can be measured, in the order in which it is.
var measures = []struct {
	name, what string
	run        func(context.Context, *bench) error
}{
	{"wire", "bytes on the line for changes of a list", measureWire},
	{"ever", "the most bytes on the line, whatever happened before", measureEver},
	{"un", "bytes on the line for the real list of the UN", measureUN},
	{"loopback", "publication to answer, without a line between", measureLoopback},
	{"line", "publication to answer, over a line of 8 Mbit/s", measureLine},
	{"block", "block to answer", measureBlock},
	{"resume", "what a cut of the line, and of the agent's life, costs", measureResume},
	{"swap", "searches while sets are swapped", measureSwap},
	{"memory", "memory of a loader while it patches", measureMemory},
	{"build", "time and memory to parse and build a list", measureBuild},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) int {
	if len(args) == 2 && args[0] == "child" {
		if err := child(ctx, args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return exitBroken
		}
		return 0
	}
	b, format, err := parse(ctx, args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "replication:", err)
		return exitMisused
	}
	if b.profile != "" {
		f, err := os.Create(b.profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "replication:", err)
			return exitMisused
		}
		defer pprof.StopCPUProfile()
	}
	for _, m := range measures {
		if len(b.only) > 0 && !slices.Contains(b.only, m.name) {
			continue
		}
		start := time.Now()
		b.progress("%s: %s", m.name, m.what)
		if err := m.run(ctx, b); err != nil {
			b.failed = true
			b.note("%s was not measured to its end: %v", m.name, err)
		}
		b.progress("%s: done in %s", m.name, time.Since(start).Round(time.Second))
		if ctx.Err() != nil {
			break
		}
	}
	if err := b.print(os.Stdout, format); err != nil {
		fmt.Fprintln(os.Stderr, "replication:", err)
		return exitBroken
	}
	if b.failed || (!b.quick && b.broken()) {
		return exitBroken
	}
	return 0
}

func parse(ctx context.Context, args []string) (*bench, string, error) {
	b := &bench{started: time.Now()}
	var only, format, temp, memory string
	flags := flag.NewFlagSet("replication", flag.ContinueOnError)
	flags.StringVar(&only, "only", "", "names of measures, separated by commas (default all)")
	flags.BoolVar(&b.quick, "quick", false, "few and small: tries the program, proves no promise")
	flags.StringVar(&format, "o", "table", "table or json")
	flags.StringVar(&b.un, "un", os.Getenv("UN_LISTS"), "the UN's lists, OLDER.xml,NEWER.xml (default $UN_LISTS)")
	flags.IntVar(&b.times, "n", 0, "how often a time is measured (default as the promise says)")
	flags.IntVar(&b.records, "records", 0, "records of the list (default 200000, with -quick 5000)")
	flags.StringVar(&temp, "dir", os.TempDir(), "folder for registries and states")
	flags.StringVar(&memory, "memory", "/dev/shm", "folder in memory for plain content")
	flags.StringVar(&b.profile, "profile", "", "file for a CPU profile of the hub and the registries, which are in this process")
	lineKind := flags.String("line", "", "veth or proxy (default what this machine can)")
	if err := flags.Parse(args); err != nil {
		return nil, "", err
	}
	if format != "table" && format != "json" || flags.NArg() > 0 {
		return nil, "", errors.New("-o must be table or json, and no arguments are taken; -h says more")
	}
	if only != "" {
		b.only = strings.Split(only, ",")
	}
	for _, name := range b.only {
		if !slices.ContainsFunc(measures, func(m struct {
			name, what string
			run        func(context.Context, *bench) error
		}) bool {
			return m.name == name
		}) {
			return nil, "", fmt.Errorf("-only: there is no measure %q", name)
		}
	}
	if b.records == 0 {
		b.records = 200_000
		if b.quick {
			b.records = 5_000
		}
	}
	b.disk, b.memory = temp, memory
	if info, err := os.Stat(memory); err != nil || !info.IsDir() {
		b.memory = temp
		b.note("%s is no folder, so plain content lies in %s, which may be on a disk", memory, temp)
	}
	switch *lineKind {
	case "":
		var why string
		b.line, why = line.Best(ctx)
		b.note("%s", why)
	case string(line.Veth), string(line.Proxy):
		b.line = line.Kind(*lineKind)
	default:
		return nil, "", errors.New("-line must be veth or proxy")
	}
	b.describe()
	return b, format, nil
}

// child is one part of a site in a process of its own.
func child(ctx context.Context, role string) error {
	switch role {
	case "agent":
		var c site.AgentConfig
		return site.Child(ctx, os.Stdin, os.Stdout, &c, func(ctx context.Context, tell func(site.Event)) error { return site.RunAgent(ctx, c, tell) })
	case "pod":
		var c site.PodConfig
		return site.Child(ctx, os.Stdin, os.Stdout, &c, func(ctx context.Context, tell func(site.Event)) error { return site.RunPod(ctx, c, tell) })
	case "build":
		var c buildConfig
		return site.Child(ctx, os.Stdin, os.Stdout, &c, func(ctx context.Context, tell func(site.Event)) error { return runBuild(ctx, c, tell) })
	}
	return fmt.Errorf("no process has the role %q", role)
}
