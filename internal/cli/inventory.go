// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

func newInventoryCommand() *cobra.Command {
	var kube kubeOptions
	var output string
	var owed bool
	cmd := &cobra.Command{
		Use: "inventory",
		Example: `  frontline inventory --context hub
  frontline inventory --owed -o wide
  frontline inventory -o json`,
		Short: "List every copy of every feed, on the hub",
		Long: "Lists the copies of each feed: in regions, on the hub, held for approval, and in bundles that can\n" +
			"still be imported. ERASURE says how far the newest erasure has come at a copy, and ENDS when an\n" +
			"Outstanding one stops being searched of itself, or a bundle is refused.\n" +
			"Bundles are recorded in Secrets; who may not read these is told that they are left out.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains([]string{"table", "wide", "json"}, output) {
				return fmt.Errorf("--output %q is not known: use table, wide or json", output)
			}
			c, err := kube.client()
			if err != nil {
				return err
			}
			now := time.Now()
			found, err := inventory(cmd.Context(), c, kube.namespace, now)
			if err != nil {
				return err
			}
			if owed {
				found.Copies = slices.DeleteFunc(found.Copies, func(r copyRow) bool { return !r.owed() })
			}
			if output == "json" {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(found)
			}
			for _, unseen := range found.Unseen {
				fmt.Fprintf(cmd.ErrOrStderr(), "Left out: %s\n", unseen)
			}
			return printInventory(cmd.OutOrStdout(), found.Copies, output == "wide", now)
		},
	}
	kube.addFlags(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", "table", "form of the list: table, wide or json")
	cmd.Flags().BoolVar(&owed, "owed", false, "list only copies that are not as ordered, or that an erasure has not covered")
	return cmd
}

// column is one of the table. Those that are wide are for -o wide alone.
type column struct {
	name string
	wide bool
	show func(r copyRow, now time.Time) string
}

var columns = []column{
	{"KIND", false, func(r copyRow, _ time.Time) string { return r.Kind }},
	{"REGION", false, func(r copyRow, _ time.Time) string { return dash(r.Region) }},
	{"JURISDICTION", false, func(r copyRow, _ time.Time) string { return dash(r.Jurisdiction) }},
	{"FEED", false, func(r copyRow, _ time.Time) string { return dash(r.Feed) }},
	{"STATE", false, func(r copyRow, _ time.Time) string { return dash(r.State) }},
	{"WANTED", false, func(r copyRow, _ time.Time) string { return dash(r.Wanted) }},
	{"HELD", false, func(r copyRow, _ time.Time) string { return dash(r.Held) }},
	{"LIST DATE", false, func(r copyRow, _ time.Time) string { return dash(r.ListDate) }},
	{"LIST AGE", true, func(r copyRow, now time.Time) string { return age(listDay(r.ListDate), now) }},
	{"RECORDS", false, func(r copyRow, _ time.Time) string { return count(r.Records) }},
	{"BYTES", true, func(r copyRow, _ time.Time) string { return count(r.Bytes) }},
	{"EPOCH", true, func(r copyRow, _ time.Time) string { return number(r.KeyEpoch) }},
	{"KEY AGE", true, func(r copyRow, now time.Time) string { return age(r.KeySince, now) }},
	{"SERVED BY", false, func(r copyRow, _ time.Time) string { return dash(r.ServedBy) }},
	{"ERASURE", false, func(r copyRow, _ time.Time) string { return dash(r.Erasure) }},
	{"ENDS", false, func(r copyRow, now time.Time) string { return ends(r.Until, now) }},
	{"LINK", false, func(r copyRow, _ time.Time) string { return dash(r.Link) }},
	{"SINCE", false, func(r copyRow, now time.Time) string { return age(r.LinkSince, now) }},
	{"LAST REPORT", false, func(r copyRow, now time.Time) string { return age(r.LastReport, now) }},
	{"ORDER", false, func(r copyRow, _ time.Time) string {
		if r.Link == "" {
			return "-"
		}
		return fmt.Sprintf("%d/%d", r.Observed, r.Order)
	}},
	{"VERSION", true, func(r copyRow, _ time.Time) string { return dash(r.Version) }},
}

func printInventory(out io.Writer, rows []copyRow, wide bool, now time.Time) error {
	shown := slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return c.wide && !wide })
	w := tabwriter.NewWriter(out, 0, 4, 3, ' ', 0)
	line := func(cell func(column) string) {
		cells := make([]string, 0, len(shown))
		for _, c := range shown {
			cells = append(cells, cell(c))
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	line(func(c column) string { return c.name })
	for _, r := range rows {
		line(func(c column) string { return c.show(r, now) })
	}
	return w.Flush()
}

// owed reports whether something is still to happen at the copy.
func (r copyRow) owed() bool {
	switch screeningv1.CopyState(r.Erasure) {
	case screeningv1.CopyPending, screeningv1.CopyOutstanding:
		return true
	case screeningv1.CopyDone, screeningv1.CopyDeletionUnsupported:
	}
	if r.Kind != kindRegion || r.Feed == "" {
		return false
	}
	if r.State == string(screeningv1.ReplicaErase) {
		return r.Held != ""
	}
	return r.Held != r.Wanted
}

func dash(s string) string { return cmp.Or(s, "-") }

func number(n int64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

func count(n *int64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(*n, 10)
}

// listDay reads the date of a list; the zero time if it has none.
func listDay(date string) time.Time {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return time.Time{}
	}
	return t
}

func age(since, now time.Time) string {
	if since.IsZero() {
		return "-"
	}
	return duration.HumanDuration(now.Sub(since))
}

func ends(until, now time.Time) string {
	switch {
	case until.IsZero():
		return "-"
	case !until.After(now):
		return "ended"
	}
	return "in " + duration.HumanDuration(until.Sub(now))
}
