// SPDX-License-Identifier: Apache-2.0

package cli

import "github.com/spf13/cobra"

// newRegionCommand groups what people do when a region joins.
func newRegionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "region",
		Short: "Invite a region on the hub, and join it in the region",
	}
	cmd.AddCommand(newRegionInviteCommand(), newRegionJoinCommand())
	return cmd
}
