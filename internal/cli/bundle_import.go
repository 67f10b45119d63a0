// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/region"
)

func newBundleImportCommand() *cobra.Command {
	var o counterOptions
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Put a bundle's order in force, in the region",
		Long: "Hands the file to the region's agent, which verifies it as it would what comes by a line:\n" +
			"signatures under the pinned root, region, order, floors, and that the bundle has neither\n" +
			"expired nor been imported. It copies the lists into the region's registry and then puts the\n" +
			"order in force. Data gets no younger by it: its age counts from when the hub signed the order.\n\n" +
			"An import that broke off is repeated with the same file. You need the right to create\n" +
			"pods/portforward in the namespace of the installation.\n\n" +
			"Exit code 0 means that the order is in force, 1 that the import failed and may be repeated,\n" +
			"2 that the bundle is refused for good.",
		Example: "  frontline bundle import north.bundle\n  frontline bundle import north.bundle --context north",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			// A stick that is damaged shows here, before anything is sent.
			if _, err := describe(args[0]); err != nil {
				return err
			}
			answer, err := o.post(cmd.Context(), regionCounter, "/v1/bundles", func() (io.ReadCloser, error) { return os.Open(args[0]) })
			if err != nil {
				return fmt.Errorf("import %s: %w", args[0], err)
			}
			defer answer.Close()
			var done region.Imported
			if err := json.NewDecoder(answer).Decode(&done); err != nil {
				return fmt.Errorf("import %s: the agent's answer: %w; see the order in force with: kubectl get watchlistreplicas -A", args[0], err)
			}
			printImported(cmd.OutOrStdout(), done)
			return nil
		},
	}
	o.addFlags(cmd.Flags(), regionCounter)
	return cmd
}

func printImported(out io.Writer, done region.Imported) {
	fmt.Fprintf(out, "Order %d is in force in region %s. Its age counts from %s.\n", done.Sequence, done.Region, done.Issued.UTC().Format(time.RFC3339))
	if len(done.Feeds) == 0 {
		fmt.Fprintln(out, "No list was to be copied.")
	}
	for _, f := range done.Feeds {
		fmt.Fprintf(out, "%s v%d: %d bytes copied\n", f.ID, f.Release, f.Bytes)
	}
}
