// SPDX-License-Identifier: Apache-2.0

// Demo takes a watchlist from its publisher's file to answers at two border
// posts, through real clusters.
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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		if errors.Is(err, errWrongAnswer) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "demo",
		Short:         "Play Frontline through on a hub and two regions",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newUpCommand(), newDownCommand(), newPublisherCommand())
	return root
}

func newUpCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring up hub, north and south, publish a list, screen travellers, publish a change",
		Long: `Up brings up three real clusters on this machine (Linux, root), or uses those
named by --hub and --regions, installs Frontline, lets both regions join,
publishes a list and screens a few travellers in each region. It then
publishes a changed list and shows that both regions answer from it.

Exit codes: 0 every answer was right; 1 something could not be set up;
2 an answer was wrong.`,
		Example: `  demo up
  demo up --feed un.xml --format un-xml
  demo up --feed older.xml --next newer.xml --format un-xml
  demo up --hub hub-ctx --regions north-ctx,south-ctx --image registry.example/frontline:v1 --publisher http://10.0.0.5:8089`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return up(cmd.Context(), cmd.OutOrStdout(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.feed, "feed", "", "list to publish: a file, or a folder for ofac-csv (default: synthetic people)")
	f.StringVar(&o.next, "next", "", "list to publish second (default: the first one with a synthetic person more)")
	f.StringVar(&o.format, "format", "un-xml", "format of the lists, one of docs/formats.md")
	f.StringVar(&o.hub, "hub", "", "kubeconfig context of an existing hub cluster")
	f.StringSliceVar(&o.regions, "regions", nil, "kubeconfig contexts of two existing clusters, for north and south")
	f.StringVar(&o.image, "image", "ghcr.io/frontline-screening/frontline:latest", "image to install; existing clusters must be able to pull it")
	f.StringVar(&o.archive, "image-archive", "dist/frontline.tar", "archive of the image, for the clusters of this machine")
	f.StringVar(&o.publisher, "publisher", "", "base URL under which existing clusters reach this machine, for instance http://10.0.0.5:8089")
	return cmd
}
