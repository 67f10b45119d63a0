// SPDX-License-Identifier: Apache-2.0

// Package stage puts Frontline on clusters and plays it through: a publisher,
// a hub, regions, travellers. The demo and the end-to-end tests share it.
package stage

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Site is one cluster as its administrator reaches it.
type Site struct {
	// Name is "hub" or the region's name.
	Name       string
	Kubeconfig string
	// Context of the kubeconfig.
	Context string
	// Address at which the cluster's NodePorts answer.
	Address string
}

// Progress prints what is going on, with the time since the start.
type Progress struct {
	out   io.Writer
	start time.Time
}

// NewProgress prints to out.
func NewProgress(out io.Writer) *Progress { return &Progress{out: out, start: time.Now()} }

// Step prints one line.
func (p *Progress) Step(format string, args ...any) {
	fmt.Fprintf(p.out, "%6.1fs  %s\n", time.Since(p.start).Seconds(), fmt.Sprintf(format, args...))
}

// Print prints text as it is, set off by empty lines.
func (p *Progress) Print(text string) { fmt.Fprintf(p.out, "\n%s\n\n", strings.TrimSpace(text)) }

// run executes a program and returns what it printed; an error carries the
// end of what it said.
func run(ctx context.Context, stdin string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the programs are the project's own and pinned
	if stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(), "HELM_NAMESPACE=")
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(stderr.String())
		if len(said) > 2000 {
			said = "…" + said[len(said)-2000:]
		}
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", name[strings.LastIndexByte(name, '/')+1:], firstArgs(args), err, said)
	}
	return stdout.String(), nil
}

func firstArgs(args []string) string {
	words := make([]string, 0, 4)
	for _, a := range args {
		if !strings.HasPrefix(a, "-") && len(words) < 4 && !strings.Contains(a, "/") {
			words = append(words, a)
		}
	}
	return strings.Join(words, " ")
}

// Eventually calls check every interval until it returns nil or ctx ends,
// and then returns its last error.
func Eventually(ctx context.Context, interval time.Duration, check func(context.Context) error) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up: %w", err)
		case <-tick.C:
		}
	}
}
