// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/frontline-screening/frontline/internal/doctor"
)

// doctorExits tells what the exit codes mean, in each command's help.
const doctorExits = "Exit code 0 means that nothing failed, warnings or not, 2 that a check failed, and 1 that the\n" +
	"doctor could not look at all. Nothing is changed."

func newDoctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what stands in the way of an installation, before it and after",
		Long: "Looks at what Frontline needs and says, check by check, what it saw, whether that will do, and\n" +
			"what to do next. Before anything is installed it looks at the cluster, afterwards at the\n" +
			"installation too.\n\n" + doctorExits,
	}
	cmd.AddCommand(newDoctorHubCommand(), newDoctorRegionCommand(), newDoctorNodeCommand())
	return cmd
}

// doctorOutput is how a report is printed.
type doctorOutput struct{ form string }

func (o *doctorOutput) addFlags(flags *pflag.FlagSet) {
	flags.StringVarP(&o.form, "output", "o", "table", "form of the report: table or json")
}

func (o *doctorOutput) check() error {
	if o.form != "table" && o.form != "json" {
		return fmt.Errorf("--output %q is not known: use table or json", o.form)
	}
	return nil
}

// doctorError says that checks failed; the report says which.
type doctorError struct{ failed, of int }

// Error implements error.
func (e *doctorError) Error() string { return fmt.Sprintf("%d of %d checks failed", e.failed, e.of) }

// ExitCode tells what failed from a doctor that could not look.
func (e *doctorError) ExitCode() int { return 2 }

// print writes the report, and fails when a check did.
func (o *doctorOutput) print(out io.Writer, report doctor.Report) error {
	if err := o.write(out, report); err != nil {
		return err
	}
	if n := report.Count(doctor.Failed); n > 0 {
		return &doctorError{failed: n, of: len(report.Checks)}
	}
	return nil
}

func (o *doctorOutput) write(out io.Writer, report doctor.Report) error {
	if o.form == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(report)
	}
	w := tabwriter.NewWriter(out, 0, 4, 3, ' ', 0)
	fmt.Fprintln(w, "CHECK\tRESULT\tLOOKED AT\tNEXT")
	for _, row := range report.Checks {
		// An error of somebody else's may have lines of its own.
		line := strings.Join(strings.Fields(row.LookedAt), " ")
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", row.Name, row.Result, line, cmp.Or(row.Next, "-"))
	}
	return w.Flush()
}

// doctorOptions are the flags of a doctor of a cluster.
type doctorOptions struct {
	kube         kubeOptions
	output       doctorOutput
	place        doctor.Place
	expected     bool
	keyNamespace string
	region       string
	hubContext   string
}

func (o *doctorOptions) addFlags(flags *pflag.FlagSet) {
	o.kube.addFlags(flags)
	o.output.addFlags(flags)
	flags.BoolVar(&o.expected, "installed", false, "fail where nothing is installed")
}

func (o *doctorOptions) run(ctx context.Context, out io.Writer) error {
	if err := o.output.check(); err != nil {
		return err
	}
	state, err := o.gather(ctx)
	if err != nil {
		return err
	}
	return o.output.print(out, doctor.Examine(state))
}

func newDoctorHubCommand() *cobra.Command {
	o := doctorOptions{place: doctor.Hub}
	cmd := &cobra.Command{
		Use: "hub",
		Example: `  frontline doctor hub --context hub
  frontline doctor hub --installed -o json`,
		Short: "Look at the cluster of a hub",
		Long:  "Looks at a cluster that is, or shall be, a hub.\n\n" + doctorExits,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	o.addFlags(cmd.Flags())
	addKeyNamespace(cmd.Flags(), &o.keyNamespace)
	return cmd
}

func newDoctorRegionCommand() *cobra.Command {
	o := doctorOptions{place: doctor.Region}
	cmd := &cobra.Command{
		Use: "region",
		Example: `  frontline doctor region --context north --region north
  frontline doctor region --context north --hub-context hub --installed`,
		Short: "Look at the cluster of a region",
		Long: "Looks at a cluster that is, or shall be, a region. With --hub-context it also holds the region's\n" +
			"version against the hub's.\n\n" + doctorExits,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().StringVar(&o.region, "region", "", "name of the region; that of the installed agent if empty")
	cmd.Flags().StringVar(&o.hubContext, "hub-context", "", "context of the hub in the same kubeconfig; empty leaves its version out")
	return cmd
}
