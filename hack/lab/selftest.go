// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

func selftestCommand() *cobra.Command {
	var lists listFlags
	cmd := &cobra.Command{
		Use:   "selftest --list FORMAT=PATH …",
		Short: "Check that every name and document number on a list finds its own record",
		Long: `Search for every name, and every document number, on the lists, and count which find
their own record. Weak aliases may come back as leads. Prints counts alone, never a
name. The exit code is 1 if anything was missed.`,
		Example: "  lab selftest --list un-xml=consolidated.xml --list ofac-csv=folder",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			engine, read, err := lists.load(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer engine.Close()
			missed := 0
			for _, l := range read {
				c, err := selftest(cmd.Context(), engine, l)
				if err != nil {
					return err
				}
				c.print(cmd.OutOrStdout(), l.feed)
				missed += c.missed()
			}
			if missed > 0 {
				return fmt.Errorf("%d names or numbers did not find their own record", missed)
			}
			return nil
		},
	}
	lists.register(cmd)
	return cmd
}

// tally counts one kind of query.
type tally struct{ asked, candidate, lead, beyond, refused int }

type selfCounts struct{ good, low, numbers tally }

func (c *selfCounts) missed() int {
	n := 0
	for _, t := range []tally{c.good, c.low, c.numbers} {
		n += t.asked - t.candidate - t.lead - t.beyond
	}
	return n
}

func (c *selfCounts) print(w io.Writer, feed string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\tasked\tcandidate\tlead\tbeyond limit\trefused\tmissed\n", feed)
	for _, row := range []struct {
		name string
		tally
	}{{"names", c.good}, {"weak aliases", c.low}, {"document numbers", c.numbers}} {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n", row.name, row.asked, row.candidate, row.lead, row.beyond, row.refused,
			row.asked-row.candidate-row.lead-row.beyond)
	}
	_ = t.Flush()
}

func selftest(ctx context.Context, e *matcher.Engine, l list) (selfCounts, error) {
	var c selfCounts
	for i := range l.records {
		r := &l.records[i]
		for _, n := range r.Names {
			t := &c.good
			if n.Quality == watchlist.Low {
				t = &c.low
			}
			s := screen.Subject{Names: []screen.Name{{Full: n.Full, Given: n.Given, Family: n.Family}}}
			if err := t.ask(ctx, e, l.feed, r.ID, s); err != nil {
				return c, err
			}
		}
		for _, d := range r.Documents {
			s := screen.Subject{Documents: []screen.Document{{Number: d.Number, Country: d.Country}}}
			if err := c.numbers.ask(ctx, e, l.feed, r.ID, s); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}

// ask searches and looks for the record in the answer. A record that shares its place
// with more than MaxLimit others of the same score counts as beyond the limit.
func (t *tally) ask(ctx context.Context, e *matcher.Engine, feed, record string, s screen.Subject) error {
	t.asked++
	req := screen.Request{Subject: s, Limit: screen.MaxLimit}
	if req.Validate() != nil {
		t.refused++
		return nil
	}
	answer, err := e.Screen(ctx, req, time.Now())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	own := func(c screen.Candidate) bool { return c.Feed == feed && c.Record == record }
	switch {
	case err != nil:
		t.refused++
	case slices.ContainsFunc(answer.Candidates, own):
		t.candidate++
	case slices.ContainsFunc(answer.Leads, own):
		t.lead++
	case answer.Omitted > 0:
		t.beyond++
	}
	return nil
}
