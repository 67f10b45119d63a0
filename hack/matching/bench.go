// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// bench is one run.
type bench struct {
	quick       bool
	format      string
	data, cache string
	// dir is for files that end with the run.
	dir      string
	seed     uint64
	entities int
	misses   *os.File
	started  time.Time

	figures []figure
	cells   cells
	notes   []string
	failed  bool

	// What measures share, made when the first of them asks.
	lists   [][]watchlist.Record
	engine  *matcher.Engine
	list    *list
	serving *process
}

func (b *bench) add(f figure) {
	b.figures = append(b.figures, f)
	b.progress("  %s: %s %s (n %d)", f.Name, number(f.Value), f.Unit, f.N)
}

func (b *bench) broken() bool {
	for _, f := range b.figures {
		if f.verdict() == broken {
			return true
		}
	}
	return false
}

func (b *bench) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	b.notes = append(b.notes, text)
	b.progress("%s", text)
}

func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(b.started).Seconds(), fmt.Sprintf(format, args...))
}

// missed writes what was missed to the file that the flag names, if any: tab-separated.
func (b *bench) missed(fields ...string) {
	if b.misses != nil {
		fmt.Fprintln(b.misses, strings.Join(fields, "\t"))
	}
}

// count is how much of something is taken: all, or few.
func (b *bench) count(whole, quick int) int {
	if b.quick {
		return quick
	}
	return whole
}

// close ends what measures shared.
func (b *bench) close() error {
	if b.engine != nil {
		b.engine.Close()
	}
	err := b.stopServing()
	if b.misses != nil {
		err = errors.Join(err, b.misses.Close())
	}
	return err
}

// describe notes what was measured on.
func (b *bench) describe() {
	b.note("%s, engine %s, %s %s/%s", time.Now().UTC().Format(time.RFC3339), matcher.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	load, _ := os.ReadFile("/proc/loadavg")
	b.note("%d CPUs, %s, %s KiB of memory, load before the run %s", runtime.NumCPU(),
		field("/proc/cpuinfo", "model name"), strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), strings.TrimSpace(string(load)))
}

// field is the value of the first "name: value" line of a file, or "unknown".
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
