// SPDX-License-Identifier: Apache-2.0

package cli

import "github.com/spf13/cobra"

// newPoolCommand groups what people do with pools beside kubectl.
func newPoolCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pool",
		Short: "Give the number of a pool's pods back to the hub",
	}
	cmd.AddCommand(newPoolReleaseCommand())
	return cmd
}
