// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/screen"
)

func verifyCommand() *cobra.Command {
	var lists listFlags
	var queries string
	cmd := &cobra.Command{
		Use:   "verify --list FORMAT=PATH … --queries FILE.jsonl",
		Short: "Compare one subject with one record or reference a line, in the same order",
		Long: `Read one request a line (as POST /v1/verify takes it) and write one answer a line to
standard output, in the same order. A request that is refused becomes {"error": "…"} in
its place, and the exit code is 1. Progress and a summary table go to standard error.

A request names either a record, whose feed is lab.FORMAT, or a reference:

  {"subject":{"names":[{"full":"Ottilia Vandersprek"}],"birthDates":["1988-03-09"]},
   "record":{"feed":"lab.frontline-jsonl","record":"x-1"}}
  {"subject":{"names":[{"full":"Ottilia Vandersprek"}]},
   "reference":{"names":[{"given":"Otilia","family":"Vandersprek"}]}}

Each is one line in the file. docs/spec/borderpost.md has the rest.

Exit codes: 0 every request was answered; 1 one was refused, or something failed; 2 the
command line cannot be run.`,
		Example: `  lab verify --list frontline-jsonl=list.jsonl --queries q.jsonl > answers.jsonl`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var c comparisons
			err := answerLines(cmd, &lists, queries, func(engine *matcher.Engine, in io.Reader, out io.Writer) error {
				defer c.print(cmd.ErrOrStderr())
				return c.run(cmd.Context(), engine, in, out)
			})
			if err == nil && c.refused > 0 {
				err = fmt.Errorf("%d requests were refused; their lines say why", c.refused)
			}
			return err
		},
	}
	lists.register(cmd)
	cmd.Flags().StringVar(&queries, "queries", "", "file of requests, one a line; - for standard input")
	return cmd
}

// comparisons are the results of a run.
type comparisons struct {
	refused, compared int
	took              []time.Duration
}

// run answers line by line; a comparison takes too little time to share it out.
func (c *comparisons) run(ctx context.Context, engine *matcher.Engine, r io.Reader, w io.Writer) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), screen.MaxRequestBytes+1)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	at := 0
	for lines.Scan() {
		at++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		out, err := c.one(ctx, engine, line)
		if err != nil {
			return err
		}
		if err := enc.Encode(out); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("longer than %d bytes", screen.MaxRequestBytes)
		}
		return fmt.Errorf("line %d: %w", at+1, err)
	}
	return nil
}

// one is an answer, or a refusal in its place.
func (c *comparisons) one(ctx context.Context, engine *matcher.Engine, line []byte) (any, error) {
	req, err := screen.ParseVerify(line)
	if err != nil {
		c.refused++
		return matcher.Refusal{Error: err.Error()}, nil //nolint:nilerr // the refusal is the answer
	}
	start := time.Now()
	answer, err := engine.Verify(ctx, req, start)
	switch {
	case errors.Is(err, matcher.ErrRequest):
		c.refused++
		return matcher.Refusal{Error: err.Error()}, nil
	case err != nil:
		return nil, err
	}
	c.took = append(c.took, time.Since(start))
	if answer.Outcome == screen.Compared {
		c.compared++
	}
	return answer, nil
}

// print writes the summary table.
func (c *comparisons) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "requests\t%d\nrefused\t%d\n%s\t%d\n%s\t%d\n", len(c.took)+c.refused, c.refused,
		screen.Compared, c.compared, screen.NotCompared, len(c.took)-c.compared)
	if n := len(c.took); n > 0 {
		slices.Sort(c.took)
		fmt.Fprintf(t, "p50\t%v\np99\t%v\nmax\t%v\n", c.took[n/2].Round(time.Microsecond),
			c.took[min(n-1, n*99/100)].Round(time.Microsecond), c.took[n-1].Round(time.Microsecond))
	}
	_ = t.Flush()
}
