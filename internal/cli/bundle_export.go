// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/bundle"
	"github.com/frontline-screening/frontline/internal/trust"
)

func newBundleExportCommand() *cobra.Command {
	var o counterOptions
	var output string
	var valid time.Duration
	var sinceReport bool
	cmd := &cobra.Command{
		Use:   "export REGION",
		Short: "Write a region's order and lists into a file, on the hub",
		Long: "Asks the hub for a bundle of what is published for the region, which need not be connected.\n" +
			"The hub signs for it, numbers it and records it: until it expires, records that are erased\n" +
			"meanwhile are outstanding in it. You need the right to create pods/portforward in the\n" +
			"namespace of the installation, and no key.\n\n" +
			"Exit code 0 means that the file is whole, 1 that none was written.",
		Example: "  frontline bundle export north -o north.bundle\n" +
			"  frontline bundle export north -o north.bundle --valid 48h\n" +
			"  frontline bundle export north -o north.bundle --since-report",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{"valid": {valid.String()}, "since-report": {strconv.FormatBool(sinceReport)}}
			path := "/v1/bundles/" + url.PathEscape(args[0]) + "?" + query.Encode()
			var summary bundle.Summary
			err := save(output, func(w io.Writer) error {
				answer, err := o.post(cmd.Context(), hubCounter, path, nil)
				if err != nil {
					return fmt.Errorf("export a bundle for region %s: %w", args[0], err)
				}
				defer answer.Close()
				// What is written is read as the region will read it.
				if summary, err = bundle.Describe(io.TeeReader(answer, w)); err != nil {
					return fmt.Errorf("export a bundle for region %s: %w", args[0], err)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if err := printBundle(cmd.OutOrStdout(), summary); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "\nCarry %s to region %s and run there: frontline bundle import %s\n", output, args[0], output)
			return nil
		},
	}
	o.addFlags(cmd.Flags(), hubCounter)
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write the bundle to")
	cmd.Flags().DurationVar(&valid, "valid", trust.BundleLifetime, "how long the bundle can be imported, at most 720h")
	cmd.Flags().BoolVar(&sinceReport, "since-report", false, "leave out what the region holds by its last report; a region that has lost it meanwhile refuses the bundle")
	return cmd
}
