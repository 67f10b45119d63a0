// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

var editModes = map[string]synthetic.Mode{"scattered": synthetic.Scattered, "clustered": synthetic.Clustered, "hashed": synthetic.Hashed}

func syntheticCommand() *cobra.Command {
	var format, mode, date string
	var records int
	var seed uint64
	var share float64
	cmd := &cobra.Command{
		Use:   "synthetic",
		Short: "Write a list of people who exist nowhere",
		Long: `Write a list of people who exist nowhere to standard output, in any format (ofac-csv as
a tar). The same flags write the same bytes. With --edit a share of the records is changed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := watchlist.ParseFormat(format)
			if err != nil {
				return fmt.Errorf("%w: --format: %w", errUsage, err)
			}
			day, err := time.Parse(time.DateOnly, date)
			if err != nil {
				return fmt.Errorf("%w: --date must be YYYY-MM-DD", errUsage)
			}
			m, ok := editModes[mode]
			if !ok || share < 0 || share > 1 || records < 0 {
				return fmt.Errorf("%w: --mode must be scattered, clustered or hashed, --edit between 0 and 1, --records not negative", errUsage)
			}
			set := synthetic.List(seed, records)
			if share > 0 {
				set = set.Edit(seed+1, share, m)
			}
			return set.Write(cmd.OutOrStdout(), f, day)
		},
	}
	cmd.Flags().StringVar(&format, "format", string(watchlist.FrontlineJSONL), "the format")
	cmd.Flags().IntVar(&records, "records", 1000, "how many records")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "the seed")
	cmd.Flags().Float64Var(&share, "edit", 0, "the share of records changed, 0 to 1")
	cmd.Flags().StringVar(&mode, "mode", "scattered", "how the changed records lie: scattered, clustered (in the list's order) or hashed (in a snapshot's)")
	cmd.Flags().StringVar(&date, "date", "2031-01-01", "the list's date")
	return cmd
}
