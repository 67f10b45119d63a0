// SPDX-License-Identifier: Apache-2.0

// Lab tries the matcher on plain files: it screens requests, compares single records,
// serves the matcher on loopback, and checks that a list finds itself. Its answers carry
// mode Bench, so none can be taken for a post's. It is no part of the image.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitFailed  = 1 // something was refused, missed or failed; standard error says what
	exitMisused = 2 // the command line cannot be run
)

// errUsage marks errors of the command line.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use:   "lab",
		Short: "Try the matcher on plain files",
		Long: `Try the matcher on plain files. Lists are named FORMAT=PATH; formats are those of
WatchlistFeed: un-xml, ofac-xml, ofac-csv (a folder, or a tar or zip of it), eu-xml,
ftm-json, opensanctions-csv, frontline-jsonl; a file may be in gzip or zip. Answers carry
mode Bench.

Exit codes: 0 all went well; 1 something was refused, missed or failed; 2 the command
line cannot be run.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.AddCommand(screenCommand(), verifyCommand(), matcherCommand(), selftestCommand(), queriesCommand(), accountCommand(), syntheticCommand(), buildCommand(), deltaCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		stop()
		if errors.Is(err, errUsage) {
			os.Exit(exitMisused)
		}
		os.Exit(exitFailed)
	}
}
