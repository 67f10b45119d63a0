// SPDX-License-Identifier: Apache-2.0

// Package cli holds the subcommands of the frontline binary, one file each.
//
// A subcommand reads flags, builds what it needs from the domain packages and
// the controllers, and runs until its context ends. It holds no logic of its
// own that another program would want.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// subcommands lists every subcommand. A new one is a file of its own and a line
// here.
var subcommands = []func() *cobra.Command{
	newApproveCommand,
	newBundleCommand,
	newDoctorCommand,
	newFrontCommand,
	newHubCommand,
	newInventoryCommand,
	newLoaderCommand,
	newMatcherCommand,
	newPoolCommand,
	newRecordCommand,
	newRegistryCommand,
	newAgentCommand,
	newAllCommand,
	newRegionCommand,
	newTrustCommand,
	newVersionCommand,
}

// Execute runs the command line of this process and returns its exit code: 0 on
// success, 1 when the subcommand failed, or what its error says. SIGINT and SIGTERM end the context
// that the subcommand runs under; a second signal kills the process.
func Execute() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the default handling returns, so that a second one
	// ends a shutdown that hangs.
	context.AfterFunc(ctx, stop)

	if err := newRootCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "frontline: %v\n", err)
		return exitCode(err)
	}
	return 0
}

// exitCode is 1, unless the error has its own: bundles tell what may be
// repeated from what is refused for good.
func exitCode(err error) int {
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 1
}

func newRootCommand() *cobra.Command {
	var logs logOptions
	cmd := &cobra.Command{
		Use:   "frontline",
		Short: "Screening at borders: signed watchlists from a hub to regions that answer by themselves",
		Long: "Frontline runs regional screening deployments. A hub decides and signs; each region\n" +
			"verifies, holds its own copies and answers, also when the hub cannot be reached.",
		// The error is printed once, by Execute, without the page of usage.
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := logs.setUp(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			cmd.SetContext(ctx)
			return nil
		},
	}
	logs.addFlags(cmd.PersistentFlags())
	for _, newCommand := range subcommands {
		cmd.AddCommand(newCommand())
	}
	return cmd
}
