// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

// tailLines is how much of a failed target's output is shown, and shown how
// many bytes of its input.
const (
	tailLines = 40
	shown     = 2048
)

func (r result) line() string {
	outcome := "passed"
	if r.err != nil {
		outcome, _, _ = strings.Cut("FAILED: "+r.err.Error(), "\n")
	}
	return fmt.Sprintf("%s\t%d executions\t%d new\t%.0f s\t%s", r.target, r.executions, r.interesting, r.took.Seconds(), outcome)
}

// report prints a table of all results and, of those that failed, the input to
// keep. It returns an error if one failed.
func report(w io.Writer, results []result) error {
	failed := 0
	for _, r := range results {
		if r.err == nil {
			continue
		}
		failed++
		lines := strings.Split(strings.TrimSpace(r.err.Error()+"\n"+r.output), "\n")
		fmt.Fprintf(w, "\n=== %s\n%s\n", r.target, strings.Join(lines[max(0, len(lines)-tailLines):], "\n"))
		if r.crasher == "" {
			continue
		}
		fmt.Fprintf(w, "\nKeep %s: commit it with the repair. It fails again by: go test -run=%s ./%s\n", r.crasher, r.name, r.folder)
		if input, err := os.ReadFile(r.crasher); err == nil {
			fmt.Fprintf(w, "%s\n", input[:min(len(input), shown)])
			if len(input) > shown {
				fmt.Fprintf(w, "… %d bytes in all\n", len(input))
			}
		}
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range results {
		fmt.Fprintln(table, r.line())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d targets failed", failed, len(results))
	}
	return nil
}
