// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/bundle"
)

// newBundleCommand groups what carries orders, lists and reports in files.
func newBundleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Carry orders and lists to a region without a line, and its reports back",
		Long: "A bundle is one file with a region's order and the lists that it serves, as ciphertext for\n" +
			"the region's own keys. It can be imported once, in that region, until it expires.\n\n" +
			"  on the hub       frontline bundle export north -o north.bundle\n" +
			"  in the region    frontline bundle import north.bundle\n" +
			"  in the region    frontline bundle report -o north.report\n" +
			"  on the hub       frontline bundle import-report north.report\n\n" +
			"Exit code 0 means done, 1 that nothing was done and the command may be repeated, 2 that the\n" +
			"region refuses the bundle for good. Step by step: docs/bundles.md.",
	}
	cmd.AddCommand(newBundleExportCommand(), newBundleImportCommand(), newBundleShowCommand(), newBundleReportCommand(), newBundleImportReportCommand())
	return cmd
}

func newBundleShowCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Say what a bundle holds, anywhere",
		Long: "Reads the whole file and compares every part with its digest. Signatures are not verified:\n" +
			"that takes the root that the region has pinned, and is done at the import.",
		Example: "  frontline bundle show north.bundle\n  frontline bundle show north.bundle -o json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "table" && output != "json" {
				return fmt.Errorf("--output %q is not known: use table or json", output)
			}
			s, err := describe(args[0])
			if err != nil {
				return err
			}
			if output == "json" {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(s)
			}
			return printBundle(cmd.OutOrStdout(), s)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "form of the answer: table or json")
	return cmd
}

func describe(name string) (bundle.Summary, error) {
	file, err := os.Open(name) //nolint:gosec // the user's own file
	if err != nil {
		return bundle.Summary{}, fmt.Errorf("open the bundle: %w", err)
	}
	defer file.Close()
	s, err := bundle.Describe(file)
	if err != nil {
		return s, fmt.Errorf("file %s: %w", name, err)
	}
	return s, nil
}

func printBundle(out io.Writer, s bundle.Summary) error {
	w := tabwriter.NewWriter(out, 0, 4, 3, ' ', 0)
	fmt.Fprintf(w, "Region:\t%s\nBundle:\t%d\nOrder:\t%d (%s)\nMade:\t%s\nExpires:\t%s\nFile:\t%d bytes, %s\n",
		s.Region, s.Number, s.Sequence, s.Order, s.Created.UTC().Format(time.RFC3339), s.Expires.UTC().Format(time.RFC3339), s.Bytes, s.Digest)
	if len(s.Feeds) > 0 {
		fmt.Fprintln(w, "\nFEED\tRELEASE\tBYTES\tLEFT OUT")
	}
	for _, f := range s.Feeds {
		fmt.Fprintf(w, "%s\tv%d\t%d\t%d\n", f.ID, f.Release, f.Bytes, f.Absent)
	}
	return w.Flush()
}

// save writes a file whole or not at all.
func save(name string, write func(io.Writer) error) (err error) {
	if name == "" || name == "-" {
		return errors.New("--output is missing: give the name of the file to write")
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			_ = file.Close() // the cause of the failure is what counts
			_ = os.Remove(file.Name())
		}
	}()
	if err := write(file); err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(file.Name(), name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
