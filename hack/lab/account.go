// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/reading"
)

func accountCommand() *cobra.Command {
	var lists []string
	var check bool
	cmd := &cobra.Command{
		Use:   "account --list FORMAT=PATH [--check]",
		Short: "Say what a parser read of a list and what it left aside",
		Long: `Say what a parser read of a list and what it left aside, in counts and names of
elements. With --check each file is read a second time by other means, and the fields of
every record are compared; the command fails if one differs. No record is printed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(lists) == 0 {
				return fmt.Errorf("%w: name at least one --list FORMAT=PATH", errUsage)
			}
			differ := 0
			for _, arg := range lists {
				format, path, err := splitList(arg)
				if err != nil {
					return err
				}
				same, err := accountFor(cmd.Context(), cmd.OutOrStdout(), format, path, check)
				if err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				if !same {
					differ++
				}
			}
			if differ > 0 {
				return fmt.Errorf("%d of %d lists differ from their independent reading", differ, len(lists))
			}
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&lists, "list", nil, "a list as FORMAT=PATH; may be repeated")
	cmd.Flags().BoolVar(&check, "check", false, "compare every record with an independent reading of the file")
	return cmd
}

// accountFor prints one list's account and reports whether the readings agree.
func accountFor(ctx context.Context, w io.Writer, format watchlist.Format, path string, check bool) (bool, error) {
	got := map[string]reading.Facts{}
	twice, start := 0, time.Now()
	account, err := parseList(ctx, format, path, func(r watchlist.Record) error {
		if check {
			if _, ok := got[r.ID]; ok {
				twice++
			}
			got[r.ID] = reading.Of(&r)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	fmt.Fprintf(w, "%s: %d records (%d persons, %d entities, %d objects), %d bytes, read in %v\n", format,
		account.Records, account.Persons, account.Entities, account.Objects, account.Bytes, time.Since(start).Round(time.Millisecond))
	if !account.ListDate.IsZero() {
		fmt.Fprintf(w, "  list date %s\n", account.ListDate.Format(time.RFC3339))
	}
	printCounts(w, "persons without", account.Missing)
	printCounts(w, "left aside", account.Ignored)
	printCounts(w, "not readable, taken as unknown", account.Unresolved)
	if !check {
		return true, nil
	}
	want, err := readAgain(format, path)
	if err != nil {
		return false, fmt.Errorf("independent reading: %w", err)
	}
	c := reading.Compare(want, got)
	fmt.Fprintf(w, "  compared with an independent reading of %d records: %d missing, %d surplus, %d twice\n", c.Records, c.Missing, c.Surplus, twice)
	for _, field := range c.Fields() {
		fmt.Fprintf(w, "    %8d %s, different in %d records\n", c.Values[field], field, c.Different[field])
	}
	return c.Equal() && twice == 0, nil
}

func printCounts(w io.Writer, title string, counts map[string]int) {
	if len(counts) == 0 {
		return
	}
	fmt.Fprintf(w, "  %s:\n", title)
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(w, "    %8d %s\n", counts[name], name)
	}
}

func readAgain(format watchlist.Format, path string) (map[string]reading.Facts, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return reading.Read(format, nil, os.DirFS(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if format == watchlist.OFACCSV {
		return nil, fmt.Errorf("%w: --check reads %s from a folder", errUsage, format)
	}
	return reading.Read(format, f, nil)
}

// splitList reads FORMAT=PATH.
func splitList(arg string) (watchlist.Format, string, error) {
	name, path, ok := strings.Cut(arg, "=")
	if !ok {
		return "", "", fmt.Errorf("%w: --list %s: want FORMAT=PATH", errUsage, arg)
	}
	format, err := watchlist.ParseFormat(name)
	if err != nil {
		return "", "", fmt.Errorf("%w: --list: %w", errUsage, err)
	}
	return format, path, nil
}
