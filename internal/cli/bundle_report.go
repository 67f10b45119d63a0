// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/report"
)

func newBundleReportCommand() *cobra.Command {
	var o counterOptions
	var output string
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write the region's signed report into a file, in the region",
		Long: "Writes what the agent would have reported by a line: what is held and served, the public\n" +
			"keys that the hub seals lists to, and receipts of erasures. It is signed and holds no secret.\n\n" +
			"Exit code 0 means that the file is whole, 1 that none was written.",
		Example: "  frontline bundle report -o north.report",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := save(output, func(w io.Writer) error {
				answer, err := o.post(cmd.Context(), regionCounter, "/v1/report", nil)
				if err != nil {
					return fmt.Errorf("make a report: %w", err)
				}
				defer answer.Close()
				data, err := io.ReadAll(io.LimitReader(answer, report.MaxBytes+1))
				if err == nil {
					_, err = report.RegionOf(data)
				}
				if err != nil {
					return fmt.Errorf("make a report: %w", err)
				}
				_, err = w.Write(data)
				return err
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Carry %s to the hub and run there: frontline bundle import-report %s\n", output, output)
			return nil
		},
	}
	o.addFlags(cmd.Flags(), regionCounter)
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write the report to")
	return cmd
}

func newBundleImportReportCommand() *cobra.Command {
	var o counterOptions
	cmd := &cobra.Command{
		Use:   "import-report FILE",
		Short: "Give the hub a report that came in a file",
		Long: "The hub takes the report like one that came by the line, if it is signed by the key that the\n" +
			"region joined with and newer than the last. It does not count as a sign that the region is\n" +
			"connected.\n\n" +
			"Exit code 0 means that the hub took it, 1 that it did not.",
		Example: "  frontline bundle import-report north.report",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := o.post(cmd.Context(), hubCounter, "/v1/reports", func() (io.ReadCloser, error) { return os.Open(args[0]) })
			if err != nil {
				return fmt.Errorf("import %s: %w", args[0], err)
			}
			defer answer.Close()
			var took struct{ Region string }
			if err := json.NewDecoder(answer).Decode(&took); err != nil {
				return fmt.Errorf("import %s: the hub's answer: %w", args[0], err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The hub has the report of region %s; see: frontline inventory\n", took.Region)
			return nil
		},
	}
	o.addFlags(cmd.Flags(), hubCounter)
	return cmd
}
