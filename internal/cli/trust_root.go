// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func newTrustRootAddCommand() *cobra.Command {
	var o ceremonyOptions
	cmd := &cobra.Command{
		Use:   "add [REGION...]",
		Short: "Collect the roots of all regions that wait, in one file",
		Long: "Collects the next trust root of every region that has none (TrustRootPending), or that is to\n" +
			"get other keys or holders, into one file that each holder signs once. Where the hub's own\n" +
			"key suffices, it signs and nothing is left to do.",
		Example: "  frontline trust root add -o roots.json\n  frontline trust root add north south",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, args, false)
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

func newTrustRootRenewCommand() *cobra.Command {
	var o ceremonyOptions
	cmd := &cobra.Command{
		Use:   "renew [REGION...]",
		Short: "Extend the life of all regions' roots, in one file",
		Long: "Collects the next trust root of every region, with a later end, into one file that each\n" +
			"holder signs once. Regions that wait for anything else get it with the same signature.",
		Example: "  frontline trust root renew -o roots.json --lifetime 8760h",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, args, true)
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

func (o *ceremonyOptions) run(cmd *cobra.Command, args []string, renew bool) error {
	hub, err := o.open(cmd.Context())
	if err != nil {
		return err
	}
	regions, err := hub.choose(args)
	if err != nil {
		return err
	}
	return o.gather(cmd.Context(), hub, regions, renew, cmd.OutOrStdout())
}

func newTrustRootImportCommand() *cobra.Command {
	var o trustOptions
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Give the hub the roots that the holders have signed",
		Long: "Takes the signed roots. All of them are checked first: nothing is taken while a signature is\n" +
			"missing. Copies that holders signed side by side are given together. May be repeated.",
		Example: "  frontline trust root import roots.json\n  frontline trust root import roots-anna.json roots-ben.json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			hub, err := o.open(cmd.Context())
			if err != nil {
				return err
			}
			return importRoots(cmd.Context(), hub, args, cmd.OutOrStdout())
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

func importRoots(ctx context.Context, hub *hubTrust, files []string, out io.Writer) error {
	batch, err := readBatch(files[0])
	if err != nil {
		return err
	}
	for _, file := range files[1:] {
		other, err := readBatch(file)
		if err == nil {
			err = batch.Merge(other)
		}
		if err != nil {
			return fmt.Errorf("file %s: %w", file, err)
		}
	}
	if err := hub.Import(ctx, batch, hub.regions); err != nil {
		return err
	}
	fmt.Fprintf(out, "The hub has the signed roots of: %s\nIt signs under them with its next orders, within minutes.\n", strings.Join(regionsOf(batch), ", "))
	return nil
}
