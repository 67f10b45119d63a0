// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/matcher"
)

func screenCommand() *cobra.Command {
	var lists listFlags
	var queries string
	var workers int
	cmd := &cobra.Command{
		Use:   "screen --list FORMAT=PATH … --queries FILE.jsonl",
		Short: "Answer one request a line, in the same order",
		Long: `Read one request a line (as POST /v1/screen takes it) and write one answer a line to
standard output, in the same order. A request that is refused becomes {"error": "…"} in
its place, and the exit code is 1. Progress and a summary table go to standard error.

A request, of which the names alone would do:

  {"purpose":"BorderControl","subject":{"names":[{"full":"Ottilia Vandersprek"}],
   "birthDates":["1988-03-09"],"nationalities":["XK"],"gender":"F",
   "documents":[{"number":"X0000001","country":"XK"}]}}

It is one line in the file. docs/spec/borderpost.md has the rest.`,
		Example: `  lab screen --list un-xml=consolidated.xml --queries q.jsonl > answers.jsonl
  lab queries --csv travellers.csv | lab screen --list ofac-csv=folder --queries -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s *stats
			err := answerLines(cmd, &lists, queries, func(engine *matcher.Engine, in io.Reader, out io.Writer) error {
				s = newStats(cmd.ErrOrStderr())
				defer s.print(cmd.ErrOrStderr())
				return engine.Batch(cmd.Context(), in, out, matcher.BatchOptions{Workers: workers, Now: time.Now, Observe: s.observe})
			})
			if err == nil && s.refused > 0 {
				err = fmt.Errorf("%d requests were refused; their lines say why", s.refused)
			}
			return err
		},
	}
	lists.register(cmd)
	cmd.Flags().StringVar(&queries, "queries", "", "file of requests, one a line; - for standard input")
	cmd.Flags().IntVar(&workers, "workers", runtime.GOMAXPROCS(0), "requests searched at a time")
	return cmd
}

// answerLines loads the lists and has the lines of a file answered on standard output.
func answerLines(cmd *cobra.Command, lists *listFlags, queries string, answer func(*matcher.Engine, io.Reader, io.Writer) error) error {
	if queries == "" {
		return fmt.Errorf("%w: name the requests with --queries FILE.jsonl, or - for standard input", errUsage)
	}
	engine, _, err := lists.load(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer engine.Close()
	in := cmd.InOrStdin()
	if queries != "-" {
		f, err := os.Open(queries)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	out := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16)
	err = answer(engine, in, out)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	return err
}
