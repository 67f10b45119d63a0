// SPDX-License-Identifier: Apache-2.0

// Matching measures how well and how fast the engine finds names: speed, memory and
// load on a list of synthetic people, accuracy on data that is not part of this
// project: public lists, labelled pairs, travellers on no list. docs/benchmarks.md
// says what each figure is. Nothing of a person is printed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitBroken  = 1 // a promise is not kept, or could not be measured
	exitMisused = 2 // the command line cannot be run
)

// measure is one of what can be measured.
type measure struct {
	name, what string
	// data says that it needs the folder of data.
	data bool
	run  func(context.Context, *bench) error
}

// measures are in the order in which they are taken: what changes the list comes last.
var measures = []measure{
	{"listed", "people of public lists, misspelt", true, measureListed},
	{"travellers", "people on no list", true, measureTravellers},
	{"native", "names in their own script", true, measureNative},
	{"pairs", "labelled pairs of names", true, measurePairs},
	{"meeting", "words of two scripts", true, measureMeeting},
	{"documents", "numbers of documents", true, measureDocuments},
	{"zones", "machine-readable zones", true, measureZones},
	{"ready", "from a snapshot to answers", false, measureReady},
	{"memory", "memory of a process that serves", false, measureMemory},
	{"speed", "searches, one at a time", false, measureSpeed},
	{"http", "searches through HTTP, 16 clients", false, measureHTTP},
	{"load", "searches that come when they come, and too many of them", false, measureLoad},
	{"delta", "changes of the list between searches", false, measureDelta},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) int {
	if len(args) == 1 && args[0] == childArgument {
		if err := serveChild(ctx, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "matching: child:", err)
			return exitBroken
		}
		return 0
	}
	b, chosen, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "matching:", err)
		return exitMisused
	}
	if b.dir, err = os.MkdirTemp("", "frontline-matching-"); err != nil {
		fmt.Fprintln(os.Stderr, "matching:", err)
		return exitBroken
	}
	defer os.RemoveAll(b.dir)
	b.describe()
	b.measure(ctx, chosen)
	if err := errors.Join(b.close(), b.print(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, "matching:", err)
		return exitBroken
	}
	if b.failed || !b.quick && b.broken() {
		return exitBroken
	}
	return 0
}

func (b *bench) measure(ctx context.Context, chosen []measure) {
	for _, m := range chosen {
		if m.data && b.data == "" {
			b.note("%s was left out: it needs the folder of data, -data or MATCHER_DATA", m.name)
			continue
		}
		start := time.Now()
		b.progress("%s: %s", m.name, m.what)
		if err := m.run(ctx, b); err != nil {
			b.failed = true
			b.note("%s was not measured to its end: %v", m.name, err)
		}
		b.progress("%s: done in %.1f s", m.name, time.Since(start).Seconds())
		if ctx.Err() != nil {
			return
		}
	}
}

// parse returns the run and the measures that were chosen for it.
func parse(args []string) (*bench, []measure, error) {
	b := &bench{started: time.Now()}
	var only, misses string
	flags := flag.NewFlagSet("matching", flag.ContinueOnError)
	flags.StringVar(&only, "only", "", "names of measures, separated by commas (default all)")
	flags.BoolVar(&b.quick, "quick", false, "few and small: tries the program, proves no promise")
	flags.StringVar(&b.format, "o", "table", "table or json")
	flags.StringVar(&b.data, "data", os.Getenv("MATCHER_DATA"), "folder of the data (default $MATCHER_DATA)")
	flags.IntVar(&b.entities, "entities", 0, "people of the synthetic list (default 1000000, with -quick 20000)")
	flags.Uint64Var(&b.seed, "seed", 20260227, "seed of the synthetic people and of the mistakes that are made")
	flags.StringVar(&b.cache, "cache", "", "folder that keeps the synthetic list (default in the user's cache folder)")
	flags.StringVar(&misses, "misses", "", "file for what was missed, which has names of real people in it: for tuning alone")
	if err := flags.Parse(args); err != nil {
		return nil, nil, err
	}
	if b.format != "table" && b.format != "json" || flags.NArg() > 0 || b.entities < 0 {
		return nil, nil, errors.New("-o must be table or json, -entities not negative, and no arguments are taken; -h says more")
	}
	if b.entities == 0 {
		b.entities = 1_000_000
		if b.quick {
			b.entities = 20_000
		}
	}
	chosen, err := choose(only)
	if err != nil {
		return nil, nil, err
	}
	if b.data == "" && !b.quick && slices.ContainsFunc(chosen, func(m measure) bool { return m.data }) {
		return nil, nil, errors.New("-data or MATCHER_DATA must name the folder of the data, or -only measures that need none; -h says more")
	}
	if misses != "" {
		if b.misses, err = os.OpenFile(misses, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
			return nil, nil, err
		}
	}
	return b, chosen, nil
}

func choose(only string) ([]measure, error) {
	if only == "" {
		return measures, nil
	}
	names := strings.Split(only, ",")
	var chosen []measure
	for _, m := range measures {
		if slices.Contains(names, m.name) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) != len(names) {
		var known []string
		for _, m := range measures {
			known = append(known, m.name)
		}
		return nil, fmt.Errorf("-only: there are the measures %s", strings.Join(known, ", "))
	}
	return chosen, nil
}
