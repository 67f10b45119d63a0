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
	var seed uint64
	cmd := &cobra.Command{
		Use:   "selftest --list FORMAT=PATH …",
		Short: "Check that every name and document number on a list finds its own record",
		Long: `Search for every name, and every document number, on the lists, and count which find
their own record. Weak aliases may come back as leads. Then each name that is not weak
is misspelt by one letter, and put in another order, with the given seed, and looked for
among the first five. Prints counts alone, never a name. The exit code is 1 if a name
or number as it stands was missed.`,
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
				c, err := selftest(cmd.Context(), engine, l, newSpoiler(seed))
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
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the misspellings")
	return cmd
}

// tally counts one kind of query.
type tally struct{ asked, candidate, lead, beyond, refused int }

func (t tally) missed() int { return t.asked - t.candidate - t.lead - t.beyond - t.refused }

type selfCounts struct{ good, low, numbers, edited, reordered tally }

func (c *selfCounts) missed() int {
	n := 0
	for _, t := range []tally{c.good, c.low, c.numbers} {
		n += t.missed()
	}
	return n
}

func (c *selfCounts) print(w io.Writer, feed string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\tasked\tcandidate\tlead\tbeyond limit\trefused\tmissed\n", feed)
	for _, row := range []struct {
		name string
		tally
	}{{"names", c.good}, {"weak aliases", c.low}, {"document numbers", c.numbers}, {"one letter wrong", c.edited}, {"reordered", c.reordered}} {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n", row.name, row.asked, row.candidate, row.lead, row.beyond, row.refused, row.missed())
	}
	_ = t.Flush()
}

func selftest(ctx context.Context, e *matcher.Engine, l list, spoil spoiler) (selfCounts, error) {
	var c selfCounts
	for i := range l.records {
		r := &l.records[i]
		for _, n := range r.Names {
			t := &c.good
			if n.Quality == watchlist.Low {
				t = &c.low
			}
			s := screen.Subject{Names: []screen.Name{{Full: n.Full, Given: n.Given, Family: n.Family}}}
			if err := t.ask(ctx, e, l.feed, r.ID, s, screen.MaxLimit); err != nil {
				return c, err
			}
			if t == &c.low {
				continue
			}
			if err := c.askSpoilt(ctx, e, l.feed, r.ID, n.Text(), spoil); err != nil {
				return c, err
			}
		}
		for _, d := range r.Documents {
			s := screen.Subject{Documents: []screen.Document{{Number: d.Number, Country: d.Country}}}
			if err := c.numbers.ask(ctx, e, l.feed, r.ID, s, screen.MaxLimit); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}

// firstFive is how many candidates an officer looks at.
const firstFive = 5

func (c *selfCounts) askSpoilt(ctx context.Context, e *matcher.Engine, feed, record, name string, spoil spoiler) error {
	for _, way := range []struct {
		tally *tally
		spoil func(string) (string, bool)
	}{{&c.edited, spoil.edit}, {&c.reordered, spoil.reorder}} {
		spoilt, ok := way.spoil(name)
		if !ok {
			continue
		}
		s := screen.Subject{Names: []screen.Name{{Full: spoilt}}}
		if err := way.tally.ask(ctx, e, feed, record, s, firstFive); err != nil {
			return err
		}
	}
	return nil
}

// ask searches and looks for the record in the answer. A record that shares its place
// with more than limit others counts as beyond the limit.
func (t *tally) ask(ctx context.Context, e *matcher.Engine, feed, record string, s screen.Subject, limit int) error {
	t.asked++
	answer, err := e.Screen(ctx, screen.Request{Subject: s, Limit: limit}, time.Now())
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
