// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/frontline-screening/frontline/hack/replication/internal/line"
	"github.com/frontline-screening/frontline/hack/replication/internal/site"
)

// bench is one run.
type bench struct {
	quick        bool
	only         []string
	un           string
	profile      string
	times        int
	records      int
	disk, memory string
	line         line.Kind
	started      time.Time

	rows   []row
	notes  []string
	failed bool
}

// row is one figure, or the spread of several.
type row struct {
	Promise string `json:"promise"`
	Measure string `json:"measure"`
	Unit    string `json:"unit"`
	// P50 to Max are of the N values; of one value all are the same.
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
	N   int     `json:"n"`
	// Judged names the figure that Limit is for; empty when nothing is promised.
	Judged string  `json:"judged,omitempty"`
	Limit  float64 `json:"limit,omitempty"`
	Kept   *bool   `json:"kept,omitempty"`
	Note   string  `json:"note,omitempty"`
}

// add adds a row of values.
func (b *bench) add(r row, values ...float64) {
	if len(values) == 0 {
		return
	}
	slices.Sort(values)
	r.N = len(values)
	r.P50, r.P95, r.P99, r.Max = at(values, 0.5), at(values, 0.95), at(values, 0.99), values[len(values)-1]
	if r.Judged != "" {
		got := map[string]float64{"p50": r.P50, "p95": r.P95, "p99": r.P99, "max": r.Max}[r.Judged]
		kept := got <= r.Limit
		r.Kept = &kept
	}
	b.rows = append(b.rows, r)
	b.progress("  %s, %s: p50 %s p99 %s max %s %s", r.Promise, r.Measure, number(r.P50), number(r.P99), number(r.Max), r.Unit)
}

// at is the value that a share of the sorted values does not exceed (nearest rank).
func at(sorted []float64, share float64) float64 {
	return sorted[max(int(math.Ceil(share*float64(len(sorted))))-1, 0)]
}

func (b *bench) broken() bool {
	return slices.ContainsFunc(b.rows, func(r row) bool { return r.Kept != nil && !*r.Kept })
}

func (b *bench) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	b.notes = append(b.notes, text)
	b.progress("%s", text)
}

func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(b.started).Seconds(), fmt.Sprintf(format, args...))
}

// describe notes what this machine is and what it cannot show.
func (b *bench) describe() {
	load, _ := os.ReadFile("/proc/loadavg")
	b.note("%d CPUs, %s %s/%s, load before the run %s", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, strings.Join(strings.Fields(string(load))[:min(3, len(strings.Fields(string(load))))], " "))
	switch b.line {
	case line.Veth:
		b.note("the line is a pair of network devices between two namespaces with a token bucket (tbf); bytes are the kernel's count on the device, headers included")
		b.note("not simulated on that line: delay, jitter and loss; the row with delay is measured over a proxy in user space")
	case line.Proxy:
		b.note("the line is a proxy in user space with a rate; bytes are the payload of TCP, without its headers")
		b.note("not simulated: loss, reordering and TCP's own retransmission")
	}
	b.note("not simulated: the API server's writes between a release, its cut and its order; disks slower than this machine's; several regions at once")
}

// times or, when the flag does not say, what is promised.
func (b *bench) count(promised, quick int) int {
	switch {
	case b.times > 0:
		return b.times
	case b.quick:
		return quick
	}
	return promised
}

func (b *bench) open(ctx context.Context, kind line.Kind) (*site.Site, error) {
	return site.Open(ctx, site.Options{Line: kind, Memory: b.memory, Disk: b.disk})
}

func (b *bench) print(w io.Writer, format string) error {
	load, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		b.notes = append(b.notes, "load after the run "+strings.TrimSpace(string(load)))
	}
	if format == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"quick": b.quick, "rows": b.rows, "notes": b.notes})
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "promise\tmeasured\tp50\tp95\tp99\tmax\tn\tlimit\tkept")
	for _, r := range b.rows {
		limit, kept := "stated", ""
		if r.Kept != nil && !b.quick {
			limit = r.Judged + " ≤ " + number(r.Limit)
			kept = map[bool]string{true: "yes", false: "NO"}[*r.Kept]
		}
		measure := r.Measure + ", " + r.Unit
		if r.Note != "" {
			measure += " (" + r.Note + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", r.Promise, measure, number(r.P50), number(r.P95), number(r.P99), number(r.Max), r.N, limit, kept)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, note := range b.notes {
		fmt.Fprintln(w, "-", note)
	}
	if b.quick {
		fmt.Fprintln(w, "- a quick run tries the program; it proves no promise")
	}
	return nil
}

// number writes a figure with three or more digits.
func number(v float64) string {
	switch {
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return fmt.Sprintf("%.0f", v)
	case math.Abs(v) >= 100:
		return fmt.Sprintf("%.0f", v)
	case math.Abs(v) >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// steps tells where the time of publications goes.
func (b *bench) steps(of string, steps site.Steps) {
	names := make([]string, 0, len(steps))
	for name := range steps {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var values []float64
		for _, d := range steps[name] {
			values = append(values, milliseconds(d))
		}
		b.add(row{Promise: of, Measure: "of it: " + name, Unit: "ms"}, values...)
	}
}
